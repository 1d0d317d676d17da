"""
Check what may be signed: URLs, and URL patterns for policies.

CloudFront compares a signed resource with the request line byte for byte. A URL that a browser
would change before sending (a space, an umlaut, `/../`, a capital letter in the host) would be
denied, so it is refused here with the spelling that works.
AWS, "Create a signed URL using a custom policy"; RFC 3986; WHATWG URL.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from typing import cast

from cfsign.errors import CfsignWarning, ResourceError
from cfsign.limits import CONSOLE_HOST, MAX_URL_BYTES, PARAMETERS, is_s3_host
from cfsign.signing.address import OCTET

# Checking takes linear time: runs of characters are possessive, and each round of a loop starts
# with a character that cannot precede it, so there is one way to match a URL. The loops themselves
# are not possessive: Python up to 3.11.4 may continue after a failed round (gh-106052), and would
# accept a URL that ends in `/..`.
_LABEL = r"(?!-)[a-z0-9_-]++(?<!-)"
# Browsers parse a host that ends in a number as an IPv4 address, and rewrite it (WHATWG URL).
_NUMBER = r"(?:\d+|0x[0-9a-f]*)(?=[:/?]|\Z)"
_NAME = rf"(?:{_LABEL}\.)*(?!{_NUMBER}){_LABEL}"
# Most hosts look like media.example.com. Trying this first saves 10 % of `Distribution.sign_path`.
_HOST = rf"(?:[a-z0-9_]++\.[a-z0-9_]++\.[a-z]++|{_NAME}|(?:{OCTET}\.){{3}}{OCTET})"
_PORT = r"(?:6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})"
_ORIGIN = rf"http(?:(s)|)://{_HOST}(?::(?!(?(1)443|80)(?!\d)){_PORT}|)"
_ESCAPE = r"%[0-9A-Fa-f]{2}"
# The end of a URL, or of its line in a block of URLs.
_END = r"(?![^\n])"
_DOTS = rf"(?<=/)(?:\.|%2[eE]){{1,2}}(?:(?=[/?])|{_END})"
_IN_PATH = r"[A-Za-z0-9\-_~!$&'()+,;=:@/\[\]]*+"  # no dot, which may start `.` or `..`
_FURTHER = rf"(?!{_DOTS})(?:\.|{_ESCAPE}){_IN_PATH}"
# Most paths end in a file extension. Trying this first makes `SignedPolicy.urls` a quarter faster.
# The alternative excludes it, so there is still one way to match.
_EXTENSION = r"\.[A-Za-z0-9_-]++(?![^?\n])"
_PATH = rf"{_IN_PATH}(?:{_EXTENSION}|(?!{_EXTENSION})(?:{_FURTHER})*)"
# No `?`: in a policy's resource it is a wildcard, and there is no escape for it.
_IN_QUERY = r"[A-Za-z0-9\-._~!$()+,;=:@/\[\]]*+"


def _any_spelling(name: str) -> str:
    """Return an expression for *name* with any of its characters percent-encoded."""
    return "".join(f"(?:{letter}|%(?i:{ord(letter):02x}))" for letter in name)


_RESERVED = rf"(?:{'|'.join(map(_any_spelling, PARAMETERS))})(?:(?=[=&])|{_END})"
_PARAMETER = rf"(?!(?=[EHKPS%]){_RESERVED}){_IN_QUERY}(?:{_ESCAPE}{_IN_QUERY})*"
_QUERY = rf"(?=\?[^?\n]++{_END})(?:[?&]{_PARAMETER})+"

#: The rest of a URL after any `/` of its path, up to its end or the end of its line.
REST = rf"{_PATH}(?:{_END}|{_QUERY})"

_is_url = re.compile(f"{_ORIGIN}/{REST}", re.ASCII).fullmatch
_SCHEME = r"(?P<literal>https?)://|(?P<any>(?:http)?\*)://|"
# Domains below which anyone can register a host: top-level domains, CloudFront's own, and names
# like `co.uk` and `com.au`. The last is a guess instead of the long public suffix list. It takes a
# short private name such as `bbc.uk` for one, but it is used for a warning only.
_SHARED_DOMAIN = r"[^.:]*|cloudfront\.net|[a-z]{1,3}\.[a-z]{2}"
_UNSAFE = r"[^!-~]|[\"#<>\\^`{|}]"
_UP_TO_THE_HOST = r"(?:[^/?]*://|\*)[^/?]*|"

# Not a `://` in a query.
_AT_HOST = r"(?:(?<=\Ahttp)|(?<=\Ahttps))://"

# (expression, message, hint) for each reason to refuse a URL, in the order in which a person would
# notice them. If none matches, a parameter is reserved. They are compiled only when a URL is
# refused: compiling all of them at import would take milliseconds.
_REFUSALS = (
    (r"\A\Z", "the URL is empty", "start it with https:// and a domain"),
    (r"\A//", "the URL has no scheme", "start it with https:"),
    (r"\A(?!.*://)", "the URL is relative", "start it with https:// and a domain"),
    (
        r"\A(?!https?://)[^:]*",
        "the URL's scheme must be http or https",
        "start it with https://, in lower case",
    ),
    (rf"{_AT_HOST}(?=[/?]|\Z)", "the URL has no host", "insert the distribution's domain"),
    (rf"{_AT_HOST}[^/?]*@", "the URL has user-info before an `@`", "remove it"),
    (rf"{_AT_HOST}[^/?]*[A-Z]", "browsers send the host in lower case", "write it in lower case"),
    (
        r"\Ahttp://[^/?]*:80(?=[/?]|\Z)|\Ahttps://[^/?]*:443(?=[/?]|\Z)",
        "browsers do not send the default port of the scheme",
        "remove it",
    ),
    (rf"{_AT_HOST}[^/?]*(?:\?|\Z)", "the URL has no path", "add at least `/` after the host"),
    (
        rf"\A[^?]*{_DOTS}",
        "browsers resolve `.` and `..` in a path before they send it",
        "write the resolved path",
    ),
    (r"%(?![0-9A-Fa-f]{2})", "a `%` has no two hexadecimal digits after it", "write %25 for a `%`"),
    (r"\?[^?']*'", "browsers send a ' in the query as %27", "write %27"),
    (r"\A[^?]*\?\Z", "the query is empty", "remove the `?`"),
    (r"(?<=\?)[^?]*\?", "a `?` inside the query would be a wildcard", "write %3F for it"),
    (
        r"\*",
        "a literal `*` would be a wildcard",
        "write %2A for the character, or use a wildcard in pattern= or in a Policy",
    ),
    (
        rf"\A(?!{_ORIGIN}/)",
        "the host or port is not valid",
        "write the distribution's domain (xn-- for other scripts)",
    ),
)


def check_url(url: str) -> str:
    """
    Return a URL if it may be signed literally, without wildcards.

    Raises:
        ResourceError: The URL must not be signed. The hint shows the correct spelling.
    """
    if type(url) is not str or len(url) > MAX_URL_BYTES:
        url = check_length(url)
    if not _is_url(url):
        raise _refusal(url)
    return url


def check_urls(urls: Iterable[str], method: str) -> Iterator[str]:
    """
    Return an iterator over URLs. The URLs themselves are not checked.

    Args:
        urls: The URLs.
        method: The name of the method that signs a single URL, for the error.

    Raises:
        ResourceError: *urls* is one text, which would be read character by character.
    """
    if isinstance(urls, str | bytes):
        raise ResourceError("the URLs are a single text", hint=f"use a list, or {method} for one")
    return iter(urls)


def check_resource(resource: str) -> str:
    """
    Return a resource if a policy may have it: a URL, or a pattern with `*` in it.

    Raises:
        ResourceError: The resource must not be signed.
    """
    resource = check_length(resource)
    if "*" not in resource:
        return check_url(resource)
    if re.search(_UNSAFE, resource):
        raise _refusal(resource)
    literal = _replace_wildcards(resource)
    if not _is_url(literal):
        error = _refusal(literal)
        # Without the position, which is not that in the resource.
        raise ResourceError(error.message, hint=error.hint, found=error.found)
    return resource


def check_length(url: str) -> str:
    """Return a URL as plain str; raise ResourceError if it is not text or too long."""
    if not isinstance(url, str):
        raise ResourceError(f"a URL must be text (str), got {type(url).__name__}")
    if len(url) > MAX_URL_BYTES:
        raise build_length_error(len(url))
    # A member of a str enumeration would be formatted as its name.
    return str.__str__(url)


def build_length_error(length: int) -> ResourceError:
    """Build the error for a URL of *length* bytes, which is too long."""
    return ResourceError(
        f"the URL is {length} bytes long; CloudFront accepts at most {MAX_URL_BYTES} bytes, "
        "including the signature",
        hint="shorten the path or the query",
    )


def check_domain(domain: str) -> str:
    """
    Return a domain, such as `https://media.example.com`, without a trailing slash.

    Raises:
        ResourceError: The domain has no scheme, a path, or an invalid host. Or it is an address of
            S3 or of the AWS console, or an ARN: none of these checks CloudFront's signatures.
    """
    if not isinstance(domain, str):
        raise ResourceError(f"a domain must be text (str), got {type(domain).__name__}")
    bare = check_length(domain).removesuffix("/")
    _check_is_not_confused(bare.lower())
    if "://" not in bare:
        raise ResourceError(
            "the domain has no scheme",
            hint="start it with https://, as in https://media.example.com",
        )
    if re.fullmatch(_ORIGIN, bare, re.ASCII) is None:
        check_url(bare + "/")
        raise ResourceError("the domain has a path or a query", hint="remove it")
    return bare


def _check_is_not_confused(domain: str) -> None:
    """Raise ResourceError if *domain*, in lower case, is another address than a distribution's."""
    host = _domain(domain.rpartition("://")[2])
    hint = "use the distribution's domain, such as https://d111111abcdef8.cloudfront.net"
    if domain.startswith("s3://") or is_s3_host(host):
        message = f"{host} is an address of S3, which does not check CloudFront's signatures"
        raise ResourceError(message, hint=hint)
    if re.fullmatch(CONSOLE_HOST, host):
        raise ResourceError(f"{host} is an address of the AWS console", hint=hint)
    if domain.startswith("arn:"):
        raise ResourceError("the value is an ARN, not a domain", hint=hint)


def warn_of_s3(resource: str, stacklevel: int) -> None:
    """
    Warn if a URL or pattern is for an address of S3.

    Args:
        resource: A URL or pattern that may be signed.
        stacklevel: As for `warnings.warn`, counted from the caller.
    """
    if ".amazonaws." in resource and is_s3_host(_domain(split_scheme(resource)[1])):
        warnings.warn(
            "the URL is for an address of S3, which does not check CloudFront's signatures; "
            "sign the URL of the distribution",
            CfsignWarning,
            stacklevel=stacklevel + 1,
        )


def split_location(location: str) -> tuple[str, str]:
    """
    Return the domain and the URL of a location: a URL, or a bare domain, whose URL is "".

    Raises:
        ResourceError: The location is neither a domain nor a URL that may be signed.
    """
    location = check_length(location)
    origin = re.match(rf"{_ORIGIN}(?=[/?]|\Z)", location, re.ASCII)
    if origin is None or location[origin.end() :] in ("", "/"):
        return check_domain(location), ""
    return origin[0], check_url(location)


def is_broad(resource: str) -> bool:
    """Return True if a `*` in the domain covers other owners' hosts (`*x.com`, `*.com`, `x*`)."""
    if "*" not in resource:
        return False
    domain = _domain(split_scheme(resource)[1])
    parent = domain.removeprefix("*.")
    if "*" in parent:
        return True
    return parent != domain and bool(re.fullmatch(_SHARED_DOMAIN, parent.partition(":")[0]))


def split_scheme(resource: str) -> tuple[str, str]:
    """Return the scheme ("http", "https", "*" for both, "" for none) and the rest of a resource."""
    scheme = cast(re.Match[str], re.match(_SCHEME, resource))
    rest = resource[scheme.end() :]
    return scheme["literal"] or ("*" if scheme["any"] or rest.startswith("*") else ""), rest


def _replace_wildcards(resource: str) -> str:
    """Return a URL that may be signed if and only if a policy may have the pattern *resource*."""
    scheme, rest = split_scheme(resource)
    if _domain(rest) == rest and "*" in rest:
        rest += "/"
    literal = {"": "", "*": "https://"}.get(scheme, f"{scheme}://")
    path, mark, query = rest.replace("*", "x").partition("?")
    # A further `?` in a pattern may be a wildcard. `_` is in no reserved name.
    return literal + path + mark + query.replace("?", "_")


def _domain(rest: str) -> str:
    return re.split(r"[/?]", rest, maxsplit=1)[0]


def _refusal(url: str) -> ResourceError:
    unsafe = re.search(_UNSAFE, url)
    if unsafe is not None:
        host = cast(re.Match[str], re.match(_UP_TO_THE_HOST, url))
        return ResourceError(
            f"a URL cannot contain {_describe(unsafe[0])}",
            hint=_hint(unsafe[0], in_host=unsafe.start() < host.end()),
            found=unsafe[0],
            position=unsafe.start(),
        )
    for pattern, message, hint in _REFUSALS:
        if match := re.search(pattern, url):
            return ResourceError(message, hint=hint, position=match.start())
    from urllib.parse import unquote  # imported only for the error: it takes milliseconds

    names = (parameter.partition("=")[0] for parameter in url.partition("?")[2].split("&"))
    name = next(name for name in names if unquote(name) in PARAMETERS)
    return ResourceError(
        f"the query has the parameter {name!r}, which CloudFront reads itself",
        hint="rename it (or is this URL already signed?)",
        found=name,
    )


def _describe(character: str) -> str:
    names = {" ": "a space", '"': "a double quote", "\\": "a backslash", "#": "a fragment (`#`)"}
    printable = "!" <= character <= "~"
    default = f"the character {character}" if printable else f"U+{ord(character):04X}"
    return names.get(character, default)


def _hint(character: str, in_host: bool) -> str:
    if character == "#":
        return "remove the fragment, or write %23 for the character"
    if character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff":
        return "remove it"
    if in_host and character > "~":
        # A host is not percent-encoded (RFC 5891).
        return "write the host in ASCII: xn--mnchen-3ya for münchen"
    if in_host:
        return "write the distribution's domain"
    from urllib.parse import quote  # as above

    return f"write {quote(character)} for it (Distribution.unsigned_url encodes a plain path)"

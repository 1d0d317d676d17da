"""
What may be signed: URLs that go on the wire just as they stand, and policy resources over them.

CloudFront compares a resource with the request line byte for byte, so every spelling that a browser
would change on its way (a space, an umlaut, `/../`, a capital in the host) is refused here, with
the spelling that works. AWS, "Create a signed URL using a custom policy"; RFC 3986; WHATWG URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from cfsign.errors import ResourceError

#: The query parameters that CloudFront takes for its own, wherever it finds them
#: (AWS, "Decide to use signed URLs or signed cookies").
RESERVED = frozenset({"Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"})

#: The longest URL that CloudFront takes, in bytes (AWS, "Quotas").
MAX_URL_BYTES = 8192

# A run of characters is possessive: what it took it never gives back. Each round of a loop begins
# with a character that nothing before it takes, so that there is one way alone to read a URL, and
# a check takes time in proportion to its length. The loops themselves are not possessive: Python up
# to 3.11.4 may go on behind a round that failed (gh-106052), and would let `/..` end a URL.
_LABEL = r"(?!-)[a-z0-9_-]++(?<!-)"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
# Browsers read a host that ends in a number as an IPv4 address, and rewrite it as one (WHATWG URL).
_NUMBER = r"(?:\d+|0x[0-9a-f]*)(?=[:/?]|\Z)"
_NAME = rf"(?:{_LABEL}\.)*(?!{_NUMBER}){_LABEL}"
# The commonest of names, such as media.example.com, is tried first, to save time.
_HOST = rf"(?:[a-z0-9_]++\.[a-z0-9_]++\.[a-z]++|{_NAME}|(?:{_OCTET}\.){{3}}{_OCTET})"
_PORT = r"(?:6553[0-5]|655[0-2]\d|65[0-4]\d\d|6[0-4]\d{3}|[1-5]\d{4}|[1-9]\d{0,3})"
_ORIGIN = rf"http(?:(s)|)://{_HOST}(?::(?!(?(1)443|80)(?!\d)){_PORT}|)"
_ESCAPE = r"%[0-9A-Fa-f]{2}"
# Where a URL ends, or, in a text of many, its line.
_END = r"(?![^\n])"
_DOTS = rf"(?<=/)(?:\.|%2[eE]){{1,2}}(?:(?=[/?])|{_END})"
_IN_PATH = r"[A-Za-z0-9\-_~!$&'()+,;=:@/\[\]]*+"  # but for the dot, with which `.` and `..` begin
_FURTHER = rf"(?!{_DOTS})(?:\.|{_ESCAPE}){_IN_PATH}"
# So is the commonest end of paths, an extension; what follows begins with none, so that there is
# one way alone to read this too.
_EXTENSION = r"\.[A-Za-z0-9_-]++(?![^?\n])"
_PATH = rf"{_IN_PATH}(?:{_EXTENSION}|(?!{_EXTENSION})(?:{_FURTHER})*)"
# No `?`: in a policy's resource, which has no escape for it, the edge reads it as any character.
_IN_QUERY = r"[A-Za-z0-9\-._~!$()+,;=:@/\[\]]*+"


def _in_any_spelling(name: str) -> str:
    """Give an expression for *name* with none, some or all of its characters percent-encoded."""
    return "".join(f"(?:{letter}|%(?i:{ord(letter):02x}))" for letter in name)


_RESERVED = rf"(?:{'|'.join(map(_in_any_spelling, sorted(RESERVED)))})(?:(?=[=&])|{_END})"
_PARAMETER = rf"(?!(?=[EHKPS%]){_RESERVED}){_IN_QUERY}(?:{_ESCAPE}{_IN_QUERY})*"
_QUERY = rf"(?=\?[^?\n]++{_END})(?:[?&]{_PARAMETER})+"

#: What follows a `/` of a URL's path, to the URL's end or, in a text of many, its line's.
REST = rf"{_PATH}(?:{_END}|{_QUERY})"

_is_url = re.compile(f"{_ORIGIN}/{REST}", re.ASCII).fullmatch
_SCHEME = r"(?P<literal>https?)://|(?P<any>(?:http)?\*)://|"
# Names below which anybody may have a host: a top-level domain, CloudFront's own, and what looks
# like the `co.uk` or `com.au` of a country. The last is a guess, in place of the long list of such
# names, that takes a very short name of one's own (`bbc.uk`) for one: it only warns.
_OPEN_TO_ALL = r"[^.:]*|cloudfront\.net|[a-z]{1,3}\.[a-z]{2}"
_UNSAFE = r"[^!-~]|[\"#<>\\^`{|}]"
_UP_TO_THE_HOST = r"(?:[^/?]*://|\*)[^/?]*|"

# Not a `://` in a query.
_AT_HOST = r"(?:(?<=\Ahttp)|(?<=\Ahttps))://"

# What is wrong, in the order in which a person would see it; if it is none of these, a parameter is
# reserved. Patterns as text, since they are compiled only once a URL is refused: all of them at
# each import would take milliseconds.
_FAULTS = (
    (r"\A\Z", "the URL is empty; begin it with https:// and a domain"),
    (r"\A//", "the URL has no scheme; begin it with https:"),
    (r"\A(?!.*://)", "the URL is relative; begin it with https:// and a domain"),
    (r"\A(?!https?://)[^:]*", "CloudFront serves http and https only, in small letters"),
    (rf"{_AT_HOST}(?=[/?]|\Z)", "the URL has no host; write the distribution's domain"),
    (rf"{_AT_HOST}[^/?]*@", "the URL holds user-info before an `@`; leave it out"),
    (rf"{_AT_HOST}[^/?]*[A-Z]", "browsers send the host in small letters; write it so"),
    (
        r"\Ahttp://[^/?]*:80(?=[/?]|\Z)|\Ahttps://[^/?]*:443(?=[/?]|\Z)",
        "browsers leave out the port that is their scheme's own; leave it out",
    ),
    (rf"{_AT_HOST}[^/?]*(?:\?|\Z)", "the URL ends with its host; write the path too, if only `/`"),
    (
        rf"\A[^?]*{_DOTS}",
        "browsers resolve `.` and `..` before they ask; write the path that remains",
    ),
    (r"%(?![0-9A-Fa-f]{2})", "a `%` lacks its two hexadecimal digits; write %25 for a `%`"),
    (r"\?[^?']*'", "browsers send a ' in the query as %27; write %27"),
    (r"\A[^?]*\?\Z", "the query is empty; leave the `?` out"),
    (r"(?<=\?)[^?]*\?", "a `?` inside the query would act as a wildcard; write %3F for it"),
    (
        r"\*",
        "a literal `*` would act as a wildcard; write %2A for the character, "
        "or name the wildcard in pattern= or in a Policy",
    ),
    (
        rf"\A(?!{_ORIGIN}/)",
        "the host or port cannot be one; write the distribution's domain (xn-- if need be)",
    ),
)


def check_url(url: str) -> str:
    """
    Return *url* if it may be signed as it stands, literally.

    Raises:
        ResourceError: It may not; the error says why and names the spelling that may.
    """
    if type(url) is not str or len(url) > MAX_URL_BYTES:  # else this is all a URL's check costs
        url = check_length(url)
    if not _is_url(url):
        raise _fault(url)
    return url


def check_several(urls: Iterable[str], method: str) -> Iterator[str]:
    """
    Return an iterator over *urls*.

    Args:
        urls: The URLs, none of which is looked at yet.
        method: What signs a single one, for the error.

    Raises:
        ResourceError: They are one text, which would be read letter by letter.
    """
    if isinstance(urls, str | bytes):
        raise ResourceError(f"one text is given for the URLs; give a list, or use {method} for one")
    return iter(urls)


def check_resource(resource: str) -> str:
    """
    Return *resource* if a policy may name it: a URL, or a pattern with `*` in it.

    Raises:
        ResourceError: It may not; the error says why.
    """
    resource = check_length(resource)
    if "*" not in resource:
        return check_url(resource)
    if re.search(_UNSAFE, resource):
        raise _fault(resource)
    stand_in = _stand_in(resource)
    if not _is_url(stand_in):
        error = _fault(stand_in)
        # Where it stands in the stand-in is not where it stands in what the user wrote.
        raise ResourceError(str(error), found=error.found)
    return resource


def check_length(url: str) -> str:
    """Return *url* if it is text and not longer than CloudFront takes, else raise ResourceError."""
    if not isinstance(url, str):
        raise ResourceError(f"a URL is text (str), not {type(url).__name__}")
    if len(url) > MAX_URL_BYTES:
        raise ResourceError(
            f"the URL is {len(url)} bytes long, and CloudFront takes at most {MAX_URL_BYTES}, "
            "the signature included; shorten the path or the query"
        )
    # The text itself: a member of a str enumeration would print as its name.
    return str.__str__(url)


def check_domain(domain: str) -> str:
    """
    Return *domain*, such as `https://media.example.com`, without a slash at its end.

    Raises:
        ResourceError: No scheme, a path, or no host that goes on the wire as it stands.
    """
    bare = check_length(domain).removesuffix("/")
    if "://" not in bare:
        raise ResourceError("a domain has a scheme: write https://d111111abcdef8.cloudfront.net")
    if re.fullmatch(_ORIGIN, bare, re.ASCII) is None:
        check_url(bare + "/")
        raise ResourceError("a domain has no path and no query; leave them to the paths you sign")
    return bare


def split_location(location: str) -> tuple[str, str]:
    """
    Split a URL into its domain and itself, or a bare domain, with or without `/`, and "".

    Raises:
        ResourceError: It is neither a domain nor a URL that may be signed.
    """
    location = check_length(location)
    origin = re.match(rf"{_ORIGIN}(?=[/?]|\Z)", location, re.ASCII)
    if origin is None or location[origin.end() :] in ("", "/"):
        return check_domain(location), ""
    return origin[0], check_url(location)


def is_broad(resource: str) -> bool:
    """Tell whether a `*` in the domain reaches other owners' hosts (`*x.com`, `*.com`, `x*`)."""
    if "*" not in resource:
        return False
    domain = _domain(split_scheme(resource)[1])
    parent = domain.removeprefix("*.")
    if "*" in parent:
        return True
    return parent != domain and bool(re.fullmatch(_OPEN_TO_ALL, parent.partition(":")[0]))


def split_scheme(resource: str) -> tuple[str, str]:
    """Split a resource into "http", "https", "*" for either, or "" for none, and what follows."""
    scheme = cast(re.Match[str], re.match(_SCHEME, resource))
    rest = resource[scheme.end() :]
    return scheme["literal"] or ("*" if scheme["any"] or rest.startswith("*") else ""), rest


def _stand_in(resource: str) -> str:
    """Make a literal URL that may be signed just when the pattern *resource* may be named."""
    scheme, rest = split_scheme(resource)
    if _domain(rest) == rest and "*" in rest:
        rest += "/"
    literal = {"": "", "*": "https://"}.get(scheme, f"{scheme}://")
    path, mark, query = rest.replace("*", "x").partition("?")
    # In a pattern a further `?` may be meant as the wildcard that it is; for it stands what is in
    # no name of RESERVED.
    return literal + path + mark + query.replace("?", "_")


def _domain(rest: str) -> str:
    return re.split(r"[/?]", rest, maxsplit=1)[0]


def _fault(url: str) -> ResourceError:
    unsafe = re.search(_UNSAFE, url)
    if unsafe is not None:
        host = cast(re.Match[str], re.match(_UP_TO_THE_HOST, url))
        mend = _mend(unsafe[0], in_host=unsafe.start() < host.end())
        message = f"{_name(unsafe[0])} cannot go on the wire in a URL; {mend}"
        return ResourceError(message, found=unsafe[0], position=unsafe.start())
    for pattern, message in _FAULTS:
        if found := re.search(pattern, url):
            return ResourceError(message, position=found.start())
    return _reserved(url)


def _reserved(url: str) -> ResourceError:
    from urllib.parse import unquote  # only a refusal waits for it

    names = (parameter.partition("=")[0] for parameter in url.partition("?")[2].split("&"))
    name = next(name for name in names if unquote(name) in RESERVED)
    return ResourceError(
        f"the query has {name!r} in it, a parameter that CloudFront takes for its own; "
        "rename it (or is this URL signed already?)",
        found=name,
    )


def _name(character: str) -> str:
    names = {" ": "a space", '"': "a double quote", "\\": "a backslash", "#": "a fragment (`#`)"}
    printable = "!" <= character <= "~"
    default = f"the character {character}" if printable else f"U+{ord(character):04X}"
    return names.get(character, default)


def _mend(character: str, in_host: bool) -> str:
    if character == "#":
        return "leave the fragment out, or write %23 for the character"
    if character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff":
        return "take it out"
    if in_host and character > "~":
        # A host is not percent-encoded (RFC 5891).
        return "write the host in ASCII: xn--mnchen-3ya for münchen"
    if in_host:
        return "write the distribution's domain"
    from urllib.parse import quote  # as above

    return f"write {quote(character)} for it (Distribution.unsigned_url encodes a plain path)"

"""
Check what may be signed: URLs, and URL patterns for policies.

CloudFront compares a signed resource with the request line byte for byte. A URL that a browser
would change before sending (a space, an umlaut, `/../`, a capital letter in the host) would be
denied, so it is refused here with the spelling that works.
AWS, "Create a signed URL using a custom policy"; RFC 3986; WHATWG URL.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import cast

from cfsign.errors import ResourceError
from cfsign.limits import CONSOLE_HOST, MAX_URL_BYTES, MISSING_VALUES, is_s3_host
from cfsign.signing.encoding import Query, encode_query
from cfsign.signing.url_grammar import ORIGIN, UNSAFE, is_url
from cfsign.signing.url_refusals import build_refusal
from cfsign.utils.warning import warn_caller

_SCHEME = r"(?P<literal>https?)://|(?P<any>(?:http)?\*)://|"
# Domains below which anyone can register a host: top-level domains, CloudFront's own, and names
# like `co.uk` and `com.au`. The last is a guess instead of the long public suffix list. It takes a
# short private name such as `bbc.uk` for one, but it is used for a warning only.
_SHARED_DOMAIN = r"[^.:]*|cloudfront\.net|[a-z]{1,3}\.[a-z]{2}"


def check_url(url: str) -> str:
    """
    Return a URL if it may be signed literally, without wildcards.

    Raises:
        ResourceError: The URL must not be signed. The hint shows the correct spelling.
    """
    if type(url) is not str or len(url) > MAX_URL_BYTES:
        url = check_length(url)
    if not is_url(url):
        raise build_refusal(url)
    return url


def check_query(query: Query | None) -> str:
    """
    Return a query as it appears in a URL, without the `?`; "" for None.

    Raises:
        ResourceError: No URL may have it. The hint shows the correct spelling.
    """
    text = encode_query(query)
    if text:
        check_url(f"https://host/?{text}")
    return text


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
    if re.search(UNSAFE, resource):
        raise build_refusal(resource)
    literal = _replace_wildcards(resource)
    if not is_url(literal):
        error = build_refusal(literal)
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
    bare = check_length(domain).strip("\ufeff\"' \t\r\n")
    if bare != domain and re.fullmatch(rf"{ORIGIN}/?", bare, re.ASCII):
        raise ResourceError(
            f"the domain has quotes or white space around it, got {domain!r}", hint=f"use {bare}"
        )
    bare = check_length(domain).removesuffix("/")
    _check_is_not_confused(bare.lower())
    if "://" not in bare:
        raise ResourceError(
            "the domain has no scheme",
            hint="start it with https://, as in https://media.example.com",
        )
    if re.fullmatch(ORIGIN, bare, re.ASCII) is None:
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
    if host.partition(":")[0] in MISSING_VALUES:
        raise ResourceError(
            f"the host is {host!r}: the value it was read from is missing",
            hint="set that value to the distribution's domain",
        )
    if domain.startswith("arn:"):
        raise ResourceError("the value is an ARN, not a domain", hint=hint)


def warn_of_s3(resource: str) -> None:
    """Warn if a URL or pattern, which was checked, is for an address of S3."""
    if ".amazonaws." in resource and is_s3_host(_domain(split_scheme(resource)[1])):
        warn_caller(
            "the URL is for an address of S3, which does not check CloudFront's signatures; "
            "sign the URL of the distribution"
        )


def split_location(location: str) -> tuple[str, str]:
    """
    Return the domain and the URL of a location: a URL, or a bare domain, whose URL is "".

    Raises:
        ResourceError: The location is neither a domain nor a URL that may be signed.
    """
    location = check_length(location)
    origin = re.match(rf"{ORIGIN}(?=[/?]|\Z)", location, re.ASCII)
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

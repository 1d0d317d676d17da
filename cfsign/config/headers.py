"""
Rules for response headers: which ones a site may set, and what caches do with them.

RFC 9110 (names and values), RFC 9111 (caches), RFC 9112 (headers that frame a message).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeGuard

# They frame the message or belong to one connection (RFC 9112, section 6; RFC 9110, 7.6.1).
_SERVER_HEADERS = frozenset(
    {
        "connection",
        "content-length",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)

# RFC 9111, section 5.2: a name, optionally with a token or a quoted string.
_DIRECTIVE = re.compile(r'([^\s,="]+)(?:=("(?:\\.|[^"\\])*"|[^\s,]*))?')


def is_header_mapping(headers: object) -> TypeGuard[Mapping[str, str]]:
    """Return True if *headers* maps valid names to values on one line (RFC 9110, 5.5)."""
    return isinstance(headers, Mapping) and all(
        isinstance(name, str)
        and isinstance(value, str)
        and name.replace("-", "").replace("_", "").isalnum()
        and name.isascii()
        and value.isprintable()
        and max(value, default="") <= "\xff"
        for name, value in headers.items()
    )


def find_server_headers(headers: Mapping[str, str], *, may_set_cookies: bool = False) -> list[str]:
    """
    Return the names of *headers* that only the server may set.

    Set-Cookie is one of them unless *may_set_cookies*: a response may need several, and a mapping
    holds one.
    """
    reserved = _SERVER_HEADERS if may_set_cookies else _SERVER_HEADERS | {"set-cookie"}
    return [name for name in headers if name.lower() in reserved]


def add_no_store(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers* with `Cache-Control: no-store` in front, unless they have Cache-Control."""
    default = {} if has_cache_control(headers) else {"Cache-Control": "no-store"}
    return {**default, **headers}


def has_cache_control(headers: Mapping[str, str]) -> bool:
    """Return True if *headers* contain Cache-Control."""
    return any(name.lower() == "cache-control" for name in headers)


def build_private_headers(seconds: int, headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """
    Return *headers* for a response that the client's own browser may cache for *seconds*.

    `Vary: Cookie, Authorization` is added. A login or logout changes one of these two request
    headers, so the browser then no longer uses the cached response.
    """
    vary = [value for name, value in headers.items() if name.lower() == "vary"]
    others = [(name, value) for name, value in headers.items() if name.lower() != "vary"]
    return (
        ("Cache-Control", f"private, max-age={seconds}"),
        ("Vary", ", ".join([*vary, "Cookie, Authorization"])),
        *others,
    )


def may_be_shared(headers: Mapping[str, str]) -> bool:
    """
    Return True if *headers* allow a shared cache to send the response to other clients.

    They do if Cache-Control is set without `private`, `no-store` or `no-cache`. `max-age` is not
    needed: a cache may choose an age for a 200 response such as JSON (RFC 9111, section 4.2.2).

    The same holds for `CDN-Cache-Control` and the like, which some caches obey instead of
    Cache-Control (RFC 9213), and for a `Surrogate-Control` with `max-age` (W3C, Edge Architecture).
    """
    values: dict[str, list[str]] = {}
    for name, value in headers.items():
        values.setdefault(name.lower(), []).append(value)
    return any(_allows_sharing(name, ", ".join(lines)) for name, lines in values.items())


def make_private(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """
    Return the headers to replace, so that no shared cache stores a response with cookies.

    Args:
        headers: The headers of the response.
    """
    given = list(headers)
    value = ", ".join(value for name, value in given if name.lower() == "cache-control")
    changes = []
    if not value or _allows_sharing("cache-control", value):
        changes.append(("Cache-Control", "private"))
    elif not _find_unqualified(value) & {"private", "no-store"}:
        # With `no-cache`, a cache may store the cookies, and send them to another user after the
        # site has answered 304 (RFC 9111, section 4.3.4).
        changes.append(("Cache-Control", f"private, {value}"))
    others = [(name, value) for name, value in given if name.lower() != "cache-control"]
    return changes + [(name, "no-store") for name, value in others if may_be_shared({name: value})]


def _allows_sharing(name: str, value: str) -> bool:
    """Return True if the header *name*, in lower case, allows a shared cache to store."""
    directives = {directive.lower() for directive, _ in _DIRECTIVE.findall(value)}
    if name == "surrogate-control":
        return "max-age" in directives and "no-store" not in directives
    if name != "cache-control" and not name.endswith("-cache-control"):
        return False
    is_private = _find_unqualified(value) & {"private", "no-store", "no-cache"}
    return "public" in directives or not is_private


def _find_unqualified(value: str) -> set[str]:
    """Return the directives without an argument, in lower case."""
    # With an argument they apply only to the headers that it names (RFC 9111, 5.2.2.4, 5.2.2.7).
    return {name.lower() for name, argument in _DIRECTIVE.findall(value) if not argument}

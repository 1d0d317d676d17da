"""
The headers that a site adds to an answer: which can be sent, and what a cache makes of them.

RFC 9110 (names and values), RFC 9111 (caches), RFC 9112 (what frames a message).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeGuard

# What frames the message or belongs to one connection (RFC 9112, section 6; RFC 9110, 7.6.1).
_SERVERS_OWN = frozenset(
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

# RFC 9111, section 5.2: a name, perhaps with a token or a quoted string.
_DIRECTIVE = re.compile(r'([^\s,="]+)(?:=("(?:\\.|[^"\\])*"|[^\s,]*))?')


def is_header_mapping(headers: object) -> TypeGuard[Mapping[str, str]]:
    """Tell whether *headers* are names and values that stay on their line (RFC 9110, 5.5)."""
    return isinstance(headers, Mapping) and all(
        isinstance(name, str)
        and isinstance(value, str)
        and name.replace("-", "").replace("_", "").isalnum()
        and name.isascii()
        and value.isprintable()
        and max(value, default="") <= "\xff"
        for name, value in headers.items()
    )


def servers_own(headers: Mapping[str, str], *, may_set_cookies: bool = False) -> str:
    """
    Name those of *headers* that only the server can write without breaking the message.

    Cookies are among them: there may be several, of ours too, and a mapping holds one of a name.
    """
    names = [name for name in headers if name.lower() in _SERVERS_OWN]
    if not may_set_cookies:
        mend = "(set cookies by the framework's own session or cookie API)"
        names += [f"{name} {mend}" for name in headers if name.lower() == "set-cookie"]
    return ", ".join(names)


def with_cache_control(headers: Mapping[str, str]) -> dict[str, str]:
    """Return *headers*, with `Cache-Control: no-store` before them if they have none."""
    own = {} if names_cache_control(headers) else {"Cache-Control": "no-store"}
    return {**own, **headers}


def names_cache_control(headers: Mapping[str, str]) -> bool:
    """Tell whether *headers* say by themselves who may keep the answer."""
    return any(name.lower() == "cache-control" for name in headers)


def kept_for(seconds: int, headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """
    Return *headers*, for an answer that the viewer's own browser may keep for *seconds*.

    `Vary` ends that with a login or a logout: the answer was for whom the site knew by these two.
    """
    vary = [value for name, value in headers.items() if name.lower() == "vary"]
    others = [(name, value) for name, value in headers.items() if name.lower() != "vary"]
    return (
        ("Cache-Control", f"private, max-age={seconds}"),
        ("Vary", ", ".join([*vary, "Cookie, Authorization"])),
        *others,
    )


def is_shared(headers: Mapping[str, str]) -> bool:
    """
    Tell whether *headers* let a shared cache give the answer to the next viewer too.

    Whatever stands in the place of `no-store` and does not keep the answer apart does: without an
    age in it, a cache may still reckon one for a 200 such as JSON's (RFC 9111, section 4.2.2).
    """
    lines = [value for name, value in headers.items() if name.lower() == "cache-control"]
    found = {name.lower(): argument for name, argument in _DIRECTIVE.findall(", ".join(lines))}
    # With an argument they speak of the headers in it alone (RFC 9111, 5.2.2.4 and 5.2.2.7).
    is_kept_apart = any(found.get(name) == "" for name in ("private", "no-store", "no-cache"))
    return bool(lines) and ("public" in found or not is_kept_apart)

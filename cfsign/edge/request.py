"""A viewer request, read from a WSGI environ or an ASGI scope."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cfsign.checking.matching import is_host

#: The WSGI variables in which servers provide the request target as it was sent.
TARGET_VARIABLES = ("REQUEST_URI", "RAW_URI")
#: The WSGI variable that tells the origin whether the path is open.
IS_OPEN_VARIABLE = "cfsign.edge.is_open"

# RFC 9112, section 3.2.2: a request target with scheme and host.
_ABSOLUTE_FORM = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ViewerRequest:
    """
    One viewer request. Its `repr` shows neither URL nor cookies, since they may be signed.

    Attributes:
        method: The HTTP method.
        url: The whole URL exactly as it was sent; "" if it is not valid.
        target: The request target (RFC 9112, section 3.2).
        cookies: The value of the `Cookie` header.
        address: The viewer address; None if it is unknown.
        origin: The `Origin` header; None if it is missing.
        is_preflight: True for a CORS preflight (Fetch, "CORS-preflight request").
        requested_headers: The `Access-Control-Request-Headers` of a preflight.
        size: The size of target and headers in bytes.
    """

    method: str
    url: str = field(repr=False)
    target: str = field(repr=False)
    cookies: str = field(default="", repr=False)
    address: str | None = None
    origin: str | None = None
    is_preflight: bool = False
    requested_headers: str = ""
    size: int = 0


def build_viewer_url(scheme: str, host: str, target: str) -> str:
    """
    Return the whole URL of a request, or "" (which no check allows) if it is not valid.

    Args:
        scheme: The scheme of the connection; the one in the target is not trusted.
        host: The `Host` header.
        target: The request target (RFC 9112, section 3.2).
    """
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is not None:
        host, target = absolute.groups()
    elif not target.startswith("/"):
        return ""
    # Without this check the host "h/public" would move a private path into the public folder.
    return f"{scheme}://{host}{target}" if is_host(host) else ""


def remove_target_host(target: str) -> str:
    """Return *target* without scheme and host (RFC 9112, section 3.2.1)."""
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is None:
        return target
    return absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"


def join_target(path: str, query: str) -> str:
    """Return the request target of *path* and *query*, without a `?` if the query is empty."""
    return f"{path}?{query}" if query else path

"""A viewer's request as the edge sees it, whichever server has read it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cfsign.checking.matching import is_host

# RFC 9112, section 3.2.2: a request target that brings its own host.
_ABSOLUTE_FORM = re.compile(r"https?://([^/?]*)(.*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ViewerRequest:
    """
    One request of a viewer.

    Attributes:
        method: The HTTP method.
        url: The viewer's whole URL, as it is on the wire; "" where no usable one was sent.
        target: The request target (RFC 9112, section 3.2).
        cookies: The text of the `Cookie` header.
        address: Where it came from; None where that is unknown.
        origin: The `Origin` header, if one was sent.
        is_preflight: Whether a browser asks by it what a script may send (Fetch, CORS preflight).
        size: The bytes of its target and headers.
    """

    method: str
    url: str
    target: str
    cookies: str = ""
    address: str | None = None
    origin: str | None = None
    is_preflight: bool = False
    size: int = 0


def viewer_url(scheme: str, host: str, target: str) -> str:
    """
    Put the viewer's URL together, or return "", which no check allows.

    Args:
        scheme: That of the connection; what the target claims is not believed.
        host: The `Host` header.
        target: The request target (RFC 9112, section 3.2).
    """
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is not None:
        host, target = absolute.groups()
    elif not target.startswith("/"):
        return ""
    # Without this a host of "h/public" would put a private path under the public one.
    return f"{scheme}://{host}{target}" if is_host(host) else ""


def origin_form(target: str) -> str:
    """Return *target* without a host of its own, so that an origin gets its path and query."""
    absolute = _ABSOLUTE_FORM.fullmatch(target)
    if absolute is None:
        return target
    return absolute[2] if absolute[2].startswith("/") else f"/{absolute[2]}"


def joined_target(path: str, query: str) -> str:
    """Return the request target of a path and a query, which is "" where there is none."""
    return f"{path}?{query}" if query else path

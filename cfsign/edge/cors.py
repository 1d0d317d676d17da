"""The CORS part of a response headers policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cfsign.edge.behaviors import METHODS
from cfsign.edge.request import ViewerRequest
from cfsign.edge.responses import Headers

_VISIBLE = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True)
class CORS:
    """
    The permissions of scripts from other origins (Fetch, "HTTP extensions").

    Attributes:
        origins: The allowed origins; each may contain `*`.
        methods: The allowed methods, sent in response to a preflight.
        headers: The allowed request headers, sent in response to a preflight.
        exposed: The response headers that scripts may read.
        credentials: True if scripts may send cookies.
        max_age: How long browsers may cache a preflight, in seconds; None sends no such header.
        override: True to replace the CORS headers of the origin's response.
    """

    origins: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = METHODS
    headers: tuple[str, ...] = ("*",)
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    override: bool = False

    def build_headers(self, request: ViewerRequest) -> Headers:
        """Return the CORS headers for *request*; empty if its origin is not allowed."""
        allowed = self._allowed_origin(request.origin)
        if allowed is None:
            return []
        headers = [("Access-Control-Allow-Origin", allowed)]
        if allowed != "*":
            headers.append(("Vary", "Origin"))
        if self.credentials:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if not request.is_preflight:
            return headers + _build_list("Access-Control-Expose-Headers", self.exposed)
        headers += _build_list("Access-Control-Allow-Methods", self.methods)
        headers += _build_list("Access-Control-Allow-Headers", self.headers)
        if self.max_age is not None:
            headers.append(("Access-Control-Max-Age", str(self.max_age)))
        return headers

    def _allowed_origin(self, origin: str | None) -> str | None:
        if origin is None or _VISIBLE.fullmatch(origin) is None:
            return None
        if "*" in self.origins:
            return "*"
        patterns = (re.escape(allowed).replace(r"\*", "[^/]*") for allowed in self.origins)
        return origin if any(re.fullmatch(pattern, origin) for pattern in patterns) else None


def _build_list(name: str, values: Iterable[str]) -> Headers:
    text = ", ".join(values)
    return [(name, text)] if text else []

"""What scripts of other origins may read and send: the CORS part of a response-headers policy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cfsign.edge.request import ViewerRequest
from cfsign.edge.responses import Headers

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_VISIBLE = re.compile(r"[ -~]*")


@dataclass(frozen=True, slots=True)
class CORS:
    """
    What scripts of other origins may do (Fetch, "HTTP extensions").

    Attributes:
        origins: The origins, which may hold `*`.
        methods: The methods, for a preflight.
        headers: The names of request headers, for a preflight.
        exposed: The names of response headers that a script may read.
        credentials: Whether cookies may come along.
        max_age: For how many seconds a browser keeps a preflight's answer; None says nothing.
        override: Whether all this takes the place of the origin's own.
    """

    origins: tuple[str, ...] = ("*",)
    methods: tuple[str, ...] = METHODS
    headers: tuple[str, ...] = ("*",)
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int | None = None
    override: bool = False

    def answer(self, request: ViewerRequest) -> Headers:
        """Return the headers for *request*: none where it is not one of these origins'."""
        allowed = self._allowed_origin(request.origin)
        if allowed is None:
            return []
        headers = [("Access-Control-Allow-Origin", allowed)]
        if allowed != "*":
            headers.append(("Vary", "Origin"))
        if self.credentials:
            headers.append(("Access-Control-Allow-Credentials", "true"))
        if not request.is_preflight:
            return headers + _listed("Access-Control-Expose-Headers", self.exposed)
        headers += _listed("Access-Control-Allow-Methods", self.methods)
        headers += _listed("Access-Control-Allow-Headers", self.headers)
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


def _listed(name: str, values: Iterable[str]) -> Headers:
    text = ", ".join(values)
    return [(name, text)] if text else []

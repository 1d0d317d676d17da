"""The response to an allowed request, as a value that an adapter copies."""

from __future__ import annotations

import json
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class ViewResponse:
    """
    A response that an adapter must send byte for byte.

    Attributes:
        status: The HTTP status.
        headers: All headers, `Location` included. A name may occur several times.
        body: The content in bytes, empty for a redirect.
    """

    status: int
    headers: Headers
    body: bytes = b""

    def __repr__(self) -> str:
        # The headers and the body hold the signed URL, which must not reach a log.
        return f"<ViewResponse {self.status}, {len(self.headers)} headers>"

    @property
    def location(self) -> str | None:
        """The value of the `Location` header, or None."""
        return dict(self.headers).get("Location")


def build_redirect(location: str, code: int, headers: Headers) -> ViewResponse:
    """Return a redirect to *location*."""
    return ViewResponse(code, (("Location", location), *headers))


def build_json(url: str, expires_at: int, headers: Headers) -> ViewResponse:
    """Return the URL and its expiry as JSON, for scripts that cannot follow the redirect."""
    body = json.dumps({"url": url, "expires_at": expires_at}).encode("ascii")
    return ViewResponse(200, (("Content-Type", "application/json"), *headers), body)

"""The answer to a viewer whom the site allowed, as a value that an adapter can copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """
    What to send: all of it, to the byte.

    Attributes:
        status: The HTTP status.
        headers: Every header, `Location` included; a name may come more than once.
        body: The content in bytes, often empty.
    """

    status: int
    headers: Headers
    body: bytes = b""

    def __repr__(self) -> str:
        # The location is a signed URL, which opens the file for whoever reads the log.
        return f"<Answer {self.status}, {len(self.headers)} headers>"

    @property
    def location(self) -> str | None:
        """Where the viewer is sent, or None."""
        return dict(self.headers).get("Location")


def redirect(
    location: str, code: int, headers: Headers = (), cookies: Sequence[str] = ()
) -> Answer:
    """Send the viewer to *location*, with the values of `Set-Cookie` headers if there are any."""
    if cookies:
        headers = (*(("Set-Cookie", cookie) for cookie in cookies), *headers)
    return Answer(code, (("Location", location), *headers))


def signed_json(url: str, expires_at: int, headers: Headers = ()) -> Answer:
    """Give the URL to a script that cannot follow a redirect to another origin."""
    import json  # only who answers in JSON waits for it

    body = json.dumps({"url": url, "expires_at": expires_at}).encode("ascii")
    return Answer(200, (("Content-Type", "application/json"), *headers), body)

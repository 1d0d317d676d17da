"""A record of what reaches the origin behind the edge."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# A demo that is left on overnight must not grow.
_KEPT = 1000


class Request(NamedTuple):
    """What a request says of where it goes and whose it is, as it reached the origin."""

    target: str
    query: str
    cookies: str


class Recorder:
    """
    A WSGI layer that keeps what reaches the origin, and passes it on unchanged.

    Attributes:
        requests: The last of the requests.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.requests: deque[Request] = deque(maxlen=_KEPT)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        names = ("REQUEST_URI", "QUERY_STRING", "HTTP_COOKIE")
        self.requests.append(Request(*(environ.get(name, "") for name in names)))
        return self._app(environ, start_response)

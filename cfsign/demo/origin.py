"""The origin behind the edge: WhiteNoise over the private folder, and a record of what it saw."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # it has no types

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


def file_server(folder: Path) -> WSGIApplication:
    """Return an application that serves *folder* to whoever asks, with Range, HEAD and ETag."""
    # No age: a browser that kept the file would show it past its time, without asking the edge.
    app: WSGIApplication = WhiteNoise(_not_found, root=folder, max_age=0)
    return app


def _not_found(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = b"There is no such file.\n"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("404 Not Found", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

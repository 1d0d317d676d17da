"""A folder as an origin: WhiteNoise, with Range, HEAD and conditional requests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# What a bucket takes from a viewer (its CORS rules answer OPTIONS).
_METHODS = "GET, HEAD, OPTIONS"


def file_server(folder: Path) -> WSGIApplication:
    """
    Return an application that serves *folder* to whoever asks.

    A file is looked for when it is asked for, so that a new one is there at once.
    """
    # No age: a browser that kept the file would show it past its time, without asking the edge.
    # No CORS headers: a bucket has none, and the edge adds them where it is told to.
    app: WSGIApplication = WhiteNoise(
        _not_found, root=folder, max_age=0, autorefresh=True, allow_all_origins=False
    )

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("200 OK", [("Allow", _METHODS), ("Content-Length", "0")])
            return []
        if "\0" in environ.get("PATH_INFO", ""):
            return _not_found(environ, start_response)  # no system has a file of such a name
        return app(environ, start_response)

    return serve


def _not_found(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = b"There is no such file.\n"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("404 Not Found", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

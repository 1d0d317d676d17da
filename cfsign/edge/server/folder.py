"""A folder as an origin: WhiteNoise, with Range, HEAD and conditional requests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from email.utils import parsedate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# What a bucket takes from a viewer (its CORS rules answer OPTIONS).
_METHODS = "GET, HEAD, OPTIONS"
# A file is sent compressed where WhiteNoise finds it so beside it.
_VARIANTS = ("", ".gz", ".br")


def file_server(folder: Path) -> WSGIApplication:
    """
    Return an application that serves *folder* to whoever asks.

    A file is looked for when it is asked for, so that a new one is there at once. A link is
    followed inside the folder; one that leads out of it is as if it were not there.
    """
    # No age: a browser that kept the file would show it past its time, without asking the edge.
    # No CORS headers: a bucket has none, and the edge adds them where it is told to.
    app: WSGIApplication = _Files(
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


class _Files(WhiteNoise):  # type: ignore[misc]  # it has no types
    """WhiteNoise, less what leads out of its folder, and with `If-Range`."""

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        for path in super().candidate_paths_for_url(url):
            if all(self._is_inside(f"{path}{variant}") for variant in _VARIANTS):
                yield path

    def _is_inside(self, path: str) -> bool:
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(root)) for root, _ in self.directories)

    @staticmethod
    def serve(
        static_file: Any, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        condition = environ.get("HTTP_IF_RANGE")
        if condition is not None and not _is_still(static_file, condition):
            environ = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
        served: Iterable[bytes] = WhiteNoise.serve(static_file, environ, start_response)
        return served


def _is_still(static_file: Any, condition: str) -> bool:
    """Tell whether a file is the one that `If-Range` names (RFC 9110, section 13.1.5)."""
    if condition.startswith(('"', "W/")):
        return bool(condition == static_file.etag)  # a weak one is never equal
    date = parsedate(condition)
    return date is not None and bool(date == static_file.last_modified)


def _not_found(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = b"There is no such file.\n"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("404 Not Found", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

"""A folder as an origin: WhiteNoise, with Range, HEAD and conditional requests."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from email.utils import parsedate
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.headers import Headers

from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # it has no types
from whitenoise.responders import (  # type: ignore[import-untyped]
    MissingFileError,
    Response,
    SlicedFile,
    StaticFile,
)

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The methods of an S3 bucket for reading; its CORS rules answer OPTIONS.
_METHODS = "GET, HEAD, OPTIONS"
# RFC 9110, section 14.1.2: one range. WhiteNoise answers other ranges with the whole file.
_RANGE = re.compile(r"bytes=(?:([0-9]+)-([0-9]+)?|-([0-9]+))", re.IGNORECASE)


def create_folder_app(folder: Path) -> WSGIApplication:
    """
    Return an application that serves *folder* without any access check.

    Files are looked up on each request, so new files are served at once. Symbolic links are
    followed inside the folder; a link that leads out of it gives a 404.
    """
    # No max-age: a browser would show a cached file after its URL expired.
    # No CORS headers: a bucket sends none by default, and the edge adds them if configured.
    app: WSGIApplication = _FolderApp(
        _respond_not_found, root=folder, max_age=0, autorefresh=True, allow_all_origins=False
    )

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("200 OK", [("Allow", _METHODS), ("Content-Length", "0")])
            return []
        if "\0" in environ.get("PATH_INFO", ""):
            return _respond_not_found(environ, start_response)  # `open` would raise ValueError
        return app(environ, start_response)

    return respond


class _File(StaticFile):  # type: ignore[misc]  # it has no types
    """A file with ranges of one byte, which WhiteNoise refuses."""

    def get_range_response(self, range_header: str, base_headers: Any, file_handle: Any) -> Any:
        size = int(dict(base_headers)["Content-Length"])
        parts = _RANGE.fullmatch(range_header.strip())
        if parts is None:
            raise ValueError  # WhiteNoise then sends the whole file
        first, last, suffix = (None if part is None else int(part) for part in parts.groups())
        start = max(size - (suffix or 0), 0) if first is None else first
        end = size - 1 if last is None else min(last, size - 1)
        if last is not None and last < start:
            raise ValueError  # RFC 9110, section 14.1.2: not a valid range
        if start >= size:
            return self.get_range_not_satisfiable_response(file_handle, size)
        headers = [pair for pair in base_headers if pair[0] != "Content-Length"]
        headers.append(("Content-Range", f"bytes {start}-{end}/{size}"))
        headers.append(("Content-Length", str(end - start + 1)))
        body = None if file_handle is None else SlicedFile(file_handle, start, end)
        return Response(HTTPStatus.PARTIAL_CONTENT, headers, body)


class _FolderApp(WhiteNoise):  # type: ignore[misc]  # it has no types
    """WhiteNoise with `If-Range`, and without links that lead out of the folder."""

    def candidate_paths_for_url(self, url: str) -> Iterator[str]:
        for path in super().candidate_paths_for_url(url):
            if self._is_inside(path):
                yield path

    def get_static_file(self, path: str, url: str, stat_cache: object = None) -> _File:
        if not os.path.exists(path):
            raise MissingFileError(path)
        headers = Headers([])
        self.add_mime_headers(headers, path, url)
        self.add_cache_headers(headers, path, url)
        return _File(path, headers.items())

    @staticmethod
    def is_compressed_variant(path: str, stat_cache: object = None) -> bool:
        """Return False: a bucket serves `a.js.gz` as a file, and never in place of `a.js`."""
        return False

    def _is_inside(self, path: str) -> bool:
        real = Path(os.path.realpath(path))
        return any(real.is_relative_to(os.path.realpath(root)) for root, _ in self.directories)

    @staticmethod
    def serve(
        static_file: Any, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        condition = environ.get("HTTP_IF_RANGE")
        if condition is not None and not _matches_if_range(static_file, condition):
            environ = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
        body: Iterable[bytes] = WhiteNoise.serve(static_file, environ, start_response)
        return body


def _matches_if_range(static_file: Any, condition: str) -> bool:
    """Return True if `If-Range` names the current file (RFC 9110, section 13.1.5)."""
    if condition.startswith(('"', "W/")):
        return bool(condition == static_file.etag)  # a weak ETag never matches
    date = parsedate(condition)
    return date is not None and bool(date == static_file.last_modified)


def _respond_not_found(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    body = b"There is no such file.\n"
    headers = [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    start_response("404 Not Found", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

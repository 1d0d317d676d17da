"""A folder as an origin: WhiteNoise, with what S3 does in addition."""

from __future__ import annotations

import os
import re
from calendar import timegm
from collections.abc import Callable, Iterable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.headers import Headers

from whitenoise import WhiteNoise  # type: ignore[import-untyped]  # it has no types
from whitenoise.responders import (  # type: ignore[import-untyped]  # has no types
    MissingFileError,
    Response,
    SlicedFile,
    StaticFile,
)

from cfsign.edge.request import IS_OPEN_VARIABLE
from cfsign.edge.server.conditions import check_conditions, matches_if_range
from cfsign.edge.server.s3 import (
    ACCESS_DENIED,
    ANONYMOUS_OVERRIDE,
    INVALID_HEADER,
    NO_SUCH_KEY,
    read_overrides,
    replace_headers,
)
from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# The methods of an S3 bucket for reading; its CORS rules answer OPTIONS.
_METHODS = "GET, HEAD, OPTIONS"
# Video formats that WhiteNoise does not know (RFC 8216, section 10; ISO/IEC 23009-1; W3C WebVTT).
_MEDIA_TYPES = {".m4s": "video/iso.segment", ".mpd": "application/dash+xml", ".vtt": "text/vtt"}
# RFC 9110, section 14.1.2: one range. WhiteNoise answers other ranges with the whole file.
_RANGE = re.compile(r"bytes=(?:([0-9]+)-([0-9]+)?|-([0-9]+))", re.IGNORECASE)


def create_folder_app(
    folder: Path, *, max_age: int = 0, missing_status: int = 404
) -> WSGIApplication:
    """
    Return an application that serves *folder* as an S3 bucket does, without any access check.

    Files are looked up on each request, so new files are served at once. Symbolic links are
    followed inside the folder; a link that leads out of it is a missing file.

    Args:
        folder: The folder.
        max_age: How many seconds browsers may cache a file. With 0, no browser shows a cached file
            after its URL expired.
        missing_status: The status for a missing file. S3 answers 403 instead of 404 to a caller
            that may not list the bucket.

    Raises:
        ConfigurationError: The status is neither 403 nor 404, or max_age is negative.
    """
    if missing_status not in (403, 404):
        raise ConfigurationError(
            f"the status for a missing file cannot be {missing_status}", hint="use 403 or 404"
        )
    if max_age < 0:
        raise ConfigurationError(
            f"max_age must be a number of seconds, got {max_age}", hint="use 0 or more"
        )
    missing = NO_SUCH_KEY if missing_status == 404 else ACCESS_DENIED
    # No CORS headers: a bucket sends none by default, and the edge adds them if configured.
    app: WSGIApplication = _FolderApp(
        missing.respond,
        root=folder,
        max_age=max_age,
        autorefresh=True,
        allow_all_origins=False,
        mimetypes=_MEDIA_TYPES,
    )

    def respond(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            start_response("200 OK", [("Allow", _METHODS), ("Content-Length", "0")])
            return []
        if "\0" in environ.get("PATH_INFO", ""):
            return missing.respond(environ, start_response)  # `open` would raise ValueError
        try:
            overrides = read_overrides(environ.get("QUERY_STRING", ""))
        except ValueError:
            return INVALID_HEADER.respond(environ, start_response)
        if not overrides:
            return app(environ, start_response)
        # CloudFront signs what it sends to S3 only for a private bucket.
        if environ.get(IS_OPEN_VARIABLE):
            return ANONYMOUS_OVERRIDE.respond(environ, start_response)

        def start_with_overrides(
            status: str, headers: list[tuple[str, str]], /, *exc_info: Any
        ) -> Callable[[bytes], object]:
            if status[:3] in ("200", "206"):
                headers = replace_headers(headers, overrides)
            return start_response(status, headers, *exc_info)

        return app(environ, start_with_overrides)

    return respond


class _File(StaticFile):  # type: ignore[misc]  # it has no types
    """A file with all conditions, and ranges of one byte, which WhiteNoise does not know."""

    def get_response(self, method: str, request_headers: Mapping[str, str]) -> Any:
        if method in ("GET", "HEAD"):
            status = check_conditions(request_headers, self.etag, self.modified_at)
            if status is HTTPStatus.PRECONDITION_FAILED:
                return Response(status, [("Content-Length", "0")], None)
            if status is HTTPStatus.NOT_MODIFIED:
                return self.not_modified_response
        return super().get_response(method, request_headers)

    @property
    def modified_at(self) -> float | None:
        """The last modification, in whole epoch seconds."""
        return None if self.last_modified is None else timegm(self.last_modified)

    def is_not_modified(self, request_headers: Mapping[str, str]) -> bool:
        """Return False: `check_conditions` was called already."""
        return False

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
        static_file: _File, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        condition = environ.get("HTTP_IF_RANGE")
        if condition is not None and not matches_if_range(
            condition, static_file.etag, static_file.modified_at
        ):
            environ = {name: value for name, value in environ.items() if name != "HTTP_RANGE"}
        body: Iterable[bytes] = WhiteNoise.serve(static_file, environ, start_response)
        return body

"""Errors of S3, and the headers of a response that a query replaces."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from cfsign.edge.responses import generate_request_id

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

#: AWS, S3 API, "GetObject": the query parameters that replace a header of the response.
OVERRIDES = {
    "response-cache-control": "Cache-Control",
    "response-content-disposition": "Content-Disposition",
    "response-content-encoding": "Content-Encoding",
    "response-content-language": "Content-Language",
    "response-content-type": "Content-Type",
    "response-expires": "Expires",
}

# RFC 9110, section 5.5, without the tab. Other characters could start a new header.
_HEADER_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]+")


class S3Error(NamedTuple):
    """
    An error of S3.

    Attributes:
        status: The status line without the version, such as "404 Not Found".
        code: S3's error code.
        message: S3's message.
    """

    status: str
    code: str
    message: str

    def respond(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the error as S3 does. Only S3's errors have a `RequestId` and a `HostId`."""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f"<Error><Code>{self.code}</Code><Message>{self.message}</Message>"
            f"<RequestId>{generate_request_id()[:16]}</RequestId>"
            f"<HostId>{generate_request_id()}</HostId></Error>"
        ).encode("ascii")
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response(self.status, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


#: The answer for a missing file to a caller that may list the bucket.
NO_SUCH_KEY = S3Error("404 Not Found", "NoSuchKey", "The specified key does not exist.")
#: The answer for a missing file to a caller that may not list the bucket.
ACCESS_DENIED = S3Error("403 Forbidden", "AccessDenied", "Access Denied")
#: The answer to an unsigned request with one of `OVERRIDES`.
ANONYMOUS_OVERRIDE = S3Error(
    "400 Bad Request",
    "InvalidRequest",
    "Request specific response headers cannot be used for anonymous GET requests.",
)
INVALID_HEADER = S3Error(
    "400 Bad Request",
    "InvalidArgument",
    "Header value cannot be represented using ISO-8859-1.",
)


def read_overrides(query: str) -> list[tuple[str, str]]:
    """
    Return the headers that a query asks for.

    Raises:
        ValueError: A value is not a valid header value, or a parameter is given twice.
    """
    given = [pair for pair in parse_qsl(query, encoding="utf-8") if pair[0] in OVERRIDES]
    if len(dict(given)) < len(given):
        raise ValueError("a parameter is given twice")
    for _, value in given:
        if _HEADER_VALUE.fullmatch(value) is None:
            raise ValueError("a value is not valid in a header")
    return [(OVERRIDES[name], value) for name, value in given]


def replace_headers(
    headers: list[tuple[str, str]], overrides: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return *headers* with those of the same name replaced by *overrides*."""
    names = {name.lower() for name, _ in overrides}
    return [*(pair for pair in headers if pair[0].lower() not in names), *overrides]

"""Another server as an origin: requests and answers passed on by httpx."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from cfsign.edge.request import origin_form
from cfsign.edge.responses import Answer, Headers, error_page, request_id
from cfsign.edge.server.servers import EDGE_IDENT

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# RFC 9110, section 7.6.1: what is for one connection, and with `Connection`, what that names.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# CloudFront names the origin's host, says itself who asks, and has answered "100 Continue".
_NOT_PASSED_ON = _HOP_BY_HOP | {"expect", "host", "x-amz-cf-id", "x-forwarded-proto"}

_CHUNK_BYTES = 64 * 1024


class Proxy:
    """
    An origin at a URL, as a WSGI application.

    The target's path and query go on as they came, and so do headers and bodies, less what is for
    one connection.
    `Host` is the origin's own; `X-Forwarded-For` gains the viewer's address, and `Via` the edge:
    CloudFront's "AllViewerExceptHostHeader". Redirects are the viewer's to follow.

    Args:
        origin: The URL, such as "http://127.0.0.1:9000"; its path goes before each target's.
        timeout: How many seconds the origin may take to answer; CloudFront's own is 30.
        transport: Sends the requests; None opens connections. It is there for tests.
    """

    def __init__(
        self, origin: str, timeout: float = 30.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._origin = httpx.URL(origin)
        self._prefix = self._origin.raw_path.rstrip(b"/")
        # AWS, "Origin connection timeout". Nothing of the environment: a proxy would get what is
        # meant for this machine, and a .netrc would log in.
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections to the origin."""
        self._client.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        try:
            response = self._client.send(self._request(environ), stream=True)
        except httpx.TimeoutException:
            return _own_answer(environ, start_response, _NO_ANSWER)
        except (httpx.TransportError, httpx.InvalidURL, ValueError):
            return _own_answer(environ, start_response, _NO_CONNECTION)
        status = f"{response.status_code} {response.reason_phrase or 'Unknown'}"
        start_response(status, _end_to_end(response.headers))
        return _Body(response)

    def _request(self, environ: WSGIEnvironment) -> httpx.Request:
        target = origin_form(environ.get("REQUEST_URI", "/")).encode("latin-1")
        return httpx.Request(
            environ["REQUEST_METHOD"],
            self._origin,
            headers=_request_headers(environ),
            content=_body(environ),
            extensions={
                # As it is on the wire: httpx would normalise it.
                "target": self._prefix + target,
                "timeout": self._client.timeout.as_dict(),
            },
        )


_NO_CONNECTION = error_page("502 Bad Gateway", "CloudFront wasn't able to connect to the origin.")
_NO_ANSWER = error_page(
    "504 Gateway Timeout",
    "CloudFront attempted to establish a connection with the origin, but "
    "either the attempt failed or the origin closed the connection.",
)


class _Body:
    """The body of an origin's answer, as it arrives and as it is encoded."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_raw()

    def close(self) -> None:
        """Give the connection back (PEP 3333)."""
        self._response.close()


def _own_answer(
    environ: WSGIEnvironment, start_response: StartResponse, answer: Answer
) -> Iterable[bytes]:
    start_response(answer.status, list(answer.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]


def _request_headers(environ: WSGIEnvironment) -> list[tuple[bytes, bytes]]:
    found = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").lower()] = environ[name]
    passed = _without(found, _NOT_PASSED_ON)
    viewer = environ.get("REMOTE_ADDR")
    passed["x-forwarded-for"] = ", ".join(filter(None, (passed.get("x-forwarded-for"), viewer)))
    passed["via"] = ", ".join(filter(None, (passed.get("via"), EDGE_IDENT)))
    passed["x-amz-cf-id"] = request_id()
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in passed.items()]


def _without(headers: Mapping[str, str], dropped: frozenset[str]) -> dict[str, str]:
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return {name: value for name, value in headers.items() if name not in dropped | named}


def _body(environ: WSGIEnvironment) -> Iterator[bytes] | None:
    length = environ.get("CONTENT_LENGTH") or "0"
    return _chunks(environ["wsgi.input"], int(length)) if length != "0" else None


def _chunks(stream: Any, left: int) -> Iterator[bytes]:
    while left > 0 and (chunk := stream.read(min(left, _CHUNK_BYTES))):
        left -= len(chunk)
        yield chunk


def _end_to_end(headers: httpx.Headers) -> Headers:
    named = {name.strip().lower() for name in headers.get("connection", "").split(",")}
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers.raw
        if name.decode("latin-1").lower() not in _HOP_BY_HOP | named
    ]

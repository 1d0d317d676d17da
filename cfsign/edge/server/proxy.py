"""Another server as an origin: forwards requests and responses with httpx."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx

from cfsign.edge.request import remove_target_host
from cfsign.edge.responses import EdgeResponse, build_error_page, generate_request_id
from cfsign.edge.server.http_server import VIA

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

# RFC 9110, section 7.6.1: headers of one connection. `Connection` may name more.
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
# Headers that CloudFront sets itself; `Expect` was answered by the server.
_NOT_FORWARDED = _HOP_BY_HOP | {"expect", "host", "x-amz-cf-id", "x-forwarded-proto"}

_CHUNK_BYTES = 64 * 1024

_CONNECTION_ERROR = build_error_page(
    "502 Bad Gateway", "CloudFront wasn't able to connect to the origin."
)
_TIMEOUT = build_error_page(
    "504 Gateway Timeout",
    "CloudFront attempted to establish a connection with the origin, but "
    "either the attempt failed or the origin closed the connection.",
)


class Proxy:
    """
    A server as a WSGI application.

    Path and query are forwarded exactly as they were sent; headers and bodies too, except the
    headers of one connection. As with CloudFront's policy "AllViewerExceptHostHeader", `Host` is
    the origin's. `X-Forwarded-For` and `Via` are extended. Redirects are returned to the client.

    Args:
        origin: The URL, such as "http://127.0.0.1:9000"; a path in it prefixes each target.
        timeout: How long the origin may take to answer, in seconds; CloudFront's default is 30.
        transport: An httpx transport for tests; None opens real connections.
    """

    def __init__(
        self, origin: str, timeout: float = 30.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._origin = httpx.URL(origin)
        self._prefix = self._origin.raw_path.rstrip(b"/")
        # AWS, "Origin connection timeout". The environment is ignored: a proxy would receive
        # requests for this machine, and a .netrc would add credentials.
        self._client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            trust_env=False,
            transport=transport,
        )

    def close(self) -> None:
        """Close the connections to the origin."""
        self._client.close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Forward one request (PEP 3333)."""
        try:
            response = self._client.send(self._build_request(environ), stream=True)
        except httpx.TimeoutException:
            return _respond(environ, start_response, _TIMEOUT)
        except (httpx.TransportError, httpx.InvalidURL, ValueError):
            return _respond(environ, start_response, _CONNECTION_ERROR)
        status = f"{response.status_code} {response.reason_phrase or 'Unknown'}"
        dropped = _HOP_BY_HOP | _connection_options(response.headers)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.headers.raw
            if name.decode("latin-1").lower() not in dropped
        ]
        start_response(status, headers)
        return _Body(response)

    def _build_request(self, environ: WSGIEnvironment) -> httpx.Request:
        target = remove_target_host(environ.get("REQUEST_URI", "/")).encode("latin-1")
        length = int(environ.get("CONTENT_LENGTH") or "0")
        return httpx.Request(
            environ["REQUEST_METHOD"],
            self._origin,
            headers=_build_request_headers(environ),
            content=_read_chunks(environ["wsgi.input"], length) if length else None,
            extensions={
                # httpx would normalize the target; this sends it unchanged.
                "target": self._prefix + target,
                "timeout": self._client.timeout.as_dict(),
            },
        )


class _Body:
    """The body of the origin's response, streamed without decoding it."""

    def __init__(self, response: httpx.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_raw()

    def close(self) -> None:
        """Release the connection (PEP 3333)."""
        self._response.close()


def _respond(
    environ: WSGIEnvironment, start_response: StartResponse, response: EdgeResponse
) -> Iterable[bytes]:
    start_response(response.status, list(response.headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [response.body]


def _build_request_headers(environ: WSGIEnvironment) -> list[tuple[bytes, bytes]]:
    received = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            received[name.replace("_", "-").lower()] = environ[name]
    dropped = _NOT_FORWARDED | _connection_options(received)
    headers = {name: value for name, value in received.items() if name not in dropped}
    address = environ.get("REMOTE_ADDR")
    headers["x-forwarded-for"] = ", ".join(filter(None, (headers.get("x-forwarded-for"), address)))
    headers["via"] = ", ".join(filter(None, (headers.get("via"), VIA)))
    headers["x-amz-cf-id"] = generate_request_id()
    # Bytes beyond the announced length would be read as the next response of this connection.
    headers["connection"] = "close"
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def _connection_options(headers: Mapping[str, str]) -> set[str]:
    return {name.strip().lower() for name in headers.get("connection", "").split(",")}


def _read_chunks(stream: Any, length: int) -> Iterator[bytes]:
    while length > 0 and (chunk := stream.read(min(length, _CHUNK_BYTES))):
        length -= len(chunk)
        yield chunk

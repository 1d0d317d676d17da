"""The HTTP server of `cfsign edge`: slow clients, several `Cookie` lines, and its log."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("waitress")

from cfsign.edge.server import http_server
from tests.edge.common import EXPIRES


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """A connection to a server that sends back the cookies."""

    def echo(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [environ.get("HTTP_COOKIE", "").encode("latin-1")]

    with (
        http_server.listen(None, "--port") as listener,
        http_server.serve(echo, listener),
        socket.create_connection(listener.getsockname(), 10) as connection,
    ):
        yield connection


def test_failing_response_is_logged_without_a_signature(
    rsa_peer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Waitress logs the path, for example when a proxied origin closes the connection early."""

    def fail(environ: Any, start_response: Any) -> Any:
        raise ConnectionError("the origin closed the connection")

    signature = rsa_peer.canned_url("https://h/a", EXPIRES).partition("Signature=")[2][:300]
    with (
        http_server.listen(None, "--port") as listener,
        http_server.serve(fail, listener),
        socket.create_connection(listener.getsockname(), 10) as connection,
    ):
        request = f"GET /a/{signature} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
        connection.sendall(request.encode())
        assert receive_all(connection).startswith(b"HTTP/1.1 500")
    assert "the origin closed the connection" in caplog.text
    assert "/a/" in caplog.text
    assert signature[100:120] not in caplog.text


def receive_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "half", [b"GET", b"GET / HTTP/1.1\r\n", b"PUT / HTTP/1.1\r\nContent-Length: 9\r\n\r\n1"]
)
def test_half_sent_request_is_closed(
    connection: socket.socket, monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    """After the timeout, which is zero here; Waitress waits 120 s."""
    monkeypatch.setattr(http_server, "_REQUEST_TIMEOUT", 0)
    connection.sendall(half)
    assert receive_all(connection) == b""


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ([b"Cookie: a=1"], b"a=1"),
        ([b"Cookie: a=1", b"X: Cookie: c", b"cookie: ", b"COOKIE:b=2, c "], b"a=1; ; b=2, c"),
        ([b"X-Cookie: c", b"Cookie: a, b"], b"a, b"),
    ],
)
def test_cookie_lines_are_joined(
    connection: socket.socket, lines: list[bytes], joined: bytes
) -> None:
    """By "; " (RFC 9113, section 8.2.3), so that an origin reads them, too."""
    head = [b"GET / HTTP/1.1", b"Host: h", b"Connection: close", *lines]
    connection.sendall(b"\r\n".join([*head, b"", b""]))
    assert receive_all(connection).partition(b"\r\n\r\n")[2] == joined

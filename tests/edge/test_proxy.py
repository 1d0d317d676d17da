"""The proxy origin: forwarded requests and responses, and an origin that fails."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("click", "waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign import TrustedKeyGroup  # noqa: E402
from cfsign.edge import WSGIEdge  # noqa: E402
from cfsign.edge.server import get_url, listen, open_origin, serve  # noqa: E402
from cfsign.edge.server.proxy import Proxy  # noqa: E402


class Origin(ThreadingHTTPServer):
    """A server that records the requests that it receives."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.targets: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Origin

    def respond(self) -> None:
        self.server.targets.append(self.path)
        self.server.headers.append({k.lower(): v for k, v in self.headers.items()})
        length = int(self.headers.get("Content-Length", 0))
        self.server.bodies.append(self.rfile.read(length))
        if self.path == "/cut":
            self.close_connection = True
            return
        self.send_response(206 if "Range" in self.headers else 200)
        self.send_header("Content-Length", "4")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Set-Cookie", "a=1")
        self.send_header("Set-Cookie", "b=2")
        self.send_header("Connection", "keep-alive, X-Hop")
        self.send_header("X-Hop", "1")
        self.send_header("Keep-Alive", "timeout=5")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"\x1f\x8b\x00\x01")

    do_GET = do_HEAD = do_POST = respond  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def serve_behind_edge(trusted_keys: TrustedKeyGroup) -> Iterator[Callable[..., str]]:
    """A function that serves a WSGI application behind an edge and returns the edge's URL."""
    with ExitStack() as stack:

        def start(app: Any) -> str:
            listener = stack.enter_context(listen(None, "--port"))
            options = {"clear_untrusted_proxy_headers": False}
            stack.enter_context(serve(WSGIEdge(app, trusted_keys), listener, **options))
            return get_url(listener)

        yield start


@pytest.fixture
def client() -> Iterator[Any]:
    with httpx.Client(trust_env=False) as client:
        yield client


def test_request_and_response_are_forwarded(
    serve_behind_edge: Callable[..., str], origin: Origin, sign: Callable[..., str], client: Any
) -> None:
    """The target unchanged, CloudFront's headers added, hop-by-hop headers removed."""
    with open_origin(f"{origin.url}/prefix/") as app:
        url = serve_behind_edge(app)
        target = "/a%7e/%2F//b?q=%41&r"
        headers = {
            "Accept-Encoding": "br",
            "Connection": "close, X-Mine",
            "Cookie": "a=1; CloudFront-Expires=1; b=2",
            "Range": "bytes=0-3",
            "TE": "trailers",
            "X-Forwarded-For": "192.0.2.9",
            "X-Mine": "1",
        }
        with client.stream("GET", sign(url + target), headers=headers) as response:
            body = b"".join(response.iter_raw())
        assert (response.status_code, body) == (206, b"\x1f\x8b\x00\x01")
    assert origin.targets == [f"/prefix{target}"]
    (headers_received,) = origin.headers
    assert headers_received["host"] == origin.url.removeprefix("http://")
    assert headers_received["cookie"] == "a=1; b=2"
    assert headers_received["range"] == "bytes=0-3"
    assert headers_received["accept-encoding"] == "br"
    assert headers_received["x-forwarded-for"] == "192.0.2.9, 127.0.0.1"
    assert headers_received["via"].endswith("(CloudFront)")
    assert not {"te", "x-mine"} & headers_received.keys()
    assert headers_received["connection"] == "close"
    assert response.headers["content-encoding"] == "gzip"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert not {"x-hop", "keep-alive"} & response.headers.keys()
    assert response.headers["x-cache"] == "Miss from cloudfront"


def test_bodies_are_forwarded(
    serve_behind_edge: Callable[..., str], origin: Origin, sign: Callable[..., str], client: Any
) -> None:
    """Of a POST with and without a known length; the response to HEAD has none."""
    with open_origin(origin.url) as app:
        url = sign(f"{serve_behind_edge(app)}/a")
        head = client.head(url)
        assert (head.status_code, head.headers["content-length"]) == (200, "4")
        for content in (b"x" * 200_000, iter([b"in ", b"parts"])):
            with client.stream("POST", url, content=content) as response:
                assert response.status_code == 200
    assert origin.bodies == [b"", b"x" * 200_000, b"in parts"]


def test_origin_that_is_down_gives_502(
    serve_behind_edge: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """With CloudFront's error page; without it for HEAD."""
    unused = socket.socket()
    unused.bind(("127.0.0.1", 0))  # no other process can take the port, and no one listens
    with unused, open_origin(f"http://127.0.0.1:{unused.getsockname()[1]}") as app:
        url = sign(f"{serve_behind_edge(app)}/a")
        response = client.get(url)
        assert (response.status_code, response.headers["x-cache"]) == (502, "Error from cloudfront")
        assert "The request could not be satisfied" in response.text
        assert client.head(url).status_code == 502


def test_origin_that_closes_the_connection_gives_502(
    serve_behind_edge: Callable[..., str], origin: Origin, sign: Callable[..., str], client: Any
) -> None:
    """Before it sends anything."""
    with open_origin(origin.url) as app:
        assert client.get(sign(f"{serve_behind_edge(app)}/cut")).status_code == 502


def test_origin_that_does_not_answer_gives_504(
    serve_behind_edge: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """After the timeout."""

    def time_out(request: Any) -> Any:
        raise httpx.ReadTimeout("no response", request=request)

    proxy = Proxy("http://origin.example", transport=httpx.MockTransport(time_out))
    assert client.get(sign(f"{serve_behind_edge(proxy)}/a")).status_code == 504
    proxy.close()


def test_bytes_beyond_the_length_are_not_the_next_response(
    serve_behind_edge: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """A second response in the same packet would answer another client's request."""

    def answer(connection: socket.socket) -> None:
        with connection:
            while connection.recv(65536):
                response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n%s"
                connection.sendall(response % b"good" + response % b"evil")

    def accept(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=listener.accept()[:1], daemon=True).start()

    with listen(None, "--port") as listener, open_origin(get_url(listener)) as app:
        threading.Thread(target=accept, args=(listener,), daemon=True).start()
        url = serve_behind_edge(app)
        assert [client.get(sign(f"{url}/{n}")).text for n in range(3)] == ["good"] * 3
        listener.shutdown(socket.SHUT_RDWR)


def test_redirect_is_not_followed(
    serve_behind_edge: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """The edge connects only to the configured origin."""

    def redirect(request: Any) -> Any:
        headers = {"Location": "http://elsewhere.example/"}
        return httpx.Response(302, headers=headers, stream=httpx.ByteStream(b""))

    proxy = Proxy("http://origin.example", transport=httpx.MockTransport(redirect))
    response = client.get(sign(f"{serve_behind_edge(proxy)}/a"))
    assert (response.status_code, response.headers["location"]) == (
        302,
        "http://elsewhere.example/",
    )
    proxy.close()


@pytest.mark.parametrize(
    ("target", "forwarded"),
    [("http://evil.example/a?q", "/p/a?q"), ("http://evil.example?q", "/p/?q")],
)
def test_host_of_the_target_is_removed(target: str, forwarded: str) -> None:
    """A server that is a proxy itself would connect to that host."""
    targets: list[bytes] = []

    def record(request: Any) -> Any:
        targets.append(request.extensions["target"])
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    proxy = Proxy("http://origin.example/p", transport=httpx.MockTransport(record))
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": target}
    list(proxy(environ, lambda *_: lambda _: None))
    proxy.close()
    assert targets == [forwarded.encode()]

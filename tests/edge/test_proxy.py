"""The proxy before another server: what is passed on, what is not, and an origin that is down."""

from __future__ import annotations

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
    """A server that keeps what it got."""

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

    def answer(self) -> None:
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

    do_GET = do_HEAD = do_POST = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def before(trusted_keys: TrustedKeyGroup) -> Iterator[Callable[..., str]]:
    """Starts an edge before a WSGI application, and returns its URL."""
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


def test_a_request_passes_stripped_and_otherwise_as_it_is(
    before: Callable[..., str], origin: Origin, sign: Callable[..., str], client: Any
) -> None:
    """The target to the byte; CloudFront's headers, and none that is for one connection."""
    with open_origin(f"{origin.url}/prefix/") as app:
        url = before(app)
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
        with client.stream("GET", sign(url + target), headers=headers) as answer:
            body = b"".join(answer.iter_raw())
        assert (answer.status_code, body) == (206, b"\x1f\x8b\x00\x01")
    assert origin.targets == [f"/prefix{target}"]
    (got,) = origin.headers
    assert got["host"] == origin.url.removeprefix("http://")
    assert got["cookie"] == "a=1; b=2"
    assert got["range"] == "bytes=0-3"
    assert got["accept-encoding"] == "br"
    assert got["x-forwarded-for"] == "192.0.2.9, 127.0.0.1"
    assert got["via"].endswith("(CloudFront)")
    assert not {"te", "x-mine"} & got.keys()
    assert got.get("connection", "keep-alive") == "keep-alive"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert not {"x-hop", "keep-alive"} & answer.headers.keys()
    assert answer.headers["x-cache"] == "Miss from cloudfront"


def test_methods_with_and_without_a_body(
    before: Callable[..., str], origin: Origin, sign: Callable[..., str], client: Any
) -> None:
    """HEAD has none in the answer; POST has one in the request, of known length or not."""
    with open_origin(origin.url) as app:
        url = sign(f"{before(app)}/a")
        head = client.head(url)
        assert (head.status_code, head.headers["content-length"]) == (200, "4")
        for content in (b"x" * 200_000, iter([b"in ", b"parts"])):
            with client.stream("POST", url, content=content) as answer:
                assert answer.status_code == 200
    assert origin.bodies == [b"", b"x" * 200_000, b"in parts"]


def test_an_origin_that_is_down_is_502(
    before: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """With CloudFront's page, and HEAD without it."""
    held = socket.socket()
    held.bind(("127.0.0.1", 0))  # held, so that nobody else gets it, and not listened at
    with held, open_origin(f"http://127.0.0.1:{held.getsockname()[1]}") as app:
        url = sign(f"{before(app)}/a")
        answer = client.get(url)
        assert (answer.status_code, answer.headers["x-cache"]) == (502, "Error from cloudfront")
        assert "The request could not be satisfied" in answer.text
        assert client.head(url).status_code == 502


def test_an_origin_that_hangs_up_is_502(
    before: Callable[..., str], origin: Origin, sign: Callable[..., str], client: Any
) -> None:
    """Before it has said anything."""
    with open_origin(origin.url) as app:
        assert client.get(sign(f"{before(app)}/cut")).status_code == 502


def test_an_origin_that_is_silent_is_504(
    before: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """After the time that it has."""

    def silent(request: Any) -> Any:
        raise httpx.ReadTimeout("silent", request=request)

    proxy = Proxy("http://origin.example", transport=httpx.MockTransport(silent))
    assert client.get(sign(f"{before(proxy)}/a")).status_code == 504
    proxy.close()


def test_the_origins_redirect_is_the_viewers(
    before: Callable[..., str], sign: Callable[..., str], client: Any
) -> None:
    """The edge follows none, so that it reaches no server that nobody has named."""

    def redirect(request: Any) -> Any:
        headers = {"Location": "http://elsewhere.example/"}
        return httpx.Response(302, headers=headers, stream=httpx.ByteStream(b""))

    proxy = Proxy("http://origin.example", transport=httpx.MockTransport(redirect))
    answer = client.get(sign(f"{before(proxy)}/a"))
    assert (answer.status_code, answer.headers["location"]) == (302, "http://elsewhere.example/")
    proxy.close()


@pytest.mark.parametrize(
    ("target", "origins"),
    [("http://evil.example/a?q", "/p/a?q"), ("http://evil.example?q", "/p/?q")],
)
def test_a_target_with_a_host_is_not_the_origins(target: str, origins: str) -> None:
    """Path and query alone: to a server that is a proxy itself, the rest would be an order."""
    seen: list[bytes] = []

    def keep(request: Any) -> Any:
        seen.append(request.extensions["target"])
        return httpx.Response(200, stream=httpx.ByteStream(b""))

    proxy = Proxy("http://origin.example/p", transport=httpx.MockTransport(keep))
    environ = {"REQUEST_METHOD": "GET", "REQUEST_URI": target}
    list(proxy(environ, lambda *_: lambda _: None))
    proxy.close()
    assert seen == [origins.encode()]

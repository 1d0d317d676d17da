"""The local edge before WSGI and ASGI applications."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cfsign.edge import ASGIEdge, Behavior, WSGIEdge
from cfsign.errors import ConfigurationError

httpx = pytest.importorskip("httpx")
create_server = pytest.importorskip("waitress").create_server
werkzeug_test = pytest.importorskip("werkzeug.test")
Client, EnvironBuilder = werkzeug_test.Client, werkzeug_test.EnvironBuilder

NOW = 1_767_200_000
EXPIRES = NOW + 60
HOST = "d1.example.com"
MISSING_KEY = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>MissingKey</Code>'
    b"<Message>Missing Key-Pair-Id query parameter or cookie value</Message></Error>"
)
EVERYTHING = '{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1767200060}}}]}'
PUBLIC = EVERYTHING.replace("[{", f'[{{"Resource":"http*://{HOST}/public/*",')
PINNED = EVERYTHING.replace("}}}", '},"IpAddress":{"AWS:SourceIp":"192.0.2.0/24"}}}')


def clock() -> float:
    return NOW


def header_of(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


class Browser(Client):
    """Werkzeug's client with URLs as a browser has them: whole."""

    def open(self, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send the scheme and the host of *url* where HTTP has them."""
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        return super().open(f"/{path}", *args, base_url=f"{scheme}://{host}", **kwargs)


@dataclass
class Seen:
    """What the origin got: the environ of WSGI or the scope of ASGI, or nothing."""

    request: dict[str, Any] | None = None


@pytest.fixture
def seen() -> Seen:
    """What the origin of this test got."""
    return Seen()


class TestWSGI:
    """The edge before a WSGI application, called as a server calls it."""

    @pytest.fixture
    def client(self, group: Any, seen: Seen) -> Client:
        def origin(environ: Any, start_response: Any) -> list[bytes]:
            seen.request = environ
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"the file"]

        return Browser(WSGIEdge(origin, group, clock=clock), use_cookies=False)

    def test_a_signed_url_reaches_the_origin_stripped(
        self, client: Client, seen: Seen, rsa_peer: Any
    ) -> None:
        """The file is served, and the five parameters are gone everywhere."""
        url = f"https://{HOST}/a%20b/%7e/report.pdf?size=l%61rge&x"
        signed = rsa_peer.canned_url(url, EXPIRES, hash_algorithm="SHA256")
        response = client.get(signed)
        assert (response.status_code, response.data) == (200, b"the file")
        assert seen.request is not None
        assert seen.request["QUERY_STRING"] == "size=l%61rge&x"
        for name in ("REQUEST_URI", "RAW_URI"):
            assert seen.request[name].endswith("/a%20b/%7e/report.pdf?size=l%61rge&x")
        assert "Signature" not in str({**seen.request, "werkzeug.request": None})

    def test_a_query_of_credentials_alone_leaves_no_question_mark(
        self, client: Client, seen: Seen, rsa_peer: Any
    ) -> None:
        """The origin sees the URL that was signed."""
        client.get(rsa_peer.canned_url(f"https://{HOST}/a", EXPIRES))
        assert seen.request is not None
        assert (seen.request["QUERY_STRING"], seen.request["RAW_URI"]) == ("", "/a")

    def test_cookies_reach_the_origin_stripped(
        self, client: Client, seen: Seen, rsa_peer: Any
    ) -> None:
        """The site's own cookies stay, and CloudFront's go."""
        cookies = header_of({"a": '"1"', **rsa_peer.custom_cookies(EVERYTHING), "b": "2"})
        assert client.get("http://h/x", headers={"Cookie": cookies}).status_code == 200
        assert seen.request is not None
        assert seen.request["HTTP_COOKIE"] == 'a="1"; b=2'

    def test_no_cookie_header_is_left_without_cookies(
        self, client: Client, seen: Seen, rsa_peer: Any
    ) -> None:
        """With nothing left to say, the header is gone; the target stays to the byte."""
        cookies = header_of(rsa_peer.custom_cookies(EVERYTHING))
        for target in ("/x", "/x?", "/x?&"):
            environ = EnvironBuilder(headers={"Cookie": cookies}).get_environ()
            environ["REQUEST_URI"] = target
            assert client.run_wsgi_app(environ)[1] == "200 OK"
            assert seen.request is not None
            assert "HTTP_COOKIE" not in seen.request
            assert seen.request["REQUEST_URI"] == target

    def test_the_servers_own_environ_is_left_alone(self, group: Any, rsa_peer: Any) -> None:
        """What the origin gets is a copy."""
        path = rsa_peer.canned_url(f"http://{HOST}/a", EXPIRES).removeprefix(f"http://{HOST}")
        environ = EnvironBuilder(path=path, base_url=f"http://{HOST}/").get_environ()
        environ |= {"HTTP_COOKIE": "CloudFront-Policy=x", "RAW_URI": path, "REQUEST_URI": path}
        before = dict(environ)
        seen: list[Any] = []

        def origin(inner: Any, start_response: Any) -> list[bytes]:
            seen.append(inner)
            return [b""]

        WSGIEdge(origin, group, clock=clock)(environ, lambda *_: None)
        assert environ == before
        assert seen
        assert seen[0] is not environ

    def test_the_answer_to_an_unsigned_request(self, client: Client, seen: Seen) -> None:
        """A refusal is CloudFront's, header by header, and the origin hears nothing."""
        response = client.get(f"https://{HOST}/a")
        assert (response.status, response.data) == ("403 Forbidden", MISSING_KEY)
        assert len(MISSING_KEY) == 146
        headers = dict(response.headers)
        assert re.fullmatch(r"[\w-]{55}=", headers.pop("X-Amz-Cf-Id"))
        assert headers == {
            "Server": "CloudFront",
            "Content-Type": "text/xml",
            "Content-Length": "146",
            "X-Cache": "Error from cloudfront",
        }
        assert seen.request is None

    @pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "POST", "DELETE"])
    def test_every_method_needs_the_credential(
        self, client: Client, rsa_peer: Any, method: str
    ) -> None:
        """HEAD and OPTIONS are refused and let through as GET is."""
        url = f"https://{HOST}/a"
        response = client.open(url, method=method)
        assert (response.status_code, response.content_length) == (403, 146)
        assert response.data == (b"" if method == "HEAD" else MISSING_KEY)
        assert client.open(rsa_peer.canned_url(url, EXPIRES), method=method).status_code == 200

    def test_a_late_request(self, group: Any, rsa_peer: Any) -> None:
        """The clock decides."""
        client = Browser(WSGIEdge(lambda *_: [], group, clock=lambda: EXPIRES))
        response = client.get(rsa_peer.canned_url(f"https://{HOST}/a", EXPIRES))
        assert b"<Code>AccessDenied</Code><Message>Access denied</Message>" in response.data

    def test_the_scheme_is_the_connections(self, client: Client, rsa_peer: Any) -> None:
        """What was signed for https is nothing over http."""
        signed = rsa_peer.canned_url(f"https://{HOST}/a", EXPIRES)
        assert client.get(signed).status_code == 200
        assert client.get(signed.replace("https:", "http:")).status_code == 403

    @pytest.mark.parametrize(("viewer", "status"), [("192.0.2.7", 200), ("192.0.3.7", 403)])
    def test_the_viewers_address(
        self, client: Client, rsa_peer: Any, viewer: str, status: int
    ) -> None:
        """The peer of the connection is the viewer."""
        url = rsa_peer.custom_url(f"https://{HOST}/a", PINNED)
        response = client.get(
            url,
            environ_base={"REMOTE_ADDR": viewer},
            headers={"X-Forwarded-For": "192.0.2.9"},
        )
        assert response.status_code == status

    @pytest.mark.parametrize(
        ("host", "target"),
        [
            (f"{HOST}/public", "/private"),
            (f"{HOST}/public/?", "/private"),
            (f"x@{HOST}", "/public/a"),
            ("", "/public/a"),
            (f"{HOST}, {HOST}", "/public/a"),
            (HOST, "public/a"),
            (HOST, "*"),
            (HOST, ":443/public/a"),
            ("d1", ".example.com/public/a"),
            (HOST, f"//{HOST}/public/a"),
            (HOST, "https://other.example/public/a"),
            (HOST, f"https://x@{HOST}/public/a"),
            (HOST, f"ftp://{HOST}/public/a"),
            (HOST, "/public/a#b"),
            (HOST, "/public/\xe9"),
        ],
    )
    def test_a_host_or_target_that_moves_the_border(
        self, group: Any, rsa_peer: Any, host: str, target: str
    ) -> None:
        """Neither a host with a path in it nor an odd target opens another file."""
        assert self.status(group, rsa_peer, host, target) == "403 Forbidden"

    @pytest.mark.parametrize(
        ("host", "target"),
        [
            (HOST, "/public/a"),
            (HOST, f"https://{HOST}/public/a"),
            ("other.example", f"HTTP://{HOST}/public/a?x"),
        ],
    )
    def test_the_two_forms_of_a_target(
        self, group: Any, rsa_peer: Any, host: str, target: str
    ) -> None:
        """A target in absolute form brings its own host (RFC 9112, section 3.2.2)."""
        assert self.status(group, rsa_peer, host, target) == "200 OK"

    @pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
    def test_either_name_for_the_target(self, group: Any, rsa_peer: Any, name: str) -> None:
        """Servers give the target by one of two names."""
        assert self.status(group, rsa_peer, HOST, "/public/%7e", name) == "200 OK"
        assert self.status(group, rsa_peer, HOST, "/private/%7e", name) == "403 Forbidden"

    def status(
        self, group: Any, peer: Any, host: str, target: str, name: str = "REQUEST_URI"
    ) -> str:
        """Ask with a cookie for the public files; a PATH_INFO of "/" shows who reads that."""
        environ = EnvironBuilder(base_url="https://unused.example/").get_environ()
        for unused in ("REQUEST_URI", "RAW_URI"):
            environ.pop(unused, None)
        environ |= {name: target, "HTTP_HOST": host}
        environ["HTTP_COOKIE"] = header_of(peer.custom_cookies(PUBLIC))
        statuses: list[str] = []

        def origin(_environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [])
            return []

        def start_response(status: str, headers: Any) -> None:
            statuses.append(status)

        list(WSGIEdge(origin, group, clock=clock)(environ, start_response))
        return statuses[0]

    @pytest.mark.parametrize(
        ("url", "decoded_path"),
        [
            ("http://h/", ""),
            ("http://h/a/b-._~c", "/a/b-._~c"),
            ("http://h/a%20b%2Bc%3Dd%25", "/a b+c=d%"),
            ("http://h/caf%C3%A9?b=c%20d", "/caf\xc3\xa9"),
            ("http://h/%2A?", "/*"),
        ],
    )
    def test_under_a_server_without_the_target(
        self, group: Any, rsa_peer: Any, url: str, decoded_path: str
    ) -> None:
        """The URL is put together again, one percent-encoding for each path."""
        query = url.partition("?")[2]
        signed = rsa_peer.canned_url(url.removesuffix("?"), EXPIRES)
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": decoded_path[:2],
            "PATH_INFO": decoded_path[2:],
            "QUERY_STRING": signed.partition("?")[2],
            "SERVER_NAME": "h",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
        }
        seen: list[Any] = []

        def origin(inner: Any, start_response: Any) -> list[bytes]:
            seen.append(inner)
            return []

        WSGIEdge(origin, group, clock=clock)(environ, lambda *_: None)
        assert seen[0]["QUERY_STRING"] == query
        assert "REQUEST_URI" not in seen[0]

    def test_a_denial_is_told_in_one_line_without_the_credential(
        self, client: Client, rsa_peer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The method, the path and the reason: no query, no cookie, nothing of a signature."""
        signed = rsa_peer.canned_url(f"https://{HOST}/a%20b.jpg", EXPIRES)
        cookies = header_of(rsa_peer.custom_cookies(PINNED))
        assert client.get(signed).status_code == 200
        client.get(signed.replace("/a%20b", "/other"))
        client.head(f"https://{HOST}/x?secret=1", headers={"Cookie": cookies})
        assert [(each.name, each.levelname) for each in caplog.records] == [
            ("cfsign.edge", "WARNING"),
            ("cfsign.edge", "WARNING"),
        ]
        assert caplog.messages == [
            "GET /other.jpg: 403 AccessDenied: "
            "the signature was not made by this key for this policy",
            "HEAD /x: 403 AccessDenied: the policy is for another client address",
        ]

    @pytest.mark.parametrize(
        ("target", "told"),
        [
            ("/a%3FExpires=1&Signature=s3cret&Key-Pair-Id=s3cret", "/a%3F"),
            ("/a&amp;Policy=s3cret", "/a&amp;"),
            ("/a%3Fsignature%3Ds3cret", "/a%3F"),
            ("/a%253FSignature%253Ds3cret", "/a%253F"),
            ("http://h/a?s3cret", "/a"),
            ("http://h?a=/s3cret", "-"),
            ("http://s3cret@h/a", "-"),
            ("s3cret", "-"),
            ("/a\x1b[31m\r\nb\xe9", "/a%1B%5B31m%0D%0Ab%E9"),
        ],
    )
    def test_what_a_denial_tells_of_a_mangled_target(
        self, client: Client, caplog: pytest.LogCaptureFixture, target: str, told: str
    ) -> None:
        """A credential that slipped into the path is left out, and a line stays one line."""
        client.run_wsgi_app({**EnvironBuilder().get_environ(), "REQUEST_URI": target})
        assert caplog.messages[0].partition(":")[0] == f"GET {told}"
        assert "s3cret" not in caplog.text

    def test_keys_as_a_mapping(self, rsa_peer: Any) -> None:
        """The edge makes its own key group from what makes one."""
        edge = WSGIEdge(lambda *_: [], {rsa_peer.key_pair_id: rsa_peer.public_pem})
        assert Browser(edge).get("http://h/a").status_code == 403
        with pytest.raises(ConfigurationError):
            WSGIEdge(lambda *_: [], {})


class TestRealServer:
    """The edge under Waitress, over a socket."""

    @pytest.fixture
    def port(self, group: Any) -> Iterator[int]:
        def origin(environ: Any, start_response: Any) -> list[bytes]:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [environ["REQUEST_URI"].encode()]

        server = create_server(
            WSGIEdge(origin, group, clock=clock), host="127.0.0.1", port=0, threads=1
        )
        thread = threading.Thread(target=server.run)
        thread.start()
        yield server.effective_port

        left: list[Any] = []

        def leave() -> None:
            left.extend(server._map.values())
            server._map.clear()

        # The thread may run this before the trigger is pulled, which must be open until it is.
        server.trigger.pull_trigger(leave)
        thread.join(timeout=10)
        assert not thread.is_alive()
        server.task_dispatcher.shutdown()
        for dispatcher in left:
            dispatcher.close()

    def ask(
        self, port: int, target: str, *, method: str = "GET", **headers: str
    ) -> tuple[int, bytes, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": HOST, **headers}.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()

    @pytest.mark.parametrize(
        "path", ["/a", "/a%2Fb", "/%7e//c", "/a/../b", "/a=b,c;d", "/a+b?c=%20+&d", "//a"]
    )
    def test_the_url_on_the_wire_is_what_counts(self, port: int, rsa_peer: Any, path: str) -> None:
        """Bytes that WSGI would have lost are compared, and reach the origin."""
        url = rsa_peer.canned_url(f"http://{HOST}{path}", EXPIRES)
        target = url.removeprefix(f"http://{HOST}")
        assert self.ask(port, target)[:2] == (200, path.encode())
        assert self.ask(port, url)[:2] == (200, path.encode())
        assert self.ask(port, "/x" + target)[0] == 403

    def test_a_refusal(self, port: int) -> None:
        """A refusal comes through a server as it is."""
        status, body, headers = self.ask(port, "/a")
        assert (status, body) == (403, MISSING_KEY)
        assert headers["Content-Type"] == "text/xml"
        assert headers["X-Cache"] == "Error from cloudfront"
        assert headers["Server"] == "CloudFront"

    def test_a_refusal_of_head(self, port: int) -> None:
        """HEAD is answered with the length and no body."""
        status, body, headers = self.ask(port, "/a", method="HEAD")
        assert (status, body, headers["Content-Length"]) == (403, b"", "146")

    def test_cookies_and_the_viewers_address(self, port: int, rsa_peer: Any) -> None:
        """Cookies work over a socket, and the address is the socket's peer."""
        here = PINNED.replace("192.0.2.0/24", "127.0.0.1/32")
        for document, status in ((here, 200), (PINNED, 403)):
            cookies = header_of(rsa_peer.custom_cookies(document))
            assert self.ask(port, "/a", Cookie=cookies)[0] == status

    def test_a_raw_request_with_two_hosts(self, port: int, rsa_peer: Any) -> None:
        """Two hosts are none."""
        target = rsa_peer.canned_url(f"http://{HOST}/a", EXPIRES).removeprefix(f"http://{HOST}")
        request = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nHost: other\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request.encode())
            assert b"200 OK" not in connection.recv(65536)


class TestASGI:
    """The edge before an ASGI application."""

    @pytest.fixture
    def edge(self, group: Any, seen: Seen) -> ASGIEdge:
        return self.made(group, seen)

    def made(self, group: Any, seen: Seen, behaviors: Any = ()) -> ASGIEdge:
        async def origin(scope: Any, receive: Any, send: Any) -> None:
            seen.request = scope
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"the file"})

        return ASGIEdge(origin, group, behaviors=behaviors, clock=clock)

    def ask(self, edge: ASGIEdge, url: str, method: str = "GET", **kwargs: Any) -> httpx.Response:
        async def answer() -> httpx.Response:
            transport = httpx.ASGITransport(edge, client=("192.0.2.7", 1))
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, url, **kwargs)

        return asyncio.run(answer())

    def sent(self, edge: ASGIEdge, **scope: Any) -> list[Any]:
        """Call the edge with a scope of our own; return what it sent."""
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            messages.append(message)

        whole = {"type": "http", "method": "GET", "scheme": "https", "path": "/a", **scope}
        whole.setdefault("headers", [(b"host", HOST.encode())])
        asyncio.run(edge(whole, receive, send))
        return messages

    def query(self, peer: Any, url: str) -> bytes:
        """Return the query of a signed URL."""
        signed: str = peer.canned_url(url, EXPIRES)
        return signed.partition("?")[2].encode()

    def test_a_signed_url_reaches_the_origin_stripped(
        self, edge: ASGIEdge, seen: Seen, rsa_peer: Any
    ) -> None:
        """The file is served, and the five parameters are gone."""
        url = f"https://{HOST}/a%20b/%7e?size=l%61rge&x"
        response = self.ask(edge, rsa_peer.canned_url(url, EXPIRES, hash_algorithm="SHA256"))
        assert (response.status_code, response.content) == (200, b"the file")
        assert seen.request is not None
        assert seen.request["query_string"] == b"size=l%61rge&x"
        assert "Signature" not in str(seen.request)

    def test_the_answer_to_an_unsigned_request(self, edge: ASGIEdge, seen: Seen) -> None:
        """A refusal is CloudFront's, header by header."""
        response = self.ask(edge, f"https://{HOST}/a")
        assert (response.status_code, response.content) == (403, MISSING_KEY)
        headers = dict(response.headers)
        assert re.fullmatch(r"[\w-]{55}=", headers.pop("x-amz-cf-id"))
        assert headers == {
            "server": "CloudFront",
            "content-type": "text/xml",
            "content-length": "146",
            "x-cache": "Error from cloudfront",
        }
        assert seen.request is None

    def test_a_denial_is_told_in_one_line_without_the_credential(
        self, edge: ASGIEdge, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A request's and a WebSocket's, whose handshake is a GET."""
        self.sent(edge, method="POST", query_string=b"Signature=s3cret", raw_path=b"/\xff%20a")
        self.sent(edge, type="websocket", scheme="wss", method=None, path="/socket")
        assert caplog.messages == [
            "POST /%FF%20a: 403 AccessDenied: the URL, the cookies, the time or the "
            "address is invalid",
            "GET /socket: 403 MissingKey: no key pair id",
        ]
        assert {each.name for each in caplog.records} == {"cfsign.edge"}

    def test_head(self, edge: ASGIEdge) -> None:
        """HEAD is answered with the length and no body."""
        start, body = self.sent(edge, method="HEAD")
        assert (b"content-length", b"146") in start["headers"]
        assert body == {"type": "http.response.body", "body": b""}

    def test_cookies_of_several_headers(self, edge: ASGIEdge, seen: Seen, rsa_peer: Any) -> None:
        """HTTP/2 sends a header for each cookie: read together, and stripped one by one."""
        crumbs = [f"{k}={v}" for k, v in rsa_peer.custom_cookies(EVERYTHING).items()]
        crumbs[1:1] = ["a=1; b=2"]
        crumbs[-1] += "; c=3"
        headers = [(b"host", HOST.encode()), *((b"cookie", crumb.encode()) for crumb in crumbs)]
        self.sent(edge, raw_path=b"/a", query_string=b"", headers=headers)
        assert seen.request is not None
        assert seen.request["headers"] == [
            headers[0],
            (b"cookie", b"a=1; b=2"),
            (b"cookie", b"c=3"),
        ]
        assert len(headers) == 5

    @pytest.mark.parametrize(("document", "status"), [(EVERYTHING, 200), (PINNED, 200)])
    def test_the_viewers_address(
        self, edge: ASGIEdge, rsa_peer: Any, document: str, status: int
    ) -> None:
        """The peer of the connection is the viewer; without one, only its condition fails."""
        url = rsa_peer.custom_url(f"https://{HOST}/a", document)
        assert self.ask(edge, url).status_code == status
        query = url.partition("?")[2].encode()
        for client, expected in ((("192.0.3.7", 1), 403), (None, 403)):
            messages = self.sent(edge, query_string=query, client=client)
            assert messages[0]["status"] == (expected if document == PINNED else 200)

    def test_the_raw_path_is_what_counts(self, edge: ASGIEdge, rsa_peer: Any) -> None:
        """The bytes on the wire are compared, not the decoded path."""
        query = self.query(rsa_peer, f"https://{HOST}/%7e=/%2F")
        signed = {"path": "/~=//", "query_string": query}
        assert self.sent(edge, raw_path=b"/%7e=/%2F", **signed)[0]["status"] == 200
        assert self.sent(edge, raw_path=b"/~=//", **signed)[0]["status"] == 403

    @pytest.mark.parametrize("open_to_all", [False, True])
    def test_a_target_in_absolute_form_reaches_the_origin_without_its_host(
        self, group: Any, seen: Seen, rsa_peer: Any, open_to_all: bool
    ) -> None:
        """Some servers put all of it into the path (RFC 9112, section 3.2.2)."""
        edge = self.made(group, seen, [Behavior("*", None)] if open_to_all else [])
        whole = f"https://{HOST}/a%20b"
        query = self.query(rsa_peer, whole)
        self.sent(edge, path=f"https://{HOST}/a b", raw_path=whole.encode(), query_string=query)
        assert seen.request is not None
        assert (seen.request["path"], seen.request["raw_path"]) == ("/a b", b"/a%20b")

    @pytest.mark.parametrize("missing", [{}, {"raw_path": None}])
    def test_under_a_server_without_the_raw_path(
        self, edge: ASGIEdge, rsa_peer: Any, missing: dict[str, Any]
    ) -> None:
        """The URL is put together again, one percent-encoding for each path."""
        query = self.query(rsa_peer, f"https://{HOST}/caf%C3%A9%3D")
        messages = self.sent(edge, path="/caf\xe9=", query_string=query, **missing)
        assert messages[0]["status"] == 200

    @pytest.mark.parametrize("hosts", [[], [HOST, HOST], [HOST, "other"], [f"{HOST}/a"], [""]])
    def test_a_request_without_one_host(
        self, edge: ASGIEdge, rsa_peer: Any, hosts: list[str]
    ) -> None:
        """No host, two hosts or half a URL for a host: refused."""
        cookies = (b"cookie", header_of(rsa_peer.custom_cookies(EVERYTHING)).encode())
        headers = [*((b"host", host.encode()) for host in hosts), cookies]
        assert self.sent(edge, headers=headers)[0]["status"] == 403
        assert self.sent(edge, headers=[(b"host", b"h"), cookies])[0]["status"] == 200

    def test_lifespan_passes(self, edge: ASGIEdge, seen: Seen) -> None:
        """Start and stop of the server are no requests."""
        scope: dict[str, Any] = {"type": "lifespan"}
        asyncio.run(edge(scope, None, None))
        assert seen.request is scope

    @pytest.mark.parametrize("scheme", ["ws", "wss"])
    def test_websockets(self, edge: ASGIEdge, seen: Seen, rsa_peer: Any, scheme: str) -> None:
        """A handshake is a request for the same URL by http or https."""
        url = f"{scheme.replace('ws', 'http')}://{HOST}/a"
        opening = {"type": "websocket", "scheme": scheme, "raw_path": b"/a"}
        assert self.sent(edge, **opening, query_string=b"") == [
            {"type": "websocket.close", "code": 1008}
        ]
        assert seen.request is None
        assert self.sent(edge, **opening, query_string=self.query(rsa_peer, url)) == []
        assert seen.request is not None
        assert seen.request["query_string"] == b""

    def test_the_servers_own_scope_is_left_alone(
        self, edge: ASGIEdge, seen: Seen, rsa_peer: Any
    ) -> None:
        """What the origin gets is a copy."""
        headers = [(b"host", HOST.encode()), (b"cookie", b"CloudFront-Policy=x")]
        query = self.query(rsa_peer, f"https://{HOST}/a")
        self.sent(edge, headers=headers, query_string=query)
        assert len(headers) == 2
        assert seen.request is not None
        assert seen.request["headers"] == headers[:1]

"""`WSGIEdge`: what is allowed, what the origin receives, and what is logged."""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cfsign.edge import WSGIEdge
from cfsign.errors import ConfigurationError
from tests.edge.common import (
    EVERYTHING,
    EXPIRES,
    HOST,
    MISSING_KEY,
    PINNED,
    PUBLIC,
    RecordingOrigin,
    clock,
    join_cookies,
)

create_server = pytest.importorskip("waitress").create_server
werkzeug_test = pytest.importorskip("werkzeug.test")
Client, EnvironBuilder = werkzeug_test.Client, werkzeug_test.EnvironBuilder


class Browser(Client):
    """Werkzeug's client with absolute URLs."""

    def open(self, url: str, *args: Any, **kwargs: Any) -> Any:
        """Send a request for *url*, whose scheme and host Werkzeug expects separately."""
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        return super().open(f"/{path}", *args, base_url=f"{scheme}://{host}", **kwargs)


class TestWSGI:
    """`WSGIEdge`, called as a server calls it."""

    @pytest.fixture
    def origin(self) -> RecordingOrigin:
        return RecordingOrigin()

    @pytest.fixture
    def client(self, group: Any, origin: RecordingOrigin) -> Client:
        return Browser(WSGIEdge(origin, group, clock=clock), use_cookies=False)

    def test_signed_url_is_served_and_stripped(
        self, client: Client, origin: RecordingOrigin, rsa_peer: Any
    ) -> None:
        """The origin receives none of the five parameters, in no form of the URL."""
        url = f"https://{HOST}/a%20b/%7e/report.pdf?size=l%61rge&x"
        signed = rsa_peer.canned_url(url, EXPIRES, hash_algorithm="SHA256")
        response = client.get(signed)
        assert (response.status_code, response.data) == (200, b"the file")
        assert origin.environs[-1]["QUERY_STRING"] == "size=l%61rge&x"
        for name in ("REQUEST_URI", "RAW_URI"):
            assert origin.environs[-1][name].endswith("/a%20b/%7e/report.pdf?size=l%61rge&x")
        assert "Signature" not in str({**origin.environs[-1], "werkzeug.request": None})

    def test_stripped_query_leaves_no_question_mark(
        self, client: Client, origin: RecordingOrigin, rsa_peer: Any
    ) -> None:
        """The origin receives the URL that was signed."""
        client.get(rsa_peer.canned_url(f"https://{HOST}/a", EXPIRES))
        assert (origin.environs[-1]["QUERY_STRING"], origin.environs[-1]["RAW_URI"]) == ("", "/a")

    def test_signed_cookies_are_stripped(
        self, client: Client, origin: RecordingOrigin, rsa_peer: Any
    ) -> None:
        """CloudFront's cookies are removed; the site's own cookies stay."""
        cookies = join_cookies({"a": '"1"', **rsa_peer.custom_cookies(EVERYTHING), "b": "2"})
        assert client.get("http://h/x", headers={"Cookie": cookies}).status_code == 200
        assert origin.environs[-1]["HTTP_COOKIE"] == 'a="1"; b=2'

    def test_empty_cookie_header_is_removed(
        self, client: Client, origin: RecordingOrigin, rsa_peer: Any
    ) -> None:
        """Without other cookies there is no header; the target does not change."""
        cookies = join_cookies(rsa_peer.custom_cookies(EVERYTHING))
        for target in ("/x", "/x?", "/x?&"):
            environ = EnvironBuilder(headers={"Cookie": cookies}).get_environ()
            environ["REQUEST_URI"] = target
            assert client.run_wsgi_app(environ)[1] == "200 OK"
            assert "HTTP_COOKIE" not in origin.environs[-1]
            assert origin.environs[-1]["REQUEST_URI"] == target

    def test_environ_of_the_server_is_not_changed(
        self, group: Any, origin: RecordingOrigin, rsa_peer: Any
    ) -> None:
        """The origin receives a copy."""
        path = rsa_peer.canned_url(f"http://{HOST}/a", EXPIRES).removeprefix(f"http://{HOST}")
        environ = EnvironBuilder(path=path, base_url=f"http://{HOST}/").get_environ()
        environ |= {"HTTP_COOKIE": "CloudFront-Policy=x", "RAW_URI": path, "REQUEST_URI": path}
        before = dict(environ)
        WSGIEdge(origin, group, clock=clock)(environ, lambda *_: None)
        assert environ == before
        assert origin.environs[0] is not environ

    def test_unsigned_request_is_refused(self, client: Client, origin: RecordingOrigin) -> None:
        """The response has CloudFront's headers and body, and the origin receives nothing."""
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
        assert origin.environs == []

    @pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
    def test_method_needs_a_credential(self, client: Client, rsa_peer: Any, method: str) -> None:
        """Other methods, except OPTIONS, are refused and allowed as GET is."""
        url = f"https://{HOST}/a"
        response = client.open(url, method=method)
        assert (response.status_code, response.content_length) == (403, 146)
        assert response.data == (b"" if method == "HEAD" else MISSING_KEY)
        assert client.open(rsa_peer.canned_url(url, EXPIRES), method=method).status_code == 200

    def test_options_is_stripped(
        self, client: Client, origin: RecordingOrigin, rsa_peer: Any
    ) -> None:
        """It reaches the origin without parameters and CloudFront cookies, right or wrong ones."""
        cookies = join_cookies({"a": "1", **rsa_peer.custom_cookies(PUBLIC)})
        url = f"https://{HOST}/a?x=1&Expires=1&Signature=wrong&Key-Pair-Id=K"
        assert client.options(url, headers={"Cookie": cookies}).status_code == 200
        environ = origin.environs[-1]
        assert (environ["QUERY_STRING"], environ["HTTP_COOKIE"]) == ("x=1", "a=1")
        assert environ["REQUEST_URI"] == "/a?x=1"

    def test_expired_url_is_refused(self, group: Any, rsa_peer: Any) -> None:
        """At the second of the expiry, by the edge's clock."""
        client = Browser(WSGIEdge(lambda *_: [], group, clock=lambda: EXPIRES))
        response = client.get(rsa_peer.canned_url(f"https://{HOST}/a", EXPIRES))
        assert b"<Code>AccessDenied</Code><Message>Access denied</Message>" in response.data

    def test_scheme_is_checked(self, client: Client, rsa_peer: Any) -> None:
        """A URL signed for https is refused over http."""
        signed = rsa_peer.canned_url(f"https://{HOST}/a", EXPIRES)
        assert client.get(signed).status_code == 200
        assert client.get(signed.replace("https:", "http:")).status_code == 403

    @pytest.mark.parametrize(("address", "status"), [("192.0.2.7", 200), ("192.0.3.7", 403)])
    def test_client_address_is_checked(
        self, client: Client, rsa_peer: Any, address: str, status: int
    ) -> None:
        """It is the peer of the connection, not `X-Forwarded-For`."""
        url = rsa_peer.custom_url(f"https://{HOST}/a", PINNED)
        response = client.get(
            url,
            environ_base={"REMOTE_ADDR": address},
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
    def test_odd_hosts_and_targets_are_refused(
        self, group: Any, rsa_peer: Any, host: str, target: str
    ) -> None:
        """A host with a path in it, or an unusual target, does not open another file."""
        assert self.request_status(group, rsa_peer, host, target) == "403 Forbidden"

    @pytest.mark.parametrize(
        ("host", "target"),
        [
            (HOST, "/public/a"),
            (HOST, f"https://{HOST}/public/a"),
            ("other.example", f"HTTP://{HOST}/public/a?x"),
        ],
    )
    def test_both_forms_of_a_target_are_allowed(
        self, group: Any, rsa_peer: Any, host: str, target: str
    ) -> None:
        """In absolute form, the host is the target's (RFC 9112, section 3.2.2)."""
        assert self.request_status(group, rsa_peer, host, target) == "200 OK"

    @pytest.mark.parametrize("name", ["REQUEST_URI", "RAW_URI"])
    def test_target_is_read_from_either_variable(
        self, group: Any, rsa_peer: Any, name: str
    ) -> None:
        """Servers set one of two variables."""
        assert self.request_status(group, rsa_peer, HOST, "/public/%7e", name) == "200 OK"
        assert self.request_status(group, rsa_peer, HOST, "/private/%7e", name) == "403 Forbidden"

    def request_status(
        self, group: Any, peer: Any, host: str, target: str, name: str = "REQUEST_URI"
    ) -> str:
        """Return the status for a client with cookies for /public/; PATH_INFO is always "/"."""
        environ = EnvironBuilder(base_url="https://unused.example/").get_environ()
        for unused in ("REQUEST_URI", "RAW_URI"):
            environ.pop(unused, None)
        environ |= {name: target, "HTTP_HOST": host}
        environ["HTTP_COOKIE"] = join_cookies(peer.custom_cookies(PUBLIC))
        statuses: list[str] = []

        edge = WSGIEdge(RecordingOrigin(), group, clock=clock)
        list(edge(environ, lambda status, *_: statuses.append(status)))  # type: ignore[arg-type,return-value]
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
    def test_url_is_rebuilt_without_the_target(
        self, group: Any, origin: RecordingOrigin, rsa_peer: Any, url: str, decoded_path: str
    ) -> None:
        """Under a server that does not provide the target, each path has one encoding."""
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
        WSGIEdge(origin, group, clock=clock)(environ, lambda *_: None)
        assert origin.environs[0]["QUERY_STRING"] == query
        assert "REQUEST_URI" not in origin.environs[0]

    def test_refusal_is_logged_without_the_credential(
        self, client: Client, rsa_peer: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        """One line has method, path and reason; no query, cookie or signature."""
        signed = rsa_peer.canned_url(f"https://{HOST}/a%20b.jpg", EXPIRES)
        cookies = join_cookies(rsa_peer.custom_cookies(PINNED))
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
        ("target", "logged"),
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
    def test_credential_in_a_path_is_not_logged(
        self, client: Client, caplog: pytest.LogCaptureFixture, target: str, logged: str
    ) -> None:
        """A credential in the path is cut, and control characters are escaped."""
        client.run_wsgi_app({**EnvironBuilder().get_environ(), "REQUEST_URI": target})
        assert caplog.messages[0].partition(":")[0] == f"GET {logged}"
        assert "s3cret" not in caplog.text

    def test_keys_may_be_a_mapping(self, rsa_peer: Any) -> None:
        """The edge builds the key group; an empty mapping is an error."""
        edge = WSGIEdge(lambda *_: [], {rsa_peer.key_pair_id: rsa_peer.public_pem})
        assert Browser(edge).get("http://h/a").status_code == 403
        with pytest.raises(ConfigurationError):
            WSGIEdge(lambda *_: [], {})


class TestRealServer:
    """`WSGIEdge` under Waitress, over a socket."""

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

        dispatchers: list[Any] = []

        def remove_channels() -> None:
            dispatchers.extend(server._map.values())
            server._map.clear()

        # The trigger must stay open until it has been pulled, so nothing is closed before the join.
        server.trigger.pull_trigger(remove_channels)
        thread.join(timeout=10)
        assert not thread.is_alive()
        server.task_dispatcher.shutdown()
        for dispatcher in dispatchers:
            dispatcher.close()

    def send(
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
    def test_url_is_compared_as_sent(self, port: int, rsa_peer: Any, path: str) -> None:
        """Spellings that WSGI decodes are compared, and reach the origin unchanged."""
        url = rsa_peer.canned_url(f"http://{HOST}{path}", EXPIRES)
        target = url.removeprefix(f"http://{HOST}")
        assert self.send(port, target)[:2] == (200, path.encode())
        assert self.send(port, url)[:2] == (200, path.encode())
        assert self.send(port, "/x" + target)[0] == 403

    def test_refusal_over_a_socket(self, port: int) -> None:
        """The server does not change the refusal."""
        status, body, headers = self.send(port, "/a")
        assert (status, body) == (403, MISSING_KEY)
        assert headers["Content-Type"] == "text/xml"
        assert headers["X-Cache"] == "Error from cloudfront"
        assert headers["Server"] == "CloudFront"

    def test_refusal_of_head_over_a_socket(self, port: int) -> None:
        """The response has the length and no body."""
        status, body, headers = self.send(port, "/a", method="HEAD")
        assert (status, body, headers["Content-Length"]) == (403, b"", "146")

    def test_cookies_and_the_client_address(self, port: int, rsa_peer: Any) -> None:
        """The client address is the peer of the socket."""
        loopback = PINNED.replace("192.0.2.0/24", "127.0.0.1/32")
        for document, status in ((loopback, 200), (PINNED, 403)):
            cookies = join_cookies(rsa_peer.custom_cookies(document))
            assert self.send(port, "/a", Cookie=cookies)[0] == status

    def test_several_cookie_lines_are_one(self, port: int, rsa_peer: Any) -> None:
        """AWS's SDK for Java sends three; most servers join them by commas for WSGI."""
        cookies = rsa_peer.custom_cookies(EVERYTHING)
        lines = "".join(f"Cookie: {name}={value}\r\n" for name, value in cookies.items())
        request = f"GET /a HTTP/1.1\r\nHost: {HOST}\r\nCookie: a=1\r\n{lines}Cookie: b=2\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request.encode())
            assert b"200 OK" in connection.recv(65536)

    def test_two_host_headers_are_refused(self, port: int, rsa_peer: Any) -> None:
        """A request with two hosts is invalid (RFC 9112, section 3.2)."""
        target = rsa_peer.canned_url(f"http://{HOST}/a", EXPIRES).removeprefix(f"http://{HOST}")
        request = f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nHost: other\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(request.encode())
            assert b"200 OK" not in connection.recv(65536)

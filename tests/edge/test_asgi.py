"""`ASGIEdge`: what is allowed, what the origin receives, and what is logged."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import pytest

from cfsign.edge import ASGIEdge, Behavior, ResponseHeadersPolicy
from cfsign.edge.cors import CORS
from tests.edge.common import (
    EVERYTHING,
    EXPIRES,
    HOST,
    MISSING_KEY,
    PINNED,
    clock,
    join_cookies,
)

httpx = pytest.importorskip("httpx")


@dataclass
class Received:
    """The ASGI scope that the origin received; None if it received nothing."""

    request: dict[str, Any] | None = None


@pytest.fixture
def received() -> Received:
    """The request that the origin received."""
    return Received()


class TestASGI:
    """`ASGIEdge`, called as a server calls it."""

    @pytest.fixture
    def edge(self, group: Any, received: Received) -> ASGIEdge:
        return self.create_edge(group, received)

    def create_edge(self, group: Any, received: Received, behaviors: Any = ()) -> ASGIEdge:
        async def origin(scope: Any, receive: Any, send: Any) -> None:
            received.request = scope
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"the file"})

        return ASGIEdge(origin, group, behaviors=behaviors, clock=clock)

    def send(self, edge: ASGIEdge, url: str, method: str = "GET", **kwargs: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(edge, client=("192.0.2.7", 1))
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, url, **kwargs)

        return asyncio.run(send())

    def call(self, edge: ASGIEdge, **scope: Any) -> list[Any]:
        """Call the edge with a scope; return the messages that it sends."""
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            messages.append(message)

        whole = {"type": "http", "method": "GET", "scheme": "https", "path": "/a", **scope}
        whole.setdefault("headers", [(b"host", HOST.encode())])
        asyncio.run(edge(whole, receive, send))
        return messages

    def sign_query(self, peer: Any, url: str) -> bytes:
        """Return the query of a signed URL."""
        signed: str = peer.canned_url(url, EXPIRES)
        return signed.partition("?")[2].encode()

    def test_signed_url_is_served_and_stripped(
        self, edge: ASGIEdge, received: Received, rsa_peer: Any
    ) -> None:
        """The origin receives none of the five parameters."""
        url = f"https://{HOST}/a%20b/%7e?size=l%61rge&x"
        response = self.send(edge, rsa_peer.canned_url(url, EXPIRES, hash_algorithm="SHA256"))
        assert (response.status_code, response.content) == (200, b"the file")
        assert received.request is not None
        assert received.request["query_string"] == b"size=l%61rge&x"
        assert "Signature" not in str(received.request)

    def test_unsigned_request_is_refused(self, edge: ASGIEdge, received: Received) -> None:
        """The response has CloudFront's headers and body, and the origin receives nothing."""
        response = self.send(edge, f"https://{HOST}/a")
        assert (response.status_code, response.content) == (403, MISSING_KEY)
        headers = dict(response.headers)
        assert re.fullmatch(r"[\w-]{55}=", headers.pop("x-amz-cf-id"))
        assert headers == {
            "server": "CloudFront",
            "content-type": "text/xml",
            "content-length": "146",
            "x-cache": "Error from cloudfront",
        }
        assert received.request is None

    def test_refusal_is_logged_without_the_credential(
        self, edge: ASGIEdge, caplog: pytest.LogCaptureFixture
    ) -> None:
        """For requests, and for WebSockets, whose handshake is a GET."""
        self.call(edge, method="POST", query_string=b"Signature=s3cret", raw_path=b"/\xff%20a")
        self.call(edge, type="websocket", scheme="wss", method=None, path="/socket")
        assert caplog.messages == [
            "POST /%FF%20a: 403 AccessDenied: the URL, the cookies, the time or the "
            "address is invalid",
            "GET /socket: 403 MissingKey: no key pair id",
        ]
        assert {each.name for each in caplog.records} == {"cfsign.edge"}

    def test_refusal_of_head(self, edge: ASGIEdge) -> None:
        """The response has the length and no body."""
        start, body = self.call(edge, method="HEAD")
        assert (b"content-length", b"146") in start["headers"]
        assert body == {"type": "http.response.body", "body": b""}

    def test_cookies_in_several_headers(
        self, edge: ASGIEdge, received: Received, rsa_peer: Any
    ) -> None:
        """HTTP/2 may send a header per cookie: they are one, joined with "; "."""
        crumbs = [f"{k}={v}" for k, v in rsa_peer.custom_cookies(EVERYTHING).items()]
        crumbs[1:1] = ["a=1; b=2"]
        crumbs[-1] += "; c=3"
        headers = [(b"host", HOST.encode()), *((b"cookie", crumb.encode()) for crumb in crumbs)]
        self.call(edge, raw_path=b"/a", query_string=b"", headers=headers)
        assert received.request is not None
        assert received.request["headers"] == [headers[0], (b"cookie", b"a=1; b=2; c=3")]
        assert len(headers) == 5

    @pytest.mark.parametrize(("document", "status"), [(EVERYTHING, 200), (PINNED, 200)])
    def test_client_address_is_checked(
        self, edge: ASGIEdge, rsa_peer: Any, document: str, status: int
    ) -> None:
        """It is the peer of the connection; if it is unknown, an address condition fails."""
        url = rsa_peer.custom_url(f"https://{HOST}/a", document)
        assert self.send(edge, url).status_code == status
        query = url.partition("?")[2].encode()
        for client, expected in ((("192.0.3.7", 1), 403), (None, 403)):
            messages = self.call(edge, query_string=query, client=client)
            assert messages[0]["status"] == (expected if document == PINNED else 200)

    def test_raw_path_is_compared(self, edge: ASGIEdge, rsa_peer: Any) -> None:
        """The path is compared as it was sent, not decoded."""
        query = self.sign_query(rsa_peer, f"https://{HOST}/%7e=/%2F")
        signed = {"path": "/~=//", "query_string": query}
        assert self.call(edge, raw_path=b"/%7e=/%2F", **signed)[0]["status"] == 200
        assert self.call(edge, raw_path=b"/~=//", **signed)[0]["status"] == 403

    @pytest.mark.parametrize("is_open", [False, True])
    def test_host_of_the_target_is_removed(
        self, group: Any, received: Received, rsa_peer: Any, is_open: bool
    ) -> None:
        """Some servers pass the absolute form as the path (RFC 9112, section 3.2.2)."""
        edge = self.create_edge(group, received, [Behavior("*", None)] if is_open else [])
        whole = f"https://{HOST}/a%20b"
        query = self.sign_query(rsa_peer, whole)
        self.call(edge, path=f"https://{HOST}/a b", raw_path=whole.encode(), query_string=query)
        assert received.request is not None
        assert (received.request["path"], received.request["raw_path"]) == ("/a b", b"/a%20b")

    @pytest.mark.parametrize("missing", [{}, {"raw_path": None}])
    def test_url_is_rebuilt_without_the_raw_path(
        self, edge: ASGIEdge, rsa_peer: Any, missing: dict[str, Any]
    ) -> None:
        """Under a server that does not provide the target, each path has one encoding."""
        query = self.sign_query(rsa_peer, f"https://{HOST}/caf%C3%A9%3D")
        messages = self.call(edge, path="/caf\xe9=", query_string=query, **missing)
        assert messages[0]["status"] == 200

    @pytest.mark.parametrize("hosts", [[], [HOST, HOST], [HOST, "other"], [f"{HOST}/a"], [""]])
    def test_missing_or_invalid_host_is_refused(
        self, edge: ASGIEdge, rsa_peer: Any, hosts: list[str]
    ) -> None:
        """Also two hosts, an empty one, and one with a path in it."""
        cookies = (b"cookie", join_cookies(rsa_peer.custom_cookies(EVERYTHING)).encode())
        headers = [*((b"host", host.encode()) for host in hosts), cookies]
        assert self.call(edge, headers=headers)[0]["status"] == 403
        assert self.call(edge, headers=[(b"host", b"h"), cookies])[0]["status"] == 200

    def test_lifespan_is_forwarded(self, edge: ASGIEdge, received: Received) -> None:
        """Start and stop of the server need no credential."""
        scope: dict[str, Any] = {"type": "lifespan"}
        asyncio.run(edge(scope, None, None))
        assert received.request is scope

    @pytest.mark.parametrize("scheme", ["ws", "wss"])
    def test_websocket_needs_a_credential(
        self, edge: ASGIEdge, received: Received, rsa_peer: Any, scheme: str
    ) -> None:
        """The URL is compared with http or https as its scheme."""
        url = f"{scheme.replace('ws', 'http')}://{HOST}/a"
        opening = {"type": "websocket", "scheme": scheme, "raw_path": b"/a"}
        assert self.call(edge, **opening, query_string=b"") == [
            {"type": "websocket.close", "code": 1008}
        ]
        assert received.request is None
        assert self.call(edge, **opening, query_string=self.sign_query(rsa_peer, url)) == []
        assert received.request is not None
        assert received.request["query_string"] == b""

    def test_requested_headers_are_read(self, group: Any, received: Received) -> None:
        """In one header or several."""
        cors = CORS(origins=("https://h",), credentials=True, names_headers=True)
        edge = ASGIEdge(
            self.create_edge(group, received),
            None,
            response_headers=ResponseHeadersPolicy(cors=cors),
        )
        name = b"access-control-request-headers"
        headers = [(b"host", HOST.encode()), (b"origin", b"https://h"), (name, b"a"), (name, b"b")]
        headers.append((b"access-control-request-method", b"GET"))
        start, _ = self.call(edge, method="OPTIONS", headers=headers)
        assert (b"access-control-allow-headers", b"a, b") in start["headers"]

    def test_options_is_stripped(self, edge: ASGIEdge, received: Received) -> None:
        """It reaches the origin without parameters and CloudFront cookies, right or wrong ones."""
        headers = [(b"host", HOST.encode()), (b"cookie", b"a=1; CloudFront-Policy=x")]
        query = b"x=1&Expires=1&Signature=wrong"
        messages = self.call(edge, method="OPTIONS", headers=headers, query_string=query)
        assert messages[0]["status"] == 200
        assert received.request is not None
        assert received.request["query_string"] == b"x=1"
        assert received.request["headers"][1] == (b"cookie", b"a=1")

    def test_scope_of_the_server_is_not_changed(
        self, edge: ASGIEdge, received: Received, rsa_peer: Any
    ) -> None:
        """The origin receives a copy."""
        headers = [(b"host", HOST.encode()), (b"cookie", b"CloudFront-Policy=x")]
        query = self.sign_query(rsa_peer, f"https://{HOST}/a")
        self.call(edge, headers=headers, query_string=query)
        assert len(headers) == 2
        assert received.request is not None
        assert received.request["headers"] == headers[:1]

"""Both edges: explanations, the access log, methods, size limits and processing time."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from cfsign.edge import ASGIEdge, Behavior, WSGIEdge
from cfsign.edge.response_headers import ANY_ORIGIN
from tests.edge.common import EXPIRES, HOST, NOW, join_cookies


class EdgeClient:
    """A WSGI or ASGI edge, called as a server calls it, with its access log."""

    def __init__(self, kind: str, trusted_keys: Any, **options: Any) -> None:
        self.lines: list[str] = []
        options = {"clock": lambda: float(NOW), "log": self.lines.append, **options}
        self._kind = kind
        self._wsgi = WSGIEdge(self._origin, trusted_keys, **options)
        self._asgi = ASGIEdge(self._async_origin, trusted_keys, **options)

    def __call__(
        self, target: str, method: str = "GET", address: str = "192.0.2.7", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body; the keywords are request headers."""
        send = self._send_wsgi if self._kind == "WSGI" else self._send_asgi
        return send(target, method, address, {"host": HOST, **headers})

    @staticmethod
    def _origin(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Server", "origin"), ("X-Cache", "Hit from origin")])
        return [b"the file"]

    @staticmethod
    async def _async_origin(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"server", b"origin"), (b"x-cache", b"Hit from origin")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"the file"})

    def _send_wsgi(self, target: str, method: str, address: str, headers: Any) -> Any:
        environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        environ |= {"REQUEST_METHOD": method, "REQUEST_URI": target, "REMOTE_ADDR": address}
        environ |= {"wsgi.url_scheme": "https", "QUERY_STRING": target.partition("?")[2]}
        started: list[Any] = []
        body = self._wsgi(environ, lambda *arguments: started.extend(arguments))  # type: ignore[arg-type,return-value]
        names = {name.lower(): value for name, value in started[1]}
        assert len(names) == len(started[1])
        return int(started[0][:3]), names, b"".join(body)

    def _send_asgi(self, target: str, method: str, address: str, headers: Any) -> Any:
        path, _, query = target.encode("latin-1").partition(b"?")
        scope = {
            "type": "http",
            "scheme": "https",
            "method": method,
            "path": path.decode("latin-1"),
            "raw_path": path,
            "query_string": query,
            "client": (address, 1),
            "headers": [
                (name.replace("_", "-").encode(), value.encode("latin-1"))
                for name, value in headers.items()
            ],
        }
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self._asgi(scope, None, send))  # type: ignore[arg-type]
        names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert len(names) == len(sent[0]["headers"])
        return sent[0]["status"], names, sent[1]["body"]


@pytest.fixture(params=["WSGI", "ASGI"])
def make_edge(request: pytest.FixtureRequest, group: Any) -> Any:
    """A function that creates an edge, WSGI or ASGI."""
    return lambda **options: EdgeClient(request.param, group, **options)


@pytest.fixture
def signed_target(rsa_peer: Any) -> str:
    """The request target of a signed URL."""
    return str(rsa_peer.canned_url(f"https://{HOST}/a.txt?x=1", EXPIRES)).partition(HOST)[2]


def test_cloudfront_headers_are_added(make_edge: Any, signed_target: str) -> None:
    """The origin's `Server` stays; its `X-Cache` is replaced."""
    status, headers, body = make_edge()(signed_target)
    assert (status, body) == (200, b"the file")
    assert headers["server"] == "origin"
    assert headers["x-cache"] == "Miss from cloudfront"
    assert headers["x-amz-cf-id"] != make_edge()(signed_target)[1]["x-amz-cf-id"]


def test_refusal_is_not_explained_by_default(make_edge: Any) -> None:
    """CloudFront itself has no header with the reason."""
    edge = make_edge()
    assert "x-edge-explain" not in edge("/a.txt")[1]
    assert edge.lines == ["192.0.2.7 GET /a.txt 403 MissingKey: no key pair id"]


def test_refusal_is_explained(make_edge: Any, signed_target: str) -> None:
    """With `explain`, in a header and in the log; an allowed request has no explanation."""
    edge = make_edge(explain=True, clock=lambda: EXPIRES)
    _, headers, _ = edge(signed_target)
    assert "expired" in headers["x-edge-explain"]
    assert edge.lines[0] == ("192.0.2.7 GET /a.txt?x=1 403 AccessDenied: the policy has expired")
    assert "expired" in edge.lines[1]
    allowed = make_edge(explain=True)
    assert "x-edge-explain" not in allowed(signed_target)[1]
    assert allowed.lines == ["192.0.2.7 GET /a.txt?x=1 200 allowed"]


def test_refused_preflight_is_explained(make_edge: Any) -> None:
    """Signed cookies do not help a preflight; the explanation says so."""
    headers = {"origin": "https://www.example.com", "access_control_request_method": "GET"}
    edge = make_edge(explain=True, response_headers=ANY_ORIGIN)
    status, sent, _ = edge("/a.txt", "OPTIONS", **headers)
    assert status == 403
    assert "a CORS preflight carries no cookies" in sent["x-edge-explain"]
    assert "access-control-allow-origin" not in sent


def test_signed_preflight_is_allowed(make_edge: Any, signed_target: str) -> None:
    """A signed URL also has its credential in the preflight."""
    headers = {"origin": "https://www.example.com", "access_control_request_method": "GET"}
    status, sent, _ = make_edge(response_headers=ANY_ORIGIN)(signed_target, "OPTIONS", **headers)
    assert (status, sent["access-control-allow-origin"]) == (200, "*")
    assert "GET" in sent["access-control-allow-methods"]


@pytest.mark.parametrize("peer", ["rsa_peer", "ec_peer"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda target: target,
        lambda target: target.replace("Signature", "signature"),
        lambda target: target.replace("&Signature=", "%26Signature%3D"),
        lambda target: target.replace("?", "%3F"),
        lambda target: target.replace("&", "&amp;"),
        lambda target: target.replace("&", ";"),
        lambda target: target.replace("Signature=", "signature=").replace("~", "/"),
        lambda target: target.replace("Signature=", "signature=").replace("~", "%7E"),
        lambda target: target.replace("/a.txt?", "/"),
    ],
)
def test_log_never_holds_a_whole_signature(
    make_edge: Any, request: pytest.FixtureRequest, peer: str, spoil: Any
) -> None:
    """Also if it has a wrong name or is in a wrong place."""
    url = request.getfixturevalue(peer).canned_url(f"https://{HOST}/a.txt?x=1", EXPIRES)
    target = spoil(str(url).partition(HOST)[2])
    edge = make_edge(explain=True)
    edge(target)
    signature = url.partition("Signature=")[2].partition("&")[0]
    middle = signature[len(signature) // 2 - 10 : len(signature) // 2 + 10].strip("~-_")
    assert edge.lines
    assert not [line for line in edge.lines if middle in line]


def test_log_cuts_standard_base64(make_edge: Any) -> None:
    """A "/" does not end a run in a query, and a deep path stays readable."""
    edge = make_edge()
    path = "/folder" * 20
    edge(f"{path}?signature={'Ab1+' * 10}/{'cD2/' * 40}")
    assert path in edge.lines[0]
    assert "cD2/" * 10 not in edge.lines[0]


@pytest.mark.parametrize("mark", ["%3FExpires=1&", "%253FExpires%253D1&", "&"])
def test_log_cuts_a_credential_inside_a_path(make_edge: Any, mark: str) -> None:
    """In a path each "/" ends a run, so a base64 signature is found by its name."""
    signature = "/".join(["a1B2c3D4e5"] * 34)
    edge = make_edge()
    edge(f"/a{mark}Signature={signature}&Key-Pair-Id=K1")
    assert "a1B2c3" not in edge.lines[0]
    assert " /a" in edge.lines[0]


@pytest.mark.parametrize("letter", ["\n", "\r", "\x1b", "\x00", "\x85", "\xe9"])
def test_log_has_one_line_of_visible_text(make_edge: Any, letter: str) -> None:
    """A client cannot add lines to the log or control a terminal."""
    edge = make_edge()
    edge(f"/a{letter}200 allowed")
    (line,) = edge.lines
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("target", ["/a?" + "&" * 5_000_000, "/a?" + "a=%41&" * 1_000])
def test_long_target_is_cut(make_edge: Any, target: str) -> None:
    """In little time, and the line keeps the outcome."""
    edge = make_edge()
    began = time.process_time()
    edge(target, method="GET" * 100)
    assert time.process_time() - began < 0.5
    assert len(edge.lines[0]) < 1_000
    assert " 413 " in edge.lines[0] or " 403 " in edge.lines[0]


def test_open_path_is_logged(make_edge: Any) -> None:
    edge = make_edge(behaviors=[Behavior("/open/*", None)])
    assert edge("/open/a")[0] == 200
    assert edge.lines == ["192.0.2.7 GET /open/a 200 open"]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/" + "a" * 8_192, {}),
        ("/a", {"x_long": "a" * 32_768}),
        ("/a", {"cookie": "a=b; " * 1_000_000}),
        ("/a?" + "&" * 8_192, {}),
    ],
)
def test_large_request_is_refused(make_edge: Any, target: str, headers: dict[str, str]) -> None:
    """By CloudFront's limits (AWS, "Quotas"), also on open paths."""
    assert make_edge()(target, **headers)[0] == 413
    assert make_edge(behaviors=[Behavior("*", None)])(target, **headers)[0] == 413


def test_request_of_32_768_bytes_is_allowed(make_edge: Any, signed_target: str) -> None:
    """AWS, "Quotas", 2026: the URL and the headers together."""
    rest = 32_768 - len(signed_target) - len("HTTP_HOST" + HOST + "HTTP_COOKIE")
    assert make_edge()(signed_target, cookie="a" * rest)[0] == 200
    assert make_edge()(signed_target, cookie="a" * (rest + 11))[0] == 413


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "GETS"])
def test_unsupported_method_is_refused(make_edge: Any, signed_target: str, method: str) -> None:
    """Also with a signature or on an open path (AWS, "Allowed HTTP methods")."""
    lines: list[str] = []
    for edge, target in (
        (make_edge(log=lines.append), signed_target),
        (make_edge(log=lines.append, behaviors=[Behavior("*", None)]), "/a"),
    ):
        status, _, body = edge(target, method=method)
        assert status == 403
        assert b"not configured to allow the HTTP request method" in body
    assert all(line.endswith("403 method not supported by CloudFront") for line in lines)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"])
def test_supported_method_is_allowed(make_edge: Any, signed_target: str, method: str) -> None:
    """All seven (AWS, "Allowed HTTP methods")."""
    assert make_edge()(signed_target, method=method)[0] == 200


DEEP = "[" * 8_000
HUGE = '{"Statement":' + "9" * 8_000 + "}"
LEAVES = '{"a":' * 900 + "[" + "1," * 1_000 + "1]" + "}" * 900
STARS = (
    '{"Statement":[{"Resource":"https://d1.example.com/' + "*a" * 3_900 + 'b",'
    '"Condition":{"DateLessThan":{"AWS:EpochTime":1767200060}}}]}'
)


@pytest.mark.parametrize(
    "document", [DEEP, HUGE, STARS, LEAVES], ids=["deep", "huge", "stars", "leaves"]
)
def test_costly_signed_policy_is_refused_in_time(
    make_edge: Any, rsa_peer: Any, document: str
) -> None:
    """In at most 50 ms of processor time."""
    assert measure_least_seconds(make_edge(log=None), rsa_peer.custom_cookies(document)) < 0.050


def test_costly_policy_is_explained_in_time(make_edge: Any, rsa_peer: Any) -> None:
    """Its signature is wrong, so the explanation tries each document that may have been signed."""
    cookies = {**rsa_peer.custom_cookies(LEAVES), "CloudFront-Signature": "YQ__"}
    assert measure_least_seconds(make_edge(log=None, explain=True), cookies) < 0.050


def measure_least_seconds(edge: Any, cookies: dict[str, str]) -> float:
    header = join_cookies(cookies)
    durations = []
    for _ in range(3):
        began = time.process_time()
        assert edge("/" + "a" * 4_000, cookie=header)[0] == 403
        durations.append(time.process_time() - began)
    return min(durations)

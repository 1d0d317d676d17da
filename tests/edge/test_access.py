"""Both edges: explanations, the access log, methods, size limits and processing time."""

from __future__ import annotations

import asyncio
import time
from typing import Any
from urllib.parse import quote

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


PREFLIGHT = {"origin": "https://www.example.com", "access_control_request_method": "GET"}


@pytest.mark.parametrize("headers", [{}, PREFLIGHT])
def test_options_needs_no_credential(make_edge: Any, headers: dict[str, str]) -> None:
    """AWS, "Use signed cookies", 2026. So a preflight, which has no cookies, succeeds."""
    edge = make_edge(response_headers=ANY_ORIGIN)
    status, sent, _ = edge("/a.txt?Expires=1", "OPTIONS", **headers)
    assert status == 200
    assert sent.get("access-control-allow-origin") == ("*" if headers else None)
    assert edge.lines == ["192.0.2.7 OPTIONS /a.txt 200 allowed: OPTIONS needs no credential"]


@pytest.mark.parametrize(
    "options",
    [
        {"allowed_methods": ["GET", "HEAD"]},
        {"behaviors": [Behavior("/a*", None, ["GET", "HEAD"])]},
    ],
)
def test_behavior_refuses_other_methods(
    make_edge: Any, signed_target: str, options: dict[str, Any]
) -> None:
    """Also OPTIONS, and also with a credential."""
    edge = make_edge(explain=True, **options)
    for method in ("OPTIONS", "POST"):
        status, headers, body = edge(signed_target, method)
        assert (status, b"not configured to allow the HTTP request method" in body) == (403, True)
        assert "allows only GET, HEAD" in headers["x-edge-explain"]
    assert edge(signed_target)[0] == edge(signed_target, "HEAD")[0] == 200


def test_both_readings_of_a_path_must_allow_the_method(make_edge: Any) -> None:
    """An origin may decode `%2F`, and the path is then in the behavior of GET and HEAD."""
    edge = make_edge(behaviors=[Behavior("/a/b", None, ["GET", "HEAD"])])
    assert edge("/a%2Fb", "OPTIONS")[0] == 403
    assert edge("/a%2Fc", "OPTIONS")[0] == 200


def test_behavior_may_allow_options_alone(make_edge: Any, signed_target: str) -> None:
    """The second of AWS's three choices."""
    edge = make_edge(allowed_methods=["GET", "HEAD", "OPTIONS"])
    assert edge("/a.txt", "OPTIONS")[0] == 200
    assert edge(signed_target, "POST")[0] == 403


@pytest.mark.parametrize(
    ("target", "headers", "sentence"),
    [
        ("/a?x={b|c}", {}, "{"),
        ("/a?x=b|c&Expires=1&Signature=x&Key-Pair-Id=K1", {}, "|"),
        ("/a", {"host": "h/x"}, "the Host header is missing or not valid"),
        ("*", {}, "the target is not a path"),
        ("/" + "a" * 8_192, {}, "the URL has 8,193 bytes; CloudFront accepts 8,192"),
        ("/a", {"x_long": "a" * 32_768}, "CloudFront accepts 32,768"),
    ],
)
def test_unusable_request_is_explained(
    make_edge: Any, target: str, headers: dict[str, str], sentence: str
) -> None:
    """Browsers send a raw `{` and `|` in a query."""
    edge = make_edge(explain=True)
    status, sent, _ = edge(target, **headers)
    assert status in (403, 413)
    assert sentence in sent["x-edge-explain"]
    assert sentence in edge.lines[1]
    assert "x-edge-explain" not in make_edge()(target, **headers)[1]


def test_unsupported_method_is_explained(make_edge: Any) -> None:
    _, headers, _ = make_edge(explain=True)("/a", method="TRACE")
    assert headers["x-edge-explain"] == "CloudFront accepts no TRACE requests"


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


@pytest.mark.parametrize("has_access_log", [True, False])
@pytest.mark.parametrize("peer", ["rsa_peer", "ec_peer"])
@pytest.mark.parametrize(
    "place",
    [
        "/a.txt/{}",
        "/a.txt%3F{}",
        "/a.txt&{}&b",
        "/a/b/c/{}/d.txt",
        "/a.txt;sig={}",
        "/{}.txt",
        "/a.txt?sig={}",
        "/a?b=/c/{}",
    ],
)
@pytest.mark.parametrize("alphabet", ["cloudfront", "standard", "escaped"])
def test_log_cuts_a_signature_without_a_name(
    make_edge: Any,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
    has_access_log: bool,
    peer: str,
    place: str,
    alphabet: str,
) -> None:
    """In any place, in CloudFront's base64 and in the standard one, which has "/"."""
    url = request.getfixturevalue(peer).canned_url(f"https://{HOST}/a.txt", EXPIRES)
    signature = url.partition("Signature=")[2].partition("&")[0]
    if alphabet != "cloudfront":
        signature = signature.translate(str.maketrans("-_~", "+=/"))
    if alphabet == "escaped":
        signature = quote(signature, safe="")
    edge = make_edge(explain=True) if has_access_log else make_edge(log=None)
    edge(place.format(signature))
    lines = edge.lines or caplog.messages
    assert lines
    kept = {line[i : i + 49] for line in lines for i in range(len(line) - 48)}
    assert not [part for part in kept if part in signature]


def test_log_keeps_a_deep_path(make_edge: Any, caplog: pytest.LogCaptureFixture) -> None:
    path = "/folder/another-folder" * 10
    edge = make_edge()
    edge(path)
    make_edge(log=None)(path)
    assert f" {path} " in edge.lines[0]
    assert f" {path}:" in caplog.messages[0]


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
    assert all(line.endswith("403 method not allowed") for line in lines)


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

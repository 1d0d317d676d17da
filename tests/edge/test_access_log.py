"""What the edge tells: explanations, an access log without a signature, and its own limits."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from cfsign.edge import ASGIEdge, Behavior, WSGIEdge
from cfsign.edge.response_headers import ANY_ORIGIN

NOW = 1_767_200_000
EXPIRES = NOW + 60
HOST = "d1.example.com"


class Asked:
    """An edge of one kind, asked as its server would."""

    def __init__(self, kind: str, trusted_keys: Any, **options: Any) -> None:
        self.lines: list[str] = []
        options = {"clock": lambda: float(NOW), "log": self.lines.append, **options}
        self._kind = kind
        self._wsgi = WSGIEdge(self._origin, trusted_keys, **options)
        self._asgi = ASGIEdge(self._async_origin, trusted_keys, **options)

    def __call__(
        self, target: str, method: str = "GET", address: str = "192.0.2.7", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body; a header's name is written with underscores."""
        ask = self._ask_wsgi if self._kind == "WSGI" else self._ask_asgi
        return ask(target, method, address, {"host": HOST, **headers})

    @staticmethod
    def _origin(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Server", "origin"), ("X-Cache", "Hit from origin")])
        return [b"the file"]

    @staticmethod
    async def _async_origin(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"server", b"origin"), (b"x-cache", b"Hit from origin")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"the file"})

    def _ask_wsgi(self, target: str, method: str, address: str, headers: Any) -> Any:
        environ = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        environ |= {"REQUEST_METHOD": method, "REQUEST_URI": target, "REMOTE_ADDR": address}
        environ |= {"wsgi.url_scheme": "https", "QUERY_STRING": target.partition("?")[2]}
        started: list[Any] = []
        body = self._wsgi(environ, lambda *answer: started.extend(answer))  # type: ignore[arg-type,return-value]
        names = {name.lower(): value for name, value in started[1]}
        assert len(names) == len(started[1])
        return int(started[0][:3]), names, b"".join(body)

    def _ask_asgi(self, target: str, method: str, address: str, headers: Any) -> Any:
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
def ask(request: pytest.FixtureRequest, group: Any) -> Any:
    """Makes an edge of either kind."""
    return lambda **options: Asked(request.param, group, **options)


@pytest.fixture
def signed(rsa_peer: Any) -> str:
    """The target of a signed URL."""
    return str(rsa_peer.canned_url(f"https://{HOST}/a.txt?x=1", EXPIRES)).partition(HOST)[2]


def test_the_headers_of_cloudfront(ask: Any, signed: str) -> None:
    """An origin keeps its name, and what it says of a cache is CloudFront's to say."""
    status, headers, body = ask()(signed)
    assert (status, body) == (200, b"the file")
    assert headers["server"] == "origin"
    assert headers["x-cache"] == "Miss from cloudfront"
    assert headers["x-amz-cf-id"] != ask()(signed)[1]["x-amz-cf-id"]


def test_a_refusal_tells_nothing_unless_it_is_asked_to(ask: Any) -> None:
    """CloudFront's own answer has no such header."""
    edge = ask()
    assert "x-edge-explain" not in edge("/a.txt")[1]
    assert edge.lines == [
        "192.0.2.7 GET /a.txt 403 MissingKey: no key pair id",
    ]


def test_a_refusal_is_explained(ask: Any, signed: str) -> None:
    """In a header and in the log; what is let through needs no words."""
    edge = ask(explain=True, clock=lambda: EXPIRES)
    _, headers, _ = edge(signed)
    assert "expired" in headers["x-edge-explain"]
    assert edge.lines[0] == ("192.0.2.7 GET /a.txt?x=1 403 AccessDenied: the policy has expired")
    assert "expired" in edge.lines[1]
    allowed = ask(explain=True)
    assert "x-edge-explain" not in allowed(signed)[1]
    assert allowed.lines == ["192.0.2.7 GET /a.txt?x=1 200 allowed"]


def test_a_preflight_is_explained(ask: Any) -> None:
    """Why signed cookies do not help it is what nobody expects."""
    headers = {"origin": "https://www.example.com", "access_control_request_method": "GET"}
    edge = ask(explain=True, response_headers=ANY_ORIGIN)
    status, answered, _ = edge("/a.txt", "OPTIONS", **headers)
    assert status == 403
    assert "a CORS preflight carries no cookies" in answered["x-edge-explain"]
    assert "access-control-allow-origin" not in answered


def test_a_signed_preflight_passes(ask: Any, signed: str) -> None:
    """A URL carries its credential to a preflight too."""
    headers = {"origin": "https://www.example.com", "access_control_request_method": "GET"}
    status, answered, _ = ask(response_headers=ANY_ORIGIN)(signed, "OPTIONS", **headers)
    assert (status, answered["access-control-allow-origin"]) == (200, "*")
    assert "GET" in answered["access-control-allow-methods"]


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
def test_the_log_never_holds_a_whole_signature(
    ask: Any, request: pytest.FixtureRequest, peer: str, spoil: Any
) -> None:
    """Not even one that came under a wrong name, or in a wrong place."""
    url = request.getfixturevalue(peer).canned_url(f"https://{HOST}/a.txt?x=1", EXPIRES)
    target = spoil(str(url).partition(HOST)[2])
    edge = ask(explain=True)
    edge(target)
    signature = url.partition("Signature=")[2].partition("&")[0]
    middle = signature[len(signature) // 2 - 10 : len(signature) // 2 + 10].strip("~-_")
    assert edge.lines
    assert not [line for line in edge.lines if middle in line]


def test_the_log_cuts_standard_base64_too(ask: Any) -> None:
    """Its "/" ends no run in a query, while a deep path stays readable."""
    edge = ask()
    path = "/folder" * 20
    edge(f"{path}?signature={'Ab1+' * 10}/{'cD2/' * 40}")
    assert path in edge.lines[0]
    assert "cD2/" * 10 not in edge.lines[0]


@pytest.mark.parametrize("mark", ["%3FExpires=1&", "%253FExpires%253D1&", "&"])
def test_the_log_cuts_a_credential_inside_a_path(ask: Any, mark: str) -> None:
    """In standard base64 each "/" ends a run, so that no length tells it."""
    signature = "/".join(["a1B2c3D4e5"] * 34)
    asked = ask()
    asked(f"/a{mark}Signature={signature}&Key-Pair-Id=K1")
    assert "a1B2c3" not in asked.lines[0]
    assert " /a" in asked.lines[0]


@pytest.mark.parametrize("letter", ["\n", "\r", "\x1b", "\x00", "\x85", "\xe9"])
def test_the_log_has_one_line_of_visible_text(ask: Any, letter: str) -> None:
    """Nobody writes lines of their own into it, or moves a terminal's cursor."""
    edge = ask()
    edge(f"/a{letter}200 allowed")
    (line,) = edge.lines
    assert line.isascii()
    assert line.isprintable()


@pytest.mark.parametrize("target", ["/a?" + "&" * 5_000_000, "/a?" + "a=%41&" * 1_000])
def test_a_long_target_is_cut_and_its_outcome_kept(ask: Any, target: str) -> None:
    """For little time, however long it is."""
    edge = ask()
    began = time.process_time()
    edge(target, method="GET" * 100)
    assert time.process_time() - began < 0.5
    assert len(edge.lines[0]) < 1_000
    assert " 413 " in edge.lines[0] or " 403 " in edge.lines[0]


def test_open_paths_are_logged_as_such(ask: Any) -> None:
    edge = ask(behaviors=[Behavior("/open/*", None)])
    assert edge("/open/a")[0] == 200
    assert edge.lines == ["192.0.2.7 GET /open/a 200 open"]


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/" + "a" * 8_192, {}),
        ("/a", {"x_long": "a" * 20_480}),
        ("/a", {"cookie": "a=b; " * 1_000_000}),
        ("/a?" + "&" * 8_192, {}),
    ],
)
def test_what_is_larger_than_cloudfront_takes(
    ask: Any, target: str, headers: dict[str, str]
) -> None:
    """Refused by its length (AWS, "Quotas"), on open paths too."""
    assert ask()(target, **headers)[0] == 413
    assert ask(behaviors=[Behavior("*", None)])(target, **headers)[0] == 413


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "get", "GETS"])
def test_a_method_that_cloudfront_does_not_take(ask: Any, signed: str, method: str) -> None:
    """It reaches no origin, signed or on an open path (AWS, "Allowed HTTP methods")."""
    lines: list[str] = []
    for edge, target in (
        (ask(log=lines.append), signed),
        (ask(log=lines.append, behaviors=[Behavior("*", None)]), "/a"),
    ):
        status, _, body = edge(target, method=method)
        assert status == 403
        assert b"not configured to allow the HTTP request method" in body
    assert all(line.endswith("403 method not supported by CloudFront") for line in lines)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"])
def test_a_method_that_cloudfront_takes(ask: Any, signed: str, method: str) -> None:
    """All seven of them."""
    assert ask()(signed, method=method)[0] == 200


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
def test_a_signed_document_that_is_costly_to_read(ask: Any, rsa_peer: Any, document: str) -> None:
    """At most 50 ms of this process's own time, which a busy machine does not count in."""
    assert least_seconds(ask(log=None), rsa_peer.custom_cookies(document)) < 0.050


def test_a_document_that_is_costly_to_explain(ask: Any, rsa_peer: Any) -> None:
    """Nobody has signed it, so that each form of it is tried that may have been signed."""
    cookies = {**rsa_peer.custom_cookies(LEAVES), "CloudFront-Signature": "YQ__"}
    assert least_seconds(ask(log=None, explain=True), cookies) < 0.050


def least_seconds(edge: Any, cookies: dict[str, str]) -> float:
    header = "; ".join(f"{k}={v}" for k, v in cookies.items())
    took = []
    for _ in range(3):
        began = time.process_time()
        assert edge("/" + "a" * 4_000, cookie=header)[0] == 403
        took.append(time.process_time() - began)
    return min(took)

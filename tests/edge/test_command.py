"""`cfsign edge` as a process: its origins, its options, hostile requests and wrong input."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("click", "waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign.cli import main  # noqa: E402

KEY = "K2JCJMDEHXQW5F=public.pem"


@pytest.fixture
def send() -> Any:
    """httpx's `request`, without the proxies of the environment."""
    with httpx.Client(trust_env=False) as client:
        yield client.request


def test_folder_is_served(
    run_edge: Callable[..., Any], bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """For signed URLs, with Range, HEAD and conditional requests; other URLs are refused."""
    edge = run_edge(bucket, "--public-key", KEY)
    url = sign(f"{edge.url}/a%20b.txt")
    response = send("GET", url)
    assert (response.status_code, response.content) == (200, b"0123456789")
    assert response.headers["via"] == "1.1 local.cloudfront.net (CloudFront)"
    assert response.headers["server"] == "CloudFront"
    assert send("GET", url, headers={"Range": "bytes=2-4"}).content == b"234"
    etag = {"If-None-Match": response.headers["etag"]}
    assert send("GET", url, headers=etag).status_code == 304
    head = send("HEAD", url)
    assert (head.headers["content-length"], head.content) == ("10", b"")
    (bucket / "new.txt").write_text("new")
    assert send("GET", sign(f"{edge.url}/new.txt")).text == "new"
    assert send("GET", sign(f"{edge.url}/nothing")).status_code == 404
    refused = send("GET", f"{edge.url}/a%20b.txt")
    assert (refused.status_code, "<Code>MissingKey</Code>" in refused.text) == (403, True)
    assert "x-edge-explain" not in refused.headers
    log = edge.stop()
    assert log.startswith("cfsign: serving ")
    assert "127.0.0.1 GET /a%20b.txt 206 allowed\n" in log
    assert "127.0.0.1 GET /a%20b.txt 403 MissingKey: no key pair id\n" in log
    assert "Signature" not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_stops_it_without_a_traceback(
    run_edge: Callable[..., Any], bucket: Path, number: signal.Signals
) -> None:
    """SIGINT (Ctrl-C) and SIGTERM."""
    edge = run_edge(bucket, "--public-key", KEY)
    edge.process.send_signal(number)
    assert edge.process.wait(30) == 130
    assert "Traceback" not in edge.stop()


def test_behaviors_keep_the_order_of_the_options(
    run_edge: Callable[..., Any], bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """--behavior and --open are one list; the first match counts."""
    options = ["--public-key", KEY, "--explain"]
    private, opened = ["--behavior", "/open/b*=K2JCJMDEHXQW5F"], ["--open", "/open/*"]
    for arguments, status in ((private + opened, 403), (opened + private, 200)):
        edge = run_edge(bucket, *options, *arguments)
        response = send("GET", f"{edge.url}/open/b.txt")
        assert response.status_code == status
        assert send("GET", sign(f"{edge.url}/open/b.txt")).status_code == 200
        assert ("x-edge-explain" in response.headers) is (status == 403)


@pytest.mark.parametrize("name", ["edge.toml", "edge.json"])
def test_config_file(
    run_edge: Callable[..., Any], keys: Path, bucket: Path, send: Any, name: str
) -> None:
    """Its keys and behaviors are used; the paths of keys are relative to the file."""
    config = {
        "keys": {"K1": "public.pem"},
        "behaviors": [
            {"pattern": "/open/*", "open": True},
            {"pattern": "/a*", "keys": ["K1"]},
        ],
    }
    toml = (
        '[keys]\nK1 = "public.pem"\n[[behaviors]]\npattern = "/open/*"\nopen = true\n'
        '[[behaviors]]\npattern = "/a*"\nkeys = ["K1"]\n'
    )
    (keys / name).write_text(toml if name.endswith("toml") else json.dumps(config))
    edge = run_edge(bucket, "--config", keys / name)
    assert send("GET", f"{edge.url}/open/b.txt").text == "public"
    assert send("GET", f"{edge.url}/a%20b.txt").status_code == 403


def test_allowed_methods(
    run_edge: Callable[..., Any], keys: Path, bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """The option holds for behaviors that name no methods, and for other paths."""
    behaviors = [
        {"pattern": "/open/*", "open": True},
        {"pattern": "/a*", "keys": ["K1"], "allowed_methods": ["GET", "HEAD", "OPTIONS"]},
    ]
    config = {"keys": {"K1": "public.pem"}, "behaviors": behaviors}
    (keys / "edge.json").write_text(json.dumps(config))
    edge = run_edge("--config", keys / "edge.json", "--allowed-methods", "GET,HEAD", bucket)
    statuses = [
        send("OPTIONS", f"{edge.url}{path}").status_code for path in ("/open/b.txt", "/a", "/b")
    ]
    assert statuses == [403, 200, 403]
    assert send("GET", f"{edge.url}/open/b.txt").status_code == 200


def test_static_site(
    run_edge: Callable[..., Any], bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """--default-root-object, --index and --missing-status."""
    (bucket / "index.html").write_text("home")
    (bucket / "open" / "index.html").write_text("docs")
    options = ["--default-root-object", "index.html", "--missing-status", "403"]
    edge = run_edge(bucket, "--public-key", KEY, *options)
    assert send("GET", sign(f"{edge.url}/")).text == "home"
    assert send("GET", f"{edge.url}/").status_code == 403
    missing = send("GET", sign(f"{edge.url}/open/"))
    assert (missing.status_code, "<HostId>" in missing.text) == (403, True)
    edge = run_edge(bucket, "--public-key", KEY, "--index", "index.html")
    assert send("GET", sign(f"{edge.url}/open/")).text == "docs"
    assert send("GET", sign(f"{edge.url}/")).text == "home"
    assert send("GET", sign(f"{edge.url}/open")).status_code == 404


def test_browsers_cache_and_icon(
    run_edge: Callable[..., Any], bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """--max-age sets Cache-Control; a missing favicon.ico is answered, and not logged."""
    edge = run_edge(bucket, "--public-key", KEY, "--max-age", "90", "--open", "/open/*")
    headers = send("GET", f"{edge.url}/open/b.txt").headers
    assert headers["cache-control"] == "max-age=90, public"
    assert send("GET", f"{edge.url}/favicon.ico").status_code == 403
    assert send("GET", sign(f"{edge.url}/favicon.ico")).status_code == 404
    assert send("GET", f"{edge.url}/favicon.ico?x").status_code == 403
    assert send("GET", f"{edge.url}/open/favicon.ico").status_code == 404
    (bucket / "favicon.ico").touch()
    assert send("GET", sign(f"{edge.url}/favicon.ico")).status_code == 200
    requests = [line.split()[3:5] for line in edge.stop().splitlines() if " GET " in line]
    assert requests == [
        ["/open/b.txt", "200"],
        ["/favicon.ico", "404"],
        ["/favicon.ico?x", "403"],
        ["/open/favicon.ico", "404"],
        ["/favicon.ico", "200"],
    ]


def test_scheme_and_trusted_proxy(
    run_edge: Callable[..., Any], bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """The client address is the last in `X-Forwarded-For`, if the trusted proxy sent it."""
    trusted = ["--scheme", "https", "--trusted-proxy", "127.0.0.1"]
    edge = run_edge(bucket, "--public-key", KEY, *trusted)
    url = sign("https://media.example.com/a%20b.txt", ip_address="203.0.113.9")
    path = url.removeprefix("https://media.example.com")
    headers = {"Host": "media.example.com"}

    def request_status(edge: Any, forwarded: str) -> int:
        sent = {**headers, "X-Forwarded-For": forwarded} if forwarded else headers
        return int(send("GET", edge.url + path, headers=sent).status_code)

    assert request_status(edge, "203.0.113.9") == 200
    assert request_status(edge, "203.0.113.9, 192.0.2.1") == 403
    assert request_status(edge, "192.0.2.1, 203.0.113.9") == 200
    assert request_status(edge, "") == 403
    other = run_edge(
        bucket, "--public-key", KEY, "--scheme", "https", "--trusted-proxy", "10.0.0.1"
    )
    assert request_status(other, "203.0.113.9") == 403


def test_cors_and_response_headers_options(
    run_edge: Callable[..., Any], keys: Path, bucket: Path, sign: Callable[..., str], send: Any
) -> None:
    """A policy in AWS's JSON, together with the CORS options."""
    item = {"Header": "X-Frame-Options", "Value": "DENY", "Override": True}
    policy = {"Name": "x", "CustomHeadersConfig": {"Quantity": 1, "Items": [item]}}
    (keys / "policy.json").write_text(json.dumps(policy))
    site = "https://www.example.com"
    options = ["--cors-origin", site, "--response-headers", keys / "policy.json"]
    edge = run_edge(bucket, "--public-key", KEY, *options)
    url = sign(f"{edge.url}/a%20b.txt")
    headers = send("GET", url, headers={"Origin": site}).headers
    assert headers["access-control-allow-origin"] == site
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["x-frame-options"] == "DENY"
    assert "content-length" in headers["access-control-expose-headers"].lower()
    preflight = {
        "Origin": site,
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "range,x-mine",
    }
    response = send("OPTIONS", f"{edge.url}/a%20b.txt", headers=preflight)
    assert response.status_code == 200
    assert response.headers["access-control-allow-headers"] == "range, x-mine"
    assert "access-control-allow-origin" not in send("GET", url).headers


HOSTILE = [
    b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nCookie: " + b"a=b; " * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\nCookie: " + b"a=b; " * 1_000_000 + b"\r\n\r\n",
    b"GET /\xff\xfe?\xe4=\xf6 HTTP/1.1\r\nHost: \xff\r\n\r\n",
    b"GET * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET //h/open/%00 HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /open/%00 HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /open/%ff%c0%af.. HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /open/" + b"a" * 1_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /open/b.txt HTTP/1.1\r\nHost: h\r\nRange: bytes=999999999999999999999-\r\n\r\n",
    b"GET /open/b.txt HTTP/1.1\r\nHost: h\r\nIf-Modified-Since: \xff\r\n\r\n",
    b"POST /open/b.txt HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /open HTTP/1.1\r\nHost: h\r\n\r\n",
    b"GET /open/b.txt/x HTTP/1.1\r\nHost: h\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500 + b"\r\n\r\n",
    b"G\xc4T / HTTP/1.1\r\n\r\n",
]


def test_hostile_bytes_never_give_a_500(run_edge: Callable[..., Any], bucket: Path) -> None:
    """Each request is answered with a status below 500, and the server keeps running."""
    edge = run_edge(bucket, "--public-key", KEY, "--open", "/open/*", "--explain")
    host, port = edge.url.removeprefix("http://").split(":")
    for sent in HOSTILE:
        assert 200 <= send_over_socket(host, int(port), sent) < 500, sent[:80]
    log = edge.stop()
    assert "Traceback" not in log


def test_half_sent_requests_do_not_close_the_edge(
    run_edge: Callable[..., Any], bucket: Path, send: Any
) -> None:
    """120 of them; another client is served meanwhile."""
    edge = run_edge(bucket, "--public-key", KEY, "--open", "/open/*")
    host, port = edge.url.removeprefix("http://").split(":")
    with contextlib.ExitStack() as stack:
        for number in range(120):
            connection = socket.create_connection((host, int(port)), 30)
            stack.enter_context(connection)
            half = b"PUT / HTTP/1.1\r\nHost: h\r\n"
            connection.sendall(half + b"Content-Length: 9\r\n\r\n1" if number % 2 else half)
        assert send("GET", f"{edge.url}/open/b.txt", timeout=10).text == "public"


def test_cookie_lines_are_joined(run_edge: Callable[..., Any], bucket: Path, signer: Any) -> None:
    """Several `Cookie` lines are one, as HTTP/2 and AWS's SDK for Java send them."""
    edge = run_edge(bucket, "--public-key", KEY)
    host, port = edge.url.removeprefix("http://").split(":")
    cookies = signer.sign_cookies(f"{edge.url}/*", expires_in=60)
    lines = [f"cookie:{name}={value}" for name, value in cookies.items()]
    sent = "\r\n".join(
        ["GET /open/b.txt HTTP/1.1", f"Host: {host}:{port}", "Cookie: a=1", *lines, "Cookie:b=2"]
    )
    assert send_over_socket(host, int(port), f"{sent}\r\n\r\n".encode()) == 200


def send_over_socket(host: str, port: int, sent: bytes) -> int:
    with socket.create_connection((host, port), 30) as connection:
        try:
            connection.sendall(sent)
        except (BrokenPipeError, ConnectionResetError):
            return 431  # Waitress closed the connection before it read everything
        connection.settimeout(30)
        try:
            response = connection.recv(64)
        except ConnectionResetError:
            return 431
    return int(response.split()[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument"),
        (["nowhere", "--public-key", KEY], "there is no folder 'nowhere'"),
        (["."], "there is no public key"),
        ([".", "--open", "/x/*"], "there is no public key"),
        ([".", "--public-key", "K1"], "ID=FILE|K2JCJMDEHXQW5F=cloudfront-public.pem"),
        ([".", "--public-key", "K1=missing.pem"], "K1: .*missing.pem"),
        ([".", "--public-key", KEY, "--behavior", "/x"], "is not PATTERN=ID,ID"),
        ([".", "--public-key", KEY, "--behavior", "/x=K9"], "names 'K9'"),
        ([".", "--public-key", KEY, "--open", "https://h/x"], "a path without host and query"),
        ([".", "--public-key", KEY, "--host", "192.0.2.1"], "cannot be opened"),
        ([".", "--public-key", KEY, "--config", "public.pem"], r"end in \.toml or \.json"),
        (
            [".", "--config", "edge.toml", "--open", "*"],
            "cannot be combined with --behavior or --open",
        ),
        (
            [".", "--public-key", KEY, "--cors", "--cors-origin", "x"],
            "cannot be combined with --cors-origin",
        ),
        ([".", "--public-key", KEY, "--cors-origin", "*"], "list the origins"),
        ([".", "--public-key", KEY, "--cors-origin", "https://h/"], "without a slash"),
        ([".", "--public-key", KEY, "--response-headers", "gone.json"], "gone.json: No such file"),
        ([".", "--public-key", KEY, "--trusted-proxy", "*"], "use one address"),
        ([".", "--public-key", KEY, "--public-key", KEY], "the same id"),
        ([".", "--public-key", KEY, "--index", "/i"], "without a leading slash"),
        ([".", "--public-key", KEY, "--default-root-object", ""], "without a leading slash"),
        ([".", "--public-key", KEY, "--max-age", "-1"], "'--max-age': -1 is not in the range"),
        (["http://h", "--public-key", KEY, "--max-age", "1"], "--max-age can only be set for a"),
        ([".", "--public-key", KEY, "--missing-status", "410"], "'410' is not one of"),
        (["http://h", "--public-key", KEY, "--missing-status", "403"], "only be set for a folder"),
        (["ftp://h", "--public-key", KEY], "http://127.0.0.1:9000"),
        (["http://h:x", "--public-key", KEY], "http://127.0.0.1:9000"),
        (["http://u:secret@h", "--public-key", KEY], "a user, a query or a fragment"),
        (["http://h/?a", "--public-key", KEY], "a user, a query or a fragment"),
    ],
)
def test_wrong_input_is_reported_in_one_line(
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    """With exit code 2, and without a password."""
    monkeypatch.chdir(keys)
    assert main(["edge", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert re.search(message, captured.err), captured.err
    assert "secret" not in captured.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = ", "is not valid TOML"),
        ("keyz = {}", "'keyz'"),
        ("keys = 1", "keys must be a table"),
        ('keys = {K1 = "public.pem"}\nbehaviors = 1', "list of tables"),
        ('keys = {K1 = "public.pem"}\nbehaviors = [{pattern = "/a"}]', "or open = true"),
        ('keys = {K1 = "public.pem"}\nbehaviors = [{pattern = "/a", open = false}]', "or open"),
        (
            'keys = {K1 = "p"}\nbehaviors = [{pattern = "/a", open = true, keys = ["K1"]}]',
            "or open",
        ),
        ('keys = {K1 = "public.pem"}\nbehaviors = [{pattern = "/a", keys = "K1"}]', "list of ids"),
        ('keys = {K1 = "public.pem"}\nbehaviors = [{pattern = "/a", keys = []}]', "has no key"),
        ('keys = {K1 = "public.pem"}\nbehaviors = [{pattern = "/a", key = ["K1"]}]', "'key'"),
        ('behaviors = [{pattern = "*", open = true, allowed_methods = "GET"}]', "list of HTTP"),
        ('behaviors = [{pattern = "*", open = true, allowed_methods = ["GET"]}]', "GET and HEAD"),
    ],
)
def test_invalid_config_file_is_an_error(
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    text: str,
    message: str,
) -> None:
    """The edge does not start."""
    monkeypatch.chdir(keys)
    Path("edge.toml").write_text(text)
    assert main(["edge", ".", "--config", "edge.toml"]) == 2
    assert message in capsys.readouterr().err


def test_duplicate_member_in_a_config_file_is_an_error(
    keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two values of `open` or `keys` must not be resolved silently."""
    text = '{"behaviors": [{"pattern": "/a", "open": true, "open": false}]}'
    (keys / "edge.json").write_text(text)
    assert main(["edge", str(keys), "--config", str(keys / "edge.json")]) == 2
    assert "the member 'open' is given twice" in capsys.readouterr().err

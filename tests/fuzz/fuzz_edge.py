"""
Coverage-guided fuzzing of the edge: `nox -s fuzz_edge`, or `python fuzz_edge.py SECONDS`.

Each input is split into a target, a host, cookies and a policy to sign. For each one, both
`WSGIEdge` and `ASGIEdge` must respond with 200, 403 or 413 within a time limit, and allow only
requests that are signed or for an open path.
"""

from __future__ import annotations

import base64
import sys
import tempfile
import time
from typing import Any

import atheris

with atheris.instrument_imports(include=["cfsign"]):
    from cfsign import TrustedKeyGroup, load_private_key
    from cfsign.edge import ASGIEdge, Behavior, WSGIEdge
    from cfsign.keys import generate_private_key_pem

NOW = 1_767_200_000
MAX_SECONDS = 0.050
TO_CLOUDFRONT = bytes.maketrans(b"+=/", b"-_~")
SEEDS = (
    b"/private/a?x=1\0d1.example.com\0a=b; c=d\0"
    b'{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":1767200060}}}]}',
    b"/private/a?Expires=1767200060&Signature=YQ__&Key-Pair-Id=K1\0h\0\0{}",
    b"https://h/open/../private/%2e%2E/..%2f?Policy=e30_&Hash-Algorithm=SHA256\0h:80\0a\0[[[[",
    b"/private/a\0[::1]\0CloudFront-Policy=e30_; CloudFront-Signature=YQ__\0"
    b'{"Statement":[{"Resource":"http*://h/*\\\\?*","Condition":{"DateLessThan":{"AWS:EpochTime":9'
    b'},"DateGreaterThan":{"AWS:EpochTime":1},"IpAddress":{"AWS:SourceIp":"0.0.0.0/0"}}}]}',
    b"/a\0h\0\0" + b"[" * 8_000,
    b"/a\0h\0CloudFront-Key-Pair-Id=K1; CloudFront-Signature=YQ__; CloudFront-Policy="
    + base64.b64encode(b'{"a":' * 700 + b"[" + b"1," * 700 + b"1]" + b"}" * 700).translate(
        TO_CLOUDFRONT
    ),
    b'/a\0h\0\0{"Statement":' + b"9" * 8_000 + b"}",
    b"/" + b"a" * 4_000 + b'\0h\0\0{"Statement":[{"Resource":"http://h/' + b"*a" * 1_900 + b'",'
    b'"Condition":{"DateLessThan":{"AWS:EpochTime":1767200060}}}]}',
)

key = load_private_key(generate_private_key_pem())
group = TrustedKeyGroup({"K1": key.public_key_pem()})
behaviors = (Behavior("open/*", None), Behavior("/img?/*.jpg", group))
options: Any = {
    "behaviors": behaviors,
    "clock": lambda: float(NOW),
    "explain": True,
    "log": lambda line: require(len(line.splitlines()) == 1 and line.isascii(), "a log line"),
}


def require(condition: bool, message: str) -> None:
    """Raise AssertionError unless *condition* holds, also under `python -O`."""
    if not condition:
        raise AssertionError(message)


def origin(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"the file"]


async def async_origin(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the file"})


wsgi = WSGIEdge(origin, group, **options)
asgi = ASGIEdge(async_origin, group, **options)


def request_wsgi(target: str, host: str, cookies: str) -> int:
    environ = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": target,
        "QUERY_STRING": target.partition("?")[2],
        "HTTP_HOST": host,
        "HTTP_COOKIE": cookies,
        "REMOTE_ADDR": "192.0.2.7",
        "SERVER_NAME": "h",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    statuses: list[int] = []
    list(wsgi(environ, lambda status, *_: statuses.append(int(status[:3]))))  # type: ignore[arg-type,return-value]
    return statuses[0]


def request_asgi(target: str, host: str, cookies: str) -> int:
    path, _, query = target.encode("latin-1").partition(b"?")
    headers = [(b"host", host.encode("latin-1")), (b"cookie", cookies.encode("latin-1"))]
    scope = {
        "type": "http",
        "method": "GET",
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": headers,
        "client": ("192.0.2.7", 1),
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    coroutine = asgi(scope, None, send)  # type: ignore[arg-type]
    try:
        coroutine.send(None)  # it never waits, so it needs no event loop
    except StopIteration:
        return int(sent[0]["status"])
    raise AssertionError("the edge waited for something")


def sign_cookies(policy: bytes) -> str:
    def encode(content: bytes) -> str:
        return base64.b64encode(content).translate(TO_CLOUDFRONT).decode()

    signature = encode(key.sign(policy, "SHA1"))  # type: ignore[arg-type]
    return (
        f"CloudFront-Policy={encode(policy)}; CloudFront-Signature={signature}; "
        "CloudFront-Key-Pair-Id=K1"
    )


def test_one_input(data: bytes) -> None:
    """Request one target with made-up cookies, then with cookies of a signed policy."""
    parts = [*data.split(b"\0", 3), b"", b"", b""]
    target, host, cookies = (part.decode("latin-1") for part in parts[:3])
    for sent, may_allow in ((cookies, "/open/" in target), (sign_cookies(parts[3]), True)):
        for request in (request_wsgi, request_asgi):
            began = time.process_time()
            status = request(target, host, sent)
            seconds = time.process_time() - began
            require(status in (200, 403, 413), f"status {status}")
            require(seconds <= MAX_SECONDS, f"{seconds * 1000:.0f} ms")
            # A made-up signature is never valid; an open path may be percent-encoded.
            require(
                status != 200 or may_allow or "open" in target.lower() or "%" in target, "allowed"
            )


def main() -> None:
    """Fuzz for the number of seconds in the first argument."""
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS):
            with open(f"{corpus}/{number}", "wb") as file:
                file.write(seed)
        arguments = [
            f"-max_total_time={seconds}",
            "-max_len=8192",
            "-len_control=0",
            "-timeout=5",
            corpus,
        ]
        atheris.Setup([sys.argv[0], *arguments], test_one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

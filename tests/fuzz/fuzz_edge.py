"""
Fuzz the local edge, guided by coverage: `nox -s fuzz_edge`, or `python fuzz_edge.py SECONDS`.

Each input is split into a target, a host, cookies and the policy that is to be signed. Whatever it
is, the edge answers 200, 403 or 413, within the time that is set, in each of its two flavours, and
what it lets through is signed for.
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
MOST_SECONDS = 0.050
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
    "log": lambda line: check(len(line.splitlines()) == 1 and line.isascii(), "the log"),
}


def check(holds: bool, what: str) -> None:
    """Fail, with or without `python -O`."""
    if not holds:
        raise AssertionError(what)


def origin(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"the file"]


async def async_origin(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the file"})


wsgi = WSGIEdge(origin, group, **options)
asgi = ASGIEdge(async_origin, group, **options)


def status_of_wsgi(target: str, host: str, cookies: str) -> int:
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


def status_of_asgi(target: str, host: str, cookies: str) -> int:
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
        coroutine.send(None)  # nothing in it waits, so that it needs no loop
    except StopIteration:
        return int(sent[0]["status"])
    raise AssertionError("it waits")


def signed_cookies(policy: bytes) -> str:
    def text(content: bytes) -> str:
        return base64.b64encode(content).translate(TO_CLOUDFRONT).decode()

    signature = text(key.sign(policy, "SHA1"))  # type: ignore[arg-type]
    return (
        f"CloudFront-Policy={text(policy)}; CloudFront-Signature={signature}; "
        "CloudFront-Key-Pair-Id=K1"
    )


def one_input(data: bytes) -> None:
    """Ask for one target with made-up cookies, then with a policy that is signed."""
    parts = [*data.split(b"\0", 3), b"", b"", b""]
    target, host, cookies = (part.decode("latin-1") for part in parts[:3])
    for sent, may_allow in ((cookies, "/open/" in target), (signed_cookies(parts[3]), True)):
        for ask in (status_of_wsgi, status_of_asgi):
            began = time.process_time()
            status = ask(target, host, sent)
            took = time.process_time() - began
            check(status in (200, 403, 413), f"status {status}")
            check(took <= MOST_SECONDS, f"{took * 1000:.0f} ms")
            # A signature cannot be guessed; what is open may be spelled with escapes.
            check(status != 200 or may_allow or "open" in target.lower() or "%" in target, "open")


def main() -> None:
    """Fuzz for as many seconds as the first argument says."""
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
        atheris.Setup([sys.argv[0], *arguments], one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

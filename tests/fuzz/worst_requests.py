"""
Search for the slowest request to the edge: `nox -s worst_requests -- SECONDS [SEED]`.

Each request repeats a short text up to about 8 KiB in one part of an otherwise valid request. The
edge explains its refusals, and trusts one key or five. The slowest requests are measured again; the
output is the shortest processor time of each, in milliseconds.
"""

from __future__ import annotations

import base64
import itertools
import json
import random
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cfsign import TrustedKeyGroup
from cfsign.edge import WSGIEdge

EXPIRES = 1_767_200_060
MAX_URL, MAX_COOKIES = 8_150, 24_000
TO_CLOUDFRONT = bytes.maketrans(b"+=/", b"-_~")

PIECES = (  # noqa: SIM905 - a list would take one line each
    "a & % %20 %7e %C3%BC * *a *% ? \\? *? = + ' ~ a=b& & a& / ./ a/ // %2F %2e/ ( ! &amp; %25 "
    "%2520 ?& %41 .. Expires& [ { _ - 9 é Key-Pair-Id=K0; CloudFront-Policy=e30_; ; a; a=b; "
    ", ,CloudFront- ,CloudFront-a=b, CloudFront-Policy=,"
).split()
ALGORITHMS = ("P-256", "RSA-2048", "RSA-4096")


def encode(content: bytes) -> str:
    return base64.b64encode(content).translate(TO_CLOUDFRONT).decode()


def create_key_group(algorithm: str, count: int) -> tuple[TrustedKeyGroup, bytes]:
    """Return a group, and a signature of its first key: forged ones are refused sooner."""

    def generate_key() -> Any:
        if algorithm == "P-256":
            return ec.generate_private_key(ec.SECP256R1())
        return rsa.generate_private_key(65537, int(algorithm.removeprefix("RSA-")))

    keys = [generate_key() for _ in range(count)]
    scheme: Any = (ec.ECDSA(SHA1()),) if algorithm == "P-256" else (padding.PKCS1v15(), SHA1())
    pems = [
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for key in keys
    ]
    group = TrustedKeyGroup({f"K{number}": pem for number, pem in enumerate(pems)})
    return group, keys[0].sign(b"another policy", *scheme)


def build_requests(signature: str, piece: str, other: str) -> Iterator[tuple[str, str, str]]:
    """Yield the name, the target and the cookies of each request that repeats *piece*."""
    rest = f"Signature={signature}&Key-Pair-Id=K0"
    canned = f"Expires={EXPIRES}&{rest}"
    room = MAX_URL - len(canned)
    yield "path", f"/{fill(piece, room)}?{canned}", ""
    yield "query", f"/a?{fill(piece, room)}&{canned}", ""
    yield "both", f"/{fill(piece, room // 2)}?{fill(other, room // 2)}&{canned}", ""
    for resource in (fill(piece, 700), fill(piece, 2_800)):
        policy = encode(
            (
                f'{{"Statement":[{{"Resource":{json.dumps("http://h/" + resource)},'
                f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{EXPIRES}}}}}}}]}}'
            ).encode()
        )
        custom = f"Policy={policy}&{rest}"
        more = fill(other, MAX_URL - len(custom))
        yield f"resource {len(resource)}, path {other}", f"/{more}?{custom}", ""
        yield f"resource {len(resource)}, query {other}", f"/a?{more}&{custom}", ""
        cookies = "; ".join(f"CloudFront-{pair}" for pair in custom.split("&"))
        more = fill(other, min(MAX_URL, 32_500 - len(cookies)))
        yield f"cookies, resource {len(resource)}, path {other}", f"/{more}", cookies
        yield f"cookies, resource {len(resource)}, query {other}", f"/a?{more}", cookies
    cookies = "; ".join(f"CloudFront-{pair}" for pair in canned.split("&"))
    yield "cookies, path", f"/{fill(piece, MAX_URL)}", cookies
    yield "cookies, query", f"/a?{fill(piece, MAX_URL)}", cookies
    yield "other cookies", f"/a?{canned}", fill(piece, MAX_COOKIES)
    for name in ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"):
        pairs = dict(pair.split("=", 1) for pair in canned.split("&"))
        pairs[name] = fill(piece, MAX_URL - len(canned))
        yield name, "/a?" + "&".join(map("=".join, pairs.items())), ""


def fill(piece: str, length: int) -> str:
    return piece * max(0, length // len(piece))


def measure_milliseconds(edge: WSGIEdge, target: str, cookies: str) -> float:
    environ = {
        "REQUEST_METHOD": "GET",
        "REQUEST_URI": target,
        "HTTP_HOST": "h",
        "HTTP_COOKIE": cookies,
        "wsgi.url_scheme": "http",
        "REMOTE_ADDR": "192.0.2.7",
    }
    began = time.process_time()
    edge(environ, lambda *_: lambda _: None)
    return (time.process_time() - began) * 1_000


def main(seconds: float, seed: int) -> None:
    warnings.simplefilter("ignore")  # about keys that CloudFront does not accept
    edges, signatures = {}, {}
    for kind in itertools.product(ALGORITHMS, (1, 5)):
        group, signatures[kind] = create_key_group(*kind)
        edges[kind] = WSGIEdge(
            lambda *_: [],
            group,
            clock=lambda: EXPIRES - 60,
            explain=True,
            log=lambda _: None,
        )
    everything = list(itertools.product(edges, PIECES, PIECES))
    random.Random(seed).shuffle(everything)
    measured, end = [], time.monotonic() + seconds
    for kind, piece, other in everything:
        for name, target, cookies in build_requests(encode(signatures[kind]), piece, other):
            duration = measure_milliseconds(edges[kind], target, cookies)
            measured.append((duration, kind, piece, name, target, cookies))
        if time.monotonic() > end:
            break
    print(f"{len(measured)} requests")
    slowest = sorted(measured, reverse=True)[:50]
    repeated = [
        (
            min(measure_milliseconds(edges[kind], target, cookies) for _ in range(5)),
            kind,
            piece,
            name,
        )
        for _, kind, piece, name, target, cookies in slowest
    ]
    for duration, (algorithm, count), piece, name in sorted(repeated, reverse=True)[:20]:
        print(f"{duration:6.1f} ms  {count} {algorithm}  {piece!r} in {name}")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)

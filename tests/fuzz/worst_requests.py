"""
Search for the request that costs the edge most: `nox -s worst_requests -- SECONDS [SEED]`.

Each is some 8 KiB of one thing over and over, in one part of a request that is otherwise as it
should be. The edge explains its refusals, with one key or five of a kind. The costliest are tried
again, and their least times printed: this process's own, in milliseconds.
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

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cfsign import TrustedKeyGroup
from cfsign.edge import WSGIEdge

EXPIRES = 1_767_200_060
MOST_URL, MOST_COOKIES = 8_150, 12_000
TO_CLOUDFRONT = bytes.maketrans(b"+=/", b"-_~")

PIECES = (  # noqa: SIM905 - a list of them would be one a line
    "a & % %20 %7e %C3%BC * *a *% ? \\? *? = + ' ~ a=b& & a& / ./ a/ // %2F %2e/ ( ! &amp; %25 "
    "%2520 ?& %41 .. Expires& [ { _ - 9 é Key-Pair-Id=K0; CloudFront-Policy=e30_; ; a; a=b;"
).split()
SIGNATURES = {"P-256": b"\x30\x44\2\x20" + b"\1" * 32 + b"\2\x20" + b"\1" * 32}
SIGNATURES |= {f"RSA-{bits}": b"\1" * (bits // 8) for bits in (2048, 4096)}


def encoded(content: bytes) -> str:
    return base64.b64encode(content).translate(TO_CLOUDFRONT).decode()


def group(algorithm: str, count: int) -> TrustedKeyGroup:
    def public_pem() -> bytes:
        if algorithm == "P-256":
            key: Any = ec.generate_private_key(ec.SECP256R1())
        else:
            key = rsa.generate_private_key(65537, int(algorithm.removeprefix("RSA-")))
        pem: bytes = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return pem

    return TrustedKeyGroup({f"K{number}": public_pem() for number in range(count)})


def requests(signature: str, piece: str, other: str) -> Iterator[tuple[str, str, str]]:
    """Give the target and the cookies of each request that has *piece* in it, and its name."""
    rest = f"Signature={signature}&Key-Pair-Id=K0"
    canned = f"Expires={EXPIRES}&{rest}"
    room = MOST_URL - len(canned)
    yield "path", f"/{filled(piece, room)}?{canned}", ""
    yield "query", f"/a?{filled(piece, room)}&{canned}", ""
    yield "both", f"/{filled(piece, room // 2)}?{filled(other, room // 2)}&{canned}", ""
    for resource in (filled(piece, 700), filled(piece, 2_800)):
        policy = encoded(
            (
                f'{{"Statement":[{{"Resource":{json.dumps("http://h/" + resource)},'
                f'"Condition":{{"DateLessThan":{{"AWS:EpochTime":{EXPIRES}}}}}}}]}}'
            ).encode()
        )
        custom = f"Policy={policy}&{rest}"
        more = filled(other, MOST_URL - len(custom))
        yield f"resource {len(resource)}, path {other}", f"/{more}?{custom}", ""
        yield f"resource {len(resource)}, query {other}", f"/a?{more}&{custom}", ""
        cookies = "; ".join(f"CloudFront-{pair}" for pair in custom.split("&"))
        more = filled(other, min(MOST_URL, 20_300 - len(cookies)))
        yield f"cookies, resource {len(resource)}, path {other}", f"/{more}", cookies
        yield f"cookies, resource {len(resource)}, query {other}", f"/a?{more}", cookies
    cookies = "; ".join(f"CloudFront-{pair}" for pair in canned.split("&"))
    yield "cookies, path", f"/{filled(piece, MOST_URL)}", cookies
    yield "cookies, query", f"/a?{filled(piece, MOST_URL)}", cookies
    yield "other cookies", f"/a?{canned}", filled(piece, MOST_COOKIES)
    for name in ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm"):
        pairs = dict(pair.split("=", 1) for pair in canned.split("&"))
        pairs[name] = filled(piece, MOST_URL - len(canned))
        yield name, "/a?" + "&".join(map("=".join, pairs.items())), ""


def filled(piece: str, length: int) -> str:
    return piece * max(0, length // len(piece))


def milliseconds(edge: WSGIEdge, target: str, cookies: str) -> float:
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
    warnings.simplefilter("ignore")  # of a key that CloudFront does not take
    edges = {
        (algorithm, count): WSGIEdge(
            lambda *_: [],
            group(algorithm, count),
            clock=lambda: EXPIRES - 60,
            explain=True,
            log=lambda _: None,
        )
        for algorithm, count in itertools.product(SIGNATURES, (1, 5))
    }
    everything = list(itertools.product(edges, PIECES, PIECES))
    random.Random(seed).shuffle(everything)
    found, end = [], time.monotonic() + seconds
    for kind, piece, other in everything:
        for name, target, cookies in requests(encoded(SIGNATURES[kind[0]]), piece, other):
            took = milliseconds(edges[kind], target, cookies)
            found.append((took, kind, piece, name, target, cookies))
        if time.monotonic() > end:
            break
    print(f"{len(found)} requests")
    costliest = sorted(found, reverse=True)[:50]
    again = [
        (min(milliseconds(edges[kind], target, cookies) for _ in range(5)), kind, piece, name)
        for _, kind, piece, name, target, cookies in costliest
    ]
    for took, (algorithm, count), piece, name in sorted(again, reverse=True)[:20]:
        print(f"{took:6.1f} ms  {count} {algorithm}  {piece!r} in {name}")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)

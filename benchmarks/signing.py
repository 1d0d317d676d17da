"""Time single signatures of URLs and cookies, by cfsign and by other libraries."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchmarks import ours, peers
from benchmarks.javascript import Peer
from benchmarks.material import Key
from benchmarks.names import (
    AWS_SDK,
    AWS_SDK_OBJECT,
    AWS_SIGN,
    BOTOCORE,
    CFSIGN,
    CFSIGN_PATH,
    COOKIE_SIGNER,
    COOKIES,
    HUNDRED,
    KEY_FILE,
    LIMIT,
    LIMIT_RANDOM,
    MANY,
    OUR_PART,
    PLAYLIST,
    STABLE,
    STORAGES,
    URL_P256,
    URL_P256_SHA256,
    URL_PURE,
    URL_RSA,
    URL_RSA_SHA256,
)
from benchmarks.rounds import Run, Subject

Makers = list[tuple[str, Callable[[], Subject]]]


def measure(run: Run, keys: dict[str, Key], peer: Peer | None) -> None:
    """Time every case. *peer* is the node process, or None if it could not be started."""
    rsa, p256 = keys["RSA-2048"], keys["P-256"]

    def node(name: str, call: str, algorithm: str = "RSA-2048") -> Makers:
        if peer is None:
            return []
        return [(name, partial(peers.javascript, name, peer, call, algorithm, keys[algorithm]))]

    cases: dict[str, Makers] = {
        URL_RSA: [
            (LIMIT, partial(ours.limit, rsa)),
            (CFSIGN, partial(ours.url, rsa)),
            (CFSIGN_PATH, partial(ours.from_path, rsa)),
            (BOTOCORE, partial(peers.botocore, rsa)),
            (STORAGES, partial(peers.storages, rsa)),
            *node(AWS_SDK, "sdk url"),
            *node(AWS_SDK_OBJECT, "sdk url, KeyObject"),
            *node(AWS_SIGN, "sign url"),
            (KEY_FILE, partial(peers.key_file, rsa)),
        ],
        URL_RSA_SHA256: [
            (LIMIT, partial(ours.limit, rsa, "SHA256")),
            (CFSIGN, partial(ours.url, rsa, hash_algorithm="SHA256")),
            *node(AWS_SDK, "sdk url, SHA256"),
        ],
        URL_P256: [
            (LIMIT, partial(ours.limit, p256)),
            (LIMIT_RANDOM, partial(ours.limit_random, p256)),
            (CFSIGN, partial(ours.url, p256)),
            (BOTOCORE, partial(peers.botocore, p256)),
            *node(AWS_SDK, "sdk url", "P-256"),
            *node(AWS_SDK_OBJECT, "sdk url, KeyObject", "P-256"),
            *node(AWS_SIGN, "sign url", "P-256"),
        ],
        URL_P256_SHA256: [
            (LIMIT, partial(ours.limit, p256, "SHA256")),
            (LIMIT_RANDOM, partial(ours.limit_random, p256, "SHA256")),
            (CFSIGN, partial(ours.url, p256, hash_algorithm="SHA256")),
            *node(AWS_SDK, "sdk url, SHA256", "P-256"),
        ],
        URL_PURE: [
            (LIMIT, partial(ours.limit, rsa, backend="rsa")),
            (CFSIGN, partial(ours.url, rsa, backend="rsa")),
            (BOTOCORE, partial(peers.botocore, rsa, peers.with_rsa)),
            (KEY_FILE, partial(peers.key_file, rsa, peers.with_rsa)),
        ],
        COOKIES: [
            (LIMIT, partial(ours.limit, rsa)),
            (CFSIGN, partial(ours.cookies, rsa)),
            (COOKIE_SIGNER, partial(peers.cookie_signer, rsa)),
            *node(AWS_SDK, "sdk cookies"),
            *node(AWS_SIGN, "sign cookies"),
        ],
        OUR_PART: [(CFSIGN, ours.own_part), (BOTOCORE, peers.botocore_own_part)],
        MANY: [
            (CFSIGN, partial(ours.many, rsa)),
            (BOTOCORE, partial(peers.botocore_policy, rsa)),
            *node(AWS_SDK, "sdk policy"),
        ],
        STABLE: [(CFSIGN, partial(ours.stable, rsa)), (BOTOCORE, partial(peers.botocore, rsa))],
        PLAYLIST: [
            (HUNDRED, partial(ours.hundred_signatures, rsa)),
            (CFSIGN, partial(ours.playlist, rsa)),
        ],
    }
    for case, makers in cases.items():
        run.time(case, makers)

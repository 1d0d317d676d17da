"""The key, tried: what a signature costs here, and whether what is signed is allowed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from cfsign.configuration import Configuration
from cfsign.distribution import Distribution
from cfsign.doctor.finding import Finding
from cfsign.errors import CfsignError
from cfsign.keys import (
    HASH_ALGORITHMS,
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    choose_backend,
    hash_algorithms,
    is_async,
    is_blocking,
    load_public_key,
)
from cfsign.trusted_keys import TrustedKeyGroup

_ROUNDS = 31
_MESSAGE = b"cfsign doctor"


def try_key(
    setting: str, key: PrivateKey | AsyncPrivateKey, wanted_hash: object
) -> Iterator[Finding]:
    """Yield which backend signs, with which hash, and what one signature costs here."""
    if is_async(key) or is_blocking(key):
        kind = type(key).__name__
        yield Finding("note", setting, f"{kind} signs elsewhere; it is not asked to from here")
        return
    hash_algorithm = _hash_of(key, wanted_hash)
    try:
        cost = _seconds_a_signature(key, hash_algorithm)
    except CfsignError as error:
        yield Finding.from_message("error", setting, str(error))
        return
    backend = _backend_of(key)
    kind = getattr(key, "algorithm", type(key).__name__)
    yield Finding(
        "note",
        setting,
        f"{kind} with {hash_algorithm}, signed by {backend}: {cost * 1000:.2g} ms a signature "
        f"here (median of {_ROUNDS})",
    )
    if backend == "rsa":
        yield Finding(
            "warning",
            setting,
            "the rsa package signs, which is pure Python and many times as slow",
            "pip install cryptography",
        )


def match_public_key(
    setting: str, key: PrivateKey | AsyncPrivateKey, public_key: Any
) -> Iterator[Finding]:
    """Yield whether *public_key*, a path or PEM, is the public half of *key*."""
    if is_async(key) or is_blocking(key):
        return
    hash_algorithm = hash_algorithms(key)[0]
    try:
        public = load_public_key(public_key)
        matches = public.verify(_MESSAGE, key.sign(_MESSAGE, hash_algorithm), hash_algorithm)
    except CfsignError as error:
        yield Finding.from_message("error", setting, str(error))
        return
    if matches:
        yield Finding("note", setting, "the two are the halves of one pair")
    else:
        yield Finding(
            "error",
            setting,
            "this is not the public half of the private key: CloudFront would answer 403",
            "find the private key of this pair, or upload the other public half: "
            "openssl pkey -in KEY -pubout",
        )


def try_configuration(configuration: Configuration) -> Iterator[Finding]:
    """Sign a URL as the site would, and check it with the key's own public half."""
    # None where what signs is more than one key.
    key = getattr(configuration, "private_key", None)
    if key is None or is_async(key) or is_blocking(key):
        return
    try:
        url = Distribution.from_configuration(configuration).sign("cfsign-doctor.txt")
        edge = TrustedKeyGroup({configuration.key_pair_id: key.public_key_pem()})
        verdict = edge.check(url)
    except CfsignError as error:
        yield Finding.from_message("error", "trial", str(error))
        return
    if verdict.allowed:
        yield Finding("note", "trial", "a URL signed with these settings is allowed, offline")
    else:
        yield Finding("error", "trial", f"a URL signed with these settings is refused: {verdict}")


def _seconds_a_signature(key: PrivateKey, hash_algorithm: HashAlgorithm) -> float:
    durations = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        key.sign(_MESSAGE, hash_algorithm)
        durations.append(time.perf_counter() - start)
    return median(durations)


def _hash_of(key: PrivateKey | AsyncPrivateKey, wanted: object) -> HashAlgorithm:
    known = hash_algorithms(key)
    return next((name for name in HASH_ALGORITHMS if name == wanted and name in known), known[0])


def _backend_of(key: PrivateKey) -> str:
    ours = type(key).__module__.startswith("cfsign.keys._")
    return choose_backend() if ours else type(key).__name__

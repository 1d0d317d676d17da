"""The keys, tried: what a signature costs here, and whether what is signed is allowed."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.config.configuration import Configuration
from cfsign.doctor.finding import Finding
from cfsign.doctor.loaded_key import HeldKey
from cfsign.errors import CfsignError, SigningKeyError
from cfsign.keys import (
    HASH_ALGORITHMS,
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    PublicKey,
    get_hash_algorithms,
    load_public_key,
)
from cfsign.signing.distribution import Distribution
from cfsign.signing.policy import Policy
from cfsign.signing.signer import Signer
from cfsign.signing.times import LATEST

_ROUNDS = 31
_MESSAGE = b"cfsign doctor"
_POLICY = Policy("https://example.com/cfsign-doctor.txt", LATEST)
_BACKENDS = re.compile(r"cfsign\.keys\.(\w+)_backend")

#: What the files of public keys hold that CloudFront takes.
_PUBLIC = b"-----BEGIN PUBLIC KEY-----"


def try_key(held: HeldKey) -> Iterator[Finding]:
    """Yield which backend signs, with which hash, and what one signature costs here."""
    key, setting = held.here, held.setting
    if key is None:
        yield Finding("note", setting, held.named(_elsewhere(held.key)))
        return
    try:
        hash_algorithm = _hash_of(key, held.wanted_hash)
        with _own_errors(key):
            # As the site does: it refuses what is no signature, and closes a coroutine.
            Signer("DOCTOR", key, hash_algorithm=hash_algorithm).sign_policy(_POLICY)
            cost = _seconds_a_signature(key, hash_algorithm)
    except CfsignError as error:
        yield Finding.from_message("error", setting, held.named(str(error)))
        return
    backend = _backend_of(key)
    yield Finding(
        "note",
        setting,
        held.named(
            f"{_kind(key)} with {hash_algorithm}, signed by {backend}: {cost * 1000:.2g} ms a "
            f"signature here (median of {_ROUNDS})"
        ),
    )
    if backend == "rsa":
        yield Finding(
            "warning",
            setting,
            held.named("the rsa package signs, which is pure Python and many times as slow"),
            "pip install cryptography",
        )


def match_public_key(
    setting: str, keys: list[HeldKey], public_key: str | os.PathLike[str]
) -> Iterator[Finding]:
    """
    Yield which of *keys* has the *public_key*, a path, for its public half.

    Where there are no keys, only what is wrong with the public one is told.
    """
    try:
        public = load_public_key(public_key)
        found = []
        for held in keys:
            with _own_errors(held.key):
                found.append((held, _is_half(held, public, public_key)))
    except CfsignError as error:
        yield Finding.from_message("error", setting, str(error))
        return
    if not found:
        return
    matching = [held for held, matches in found if matches]
    if matching:
        name = matching[0].key_pair_id
        told = (
            f"this is the public half of {name}" if name else "the two are the halves of one pair"
        )
        yield Finding("note", setting, told)
    elif any(matches is None for _, matches in found):
        yield Finding(
            "note",
            setting,
            "this is no PEM of a public key as CloudFront takes it, so it was not compared with "
            "the key that signs elsewhere",
            "openssl pkey -pubin -in PUBLIC -pubout",
        )
    else:
        private = "the private key" if len(found) == 1 else "any of the ring's keys"
        yield Finding(
            "error",
            setting,
            f"this is not the public half of {private}: CloudFront would answer 403",
            "find the private key of this pair, or upload the other public half: "
            "openssl pkey -in KEY -pubout",
        )


def try_configuration(
    configuration: Configuration, keys: list[HeldKey], usable: list[HeldKey]
) -> Iterator[Finding]:
    """
    Sign a URL with each key as the site would, and check it with the key's own public half.

    Args:
        configuration: The settings.
        keys: The keys that they hold; of them
        usable: those with which nothing was at fault so far, which are tried.
    """
    tried = [held for held in usable if held.here is not None]
    refused = [finding for held in tried for finding in _refused(configuration, held)]
    yield from refused
    if tried and not refused:
        what = "these settings" if len(keys) == 1 else ", ".join(k.key_pair_id for k in tried)
        yield Finding("note", "trial", f"a URL signed with {what} is allowed, offline")


@contextlib.contextmanager
def _own_errors(key: PrivateKey | AsyncPrivateKey) -> Iterator[None]:
    """Turn what a key of another's making raises into an error of ours, without its text."""
    try:
        yield
    except CfsignError:
        raise
    except Exception as error:  # whose text may hold what the site keeps secret
        raised = type(error).__name__
    else:
        return
    name = type(key).__name__
    raise SigningKeyError(f"a {name} raised {raised} at its trial; try the key on its own")


def _refused(configuration: Configuration, held: HeldKey) -> Iterator[Finding]:
    try:
        key_pair_id = held.key_pair_id or configuration.key_pair_id
        wanted = held.wanted_hash if isinstance(held.wanted_hash, str) else None
        with _own_errors(held.key):
            signer = Signer(key_pair_id, held.key, hash_algorithm=wanted)
            url = Distribution(configuration.domain, signer).sign_path("cfsign-doctor.txt")
            verdict = TrustedKeyGroup({key_pair_id: signer.public_key_pem()}).check(url)
    except CfsignError as error:
        yield Finding.from_message("error", "trial", held.named(str(error)))
        return
    if not verdict.allowed:
        told = held.named(f"a URL signed with these settings is refused: {verdict}")
        yield Finding("error", "trial", told)


def _is_half(held: HeldKey, public: PublicKey, file: str | os.PathLike[str]) -> bool | None:
    """Tell whether the two are of one pair, by a signature if that costs nothing; None: unknown."""
    key = held.here
    if key is None:
        content = Path(file).read_bytes()
        if _PUBLIC not in content:
            return None
        return content.split() == held.key.public_key_pem().encode("ascii").split()
    hash_algorithm = get_hash_algorithms(key)[0]
    return public.verify(_MESSAGE, key.sign(_MESSAGE, hash_algorithm), hash_algorithm)


def _elsewhere(key: PrivateKey | AsyncPrivateKey) -> str:
    if type(key).__name__ == "KmsPrivateKey":
        return (
            f"{_kind(key)} signs in AWS, which was asked for the public half, as at the site's "
            "start, and for no signature"
        )
    return f"{_kind(key)} signs elsewhere, and was not asked to sign from here"


def _kind(key: PrivateKey | AsyncPrivateKey) -> str:
    """Return what kind of key it is; for one of another's making, or kept elsewhere, its class."""
    algorithm, name = getattr(key, "algorithm", ""), type(key).__name__
    if _BACKENDS.fullmatch(type(key).__module__):
        return str(algorithm)
    return f"{name} ({algorithm})" if algorithm else name


def _seconds_a_signature(key: PrivateKey, hash_algorithm: HashAlgorithm) -> float:
    durations = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        key.sign(_MESSAGE, hash_algorithm)
        durations.append(time.perf_counter() - start)
    return median(durations)


def _hash_of(key: PrivateKey | AsyncPrivateKey, wanted: object) -> HashAlgorithm:
    known = get_hash_algorithms(key)
    return next((name for name in HASH_ALGORITHMS if name == wanted and name in known), known[0])


def _backend_of(key: PrivateKey) -> str:
    backend = _BACKENDS.fullmatch(type(key).__module__)
    return backend[1] if backend else type(key).__name__

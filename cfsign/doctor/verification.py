"""Sign with each key, check what it signs, and measure how long a signature takes."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from cfsign.checking.key_group import TrustedKeyGroup
from cfsign.config.configuration import Configuration
from cfsign.config.settings import Level
from cfsign.errors import CfsignError, Problem, SigningKeyError
from cfsign.keys import (
    HASH_ALGORITHMS,
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    PublicKey,
    choose_backend,
    generate_private_key_pem,
    get_hash_algorithms,
    is_async,
    is_blocking,
    load_private_key,
    load_public_key,
)
from cfsign.limits import LATEST_EXPIRY
from cfsign.signing.distribution import Distribution
from cfsign.signing.policy import Policy
from cfsign.signing.signer import Signer
from cfsign.utils.files import read_file

_ROUNDS = 31
_MESSAGE = b"cfsign doctor"
_URL = "https://example.com/cfsign-doctor.txt"
_POLICY = Policy(_URL, LATEST_EXPIRY)
_BACKENDS = re.compile(r"cfsign\.keys\.(\w+)_backend")

#: The kind of key that signs fastest.
_FAST = "P-256"

#: How a public key file starts, in the form that CloudFront accepts.
_PUBLIC = b"-----BEGIN PUBLIC KEY-----"


@dataclass(frozen=True, slots=True)
class LoadedKey:
    """
    A private key of the site.

    Attributes:
        setting: The name by which the user knows the setting that gives it.
        key: The key.
        wanted_hash: The hash algorithm in the settings, unchecked, or None.
        key_pair_id: Its id, if it is one of several; else "".
    """

    setting: str
    key: PrivateKey | AsyncPrivateKey
    wanted_hash: object = None
    key_pair_id: str = ""

    @property
    def local(self) -> PrivateKey | None:
        """The key if it signs in this process. None if it is remote: the doctor never calls it."""
        return None if is_async(self.key) or is_blocking(self.key) else self.key

    def build_problem(
        self, message: str, hint: str = "", level: Level = "error", *, setting: str = ""
    ) -> Problem:
        """Return a problem of this key."""
        prefix = f"{self.key_pair_id}: " if self.key_pair_id else ""
        return Problem(setting or self.setting, prefix + message, hint, level, "verification")


def verify_key(loaded: LoadedKey) -> list[Problem]:
    """Sign with the key; return a note on its algorithm, backend and speed, or an error."""
    key = loaded.local
    if key is None:
        return [loaded.build_problem(_describe_remote(loaded.key), level="note")]
    try:
        hash_algorithm = _choose_hash(key, loaded.wanted_hash)
        with _hide_errors(key):
            length = _measure_url(key, hash_algorithm)
            duration = _measure_signature(key, hash_algorithm)
    except CfsignError as error:
        return [loaded.build_problem(error.message, error.hint)]
    message = (
        f"{_describe_type(key)} with {hash_algorithm}, signed by {_name_backend(key)}: "
        f"{_format_duration(duration)} per signature here (median of {_ROUNDS})"
    )
    if getattr(key, "algorithm", "") == _FAST or choose_backend() != "cryptography":
        return [loaded.build_problem(message, level="note")]
    other = load_private_key(generate_private_key_pem(_FAST))
    saved = length - _measure_url(other, hash_algorithm)
    message += (
        f"; a {_FAST} key takes {_format_duration(_measure_signature(other, hash_algorithm))}"
    )
    if saved > 0:
        message += f", and its URLs are about {saved} characters shorter"
    hint = "for a faster key, run: cfsign keygen"
    return [loaded.build_problem(message, hint, level="note")]


def match_public_key(
    setting: str, keys: list[LoadedKey], public_key: str | os.PathLike[str]
) -> list[Problem]:
    """
    Return a note if one of *keys* belongs to the public key in the file; otherwise an error.

    Without keys, return only the errors of the public key itself.
    """
    try:
        public = load_public_key(public_key)
        results = []
        for loaded in keys:
            with _hide_errors(loaded.key):
                results.append((loaded, _is_public_half(loaded, public, public_key)))
    except CfsignError as error:
        return [Problem(setting, error.message, error.hint, rule="public-key")]
    if not results:
        return []
    matching = [loaded for loaded, matches in results if matches]
    level: Level = "note"
    hint = ""
    if matching:
        single = "the private key" if len(results) == 1 else matching[0].setting
        owner = matching[0].key_pair_id or single
        message = f"this is the public half of {owner}"
    elif any(matches is None for _, matches in results):
        message = (
            "this public key is not in the PEM form that CloudFront accepts, so it was not "
            "compared with the remote key"
        )
        hint = "openssl pkey -pubin -in PUBLIC -pubout"
    else:
        level = "error"
        is_ring = all(loaded.key_pair_id for loaded, _ in results)
        several = "any of the ring's keys" if is_ring else "any of the keys"
        private = "the private key" if len(results) == 1 else several
        message = f"this is not the public half of {private}; CloudFront would answer 403"
        hint = (
            "use the private key of this pair, or upload the other public key: "
            "openssl pkey -in KEY -pubout"
        )
    return [Problem(setting, message, hint, level, "public-key")]


def verify_urls(
    configuration: Configuration, keys: list[LoadedKey], usable: list[LoadedKey]
) -> list[Problem]:
    """
    Sign a URL with each key as the site would, and check it with the key's own public half.

    Args:
        configuration: The settings.
        keys: All keys of the settings.
        usable: Those of *keys* that have no errors. The remote ones are not used.
    """
    local = [loaded for loaded in usable if loaded.local is not None]
    errors = [problem for loaded in local for problem in _verify_url(configuration, loaded)]
    if errors or not local:
        return errors
    what = "these settings" if len(keys) == 1 else ", ".join(each.key_pair_id for each in local)
    message = f"a URL signed with {what} is allowed (checked offline)"
    return [Problem("verification", message, level="note", rule="verification")]


def _verify_url(configuration: Configuration, loaded: LoadedKey) -> Iterator[Problem]:
    try:
        key_pair_id = loaded.key_pair_id or configuration.key_pair_id
        wanted = loaded.wanted_hash if isinstance(loaded.wanted_hash, str) else None
        with _hide_errors(loaded.key):
            signer = Signer(key_pair_id, loaded.key, hash_algorithm=wanted)
            url = Distribution(configuration.domain, signer).sign_path("cfsign-doctor.txt")
            verdict = TrustedKeyGroup({key_pair_id: signer.public_key_pem()}).check(url)
    except CfsignError as error:
        yield loaded.build_problem(error.message, error.hint, setting="verification")
        return
    if not verdict.allowed:
        message = f"a URL signed with these settings is refused: {verdict}"
        yield loaded.build_problem(message, setting="verification")


@contextlib.contextmanager
def _hide_errors(key: PrivateKey | AsyncPrivateKey) -> Iterator[None]:
    """Replace the errors of the site's own key class: their text may hold secrets."""
    try:
        yield
    except CfsignError:
        raise
    except Exception as error:  # the site's class may raise anything
        raised = type(error).__name__
    else:
        return
    raise SigningKeyError(
        f"{type(key).__name__} raised {raised} when it was tried", hint="test the key separately"
    )


def _is_public_half(
    loaded: LoadedKey, public: PublicKey, path: str | os.PathLike[str]
) -> bool | None:
    """Return True if both halves are of one pair; None if a remote key cannot be compared."""
    key = loaded.local
    if key is None:
        content = read_file(path)
        if _PUBLIC not in content:
            return None
        return content.split() == loaded.key.public_key_pem().encode("ascii").split()
    hash_algorithm = get_hash_algorithms(key)[0]
    return public.verify(_MESSAGE, key.sign(_MESSAGE, hash_algorithm), hash_algorithm)


def _describe_remote(key: PrivateKey | AsyncPrivateKey) -> str:
    if type(key).__name__ == "KmsPrivateKey":
        return (
            f"{_describe_type(key)} signs in AWS; only its public half was requested, no signature"
        )
    return f"{_describe_type(key)} signs remotely; no signature was requested"


def _describe_type(key: PrivateKey | AsyncPrivateKey) -> str:
    """Return the algorithm of *key*, with the class in front if it is the site's own."""
    algorithm, name = getattr(key, "algorithm", ""), type(key).__name__
    if _BACKENDS.fullmatch(type(key).__module__):
        return str(algorithm)
    return f"{name} ({algorithm})" if algorithm else name


def _name_backend(key: PrivateKey) -> str:
    backend = _BACKENDS.fullmatch(type(key).__module__)
    return backend[1] if backend else type(key).__name__


def _measure_url(key: PrivateKey, hash_algorithm: HashAlgorithm) -> int:
    """Sign a URL, and return its length."""
    # A Signer refuses what is not a signature, and closes a coroutine.
    signed = Signer("DOCTOR", key, hash_algorithm=hash_algorithm).sign_policy(_POLICY)
    return len(signed.url(_URL))


def _format_duration(seconds: float) -> str:
    return f"{seconds * 1000:.2g} ms"


def _measure_signature(key: PrivateKey, hash_algorithm: HashAlgorithm) -> float:
    """Return the median duration of a signature, in seconds."""
    durations = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        key.sign(_MESSAGE, hash_algorithm)
        durations.append(time.perf_counter() - start)
    return median(durations)


def _choose_hash(key: PrivateKey | AsyncPrivateKey, wanted: object) -> HashAlgorithm:
    known = get_hash_algorithms(key)
    return next((name for name in HASH_ALGORITHMS if name == wanted and name in known), known[0])

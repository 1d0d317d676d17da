"""This library's subjects, and the limits: the backends' own `sign`, with nothing around it."""

from __future__ import annotations

from collections.abc import Callable

import rsa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric import rsa as rsa_keys
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.material import (
    CANNED,
    DOMAIN,
    EXPIRES_AT,
    FOLDER,
    KEY_PAIR_ID,
    MESSAGES,
    PATHS,
    STUB_SIGNATURE,
    URLS,
    Key,
    StubKey,
)
from benchmarks.names import CFSIGN, CFSIGN_PATH, LIMIT, LIMIT_RANDOM
from benchmarks.rounds import Subject, all_at_once, one_by_one
from cfsign import Distribution, Policy, Signer, load_private_key

#: Longer than any run, and no more than what a site may well set.
_STEP = 86400

_HASHES = {
    "SHA1": hashes.SHA1(),  # noqa: S303  CloudFront's default, fixed by its documents
    "SHA256": hashes.SHA256(),
}


def signer(key: Key, *, hash_algorithm: str = "SHA1", backend: str | None = None) -> Signer:
    """Make a signer; the key is parsed here."""
    private_key = load_private_key(key.pem, backend=backend)
    return Signer(KEY_PAIR_ID, private_key, hash_algorithm=hash_algorithm)


def stub_signer() -> Signer:
    """Make a signer whose signature takes no time."""
    return Signer(KEY_PAIR_ID, StubKey())


def url(key: Key, *, hash_algorithm: str = "SHA1", backend: str | None = None) -> Subject:
    """Sign URLs, one at a time."""
    sign_url = signer(key, hash_algorithm=hash_algorithm, backend=backend).sign_url

    def call(url: str) -> str:
        return sign_url(url, expires_at=EXPIRES_AT)

    return Subject(CFSIGN, one_by_one(call, URLS), lambda: key.check_url(call(URLS[0])))


def from_path(key: Key) -> Subject:
    """Sign plain paths of a distribution, as a view does; what django-storages does too."""
    distribution = Distribution(DOMAIN, signer(key), expires_in=3600)
    sign = distribution.sign_path
    return Subject(CFSIGN_PATH, one_by_one(sign, PATHS), lambda: key.check_url(sign(PATHS[0])))


def cookies(key: Key) -> Subject:
    """Sign cookies for a folder."""
    sign_cookies = signer(key).sign_cookies

    def call(_: str) -> object:
        return dict(sign_cookies(FOLDER, expires_at=EXPIRES_AT))

    def check() -> None:
        key.check_cookies(dict(sign_cookies(FOLDER, expires_at=EXPIRES_AT)))

    return Subject(CFSIGN, one_by_one(call, URLS), check)


def own_part() -> Subject:
    """Do all of a URL but the signature."""
    sign_url = stub_signer().sign_url

    def call(url: str) -> str:
        return sign_url(url, expires_at=EXPIRES_AT)

    return Subject(CFSIGN, one_by_one(call, URLS), lambda: check_own_part(call))


def check_own_part(call: Callable[[str], str]) -> None:
    """Raise ValueError unless the URL is the one that is right for the stub's signature."""
    from benchmarks.peers import botocore_signer

    expected = botocore_signer(lambda message: STUB_SIGNATURE)(URLS[0])
    if call(URLS[0]) != expected:
        raise ValueError("what it made is not what botocore makes of the same signature")


def many(key: Key) -> Subject:
    """Sign a folder's policy once, and put many URLs through it."""
    signed = signer(key).sign_policy(Policy(FOLDER, EXPIRES_AT))
    check_one = lambda: key.check_url(next(signed.urls(URLS)))  # noqa: E731
    return Subject(CFSIGN, all_at_once(signed.urls, URLS), check_one)


def stable(key: Key) -> Subject:
    """Ask for the same hundred URLs again and again, with stable expiries."""
    distribution = Distribution(DOMAIN, signer(key), expires_in=3600, expiry_step=_STEP)
    sign = distribution.sign_path

    def check() -> None:
        key.check_url(sign(PATHS[0]))
        if sign(PATHS[0]) != sign(PATHS[0]):
            raise ValueError("a stable URL changed")

    return Subject(CFSIGN, one_by_one(sign, PATHS[:100]), check)


def limit(key: Key, hash_algorithm: str = "SHA1", backend: str = "cryptography") -> Subject:
    """Sign the same policies' bytes with the backend alone, to the same signatures as ours."""
    sign = _bare_rsa(key) if backend == "rsa" else _bare_cryptography(key, hash_algorithm)
    ours = load_private_key(key.pem)

    def check() -> None:
        message = CANNED.format(URLS[0], EXPIRES_AT).encode()
        if sign(message) != ours.sign(message, hash_algorithm):
            raise ValueError("the bare signature is another one")

    return Subject(LIMIT, one_by_one(sign, MESSAGES), check)


def limit_random(key: Key, hash_algorithm: str = "SHA1") -> Subject:
    """Sign by P-256 as `cryptography` does unasked: another signature each time."""
    private = load_pem_private_key(key.pem.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("no P-256 key")
    algorithm = ec.ECDSA(_HASHES[hash_algorithm])

    def sign(message: bytes) -> bytes:
        return private.sign(message, algorithm)

    def check() -> None:
        private.public_key().verify(sign(MESSAGES[0]), MESSAGES[0], algorithm)

    return Subject(LIMIT_RANDOM, one_by_one(sign, MESSAGES), check)


def _bare_rsa(key: Key) -> Callable[[bytes], bytes]:
    private = rsa.PrivateKey.load_pkcs1(key.pem.encode())
    return lambda message: rsa.sign(message, private, "SHA-1")


def _bare_cryptography(key: Key, hash_algorithm: str) -> Callable[[bytes], bytes]:
    private = load_pem_private_key(key.pem.encode(), None)
    hashed = _HASHES[hash_algorithm]
    if isinstance(private, rsa_keys.RSAPrivateKey):
        padded = padding.PKCS1v15()
        return lambda message: private.sign(message, padded, hashed)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        algorithm = ec.ECDSA(hashed, deterministic_signing=True)
        return lambda message: private.sign(message, algorithm)
    raise TypeError("no key that CloudFront takes")

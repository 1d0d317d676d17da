"""The subjects of cfsign, and the upper limits: bare `sign` calls of the backends."""

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
from benchmarks.names import CFSIGN, CFSIGN_PATH, HUNDRED, LIMIT, LIMIT_RANDOM
from benchmarks.rounds import Subject, time_all_at_once, time_one_by_one
from cfsign import Distribution, Policy, Signer, load_private_key
from cfsign.playlists import sign_hls

#: Longer than any run.
_STEP = 86400

_HASHES = {
    "SHA1": hashes.SHA1(),  # noqa: S303  CloudFront's default, fixed by its documents
    "SHA256": hashes.SHA256(),
}


def make_signer(key: Key, *, hash_algorithm: str = "SHA1", backend: str | None = None) -> Signer:
    """Return a signer whose key is parsed."""
    private_key = load_private_key(key.pem, backend=backend)
    return Signer(KEY_PAIR_ID, private_key, hash_algorithm=hash_algorithm)


def make_stub_signer() -> Signer:
    """Return a signer whose signature takes no time."""
    return Signer(KEY_PAIR_ID, StubKey())


def url(key: Key, *, hash_algorithm: str = "SHA1", backend: str | None = None) -> Subject:
    """Sign URLs, one at a time."""
    sign_url = make_signer(key, hash_algorithm=hash_algorithm, backend=backend).sign_url

    def call(url: str) -> str:
        return sign_url(url, expires_at=EXPIRES_AT)

    return Subject(CFSIGN, time_one_by_one(call, URLS), lambda: key.check_url(call(URLS[0])))


def from_path(key: Key) -> Subject:
    """Sign plain paths of a distribution, as a view does."""
    distribution = Distribution(DOMAIN, make_signer(key), expires_in=3600)
    sign = distribution.sign_path
    return Subject(CFSIGN_PATH, time_one_by_one(sign, PATHS), lambda: key.check_url(sign(PATHS[0])))


def cookies(key: Key) -> Subject:
    """Sign cookies for a folder."""
    sign_cookies = make_signer(key).sign_cookies

    def call(_: str) -> object:
        return dict(sign_cookies(FOLDER, expires_at=EXPIRES_AT))

    def check() -> None:
        key.check_cookies(dict(sign_cookies(FOLDER, expires_at=EXPIRES_AT)))

    return Subject(CFSIGN, time_one_by_one(call, URLS), check)


def own_part() -> Subject:
    """Build signed URLs, with a stub in place of the signature."""
    sign_url = make_stub_signer().sign_url

    def call(url: str) -> str:
        return sign_url(url, expires_at=EXPIRES_AT)

    return Subject(CFSIGN, time_one_by_one(call, URLS), lambda: check_own_part(call))


def check_own_part(call: Callable[[str], str]) -> None:
    """Raise ValueError unless *call* returns the same URL as botocore with the stub."""
    from benchmarks.peers import make_botocore_signer

    expected = make_botocore_signer(lambda message: STUB_SIGNATURE)(URLS[0])
    if call(URLS[0]) != expected:
        raise ValueError("the URL is not the one that botocore builds")


def many(key: Key) -> Subject:
    """Sign a folder's policy once, and build many URLs with it."""
    signed = make_signer(key).sign_policy(Policy(FOLDER, EXPIRES_AT))
    check_one = lambda: key.check_url(next(signed.urls(URLS)))  # noqa: E731
    return Subject(CFSIGN, time_all_at_once(signed.urls, URLS), check_one)


def playlist(key: Key) -> Subject:
    """Sign the URIs of playlists of 10,000 segments."""
    signed_policy = make_signer(key).sign_policy(Policy(FOLDER, EXPIRES_AT))
    url = f"{DOMAIN}/videos/42/index.m3u8"
    names = [f"{number:06}.mp4" for number in range(10_000)]
    text = "#EXTM3U\n" + "".join(f"#EXTINF:6.000,\n{name}\n" for name in names)

    def call(text: str) -> str:
        return sign_hls(text, url, signed_policy)

    def check() -> None:
        lines = call(text).splitlines()[2::2]
        if [line.partition("?")[0] for line in lines] != names:
            raise ValueError("the segments are other ones")
        key.check_url(f"{DOMAIN}/videos/42/{lines[-1]}")

    return Subject(CFSIGN, time_one_by_one(call, [text]), check)


def hundred_signatures(key: Key) -> Subject:
    """Call `sign` of `cryptography` a hundred times."""
    one = limit(key)
    return Subject(HUNDRED, lambda times: one.run(100 * times), one.check)


def stable(key: Key) -> Subject:
    """Sign the same hundred paths again and again, with stable expiries."""
    distribution = Distribution(DOMAIN, make_signer(key), expires_in=3600, expiry_step=_STEP)
    sign = distribution.sign_path

    def check() -> None:
        key.check_url(sign(PATHS[0]))
        if sign(PATHS[0]) != sign(PATHS[0]):
            raise ValueError("a stable URL changed")

    return Subject(CFSIGN, time_one_by_one(sign, PATHS[:100]), check)


def limit(key: Key, hash_algorithm: str = "SHA1", backend: str = "cryptography") -> Subject:
    """Sign the same policies with bare calls of the backend."""
    sign = _make_bare_rsa(key) if backend == "rsa" else _make_bare_cryptography(key, hash_algorithm)
    ours = load_private_key(key.pem)

    def check() -> None:
        message = CANNED.format(URLS[0], EXPIRES_AT).encode()
        if sign(message) != ours.sign(message, hash_algorithm):
            raise ValueError("the bare signature differs")

    return Subject(LIMIT, time_one_by_one(sign, MESSAGES), check)


def limit_random(key: Key, hash_algorithm: str = "SHA1") -> Subject:
    """Sign with P-256 as `cryptography` does by default: a different signature each time."""
    private = load_pem_private_key(key.pem.encode(), None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("the key is not P-256")
    algorithm = ec.ECDSA(_HASHES[hash_algorithm])

    def sign(message: bytes) -> bytes:
        return private.sign(message, algorithm)

    def check() -> None:
        private.public_key().verify(sign(MESSAGES[0]), MESSAGES[0], algorithm)

    return Subject(LIMIT_RANDOM, time_one_by_one(sign, MESSAGES), check)


def _make_bare_rsa(key: Key) -> Callable[[bytes], bytes]:
    private = rsa.PrivateKey.load_pkcs1(key.pem.encode())
    return lambda message: rsa.sign(message, private, "SHA-1")


def _make_bare_cryptography(key: Key, hash_algorithm: str) -> Callable[[bytes], bytes]:
    private = load_pem_private_key(key.pem.encode(), None)
    hashed = _HASHES[hash_algorithm]
    if isinstance(private, rsa_keys.RSAPrivateKey):
        padded = padding.PKCS1v15()
        return lambda message: private.sign(message, padded, hashed)
    if isinstance(private, ec.EllipticCurvePrivateKey):
        algorithm = ec.ECDSA(hashed, deterministic_signing=True)
        return lambda message: private.sign(message, algorithm)
    raise TypeError("CloudFront does not accept this kind of key")

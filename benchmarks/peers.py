"""The subjects of other libraries, each used as its documentation recommends."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import rsa
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from benchmarks.javascript import Peer
from benchmarks.material import (
    DOMAIN,
    EXPIRES_AT,
    EXPIRY,
    FOLDER,
    KEY_PAIR_ID,
    PATHS,
    STUB_SIGNATURE,
    URLS,
    Key,
)
from benchmarks.names import BOTOCORE, COOKIE_SIGNER, KEY_FILE, STORAGES
from benchmarks.ours import check_own_part
from benchmarks.rounds import Subject, time_one_by_one

SignMessage = Callable[[bytes], bytes]


def make_botocore_signer(sign: SignMessage) -> Callable[[str], str]:
    """Return a function that signs a URL with one botocore signer."""
    signer = CloudFrontSigner(KEY_PAIR_ID, sign)
    return lambda url: signer.generate_presigned_url(url, date_less_than=EXPIRY)


def with_cryptography(pem: bytes) -> SignMessage:
    """Return the callback of botocore's documentation for `cryptography`, or one for P-256."""
    private = load_pem_private_key(pem, password=None)
    hashed, padded = hashes.SHA1(), padding.PKCS1v15()  # noqa: S303
    if isinstance(private, ec.EllipticCurvePrivateKey):
        algorithm = ec.ECDSA(hashed)
        return lambda message: private.sign(message, algorithm)
    return lambda message: private.sign(message, padded, hashed)


def with_rsa(pem: bytes) -> SignMessage:
    """Return the callback of botocore's documentation for `rsa`."""
    private = rsa.PrivateKey.load_pkcs1(pem)
    return lambda message: rsa.sign(message, private, "SHA-1")


def botocore(key: Key, callback: Callable[[bytes], SignMessage] = with_cryptography) -> Subject:
    """Sign URLs with botocore."""
    return _url_subject(BOTOCORE, key, make_botocore_signer(callback(key.pem.encode())))


def key_file(key: Key, callback: Callable[[bytes], SignMessage] = with_cryptography) -> Subject:
    """Read and parse the key for each URL, as flask-cloudfront and botocore's docstring do."""

    def sign(message: bytes) -> bytes:
        return callback(key.file.read_bytes())(message)

    return _url_subject(KEY_FILE, key, make_botocore_signer(sign))


def botocore_policy(key: Key) -> Subject:
    """Sign URLs under one policy, which botocore signs again for each."""
    signer = CloudFrontSigner(KEY_PAIR_ID, with_cryptography(key.pem.encode()))
    policy = signer.build_policy(FOLDER, EXPIRY)
    call = lambda url: signer.generate_presigned_url(url, policy=policy)  # noqa: E731
    return _url_subject(BOTOCORE, key, call)


def botocore_own_part() -> Subject:
    """Build URLs with botocore, with a stub in place of the signature."""
    call = make_botocore_signer(lambda message: STUB_SIGNATURE)
    return Subject(BOTOCORE, time_one_by_one(call, URLS), lambda: check_own_part(call))


def _url_subject(name: str, key: Key, call: Callable[[str], str]) -> Subject:
    return Subject(name, time_one_by_one(call, URLS), lambda: key.check_url(call(URLS[0])))


def storages(key: Key) -> Subject:
    """Sign file names with django-storages, which uses botocore."""
    storage = _make_storage(cloudfront_key_id=KEY_PAIR_ID, cloudfront_key=key.pem.encode())
    return Subject(
        STORAGES, time_one_by_one(storage.url, PATHS), lambda: key.check_url(storage.url(PATHS[0]))
    )


def _make_storage(**options: Any) -> Any:
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    from storages.backends.s3 import S3Storage

    domain = DOMAIN.removeprefix("https://")
    return S3Storage(bucket_name="media", custom_domain=domain, **options)


def cookie_signer(key: Key) -> Subject:
    """Sign cookies with cloudfront-signed-cookies, whose expiry needs a custom policy."""
    from cloudfront_signed_cookies.signer import Signer

    signer = Signer(cloudfront_key_id=KEY_PAIR_ID, private_key=key.pem)
    expiry = {"DateLessThan": {"AWS:EpochTime": EXPIRES_AT}}
    policy = {"Statement": [{"Resource": FOLDER, "Condition": expiry}]}
    call = lambda _: signer.generate_cookies(Policy=policy)  # noqa: E731
    return Subject(COOKIE_SIGNER, time_one_by_one(call, URLS), lambda: key.check_cookies(call("")))


def javascript(name: str, peer: Peer, call: str, algorithm: str, key: Key) -> Subject:
    """Run a call in the node process, which measures its own time."""

    def run(times: int) -> float:
        return float(peer.run(call, algorithm, times)["seconds"])

    def check() -> None:
        made = peer.run(call, algorithm, 1)["made"]
        if isinstance(made, Mapping):
            key.check_cookies(made)
        else:
            key.check_url(_remove_expires(made))

    return Subject(name, run, check)


def _remove_expires(url: str) -> str:
    # aws-cloudfront-sign writes both the policy and its expiry. AWS does not document that, and
    # TrustedKeyGroup refuses it; the policy alone is valid.
    return re.sub(r"Expires=\d+&(?=Policy=)", "", url)

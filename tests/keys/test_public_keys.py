"""Tests of loading public keys and verifying signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cfsign import SigningKeyError, load_private_key
from cfsign.keys import (
    load_public_key,
)
from tests.keys.helpers import MESSAGE, sign

OpenSSL = Callable[..., bytes]


@pytest.mark.parametrize("name", ["public_pem", "public_pkcs1_pem"])
@pytest.mark.parametrize("hash_algorithm", ["SHA1", "SHA256"])
def test_public_key_verifies(
    request: pytest.FixtureRequest, backend: str, key: Any, name: str, hash_algorithm: Any
) -> None:
    """It accepts only the right message, signature and hash, and never raises."""
    public = load_public_key(request.getfixturevalue(name), backend=backend)
    assert public.algorithm == "RSA-2048"
    signature = key.sign(MESSAGE, hash_algorithm)
    assert public.verify(MESSAGE, signature, hash_algorithm)
    other = {"SHA1": "SHA256", "SHA256": "SHA1"}[hash_algorithm]
    assert not public.verify(MESSAGE, signature, other)  # type: ignore[arg-type]
    assert not public.verify(MESSAGE + b"!", signature, hash_algorithm)
    for bad in (b"", b"\0", signature[:-1], signature + b"\0", b"\0" + signature, b"\xff" * 256):
        assert not public.verify(MESSAGE, bad, hash_algorithm)
    assert not public.verify(MESSAGE, bytes(256), hash_algorithm)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pem", "is a private key; use its public key: openssl pkey -in KEY -pubout"),
        ("pkcs1_pem", "is a private key; use its public key"),
        ("encrypted_pem", "is a private key; use its public key"),
        ("ec_sec1_pem", "is a private key; use its public key"),
        ("certificate_pem", "extract its public key: openssl x509 -pubkey -noout"),
    ],
)
def test_other_pem_is_not_a_public_key(
    request: pytest.FixtureRequest, backend: str, name: str, message: str
) -> None:
    """The hint has the command that extracts the public key."""
    with pytest.raises(SigningKeyError, match=message):
        load_public_key(request.getfixturevalue(name), backend=backend)


def test_damaged_public_key_is_an_error(backend: str, public_pem: str) -> None:
    """As for private keys."""
    lines = public_pem.splitlines()
    with pytest.raises(SigningKeyError, match="truncated or damaged"):
        load_public_key("\n".join([*lines[:3], lines[-1]]), backend=backend)


def test_p256_public_key_needs_cryptography(openssl: OpenSSL, backend: str, ec_pem: str) -> None:
    """Other curves are rejected by both backends."""
    public = openssl("pkey", "-pubout", given=ec_pem).decode()
    if backend == "rsa":
        with pytest.raises(SigningKeyError, match="pip install cryptography"):
            load_public_key(public, backend=backend)
        return
    key = load_public_key(public, backend=backend)
    assert key.algorithm == "P-256"
    assert not key.verify(MESSAGE, b"junk", "SHA1")
    other = openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout")
    with pytest.raises(SigningKeyError, match="is P-384, but CloudFront accepts only"):
        load_public_key(openssl("pkey", "-pubout", given=other).decode(), backend=backend)


def test_public_key_next_to_a_private_key_is_loaded(
    backend: str, pem: str, public_pem: str
) -> None:
    """The private key in the same text is ignored."""
    key = load_public_key(pem + public_pem, backend=backend)
    assert key.verify(MESSAGE, sign(load_private_key(pem)), "SHA1")

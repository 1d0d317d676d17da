"""Tests of generating private keys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import cfsign.keys.loading
from cfsign import ConfigurationError, load_private_key
from cfsign.keys import (
    generate_private_key_pem,
    load_public_key,
)
from tests.keys.helpers import MESSAGE, sign

OpenSSL = Callable[..., bytes]


def test_generated_rsa_key_is_valid(backend: str, openssl: OpenSSL) -> None:
    """OpenSSL accepts it, and each call generates another one."""
    if backend == "rsa":  # 2,048 bits take seconds in pure Python; the next test checks the size
        made = [
            cfsign.keys.loading._import_backend("rsa").generate_pem("RSA-1024") for _ in range(2)
        ]
    else:
        made = [generate_private_key_pem(backend=backend) for _ in range(2)]
    assert made[0] != made[1]
    for pem in made:
        assert b"RSA key ok" in openssl("rsa", "-check", "-noout", given=pem)
        key = load_private_key(pem, backend=backend, allow_unsupported=backend == "rsa")
        assert load_public_key(key.public_key_pem()).verify(MESSAGE, sign(key), "SHA1")


def test_generated_rsa_key_has_2048_bits(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With either backend."""
    algorithms: list[str] = []

    def record(algorithm: str) -> str:
        algorithms.append(algorithm)
        return "PEM"

    module = cfsign.keys.loading._import_backend(backend)
    monkeypatch.setattr(module, "generate_pem", record)
    assert generate_private_key_pem(backend=backend) == "PEM"
    assert algorithms == ["RSA-2048"]


def test_generated_p256_key_is_valid(openssl: OpenSSL) -> None:
    """OpenSSL accepts it. The rsa package cannot generate one, and the hint says what can."""
    with pytest.raises(ConfigurationError, match="P-256 key; pip install cryptography"):
        generate_private_key_pem("P-256", backend="rsa")
    pytest.importorskip("cryptography")
    pem = generate_private_key_pem("P-256")
    assert b"prime256v1" in openssl("pkey", "-noout", "-text", given=pem)
    assert repr(load_private_key(pem)) == "<PrivateKey P-256 cryptography>"


@pytest.mark.parametrize("algorithm", ["RSA-1024", "RSA-4096", "P-384", "rsa-2048", "", None])
def test_only_supported_keys_are_generated(algorithm: Any) -> None:
    """The error lists the supported algorithms."""
    with pytest.raises(ConfigurationError, match="must be 'RSA-2048' or 'P-256', got "):
        generate_private_key_pem(algorithm)

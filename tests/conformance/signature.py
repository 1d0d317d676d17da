"""Signatures of another implementation (botocore with `cryptography`), and a counter of ours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cfsign.keys import HashAlgorithm
from cfsign.keys.cryptography_backend import RSAPrivateKey


def make_signer(key_pair_id: str, pem: str) -> Callable[[str, int, str | None], str]:
    """Return a function that signs a URL for an expiry and an address or None."""
    key = load_pem_private_key(pem.encode(), password=None)
    signer = CloudFrontSigner(key_pair_id, lambda message: key.sign(message, PKCS1v15(), SHA1()))

    def sign(url: str, expires: int, address: str | None) -> str:
        expires_at = datetime.fromtimestamp(expires, UTC)
        if address is None:
            return signer.generate_presigned_url(url, date_less_than=expires_at)
        policy = signer.build_policy(url, expires_at, ip_address=address)
        return signer.generate_presigned_url(url, policy=policy)

    return sign


def count_signatures(monkeypatch: pytest.MonkeyPatch, signed: list[object]) -> None:
    """Append each message that a key signs to *signed*."""
    sign = RSAPrivateKey.sign

    def record(self: RSAPrivateKey, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        signature = sign(self, message, hash_algorithm)
        signed.append(message)
        return signature

    monkeypatch.setattr(RSAPrivateKey, "sign", record)

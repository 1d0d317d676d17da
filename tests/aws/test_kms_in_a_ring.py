"""Tests of a key ring with keys in AWS KMS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")
pytest.importorskip("moto")

from cfsign import ConfigurationError, KeyRing, TrustedKeyGroup
from cfsign.keys.kms import KmsPrivateKey

URL = "https://media.example.com/a.txt"


def write_document(path: Path, **keys: str) -> Path:
    """Write a key ring whose keys become active one second after the other."""
    entries = [
        {"key_pair_id": key_pair_id, "private_key": key, "active_from": second}
        for second, (key_pair_id, key) in enumerate(keys.items(), 1)
    ]
    path.write_text(json.dumps({"keys": entries}))
    return path


def test_rotation_from_a_file_to_kms(make_key: Any, tmp_path: Path, pem: str) -> None:
    """`kms:` names in the document are not relative paths."""
    (tmp_path / "old.pem").write_text(pem)
    path = tmp_path / "ring.json"
    ring = KeyRing.from_file(write_document(path, K1="old.pem"), refresh_every=0)
    assert "Key-Pair-Id=K1" in ring.sign_url(URL, expires_in=60)
    write_document(path, K1="old.pem", K2=f"kms:{make_key()}", K3=f" kms:{make_key('RSA_2048')}")
    signed = ring.sign_url(URL, expires_in=60)
    assert "Key-Pair-Id=K3" in signed
    assert "Hash-Algorithm=SHA256" in signed
    assert TrustedKeyGroup(ring.public_keys()).check(signed).allowed


def test_missing_key_keeps_the_old_keys(make_key: Any, tmp_path: Path) -> None:
    """The existing key signs, and the error has the name of the other."""
    path = tmp_path / "ring.json"
    ring = KeyRing.from_file(write_document(path, K1=f"kms:{make_key()}"), refresh_every=0)
    write_document(path, K1=f"kms:{make_key()}", K2="kms:alias/none")
    assert "Key-Pair-Id=K1" in ring.sign_url(URL, expires_in=60)
    assert "K2: the KMS key 'alias/none'" in str(ring.last_error)
    with pytest.raises(ConfigurationError, match="alias/none"):
        KeyRing.from_file(path)


def test_ring_makes_no_trial_signature_in_kms(
    make_key: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each signature in KMS costs money."""
    monkeypatch.setattr(KmsPrivateKey, "sign", lambda *_: pytest.fail("signed"))
    ring = KeyRing.from_file(write_document(tmp_path / "ring.json", K1=f"kms:{make_key()}"))
    assert ring.key_pair_id == "K1"


def test_moved_alias_keeps_the_old_key(make_key: Any, tmp_path: Path) -> None:
    """CloudFront has the old public key under this id, so the old key signs."""
    import boto3

    kms = boto3.client("kms")
    kms.create_alias(AliasName="alias/signing", TargetKeyId=make_key())
    path = tmp_path / "ring.json"
    ring = KeyRing.from_file(write_document(path, K1="kms:alias/signing"), refresh_every=0)
    key_group = TrustedKeyGroup(ring.public_keys())
    kms.update_alias(AliasName="alias/signing", TargetKeyId=make_key())
    write_document(path, K1="kms:alias/signing")
    assert key_group.check(ring.sign_url(URL, expires_in=60)).allowed
    assert "the private key of K1 has changed" in str(ring.last_error)

"""A key ring with keys in AWS KMS: it turns from one key to the next, and outlives a fault."""

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


def document(path: Path, **keys: str) -> Path:
    """Write a ring in which each key signs a second after the one before."""
    entries = [
        {"key_pair_id": key_pair_id, "private_key": key, "active_from": second}
        for second, (key_pair_id, key) in enumerate(keys.items(), 1)
    ]
    path.write_text(json.dumps({"keys": entries}))
    return path


def test_from_a_file_to_kms_and_on(make_key: Any, tmp_path: Path, pem: str) -> None:
    """Each key by its name in the document; the file's folder is no part of that name."""
    (tmp_path / "old.pem").write_text(pem)
    path = tmp_path / "ring.json"
    ring = KeyRing.from_file(document(path, K1="old.pem"), refresh_every=0)
    assert "Key-Pair-Id=K1" in ring.sign_url(URL, expires_in=60)
    document(path, K1="old.pem", K2=f"kms:{make_key()}", K3=f" kms:{make_key('RSA_2048')}")
    signed = ring.sign_url(URL, expires_in=60)
    assert "Key-Pair-Id=K3" in signed
    assert "Hash-Algorithm=SHA256" in signed
    assert TrustedKeyGroup(ring.public_keys()).check(signed).allowed


def test_a_key_that_is_gone_displaces_nothing(make_key: Any, tmp_path: Path) -> None:
    """The one that KMS has signs on, and the fault names the other."""
    path = tmp_path / "ring.json"
    ring = KeyRing.from_file(document(path, K1=f"kms:{make_key()}"), refresh_every=0)
    document(path, K1=f"kms:{make_key()}", K2="kms:alias/none")
    assert "Key-Pair-Id=K1" in ring.sign_url(URL, expires_in=60)
    assert "K2: the KMS key 'alias/none'" in str(ring.last_error)
    with pytest.raises(ConfigurationError, match="alias/none"):
        KeyRing.from_file(path)


def test_a_ring_does_not_sign_by_kms_to_see_whether_it_can(
    make_key: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KMS bills each signature."""
    monkeypatch.setattr(KmsPrivateKey, "sign", lambda *_: pytest.fail("asked to sign"))
    ring = KeyRing.from_file(document(tmp_path / "ring.json", K1=f"kms:{make_key()}"))
    assert ring.key_pair_id == "K1"


def test_an_alias_that_moves_displaces_nothing(make_key: Any, tmp_path: Path) -> None:
    """CloudFront knows the old key by the id: that one signs on, and the fault is told."""
    import boto3

    kms = boto3.client("kms")
    kms.create_alias(AliasName="alias/signing", TargetKeyId=make_key())
    path = tmp_path / "ring.json"
    ring = KeyRing.from_file(document(path, K1="kms:alias/signing"), refresh_every=0)
    edge = TrustedKeyGroup(ring.public_keys())
    kms.update_alias(AliasName="alias/signing", TargetKeyId=make_key())
    document(path, K1="kms:alias/signing")
    assert edge.check(ring.sign_url(URL, expires_in=60)).allowed
    assert "the private key of K1 has changed" in str(ring.last_error)

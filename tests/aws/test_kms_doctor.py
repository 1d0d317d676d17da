"""The doctor on keys in AWS KMS: it says what was asked of AWS, and asks for no signature."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("boto3")
pytest.importorskip("moto")

from cfsign.config import Settings
from cfsign.doctor import diagnose
from cfsign.errors import Problem
from cfsign.keys.kms import KmsPrivateKey


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Count the keys that are made, and refuse to sign."""
    made: list[str] = []
    original = KmsPrivateKey.__init__

    def init(self: Any, key_id: str, **arguments: Any) -> None:
        made.append(key_id)
        original(self, key_id, **arguments)

    monkeypatch.setattr(KmsPrivateKey, "__init__", init)
    monkeypatch.setattr(KmsPrivateKey, "sign", lambda *_: pytest.fail("asked to sign"))
    return made


def examine(private_key: str, domain: str = "https://media.example.com", **more: Any) -> Any:
    environ = {"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F"}
    environ["CLOUDFRONT_PRIVATE_KEY"] = private_key
    return diagnose(Settings.from_env(environ), **more)


def test_what_is_asked_is_told(make_key: Any, calls: list[str]) -> None:
    """Once for the public half, as the site asks at its start; and nothing is said of files."""
    assert examine(f"kms:{make_key()}") == [
        Problem(
            "CLOUDFRONT_PRIVATE_KEY",
            "KmsPrivateKey (P-256) signs in AWS; only its public half was requested, no signature",
            level="note",
            rule="verification",
        )
    ]
    assert len(calls) == 1


def test_what_kms_refuses_is_told_once(aws: None, calls: list[str]) -> None:
    """Nor is it asked again, where that is already the error."""
    (finding,) = examine("kms:alias/none")
    assert (finding.level, finding.setting) == ("error", "CLOUDFRONT_PRIVATE_KEY")
    assert "NotFoundException" in finding.message
    assert calls == ["alias/none"]


def test_another_error_hides_nothing(make_key: Any) -> None:
    """The key is looked into all the same."""
    error, note = examine(f"kms:{make_key()}", domain="media.example.com")
    assert (error.setting, note.setting) == ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_PRIVATE_KEY")


def test_the_public_half(make_key: Any, tmp_path: Path, public_pem: str) -> None:
    """It is compared, without a signature."""
    key_id = make_key("RSA_2048")
    path = tmp_path / "public.pem"
    path.write_text(KmsPrivateKey(key_id).public_key_pem())
    assert examine(f"kms:{key_id}", public_key=path)[1].message.startswith(
        "this is the public half"
    )
    path.write_text(public_pem)
    assert examine(f"kms:{key_id}", public_key=path)[0].level == "error"


def test_in_a_ring(make_key: Any, tmp_path: Path, pem: str) -> None:
    """The key of a file beside it is tried."""
    (tmp_path / "old.pem").write_text(pem)
    (tmp_path / "old.pem").chmod(0o600)
    old = {"key_pair_id": "K1", "private_key": "old.pem"}
    new = {"key_pair_id": "K2", "private_key": f"kms:{make_key()}", "active_from": 1}
    (tmp_path / "ring.json").write_text(json.dumps({"keys": [old, new]}))
    environ = {"CLOUDFRONT_DOMAIN": "https://media.example.com"}
    environ["CLOUDFRONT_KEY_RING_FILE"] = str(tmp_path / "ring.json")
    findings = diagnose(Settings.from_env(environ))
    assert {finding.level for finding in findings} == {"note"}
    _, signs, cost, elsewhere, trial = [finding.message for finding in findings]
    assert signs.startswith("K2: signs now")
    assert cost.startswith("K1: RSA-2048 with SHA1")
    assert elsewhere.startswith("K2: KmsPrivateKey (P-256) signs in AWS")
    assert trial == "a URL signed with K1 is allowed (checked offline)"

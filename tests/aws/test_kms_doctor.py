"""Tests of the doctor with keys in AWS KMS: it reads the public key and signs nothing."""

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
    """Record the key objects that are made, and fail at any signature."""
    made: list[str] = []
    original = KmsPrivateKey.__init__

    def init(self: Any, key_id: str, **arguments: Any) -> None:
        made.append(key_id)
        original(self, key_id, **arguments)

    monkeypatch.setattr(KmsPrivateKey, "__init__", init)
    monkeypatch.setattr(KmsPrivateKey, "sign", lambda *_: pytest.fail("signed"))
    return made


def examine(private_key: str, domain: str = "https://media.example.com", **more: Any) -> Any:
    environ = {"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F"}
    environ["CLOUDFRONT_PRIVATE_KEY"] = private_key
    return diagnose(Settings.from_env(environ), **more)


def test_report_of_a_key_in_kms(make_key: Any, calls: list[str]) -> None:
    """One call for the public key, as at a site's start; no note about files."""
    assert examine(f"kms:{make_key()}") == [
        Problem(
            "CLOUDFRONT_PRIVATE_KEY",
            "KmsPrivateKey (P-256) signs in AWS; only its public half was requested, no signature",
            level="note",
            rule="verification",
        )
    ]
    assert len(calls) == 1


def test_error_of_kms_is_reported_once(aws: None, calls: list[str]) -> None:
    """The doctor does not call KMS a second time."""
    (problem,) = examine("kms:alias/none")
    assert (problem.level, problem.setting) == ("error", "CLOUDFRONT_PRIVATE_KEY")
    assert "NotFoundException" in problem.message
    assert calls == ["alias/none"]


def test_key_is_checked_in_spite_of_another_error(make_key: Any) -> None:
    """An invalid domain does not hide the note about the key."""
    error, note = examine(f"kms:{make_key()}", domain="media.example.com")
    assert (error.setting, note.setting) == ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_PRIVATE_KEY")


def test_public_key_is_compared(make_key: Any, tmp_path: Path, public_pem: str) -> None:
    """Without a signature."""
    key_id = make_key("RSA_2048")
    path = tmp_path / "public.pem"
    path.write_text(KmsPrivateKey(key_id).public_key_pem())
    assert examine(f"kms:{key_id}", public_key=path)[1].message.startswith(
        "this is the public half"
    )
    path.write_text(public_pem)
    assert examine(f"kms:{key_id}", public_key=path)[0].level == "error"


def test_key_ring_with_a_key_in_kms(make_key: Any, tmp_path: Path, pem: str) -> None:
    """A key file in the same ring is tested with a signature."""
    (tmp_path / "old.pem").write_text(pem)
    (tmp_path / "old.pem").chmod(0o600)
    old = {"key_pair_id": "K1", "private_key": "old.pem"}
    new = {"key_pair_id": "K2", "private_key": f"kms:{make_key()}", "active_from": 1}
    (tmp_path / "ring.json").write_text(json.dumps({"keys": [old, new]}))
    environ = {"CLOUDFRONT_DOMAIN": "https://media.example.com"}
    environ["CLOUDFRONT_KEY_RING_FILE"] = str(tmp_path / "ring.json")
    problems = diagnose(Settings.from_env(environ))
    assert {problem.level for problem in problems} == {"note"}
    _, active, cost, remote, test_url = [problem.message for problem in problems]
    assert active.startswith("K2: signs now")
    assert cost.startswith("K1: RSA-2048 with SHA1")
    assert remote.startswith("K2: KmsPrivateKey (P-256) signs in AWS")
    assert test_url == "a URL signed with K1 is allowed (checked offline)"

"""Fixtures of the tests of key rings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cfsign import (
    Policy,
    PrivateKey,
    load_private_key,
)
from tests.keyring.helpers import OLD, URL, write


@pytest.fixture
def policy(now: int) -> Policy:
    """A policy that expires after every test."""
    return Policy(URL, now + 1_000_000)


@pytest.fixture(scope="session")
def other_key(other_pem: str) -> PrivateKey:
    """The key of the new pair."""
    return load_private_key(other_pem)


@pytest.fixture
def document(tmp_path: Path, pem: str) -> Path:
    """A key ring file with the old pair, whose key is a file in the same folder."""
    (tmp_path / "old.pem").write_text(pem)
    return write(tmp_path / "ring.json", {"key_pair_id": OLD, "private_key": "old.pem"})

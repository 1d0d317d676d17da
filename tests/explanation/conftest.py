"""The keys with which the mistakes are made."""

from __future__ import annotations

import pytest

from tests.explanation.makers import World


@pytest.fixture(scope="session")
def world() -> World:
    """Two trusted RSA keys, one trusted P-256 key and an untrusted RSA key."""
    pytest.importorskip("botocore")
    pytest.importorskip("cryptography")
    return World.make()

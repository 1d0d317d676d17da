"""The keys that the mistakes are made with."""

from __future__ import annotations

import pytest

from tests.explanation.makers import World


@pytest.fixture(scope="session")
def world() -> World:
    """Two RSA keys and one P-256 key that are trusted, and a stranger's."""
    pytest.importorskip("botocore")
    pytest.importorskip("cryptography")
    return World.make()

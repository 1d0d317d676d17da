"""A distribution with a real key."""

from __future__ import annotations

import pytest

from cfsign import Distribution, Signer


@pytest.fixture(scope="session")
def distribution(signer: Signer) -> Distribution:
    """A distribution with a real key."""
    return Distribution("https://media.example.com", signer)

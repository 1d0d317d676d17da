"""Tests of `KeyRing.removable_at`."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    KeyPair,
    KeyRing,
    Policy,
    PolicyError,
    PrivateKey,
    SigningKeyError,
    TrustedKeyGroup,
)
from tests.keyring.helpers import NEW, OLD, URL, entry, write


def test_removable_at(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, ec_pem: str
) -> None:
    """The successor's start, plus `refresh_every`, plus the longest life of a URL."""
    pairs = [
        KeyPair(OLD, key),
        KeyPair(NEW, other_key, now + 100),
        KeyPair("K3", other_key, now + 500),
    ]
    ring = KeyRing(pairs, refresh_every=29.5)
    assert ring.removable_at(OLD, 3600) == now + 100 + 30 + 3600
    assert ring.removable_at(NEW, timedelta(hours=1)) == now + 500 + 30 + 3600
    with pytest.raises(ConfigurationError, match="K3 is the newest key and still signs"):
        ring.removable_at("K3", 60)
    with pytest.raises(ConfigurationError, match="has no key K4; it has K1OLD, K2NEW, K3"):
        ring.removable_at("K4", 60)
    with pytest.raises(SigningKeyError, match="letters and digits"):
        ring.removable_at("K 4", 60)
    with pytest.raises(PolicyError, match="max_expires_in"):
        ring.removable_at(OLD, 0)


def test_no_url_is_allowed_after_removable_at(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey
) -> None:
    """The last URL of the old key expires just before it."""
    ring = KeyRing([KeyPair(OLD, key), KeyPair(NEW, other_key, now + 100)], refresh_every=0)
    clock.shift(99)
    last = ring.sign_url(URL, expires_in=50)
    key_group = TrustedKeyGroup(ring.public_keys())
    removable_at = ring.removable_at(OLD, 50)
    assert key_group.check(last, at=removable_at - 2).allowed
    assert not key_group.check(last, at=removable_at).allowed


def test_late_successor_counts_from_its_first_reading(
    clock: Any, now: int, document: Path, other_pem: str, policy: Policy
) -> None:
    """The old key signed until then, although the successor's `active_from` is earlier."""
    os.utime(document, (5, 5))
    ring = KeyRing.from_file(document, refresh_every=0)
    clock.shift(1000)
    write(document, entry(OLD, "old.pem"), entry(NEW, other_pem, active_from=5))
    assert ring.removable_at(OLD, 60) == now + 1000 + 60
    clock.shift(1000)
    os.utime(document, (5, 5))
    assert ring.removable_at(OLD, 60) == now + 1000 + 60
    # A process that starts later uses the time of the last change of the file.
    changed = int(document.stat().st_ctime)
    assert KeyRing.from_file(document, refresh_every=0).removable_at(OLD, 60) in (
        changed + 60,
        changed + 61,
    )


@pytest.mark.parametrize("is_listed", [True, False])
def test_without_a_file_removal_counts_from_the_first_reading(
    clock: Any, now: int, document: Path, pem: str, other_pem: str, is_listed: bool
) -> None:
    """The successor may be as new as the process, although its `active_from` is earlier."""
    os.utime(document.parent / "old.pem", (5, 5))
    path = str(document.parent / "old.pem")
    if is_listed:
        ring = KeyRing([KeyPair(OLD, path), KeyPair(NEW, other_pem, 5)], refresh_every=0)
    else:
        keys = {"keys": [entry(OLD, pem), entry(NEW, other_pem, active_from=5)]}
        ring = KeyRing.from_loader(lambda: json.dumps(keys), refresh_every=0)
    assert ring.removable_at(OLD, 60) == now + 60
    clock.shift(1000)
    assert ring.removable_at(OLD, 60) == now + 60

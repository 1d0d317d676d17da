"""Tests of the key ring: the active key, and the pairs that it accepts."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    Distribution,
    KeyPair,
    KeyRing,
    Policy,
    PolicyError,
    PrivateKey,
    SigningKeyError,
    TrustedKeyGroup,
)
from cfsign.keyring.snapshot import Snapshot
from cfsign.keyring.source import LoadedDocument
from tests.keyring.helpers import NEW, OLD, URL, entry


def test_newest_active_key_signs(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, policy: Policy
) -> None:
    """Exactly from `active_from`, in any order of the list."""
    ring = KeyRing([KeyPair(NEW, other_key, now + 100), KeyPair(OLD, key)])
    assert ring.sign_policy(policy).key_pair_id == ring.key_pair_id == OLD
    clock.shift(99)
    assert ring.sign_policy(policy).key_pair_id == OLD
    clock.shift(1)
    assert ring.sign_policy(policy).key_pair_id == ring.key_pair_id == NEW


def test_oldest_key_signs_if_the_clock_is_set_back(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, policy: Policy
) -> None:
    """No key is active then, but the ring must still sign."""
    ring = KeyRing([KeyPair(OLD, key, now), KeyPair(NEW, other_key, now + 100)])
    clock.shift(-3600)
    assert ring.sign_policy(policy).key_pair_id == OLD


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-8))])
def test_ring_without_an_active_key_is_an_error(
    clock: Any, now: int, key: PrivateKey, zone: Any
) -> None:
    """The error has the time at which the first key becomes active."""
    active_from = datetime.fromtimestamp(now + 60, zone)
    with pytest.raises(
        ConfigurationError, match="K1OLD is the first, from 2026-01-01T00:01:00"
    ) as e:
        KeyRing([KeyPair(NEW, key, now + 90), KeyPair(OLD, key, active_from)])
    assert "no key is active yet" in str(e.value)


def test_ring_can_be_used_like_a_signer(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey
) -> None:
    """For URLs, cookies and a `Distribution`; a key group with its public keys allows all."""
    ring = KeyRing([KeyPair(OLD, key), KeyPair(NEW, other_key, now + 100, hash_algorithm="SHA256")])
    key_group = TrustedKeyGroup(ring.public_keys())
    for key_pair_id in (OLD, NEW):
        urls = [
            ring.sign_url(URL, expires_in=60),
            *ring.sign_urls([URL, f"{URL}?a"], expires_in=60),
            Distribution("https://media.example.com", ring).sign_path("report.pdf"),
        ]
        for url in urls:
            assert f"Key-Pair-Id={key_pair_id}" in url
            assert ("Hash-Algorithm=SHA256" in url) == (key_pair_id == NEW)
            assert key_group.check(url).allowed
        assert key_group.check(URL, cookies=ring.sign_cookies(URL, expires_in=60)).allowed
        clock.shift(100)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "there is no key; add at least one"),
        (
            [(OLD, None), (OLD, 5)],
            "K1OLD is listed 2 times; list it once: each public key in CloudFront has its own",
        ),
        ([(OLD, None), (NEW, None)], "become active without a start time; set a later active_from"),
        ([(OLD, 5), (NEW, 5)], "at the same time, 1970-01-01T00:00:05.*; set a later active_from"),
    ],
)
def test_conflicting_pairs_are_an_error(key: PrivateKey, pairs: Any, message: str) -> None:
    """Each error has a hint."""
    with pytest.raises(ConfigurationError, match=message):
        KeyRing([KeyPair(name, key, active_from) for name, active_from in pairs])


def test_all_problems_are_reported_at_once(tmp_path: Path, small_pem: str, key: PrivateKey) -> None:
    """So a deployment fails once, not three times."""
    pairs = [
        KeyPair(OLD, tmp_path / "none.pem", 1),
        KeyPair(NEW, small_pem, 1),
        KeyPair("K3", key, 3, password="x"),
    ]
    with pytest.raises(ConfigurationError) as caught:
        KeyRing(pairs)
    expected = ["at the same time", "no key file", "RSA-1024", "remove the password"]
    for text, problem in zip(expected, caught.value.problems, strict=True):
        assert text in str(problem)


@pytest.mark.parametrize(
    "wrong",
    ["ring.json", {"keys": []}, 5, None, KeyPair, iter([])],
    ids=["text", "dict", "int", "None", "class", "iterator"],
)
def test_pairs_of_another_type_are_an_error(wrong: Any) -> None:
    """The hint lists the ways to build a ring."""
    with pytest.raises(ConfigurationError, match=r"KeyRing\.from_file\(path\)"):
        KeyRing(wrong)
    with pytest.raises(ConfigurationError, match=r"keys\[0\]: .*key_pair_id"):
        KeyRing([wrong])


@pytest.mark.parametrize(
    "seconds",
    [-1, True, "30", None, float("nan"), float("inf"), 86401, 10**5000],
    ids=["negative", "bool", "text", "None", "nan", "inf", "over a day", "huge"],
)
def test_invalid_refresh_every_is_an_error(key: PrivateKey, seconds: Any) -> None:
    """Zero is valid: it checks for changes at each signature."""
    with pytest.raises(PolicyError, match="refresh_every must be a timedelta or 0 to"):
        KeyRing([KeyPair(OLD, key)], refresh_every=seconds)
    assert KeyRing([KeyPair(OLD, key)], refresh_every=timedelta(0)).key_pair_id == OLD


def test_invalid_pair_is_an_error(key: PrivateKey) -> None:
    """With the same errors as a `Signer`."""
    with pytest.raises(SigningKeyError, match="letters and digits"):
        KeyPair("K-1", key)
    with pytest.raises(PolicyError, match="active_from is a naive datetime"):
        KeyPair(OLD, key, datetime(2026, 1, 1))
    with pytest.raises(PolicyError, match="milliseconds"):
        KeyPair(OLD, key, 1767225600000)
    with pytest.raises(PolicyError, match="SHA256"):
        KeyPair(OLD, key, hash_algorithm="MD5")


def test_no_secret_is_shown_or_pickled(document: Path, pem: str, clock: Any) -> None:
    """A `repr` shows only ids and times."""
    pair = KeyPair(OLD, pem, 5, password="hunter2")
    assert repr(pair) == "KeyPair(key_pair_id='K1OLD', active_from=5, hash_algorithm=None)"
    ring = KeyRing([KeyPair(OLD, pem)])
    assert repr(ring) == "<KeyRing K1OLD of K1OLD>"
    loader = LoadedDocument(lambda: json.dumps({"keys": [entry(OLD, pem)]}))
    assert "PRIVATE" not in repr(Snapshot.read_first(loader))
    for secret in (pair, ring):
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a private key"):
                duplicate(secret)


def test_unfinished_ring_has_a_repr() -> None:
    """A debugger may call it while the document is read."""
    assert repr(KeyRing.__new__(KeyRing)) == "<KeyRing, not loaded yet>"

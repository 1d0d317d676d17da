"""The cache of signed policies: one signature for equal policies, and for equal ones only."""

from __future__ import annotations

import asyncio
import copy
import gc
import ipaddress
import json
import pickle
import tracemalloc
from datetime import UTC, datetime
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
    ResourceError,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
)
from cfsign.signing.cache import SignedPolicies

DOMAIN = "https://media.example.com"
URL = f"{DOMAIN}/a"
OLD, NEW = "K1OLD", "K2NEW"


class CountingKey:
    """A key that counts its calls and returns another signature each time, as ECDSA does."""

    def __init__(self, length: int = 256) -> None:
        self.length = length
        self.calls = 0

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.calls += 1
        return self.calls.to_bytes(self.length, "big")

    def public_key_pem(self) -> str:
        return "-----BEGIN PUBLIC KEY-----\n"


@pytest.fixture
def counting_key() -> CountingKey:
    """A key that never returns the same signature twice."""
    return CountingKey()


@pytest.fixture
def stepped(counting_key: CountingKey, clock: Any) -> Distribution:
    """A distribution with steps of five minutes, at the start of one."""
    return Distribution(DOMAIN, Signer(OLD, counting_key), expires_in=60, expiry_step=300)


# Equal policies share a signature


def test_same_url_is_signed_once_within_a_step(
    stepped: Distribution, counting_key: CountingKey, clock: Any, now: int
) -> None:
    """By any method; the next step has another signature."""
    first = stepped.sign_path("a")
    for _ in range(3):
        assert stepped.sign_path("a") == stepped.sign_resource(URL).url(URL) == first
        clock.shift(80)
    assert counting_key.calls == 1
    clock.shift(1)
    assert stepped.sign_path("a") != first
    assert counting_key.calls == 2


@pytest.mark.parametrize("options", [{"expires_in": 300}, {"expires_at": 1767225600 + 300}])
def test_policy_with_its_own_expiry_is_not_cached(
    stepped: Distribution, counting_key: CountingKey, options: dict[str, Any]
) -> None:
    """Even if it ends when the step does."""
    first = stepped.sign_resource(URL)
    for calls in (2, 4):
        assert stepped.sign_resource(URL, **options).policy == first.policy
        assert counting_key.calls == calls
        signed = asyncio.run(stepped.sign_resource_async(URL, **options))
        assert signed.policy == first.policy
    assert counting_key.calls == 5
    assert stepped.sign_resource(URL) is first


@pytest.mark.parametrize("options", [{"expiry_step": 300, "cache_bytes": 0}, {}])
def test_nothing_is_cached_without_a_step_or_with_0_bytes(
    counting_key: CountingKey, clock: Any, options: dict[str, Any]
) -> None:
    distribution = Distribution(DOMAIN, Signer(OLD, counting_key), **options)
    assert distribution.sign_path("a") != distribution.sign_path("a")
    assert counting_key.calls == 2


def test_cookies_are_cached(stepped: Distribution, counting_key: CountingKey) -> None:
    assert dict(stepped.sign_cookies(pattern="videos/42/*")) == dict(
        stepped.sign_cookies(pattern="videos/42/*")
    )
    assert counting_key.calls == 1


# One signature for many URLs


def test_pattern_makes_one_signature_in_a_step_for_all_its_paths(
    key: PrivateKey, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    calls = []

    class Counting:
        def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
            calls.append(message)
            return key.sign(message, hash_algorithm)

        def public_key_pem(self) -> str:
            return key.public_key_pem()

    distribution = Distribution(DOMAIN, Signer("K2JCJMDEHXQW5F", Counting()), expiry_step=300)
    paths = [f"videos/é 42/{number}.ts" for number in range(1000)]
    urls = [distribution.sign_path(path, pattern="videos/é 42/*") for path in paths]
    assert len(calls) == 1
    assert len(set(urls)) == 1000
    for path, url in zip(paths, urls, strict=True):
        assert url.startswith(f"{distribution.unsigned_url(path)}?Policy=")
        assert trusted_keys.check(url)
    clock.shift(300)
    distribution.sign_path(paths[0], pattern="videos/é 42/*")
    assert len(calls) == 2


def test_pattern_can_be_combined_with_all_other_arguments(
    recording_distribution: Distribution, recorder: Any, clock: Any, now: int
) -> None:
    """Also without a step."""
    signed = recording_distribution.sign_path(
        "v/1.ts", query={"a": "b"}, pattern="/v/*", expires_in=5, ip_address="192.0.2.1"
    )
    assert signed.startswith(f"{DOMAIN}/v/1.ts?a=b&Policy=")
    policy = Policy(f"{DOMAIN}/v/*", now + 5, ip_address="192.0.2.1")
    assert recorder.signed == [(policy.to_json().encode(), "SHA1")]


@pytest.mark.parametrize(
    ("path", "pattern", "hint"),
    [
        (
            "videos/43/1.ts",
            "videos/42/*",
            "does not match the path; use folder=",
        ),
        ("videos/42", "videos/42/*", "does not match"),
        ("videos/42/1.ts", "videos/42/1", "does not match"),
        ("videos/42/1.ts", "videos/42/?.ts", "does not match"),
        ("videos/42/1.ts", "../*", "the path of the file itself"),
        ("videos/42/1.ts", f"{DOMAIN}/*", "remove the domain"),
        ("videos/42/1.ts", "", "the pattern is empty"),
        ("videos/42/1.ts", "*" * 9000, "shorten the path"),
        ("videos/42/1.ts", 7, "got int"),
    ],
)
def test_pattern_that_does_not_match_the_path_is_refused(
    stepped: Distribution, counting_key: CountingKey, path: str, pattern: Any, hint: str
) -> None:
    """Nothing is signed or cached."""
    stepped.sign_cookies(pattern="videos/42/*")
    for _ in range(2):
        with pytest.raises(ResourceError, match=hint):
            stepped.sign_path(path, pattern=pattern)
    assert counting_key.calls == 1


# Different policies do not

DIFFERENT = [
    {"resource": URL},
    {"resource": f"{URL}?"[:-1] + "/b"},
    {"resource": f"{DOMAIN}/*"},
    {"resource": f"{URL}?x=1"},
    {"resource": "https://other.example.com/a"},
    {"resource": URL, "ip_address": "192.0.2.1"},
    {"resource": URL, "ip_address": "192.0.2.2"},
    {"resource": URL, "ip_address": "192.0.2.0/24"},
    {"resource": URL, "starts_at": 1767225600},
    {"resource": URL, "starts_at": 1767225601},
    {"resource": URL, "starts_at": 1767225600, "ip_address": "192.0.2.1"},
]


def test_each_different_policy_is_signed(
    stepped: Distribution, counting_key: CountingKey, now: int
) -> None:
    """The resource, the start or the address differs."""
    for _ in range(2):
        for arguments in DIFFERENT:
            assert stepped.sign_resource(**arguments).policy == Policy(
                expires_at=now + 300, **arguments
            )
    signed = [stepped.sign_resource(**arguments) for arguments in DIFFERENT]
    assert len({each.params["Signature"] for each in signed}) == len(DIFFERENT)
    assert counting_key.calls == len(DIFFERENT)


def test_distributions_share_no_entries(clock: Any) -> None:
    signer = Signer(OLD, CountingKey())
    one, other, longer = (
        Distribution(DOMAIN, signer, expiry_step=300),
        Distribution(DOMAIN, Signer(NEW, CountingKey()), expiry_step=300),
        Distribution(DOMAIN, signer, expiry_step=300, expires_in=1000),
    )
    assert [each.sign_resource(URL).key_pair_id for each in (one, other)] == [OLD, NEW]
    assert longer.sign_resource(URL).policy.expires_at - one.sign_resource(URL).policy.expires_at


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        ({"starts_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"starts_at": 1767225600}),
        ({"ip_address": ipaddress.IPv4Address("192.0.2.1")}, {"ip_address": "192.0.2.1/32"}),
        ({"ip_address": ipaddress.IPv4Network("192.0.2.0/24")}, {"ip_address": "192.0.2.0/24"}),
    ],
)
def test_equal_conditions_of_other_types_share_an_entry(
    stepped: Distribution,
    counting_key: CountingKey,
    arguments: dict[str, Any],
    same: dict[str, Any],
) -> None:
    first = stepped.sign_resource(URL, **arguments)
    assert stepped.sign_resource(URL, **arguments) is first
    assert stepped.sign_resource(URL, **same) is first
    assert counting_key.calls == 1


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"starts_at": 1}, {"starts_at": True}),
        ({"starts_at": 1767225600}, {"starts_at": 1767225600.0}),
        ({"starts_at": 1767225600}, {"starts_at": datetime(2026, 1, 1)}),
        ({"ip_address": "192.0.2.1"}, {"ip_address": "192.0.2.1:80"}),
        ({}, {"ip_address": ""}),
        ({}, {"starts_at": False}),
    ],
)
def test_bad_condition_is_refused_although_it_equals_a_cached_one(
    stepped: Distribution, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    """In Python, `True == 1.0 == 1`."""
    stepped.sign_resource(URL, **good)
    for _ in range(2):
        with pytest.raises(PolicyError):
            stepped.sign_resource(URL, **bad)


def test_str_subclass_with_a_false_eq_is_cached_by_its_text(stepped: Distribution) -> None:
    class FalselyEqual(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash(URL)

    stepped.sign_resource(URL)
    assert stepped.sign_resource(FalselyEqual(f"{URL}b")).policy.resource == f"{URL}b"


# The current key


def test_entries_of_another_current_key_are_not_used(clock: Any, now: int) -> None:
    """The current key changes with the clock, in both directions."""
    ring = KeyRing([KeyPair(OLD, CountingKey()), KeyPair(NEW, CountingKey(), now + 100)])
    distribution = Distribution(DOMAIN, ring, expires_in=60, expiry_step=300)
    old = distribution.sign_resource(URL)
    assert distribution.sign_resource(URL) is old
    clock.shift(100)
    new = distribution.sign_resource(URL)
    assert (old.key_pair_id, new.key_pair_id) == (OLD, NEW)
    assert distribution.sign_resource(URL) is new
    clock.shift(-100)
    assert distribution.sign_resource(URL) is old


@pytest.mark.parametrize("change", ["another key", "another hash"])
def test_ring_is_refreshed_although_every_request_is_cached(
    tmp_path: Path, pem: str, other_pem: str, clock: Any, change: str
) -> None:
    document = tmp_path / "ring.json"
    entry = {"key_pair_id": OLD, "private_key": pem}
    document.write_text(json.dumps({"keys": [entry]}))
    distribution = Distribution(
        DOMAIN, KeyRing.from_file(document, refresh_every=0), expires_in=60, expiry_step=300
    )
    first = distribution.sign_resource(URL)
    document.write_text(json.dumps({"keys": [entry]}, indent=1))  # the same, but read again
    assert distribution.sign_resource(URL) is first
    if change == "another key":
        entry = {"key_pair_id": NEW, "private_key": other_pem}
    document.write_text(json.dumps({"keys": [entry | {"hash_algorithm": "SHA256"}]}))
    second = distribution.sign_resource(URL)
    assert second.key_pair_id == entry["key_pair_id"]
    assert second.params["Hash-Algorithm"] == "SHA256"


def test_error_is_not_cached(clock: Any) -> None:
    class Flaky(CountingKey):
        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            signature = super().sign(message, hash_algorithm)
            if self.calls == 1:
                raise SigningKeyError("not now")
            return signature

    key = Flaky()
    distribution = Distribution(DOMAIN, Signer(OLD, key), expiry_step=300)
    with pytest.raises(SigningKeyError, match="not now"):
        distribution.sign_path("a")
    assert distribution.sign_path("a") == distribution.sign_path("a")
    assert key.calls == 2


# Size


def count_signatures(distribution: Distribution, key: CountingKey, path: str) -> int:
    """Return how many signatures it takes to sign *path*."""
    before = key.calls
    distribution.sign_path(path)
    return key.calls - before


def test_least_recently_used_entry_is_evicted(counting_key: CountingKey, clock: Any) -> None:
    distribution = Distribution(
        DOMAIN, Signer(OLD, counting_key), expiry_step=300, cache_bytes=20_000
    )
    assert count_signatures(distribution, counting_key, "hot") == 1
    assert count_signatures(distribution, counting_key, "cold") == 1
    for number in range(100):
        assert count_signatures(distribution, counting_key, str(number)) == 1
        assert count_signatures(distribution, counting_key, "hot") == 0
    assert count_signatures(distribution, counting_key, "99") == 0
    assert count_signatures(distribution, counting_key, "cold") == 1


def test_entry_larger_than_the_cache_is_not_cached(clock: Any) -> None:
    key = CountingKey(length=2000)
    distribution = Distribution(DOMAIN, Signer(OLD, key), expiry_step=300, cache_bytes=1000)
    assert distribution.sign_path("a") != distribution.sign_path("a")
    assert "0 in 0 of 1000 bytes" in repr(distribution._cache)


@pytest.mark.parametrize("kind", ["canned", "custom", "long"])
def test_cache_takes_as_much_memory_as_allowed(
    counting_key: CountingKey, clock: Any, kind: str
) -> None:
    """No more, and not much less."""
    bound = 2**20
    distribution = Distribution(
        DOMAIN, Signer(OLD, counting_key), expiry_step=300, cache_bytes=bound
    )
    tail = "x" * 2000 if kind == "long" else ""
    address = "192.0.2.1" if kind == "custom" else None
    distribution.sign_resource(URL)  # creates the objects that exist once
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(3000):
            distribution.sign_resource(f"{URL}/{number}{tail}", ip_address=address)
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bound * 2 // 3 < used < bound


@pytest.mark.parametrize(
    ("value", "shown"),
    [(-1, "-1"), (1.5, "1.5"), ("4096", "'4096'"), (True, "True"), (None, "NoneType")],
)
def test_bad_cache_bytes_are_refused_when_the_distribution_is_made(
    signer: Signer, value: Any, shown: str
) -> None:
    with pytest.raises(
        ConfigurationError,
        match=f"bytes, got {shown}; use a number such as 8388608, or 0 for no cache",
    ):
        Distribution(DOMAIN, signer, cache_bytes=value)


# Secrets and copies


def test_cache_shows_no_signature_and_cannot_be_pickled(signer: Signer, clock: Any) -> None:
    distribution = Distribution(DOMAIN, signer, expiry_step=300)
    signature = distribution.sign_path("a").partition("Signature=")[2][:40]
    cache = distribution._cache
    for thing in (cache, distribution):
        assert signature not in f"{thing!r} {thing}"
        for serialize in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a private key"):
                serialize(thing)
    with pytest.raises(TypeError, match="make the Distribution in the other process"):
        copy.copy(cache)


def test_copy_of_a_distribution_uses_its_own_settings(stepped: Distribution, now: int) -> None:
    """Although it shares the cache."""
    other = copy.copy(stepped)
    assert other.sign_path("a") == stepped.sign_path("a")
    other.signer = Signer(NEW, CountingKey())
    assert other.sign_resource(URL).key_pair_id == NEW
    other.expires_in = 1000
    ends = [each.sign_resource(URL).policy.expires_at for each in (stepped, other)]
    assert ends == [now + 300, now + 1200]


def test_cache_signs_an_expired_policy() -> None:
    """As `Signer.sign_policy` does."""
    signed = SignedPolicies(10**6).sign(Signer(OLD, CountingKey()), (URL, 5, None, None))
    assert signed.policy == Policy(URL, 5)

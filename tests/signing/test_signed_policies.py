"""What is signed for a step is handed out again: the same for the same, and only for the same."""

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
    """Signs otherwise at each call, as ECDSA does, and counts."""

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
    """A key that never signs alike."""
    return CountingKey()


@pytest.fixture
def stepped(counting_key: CountingKey, clock: Any) -> Distribution:
    """A distribution with steps of five minutes, at the begin of one."""
    return Distribution(DOMAIN, Signer(OLD, counting_key), expires_in=60, expiry_step=300)


# The same for the same


def test_what_is_asked_for_again_is_not_signed_again(
    stepped: Distribution, counting_key: CountingKey, clock: Any, now: int
) -> None:
    """For a step, by whichever method; then it is another."""
    first = stepped.sign_path("a")
    for _ in range(3):
        assert stepped.sign_path("a") == stepped.sign_resource(URL).url(URL) == first
        clock.shift(80)
    assert counting_key.calls == 1
    clock.shift(1)
    assert stepped.sign_path("a") != first
    assert counting_key.calls == 2


@pytest.mark.parametrize("options", [{"expires_in": 300}, {"expires_at": 1767225600 + 300}])
def test_a_life_of_its_own_is_signed_each_time(
    stepped: Distribution, counting_key: CountingKey, options: dict[str, Any]
) -> None:
    """Even if it ends as the step does; and it does not get into the others' way."""
    first = stepped.sign_resource(URL)
    for calls in (2, 4):
        assert stepped.sign_resource(URL, **options).policy == first.policy
        assert counting_key.calls == calls
        signed = asyncio.run(stepped.sign_resource_async(URL, **options))
        assert signed.policy == first.policy
    assert counting_key.calls == 5
    assert stepped.sign_resource(URL) is first


@pytest.mark.parametrize("options", [{"expiry_step": 300, "cache_bytes": 0}, {}])
def test_nothing_is_kept_where_nothing_is_to_be(
    counting_key: CountingKey, clock: Any, options: dict[str, Any]
) -> None:
    """With a cache of no bytes; and without a step, where nothing would come again."""
    distribution = Distribution(DOMAIN, Signer(OLD, counting_key), **options)
    assert distribution.sign_path("a") != distribution.sign_path("a")
    assert counting_key.calls == 2


def test_cookies_of_a_pattern_are_kept_too(
    stepped: Distribution, counting_key: CountingKey
) -> None:
    """One signature for the wildcard and the step."""
    assert dict(stepped.sign_cookies(pattern="videos/42/*")) == dict(
        stepped.sign_cookies(pattern="videos/42/*")
    )
    assert counting_key.calls == 1


# One signature, many URLs


def test_a_playlist_costs_one_signature_a_step(
    key: PrivateKey, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """And each URL opens what it names."""
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


def test_a_pattern_goes_with_all_the_other_arguments(
    recording_distribution: Distribution, recorder: Any, clock: Any, now: int
) -> None:
    """Without a step as well."""
    signed = recording_distribution.sign_path(
        "v/1.ts", query={"a": "b"}, pattern="/v/*", expires_in=5, ip_address="192.0.2.1"
    )
    assert signed.startswith(f"{DOMAIN}/v/1.ts?a=b&Policy=")
    policy = Policy(f"{DOMAIN}/v/*", now + 5, ip_address="192.0.2.1")
    assert recorder.signed == [(policy.to_json().encode(), "SHA1")]


@pytest.mark.parametrize(
    ("path", "pattern", "mend"),
    [
        ("videos/43/1.ts", "videos/42/*", "does not match the path; use the path's folder"),
        ("videos/42", "videos/42/*", "does not match"),
        ("videos/42/1.ts", "videos/42/1", "does not match"),
        ("videos/42/1.ts", "videos/42/?.ts", "does not match"),
        ("videos/42/1.ts", "../*", "the path of the file itself"),
        ("videos/42/1.ts", f"{DOMAIN}/*", "remove the domain"),
        ("videos/42/1.ts", "", "empty name"),
        ("videos/42/1.ts", "*" * 9000, "shorten the path"),
        ("videos/42/1.ts", 7, "got int"),
    ],
)
def test_a_pattern_that_does_not_cover_the_path_is_refused(
    stepped: Distribution, counting_key: CountingKey, path: str, pattern: Any, mend: str
) -> None:
    """And nothing is signed, nor from then on handed out."""
    stepped.sign_cookies(pattern="videos/42/*")
    for _ in range(2):
        with pytest.raises(ResourceError, match=mend):
            stepped.sign_path(path, pattern=pattern)
    assert counting_key.calls == 1


# Only for the same

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


def test_what_differs_in_anything_is_another(
    stepped: Distribution, counting_key: CountingKey, now: int
) -> None:
    """In the resource, the start or the viewer's address; each is what its own policy says."""
    for _ in range(2):
        for terms in DIFFERENT:
            assert stepped.sign_resource(**terms).policy == Policy(expires_at=now + 300, **terms)
    signed = [stepped.sign_resource(**terms) for terms in DIFFERENT]
    assert len({each.params["Signature"] for each in signed}) == len(DIFFERENT)
    assert counting_key.calls == len(DIFFERENT)


def test_one_distribution_hands_out_nothing_of_another(clock: Any) -> None:
    """That has another key, or another life."""
    signer = Signer(OLD, CountingKey())
    one, other, longer = (
        Distribution(DOMAIN, signer, expiry_step=300),
        Distribution(DOMAIN, Signer(NEW, CountingKey()), expiry_step=300),
        Distribution(DOMAIN, signer, expiry_step=300, expires_in=1000),
    )
    assert [each.sign_resource(URL).key_pair_id for each in (one, other)] == [OLD, NEW]
    assert longer.sign_resource(URL).policy.expires_at - one.sign_resource(URL).policy.expires_at


@pytest.mark.parametrize(
    ("terms", "same"),
    [
        ({"starts_at": datetime(2026, 1, 1, tzinfo=UTC)}, {"starts_at": 1767225600}),
        ({"ip_address": ipaddress.IPv4Address("192.0.2.1")}, {"ip_address": "192.0.2.1/32"}),
        ({"ip_address": ipaddress.IPv4Network("192.0.2.0/24")}, {"ip_address": "192.0.2.0/24"}),
    ],
)
def test_what_means_the_same_is_the_same(
    stepped: Distribution, counting_key: CountingKey, terms: dict[str, Any], same: dict[str, Any]
) -> None:
    """Objects for a moment or an address are no reason to sign again."""
    first = stepped.sign_resource(URL, **terms)
    assert stepped.sign_resource(URL, **terms) is first
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
        ({}, {"starts_at": 0}),
    ],
)
def test_what_is_refused_is_refused_although_its_like_is_kept(
    stepped: Distribution, good: dict[str, Any], bad: dict[str, Any]
) -> None:
    """`True == 1.0 == 1` to Python; not here. And a refusal is none the second time alone."""
    stepped.sign_resource(URL, **good)
    for _ in range(2):
        with pytest.raises(PolicyError):
            stepped.sign_resource(URL, **bad)


def test_a_text_that_says_it_is_another_is_not_believed(stepped: Distribution) -> None:
    """A class may compare as it likes; what is signed is the text itself."""

    class Liar(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash(URL)

    stepped.sign_resource(URL)
    assert stepped.sign_resource(Liar(f"{URL}b")).policy.resource == f"{URL}b"


# Whoever signs now


def test_a_ring_that_has_moved_on_hands_out_nothing_of_its_old_key(clock: Any, now: int) -> None:
    """In the middle of a step, by the clock alone; and back, where the clock is set back."""
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
def test_a_cache_that_always_hits_keeps_no_ring_from_looking(
    tmp_path: Path, pem: str, other_pem: str, clock: Any, change: str
) -> None:
    """What is changed in the document holds for the next viewer."""
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


def test_a_failure_is_not_kept(clock: Any) -> None:
    """The next who asks is served."""

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


# Its bound


def asked(distribution: Distribution, key: CountingKey, path: str) -> int:
    """Return how many signatures it takes to sign *path*."""
    before = key.calls
    distribution.sign_path(path)
    return key.calls - before


def test_what_was_used_least_lately_makes_room(counting_key: CountingKey, clock: Any) -> None:
    """What is used goes on being kept, however old it is."""
    distribution = Distribution(
        DOMAIN, Signer(OLD, counting_key), expiry_step=300, cache_bytes=20_000
    )
    assert asked(distribution, counting_key, "hot") == 1
    assert asked(distribution, counting_key, "cold") == 1
    for number in range(100):
        assert asked(distribution, counting_key, str(number)) == 1
        assert asked(distribution, counting_key, "hot") == 0
    assert asked(distribution, counting_key, "99") == 0
    assert asked(distribution, counting_key, "cold") == 1


def test_what_is_larger_than_the_cache_is_signed_and_not_kept(clock: Any) -> None:
    """Nor does it drive out what fits for longer than it takes to see."""
    key = CountingKey(length=2000)
    distribution = Distribution(DOMAIN, Signer(OLD, key), expiry_step=300, cache_bytes=1000)
    assert distribution.sign_path("a") != distribution.sign_path("a")
    assert "0 in 0 of 1000 bytes" in repr(distribution._cache)


@pytest.mark.parametrize("kind", ["canned", "custom", "long"])
def test_the_bound_is_honest(counting_key: CountingKey, clock: Any, kind: str) -> None:
    """What is kept takes no more memory than was allowed, nor much less."""
    bound = 2**20
    distribution = Distribution(
        DOMAIN, Signer(OLD, counting_key), expiry_step=300, cache_bytes=bound
    )
    tail = "x" * 2000 if kind == "long" else ""
    address = "192.0.2.1" if kind == "custom" else None
    distribution.sign_resource(URL)  # what is made once
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(3000):
            distribution.sign_resource(f"{URL}/{number}{tail}", ip_address=address)
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bound * 2 // 3 < taken < bound


@pytest.mark.parametrize("value", [-1, 1.5, "4096", True, None])
def test_a_bad_bound_is_refused_when_made(signer: Signer, value: Any) -> None:
    """With the mend."""
    with pytest.raises(
        ConfigurationError,
        match=r"whole number of bytes, such as 8388608; set 0 for no cache",
    ):
        Distribution(DOMAIN, signer, cache_bytes=value)


# Its secrets


def test_it_shows_and_gives_away_nothing(signer: Signer, clock: Any) -> None:
    """What it holds opens files."""
    distribution = Distribution(DOMAIN, signer, expiry_step=300)
    signature = distribution.sign_path("a").partition("Signature=")[2][:40]
    cache = distribution._cache
    for thing in (cache, distribution):
        assert signature not in f"{thing!r} {thing}"
        for give_away in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a private key"):
                give_away(thing)
    with pytest.raises(TypeError, match="make the Distribution in the other process"):
        copy.copy(cache)


def test_a_copy_of_a_distribution_signs_by_its_own_settings(
    stepped: Distribution, now: int
) -> None:
    """Although it shares what is kept."""
    twin = copy.copy(stepped)
    assert twin.sign_path("a") == stepped.sign_path("a")
    twin.signer = Signer(NEW, CountingKey())
    assert twin.sign_resource(URL).key_pair_id == NEW
    twin.expires_in = 1000
    ends = [each.sign_resource(URL).policy.expires_at for each in (stepped, twin)]
    assert ends == [now + 300, now + 1200]


def test_a_small_cache_by_itself() -> None:
    """Its terms are its own affair: an expiry that has passed is signed too, as a Signer does."""
    signed = SignedPolicies(10**6).sign(Signer(OLD, CountingKey()), Policy(URL, 5))
    assert signed.policy == Policy(URL, 5)

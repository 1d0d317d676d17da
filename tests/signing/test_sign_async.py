"""Signing in an event loop, with a key that is awaited, blocks, or is quick."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from cfsign import (
    AsyncPrivateKey,
    CfsignError,
    Distribution,
    KeyPair,
    KeyRing,
    KeyUnavailableError,
    Policy,
    PrivateKey,
    SignedPolicy,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
)

DOMAIN = "https://media.example.com"
URL = f"{DOMAIN}/a"
POLICY = Policy(URL, 1999999999)
PATIENCE = 30  # seconds until a test gives up; only a failing test waits until then


class AsyncKey:
    """A remote key that answers when other tasks of the loop have run."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.was_called, self.may_answer = asyncio.Event(), asyncio.Event()
        self.outcome = ""

    async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.was_called.set()
        try:
            await asyncio.wait_for(self.may_answer.wait(), PATIENCE)
        except asyncio.CancelledError:
            self.outcome = "cancelled"
            raise
        self.outcome = "signed"
        return self._key.sign(message, hash_algorithm)  # type: ignore[arg-type]

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


class BlockingKey:
    """An HSM whose call returns when other tasks of the loop have run."""

    is_blocking = True

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        self.was_called, self.may_answer = threading.Event(), threading.Event()
        self.done = threading.Event()
        self.thread = 0

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.thread = threading.get_ident()
        self.was_called.set()
        answered = self.may_answer.wait(PATIENCE)
        self.done.set()
        if not answered:
            raise KeyUnavailableError("the event loop stood still")
        return self._key.sign(message, hash_algorithm)  # type: ignore[arg-type]

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


async def count_ticks_until_asked(key: AsyncKey | BlockingKey) -> int:
    """Run the loop until *key* is asked to sign, and a little longer."""
    ticks = after = 0
    while after < 100:
        await asyncio.sleep(0)
        ticks += 1
        after += key.was_called.is_set()
    return ticks


@pytest.mark.parametrize("make", [AsyncKey, BlockingKey])
def test_loop_runs_while_a_key_signs(
    key: PrivateKey,
    trusted_keys: TrustedKeyGroup,
    make: Callable[[PrivateKey], AsyncKey | BlockingKey],
) -> None:
    async def run() -> SignedPolicy:
        slow = make(key)
        signing = asyncio.create_task(Signer("K2JCJMDEHXQW5F", slow).sign_policy_async(POLICY))
        assert await count_ticks_until_asked(slow) >= 100
        assert not signing.done()
        slow.may_answer.set()
        return await signing

    signed = asyncio.run(run())
    assert trusted_keys.check(signed.url(URL), at=1900000000).allowed


@pytest.mark.parametrize("make", [AsyncKey, BlockingKey])
def test_concurrent_signatures_are_not_mixed_up(
    key: PrivateKey,
    trusted_keys: TrustedKeyGroup,
    make: Callable[[PrivateKey], AsyncKey | BlockingKey],
) -> None:
    async def run() -> list[SignedPolicy]:
        slow = make(key)
        slow.may_answer.set()
        signer = Signer("K2JCJMDEHXQW5F", slow)
        policies = [Policy(f"{URL}/{number}", 1999999999) for number in range(20)]
        return await asyncio.gather(*map(signer.sign_policy_async, policies))

    for number, signed in enumerate(asyncio.run(run())):
        assert trusted_keys.check(signed.url(f"{URL}/{number}"), at=1900000000).allowed


def test_only_a_blocking_key_signs_in_a_thread(key: PrivateKey) -> None:
    """A thread costs more than a quick signature. Without a loop, neither uses one."""
    blocking, quick = BlockingKey(key), BlockingKey(key)
    quick.is_blocking = False  # an instance's own, as a key whose class does not know
    blocking.may_answer.set()
    quick.may_answer.set()
    for slow in (blocking, quick):
        asyncio.run(Signer("K2JCJMDEHXQW5F", slow).sign_policy_async(POLICY))
    assert blocking.thread != threading.get_ident()
    assert quick.thread == threading.get_ident()
    Signer("K2JCJMDEHXQW5F", blocking).sign_policy(POLICY)
    assert blocking.thread == threading.get_ident()


async def cancelled(signing: Awaitable[SignedPolicy], key: AsyncKey | BlockingKey) -> None:
    task = asyncio.ensure_future(signing)
    await count_ticks_until_asked(key)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


def test_cancelled_request_cancels_an_asynchronous_key(key: PrivateKey) -> None:
    async def run() -> str:
        slow = AsyncKey(key)
        await cancelled(Signer("K2JCJMDEHXQW5F", slow).sign_policy_async(POLICY), slow)
        return slow.outcome

    assert asyncio.run(run()) == "cancelled"


def test_cancelled_request_does_not_wait_for_a_blocking_key(key: PrivateKey) -> None:
    """The thread ends by itself, and its signature is dropped."""
    slow = BlockingKey(key)

    async def run() -> None:
        await cancelled(Signer("K2JCJMDEHXQW5F", slow).sign_policy_async(POLICY), slow)
        assert not slow.done.is_set()
        slow.may_answer.set()

    asyncio.run(run())  # which waits for its threads
    assert slow.done.is_set()


@pytest.mark.parametrize("is_blocking", [False, True])
def test_error_of_an_unavailable_key_is_raised_unchanged(is_blocking: bool) -> None:
    """Also through the thread."""

    class Unreachable:
        def __init__(self) -> None:
            self.is_blocking = is_blocking

        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            raise KeyUnavailableError("throttled", code="ThrottlingException")

        def public_key_pem(self) -> str:
            return ""

    with pytest.raises(KeyUnavailableError) as caught:
        asyncio.run(Signer("K2JCJMDEHXQW5F", Unreachable()).sign_policy_async(POLICY))
    assert caught.value.code == "ThrottlingException"


def test_asynchronous_key_is_refused_by_sign_policy(key: PrivateKey) -> None:
    """The error says what to await."""

    async def run() -> None:
        slow: AsyncPrivateKey = AsyncKey(key)
        with pytest.raises(SigningKeyError, match="await sign_policy_async"):
            Signer("K2JCJMDEHXQW5F", slow).sign_policy(POLICY)

    asyncio.run(run())


@pytest.fixture(params=["signer", "ring", "distribution", "with a step"])
def signs_urls(request: pytest.FixtureRequest, key: PrivateKey) -> Any:
    """An object with `sign_url` and `sign_url_async`."""
    signer = Signer("K2JCJMDEHXQW5F", key)
    return {
        "signer": lambda: signer,
        "ring": lambda: KeyRing([KeyPair("K2JCJMDEHXQW5F", key)]),
        "distribution": lambda: Distribution(DOMAIN, signer),
        "with a step": lambda: Distribution(DOMAIN, signer, expiry_step=3600),
    }[request.param]()


@pytest.mark.parametrize(
    "options",
    [
        {"expires_in": 90},
        {"expires_at": 1999999999},
        {"expires_in": 90, "starts_at": 1},
        {"expires_in": 90, "ip_address": "192.0.2.0/24"},
    ],
    ids=str,
)
def test_sync_and_async_methods_return_the_same_url(
    signs_urls: Any, trusted_keys: TrustedKeyGroup, clock: Any, options: dict[str, Any]
) -> None:
    """RSA signatures are the same each time."""
    url = signs_urls.sign_url(URL, **options)
    assert asyncio.run(signs_urls.sign_url_async(URL, **options)) == url
    assert trusted_keys.check(url, ip_address="192.0.2.7").allowed
    if isinstance(signs_urls, Distribution):
        assert signs_urls.sign_resource(URL, **options).url(URL) == url
        assert signs_urls.sign_path("a", **options) == url
        assert asyncio.run(signs_urls.sign_path_async("a", **options)) == url


@pytest.mark.parametrize("expiry_step", [None, 3600])
def test_sync_and_async_patterns_give_the_same_results(
    key: PrivateKey, clock: Any, expiry_step: int | None
) -> None:
    distribution = Distribution(DOMAIN, Signer("K2JCJMDEHXQW5F", key), expiry_step=expiry_step)
    url = distribution.sign_path("v/a", query="b=c", pattern="v/*", ip_address="192.0.2.1")
    assert url == asyncio.run(
        distribution.sign_path_async("v/a", query="b=c", pattern="v/*", ip_address="192.0.2.1")
    )
    cookies = asyncio.run(distribution.sign_cookies_async(pattern="v/*", expires_in=9))
    assert dict(cookies) == dict(distribution.sign_cookies(pattern="v/*", expires_in=9))
    with pytest.raises(CfsignError, match="does not match the path"):
        asyncio.run(distribution.sign_path_async("w/a", pattern="v/*"))


@pytest.mark.parametrize("way", ["sign_url", "sign_url_async"])
def test_default_expiry_is_that_of_the_distribution(
    key: PrivateKey, clock: Any, now: int, way: str
) -> None:
    signer = Signer("K2JCJMDEHXQW5F", key)
    for make, end in (
        (lambda: Distribution(DOMAIN, signer), now + 60),
        (lambda: Distribution(DOMAIN, signer, expires_in=7), now + 7),
        (lambda: Distribution(DOMAIN, signer, expiry_step=3600), -(-(now + 60) // 3600) * 3600),
    ):
        signed = getattr(make(), way)(URL)
        assert f"Expires={end}&" in (signed if way == "sign_url" else asyncio.run(signed))


@pytest.mark.parametrize(
    ("url", "options"),
    [
        (f"{URL} b", {"expires_in": 90}),
        (URL + "a" * 8120, {"expires_in": 90}),
        (URL, {"expires_at": 1}),
        (URL, {"expires_in": 0}),
        (URL, {"expires_in": 1, "expires_at": 1999999999}),
        (URL, {"expires_in": 90, "starts_at": 1999999999}),
    ],
)
def test_sync_and_async_methods_raise_the_same_error(
    signs_urls: Any, clock: Any, url: str, options: dict[str, Any]
) -> None:
    with pytest.raises(CfsignError) as plain:
        signs_urls.sign_url(url, **options)
    with pytest.raises(CfsignError) as awaited:
        asyncio.run(signs_urls.sign_url_async(url, **options))
    assert (type(plain.value), str(plain.value)) == (type(awaited.value), str(awaited.value))


def test_async_pattern_must_match_the_url(key: PrivateKey, trusted_keys: TrustedKeyGroup) -> None:
    signer = Signer("K2JCJMDEHXQW5F", key)
    conditions: dict[str, Any] = {"expires_in": 60, "pattern": f"{DOMAIN}/*"}
    url = asyncio.run(signer.sign_url_async(URL, **conditions))
    assert trusted_keys.check(url).allowed
    assert "Policy=" in url
    with pytest.raises(CfsignError, match="does not match the URL"):
        asyncio.run(signer.sign_url_async("https://other.example.com/a", **conditions))

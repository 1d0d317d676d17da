"""Equal requests at the same time are signed once: in threads, event loops and forked workers."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import warnings
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from cfsign import (
    Distribution,
    KeyPair,
    KeyRing,
    KeyUnavailableError,
    Policy,
    SignedPolicy,
    Signer,
    SigningKeyError,
)

DOMAIN = "https://media.example.com"
URL = f"{DOMAIN}/a"
MANY = 8
PATIENCE = 30  # seconds until a test gives up; only a failing test waits until then


class SlowKey:
    """A key that waits until it may answer, and fails once for each of `failures`."""

    def __init__(self, *failures: BaseException, is_blocking: bool = False) -> None:
        self.failures = list(failures)
        self.is_blocking = is_blocking
        self.calls = 0
        self.was_called, self.may_answer = threading.Event(), threading.Event()

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.calls += 1
        number = self.calls
        failure = self.failures.pop(0) if self.failures else None
        self.was_called.set()
        assert self.may_answer.wait(PATIENCE)
        if failure is not None:
            raise failure
        return number.to_bytes(256, "big")

    def public_key_pem(self) -> str:
        return "-----BEGIN PUBLIC KEY-----\n"


class AsyncKey:
    """Async version of `SlowKey`."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0
        self.may_answer = False

    async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.calls += 1
        number = self.calls
        failure = self.failures.pop(0) if self.failures else None
        while not self.may_answer:
            await asyncio.sleep(0)
        if failure is not None:
            raise failure
        return number.to_bytes(256, "big")

    def public_key_pem(self) -> str:
        return "-----BEGIN PUBLIC KEY-----\n"


def stepped(key: Any) -> Distribution:
    # Longer than any test takes.
    return Distribution(DOMAIN, Signer("K1OLD", key), expiry_step=10**7)


# Threads


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by one when a thread starts to wait for the signature of another."""
    threads: list[int] = []

    class Event(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            threads.append(threading.get_ident())
            return super().wait(PATIENCE)

    namespace = SimpleNamespace(Event=Event, Lock=threading.Lock)
    monkeypatch.setattr("cfsign.signing.cache.threading", namespace)
    return threads


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """A pool with a thread for each request."""
    with ThreadPoolExecutor(MANY) as pool:
        yield pool


def sign_concurrently(
    pool: ThreadPoolExecutor, distribution: Distribution, key: SlowKey, waiting: list[int]
) -> list[Future[SignedPolicy]]:
    """Send many equal requests, and let the key answer when all others wait for the first."""
    requests = [pool.submit(distribution.sign_resource, URL)]
    assert key.was_called.wait(PATIENCE)
    requests += [pool.submit(distribution.sign_resource, URL) for _ in range(MANY - 1)]
    until(lambda: len(waiting) == MANY - 1 or key.calls > 1)
    key.may_answer.set()
    return requests


def test_threads_share_one_signature(pool: ThreadPoolExecutor, waiting: list[int]) -> None:
    key = SlowKey()
    distribution = stepped(key)
    requests = sign_concurrently(pool, distribution, key, waiting)
    assert len({id(each.result(PATIENCE)) for each in requests}) == 1
    assert distribution.sign_resource(URL) is requests[0].result()
    assert key.calls == 1


def test_threads_share_a_signature_that_is_not_cached(
    pool: ThreadPoolExecutor, waiting: list[int]
) -> None:
    """The cache is too small for it."""
    key = SlowKey()
    distribution = Distribution(DOMAIN, Signer("K1OLD", key), expiry_step=10**7, cache_bytes=1)
    requests = sign_concurrently(pool, distribution, key, waiting)
    assert len({id(each.result(PATIENCE)) for each in requests}) == 1
    assert key.calls == 1


def test_threads_share_one_error(pool: ThreadPoolExecutor, waiting: list[int]) -> None:
    """At once, without a timeout for each; the next request is signed."""
    key = SlowKey(KeyUnavailableError("throttled", code="ThrottlingException"))
    distribution = stepped(key)
    for each in sign_concurrently(pool, distribution, key, waiting):
        with pytest.raises(KeyUnavailableError, match="throttled") as caught:
            each.result(PATIENCE)
        assert caught.value.code == "ThrottlingException"
    assert key.calls == 1
    assert distribution.sign_resource(URL) is distribution.sign_resource(URL)
    assert key.calls == 2


class TwoArguments(Exception):
    """An exception that cannot be made from its `args`."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


class NewArguments(Exception):
    """An exception whose `__new__` takes other arguments than its `args`."""

    def __new__(cls, *arguments: Any) -> NewArguments:
        if len(arguments) != 2:
            raise TypeError
        return super().__new__(cls, *arguments)

    def __init__(self, *arguments: Any) -> None:
        self.args = ("one",)


ERRORS = {
    "ours": lambda: KeyUnavailableError("throttled", hint="wait", code="Throttling"),
    "plain": lambda: RuntimeError("the module did not answer"),
    "two arguments": lambda: TwoArguments(5, "throttled"),
    "system": lambda: TimeoutError(110, "timed out"),
    "group": lambda: ExceptionGroup("two failed", [OSError(5, "one"), TwoArguments(6, "two")]),
    "new": lambda: NewArguments(1, 2),
}


@pytest.mark.parametrize("name", ERRORS)
def test_each_thread_gets_an_error_of_its_own(
    pool: ThreadPoolExecutor, waiting: list[int], name: str
) -> None:
    """So that the report of one request has no frames, causes or notes of the others."""
    failure = ERRORS[name]()
    failure.__cause__ = OSError("the cause")
    key = SlowKey(failure)
    requests = sign_concurrently(pool, stepped(key), key, waiting)
    errors = [each.exception(PATIENCE) for each in requests]
    others = [error for error in errors if error is not failure]
    assert len(set(map(id, errors))) == MANY == len(others) + 1
    for error in others:
        assert error is not None
        assert error.__cause__ is None
        assert error.__context__ is None
        if name == "new":
            assert type(error) is SigningKeyError
            assert "NewArguments was raised in another request" in str(error)
            continue
        assert type(error) is type(failure)
        assert str(error) == str(failure)
        if isinstance(error, ExceptionGroup) and isinstance(failure, ExceptionGroup):
            assert [str(each) for each in error.exceptions] == [
                str(each) for each in failure.exceptions
            ]
            assert not set(map(id, error.exceptions)) & set(map(id, failure.exceptions))
        else:
            assert vars(error) == vars(failure)


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_another_thread_signs_if_the_first_is_interrupted(
    pool: ThreadPoolExecutor, waiting: list[int], interrupt: type[BaseException]
) -> None:
    key = SlowKey(interrupt())
    first, *others = sign_concurrently(pool, stepped(key), key, waiting)
    with pytest.raises(interrupt):
        first.result(PATIENCE)
    assert len({id(each.result(PATIENCE)) for each in others}) == 1
    assert key.calls == 2


def test_interrupt_of_a_waiting_thread_does_not_affect_the_first(
    pool: ThreadPoolExecutor, waiting: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SlowKey()
    distribution = stepped(key)
    first = pool.submit(distribution.sign_resource, URL)
    assert key.was_called.wait(PATIENCE)
    with monkeypatch.context() as patch:
        patch.setattr("cfsign.signing.cache.threading.Event.wait", _raise_interrupt)
        with pytest.raises(KeyboardInterrupt):
            distribution.sign_resource(URL)
    second = pool.submit(distribution.sign_resource, URL)
    until(lambda: bool(waiting) or key.calls > 1)
    key.may_answer.set()
    assert first.result(PATIENCE) is second.result(PATIENCE)
    assert key.calls == 1


def _raise_interrupt(self: object, timeout: float | None = None) -> bool:
    raise KeyboardInterrupt


class EndsDuringTheLook(dict[Any, Any]):
    """A table in which the signature of another request ends just before each look."""

    def __init__(self, other: Callable[[], object]) -> None:
        self.others = [other]

    def setdefault(self, key: Any, value: Any) -> Any:
        if self.others:
            self.others.pop()()
        return super().setdefault(key, value)


@pytest.mark.parametrize("is_async", [False, True])
def test_signature_that_ended_during_the_look_is_used(is_async: bool) -> None:
    """It is cached by then."""
    key = SlowKey()
    key.may_answer.set()
    distribution = stepped(key)
    cache: Any = distribution._cache
    cache._signing = EndsDuringTheLook(lambda: distribution.sign_resource(URL))
    if is_async:
        run(distribution.sign_resource_async(URL))
    else:
        distribution.sign_resource(URL)
    assert key.calls == 1


def test_requests_for_other_policies_do_not_wait(pool: ThreadPoolExecutor) -> None:
    key = SlowKey()
    distribution = stepped(key)
    first = pool.submit(distribution.sign_resource, URL)
    assert key.was_called.wait(PATIENCE)
    others = [
        pool.submit(distribution.sign_resource, f"{URL}b"),
        pool.submit(distribution.sign_resource, URL, ip_address="192.0.2.1"),
    ]
    until(lambda: key.calls == 3)
    key.may_answer.set()
    assert len({id(each.result(PATIENCE)) for each in [first, *others]}) == 3


def test_many_threads_keep_a_small_cache_within_its_bound(pool: ThreadPoolExecutor) -> None:
    key = SlowKey()
    key.may_answer.set()
    distribution = Distribution(DOMAIN, Signer("K1OLD", key), expiry_step=10**7, cache_bytes=30_000)
    barrier = threading.Barrier(MANY)

    def work(number: int) -> None:
        barrier.wait(PATIENCE)
        for round_ in range(400):
            url = f"{URL}/{(round_ * (number + 1)) % 40}"
            assert distribution.sign_resource(url).policy.resource == url

    for each in [pool.submit(work, number) for number in range(MANY)]:
        each.result(PATIENCE)
    cache: Any = distribution._cache
    assert 0 < cache._bytes <= 30_000
    check_consistency(distribution)


def check_consistency(distribution: Distribution) -> None:
    """Check that no signature is in progress and that the byte count of an empty cache is 0."""
    cache: Any = distribution._cache
    assert cache._signing == {}
    cache._max_bytes = 0
    cache._add("another", distribution.signer.sign_policy(Policy(URL, 1999999999)))
    assert (len(cache._entries), cache._bytes) == (0, 0)


# Event loops


async def run_loop_once() -> None:
    for _ in range(100):
        await asyncio.sleep(0)


def run(work: Awaitable[Any]) -> Any:
    async def bounded() -> Any:
        return await asyncio.wait_for(work, PATIENCE)

    return asyncio.run(bounded())


def test_tasks_share_one_signature() -> None:
    """Also later tasks, and threads."""

    async def work() -> None:
        tasks = [asyncio.create_task(distribution.sign_resource_async(URL)) for _ in range(MANY)]
        await run_loop_once()
        key.may_answer = True
        signed = await asyncio.gather(*tasks)
        assert len(set(map(id, signed))) == 1
        assert await distribution.sign_resource_async(URL) is signed[0]
        assert distribution.sign_resource(URL) is signed[0]

    key = AsyncKey()
    distribution = stepped(key)
    run(work())
    assert key.calls == 1


def test_tasks_share_one_error() -> None:
    """The next request is signed."""

    async def work() -> None:
        tasks = [asyncio.create_task(distribution.sign_resource_async(URL)) for _ in range(MANY)]
        await run_loop_once()
        key.may_answer = True
        errors = await asyncio.gather(*tasks, return_exceptions=True)
        assert len(set(map(id, errors))) == MANY
        for error in errors:
            assert isinstance(error, KeyUnavailableError)
        assert key.calls == 1
        await distribution.sign_resource_async(URL)
        assert key.calls == 2

    key = AsyncKey(KeyUnavailableError("throttled"))
    distribution = stepped(key)
    run(work())


@pytest.mark.parametrize("index", [0, 3])
def test_cancelled_task_does_not_affect_the_others(index: int) -> None:
    """If it is the first, another signs; if it waits, the first goes on."""

    async def work() -> None:
        tasks = [asyncio.create_task(distribution.sign_resource_async(URL)) for _ in range(MANY)]
        await run_loop_once()
        gone = tasks.pop(index)
        gone.cancel()
        await run_loop_once()
        assert gone.cancelled()
        assert not any(task.done() for task in tasks)
        key.may_answer = True
        assert len(set(map(id, await asyncio.gather(*tasks)))) == 1

    key = AsyncKey()
    distribution = stepped(key)
    run(work())
    assert key.calls == (2 if index == 0 else 1)


def test_loop_does_not_wait_for_the_signature_of_a_thread(pool: ThreadPoolExecutor) -> None:
    """It makes its own; later requests get the one that is ready first."""
    key = SlowKey(is_blocking=True)
    distribution = stepped(key)
    in_a_thread = pool.submit(distribution.sign_resource, URL)
    assert key.was_called.wait(PATIENCE)

    async def work() -> SignedPolicy:
        task = asyncio.create_task(distribution.sign_resource_async(URL))
        await run_loop_once()  # while the thread still signs
        assert not task.done()
        key.may_answer.set()
        return await task

    assert run(work()) is in_a_thread.result(PATIENCE) is distribution.sign_resource(URL)
    assert key.calls == 2
    check_consistency(distribution)


def test_loops_do_not_wait_for_each_other(pool: ThreadPoolExecutor) -> None:
    """One of them stops in the middle of a signature."""
    key = AsyncKey()
    distribution = stepped(key)
    stopped = asyncio.new_event_loop()
    try:
        task = stopped.create_task(distribution.sign_resource_async(URL))
        stopped.run_until_complete(run_loop_once())
        key.may_answer = True
        works = [pool.submit(run, distribution.sign_resource_async(URL)) for _ in range(4)]
        signed = [each.result(PATIENCE) for each in works]
        assert len(set(map(id, signed))) == 1
        assert stopped.run_until_complete(task) is signed[0]
    finally:
        stopped.close()


def test_tasks_refresh_the_ring(clock: Any, now: int) -> None:
    """In a thread, as for any signature."""

    async def work() -> None:
        old = await distribution.sign_resource_async(URL)
        assert await distribution.sign_resource_async(URL) is old
        clock.shift(100)
        new = await distribution.sign_resource_async(URL)
        assert (old.key_pair_id, new.key_pair_id) == ("K1OLD", "K2NEW")
        assert await distribution.sign_resource_async(URL) is new

    keys = SlowKey(), SlowKey()
    for key in keys:
        key.may_answer.set()
    ring = KeyRing(
        [KeyPair("K1OLD", keys[0]), KeyPair("K2NEW", keys[1], now + 100)], refresh_every=0
    )
    distribution = Distribution(DOMAIN, ring, expiry_step=10**7)
    run(work())
    assert [key.calls for key in keys] == [1, 1]


# Forked workers


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.parametrize("holds", ["signature", "lock"])
def test_child_forked_during_a_signature_can_sign(pool: ThreadPoolExecutor, holds: str) -> None:
    """The thread that signs does not exist in the child."""
    key = SlowKey()
    distribution = stepped(key)
    cache: Any = distribution._cache
    signing = pool.submit(distribution.sign_resource, URL)
    assert key.was_called.wait(PATIENCE)
    if holds == "lock":
        cache._lock.acquire()
    with warnings.catch_warnings():
        # Python 3.12 warns of what is tested here: a fork in a process with threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        key.may_answer = threading.Event()
        key.may_answer.set()
        threading.Timer(PATIENCE, os._exit, [3]).start()
        try:
            os._exit(0 if distribution.sign_resource(URL).policy.resource == URL else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    if holds == "lock":
        cache._lock.release()
    key.may_answer.set()
    assert signing.result(PATIENCE) is distribution.sign_resource(URL)
    assert os.waitstatus_to_exitcode(status) == 0

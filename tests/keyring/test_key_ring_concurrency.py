"""Tests of the key ring with threads, forked workers and event loops."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cfsign import ConfigurationError, Distribution, KeyPair, KeyRing, Policy, TrustedKeyGroup
from cfsign.views import ViewHandler, ViewOptions

OLD, NEW = "K1OLD", "K2NEW"
URL = "https://media.example.com/report.pdf"
POLICY = Policy(URL, 2_000_000_000)
_TIMEOUT = 30


class Store:
    """A secret store whose `load` can be blocked; a blocked call fails after a timeout."""

    def __init__(self, pem: str) -> None:
        self.document = json.dumps({"keys": [{"key_pair_id": OLD, "private_key": pem}]})
        self.callers: list[int] = []
        self.is_called = threading.Event()
        self.may_return = threading.Event()
        self.may_return.set()

    def block(self) -> None:
        """Block the next call of `load`."""
        self.callers.clear()
        self.is_called.clear()
        self.may_return.clear()

    def load(self) -> str:
        self.callers.append(threading.get_ident())
        self.is_called.set()
        assert self.may_return.wait(_TIMEOUT)
        return self.document

    def rotate(self, pem: str) -> None:
        """Replace the old pair by the new one."""
        self.document = json.dumps({"keys": [{"key_pair_id": NEW, "private_key": pem}]})


@pytest.fixture
def store(pem: str) -> Store:
    """A store with the old pair."""
    return Store(pem)


def test_one_thread_refreshes_while_the_others_sign(store: Store, other_pem: str) -> None:
    """With the old keys, until the store returns."""
    ring = KeyRing.from_loader(store.load, refresh_every=0)
    store.block()
    store.rotate(other_pem)
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(ring.sign_policy, POLICY)
        assert store.is_called.wait(_TIMEOUT)
        for _ in range(5):
            assert ring.sign_policy(POLICY).key_pair_id == OLD
        assert len(store.callers) == 1
        store.may_return.set()
        assert refreshing.result(_TIMEOUT).key_pair_id == NEW
    assert ring.sign_policy(POLICY).key_pair_id == NEW


def test_threads_sign_correctly_while_the_document_changes(
    tmp_path: Path, pem: str, other_pem: str
) -> None:
    """The document is also broken for a moment at each change."""
    document = tmp_path / "ring.json"
    old = {"key_pair_id": OLD, "private_key": pem}
    new = {"key_pair_id": NEW, "private_key": other_pem, "active_from": 5}
    document.write_text(json.dumps({"keys": [old]}))
    ring = KeyRing.from_file(document, refresh_every=0)
    key_group = TrustedKeyGroup(
        KeyRing([KeyPair(OLD, pem), KeyPair(NEW, other_pem, 5)]).public_keys()
    )
    is_over = threading.Event()

    def sign() -> set[str]:
        seen = set()
        while not is_over.is_set():
            signed = ring.sign_policy(POLICY)
            assert key_group.check(signed.url(URL)).allowed
            seen.add(signed.key_pair_id)
        return seen

    with ThreadPoolExecutor(8) as pool:
        signing = [pool.submit(sign) for _ in range(8)]
        try:
            for keys in [[old, new], [new], [old], [old, new]] * 5:
                text = json.dumps({"keys": keys})
                document.write_text(text[:500])
                wait_until(lambda: ring.last_error is not None)
                document.write_text(text)
                wait_until(lambda: ring.last_error is None)
                assert ring.key_pair_id == (NEW if new in keys else OLD)
        finally:
            is_over.set()
    assert set.union(*(each.result() for each in signing)) == {OLD, NEW}


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for other threads."""
    end = time.monotonic() + _TIMEOUT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_child_forked_during_a_refresh_signs_and_refreshes(store: Store, other_pem: str) -> None:
    """The thread that holds the lock does not exist in the child."""
    ring = KeyRing.from_loader(store.load, refresh_every=0)
    store.block()
    with ThreadPoolExecutor(1) as pool:
        refreshing = pool.submit(ring.sign_policy, POLICY)
        assert store.is_called.wait(_TIMEOUT)

        def work_in_child() -> str:
            store.may_return = threading.Event()
            store.may_return.set()
            store.rotate(other_pem)
            return ring.sign_policy(POLICY).key_pair_id

        try:
            assert run_in_child(work_in_child) == NEW
        finally:
            store.may_return.set()
        assert refreshing.result(_TIMEOUT).key_pair_id == OLD


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_each_child_refreshes_on_its_own(tmp_path: Path, pem: str, other_pem: str) -> None:
    """For a server that loads the application before it forks its workers."""
    document = tmp_path / "ring.json"
    document.write_text(json.dumps({"keys": [{"key_pair_id": OLD, "private_key": pem}]}))
    ring = KeyRing.from_file(document, refresh_every=0)

    def work_in_child() -> str:
        before = ring.sign_policy(POLICY).key_pair_id
        document.write_text(json.dumps({"keys": [{"key_pair_id": NEW, "private_key": other_pem}]}))
        return f"{before} {ring.sign_policy(POLICY).key_pair_id} {ring.last_error}"

    assert run_in_child(work_in_child) == f"{OLD} {NEW} None"
    assert ring.key_pair_id == OLD
    assert ring.sign_policy(POLICY).key_pair_id == NEW


def run_in_child(work: Callable[[], str]) -> str:
    """Call *work* in a forked child and return its result."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns about a fork in a process with threads.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.write(writing, work().encode())
        except BaseException as error:
            os.write(writing, repr(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as result:
        text = result.read()
    os.waitpid(child, 0)
    return text


async def sign_policy(ring: KeyRing) -> str:
    """Sign a policy and return the key pair id."""
    return (await ring.sign_policy_async(POLICY)).key_pair_id


async def sign_url(ring: KeyRing) -> str:
    """Sign a URL and return the key pair id."""
    url = await ring.sign_url_async(POLICY.resource, expires_in=60)
    return url.rpartition("Key-Pair-Id=")[2]


BOTH_METHODS = pytest.mark.parametrize("sign", [sign_policy, sign_url])
Sign = Callable[[KeyRing], Coroutine[Any, Any, str]]


@BOTH_METHODS
def test_refresh_does_not_block_the_event_loop(
    store: Store, other_pem: str, monkeypatch: pytest.MonkeyPatch, sign: Sign
) -> None:
    """It runs in one thread, while other tasks sign with the old keys."""
    ring = KeyRing.from_loader(store.load, refresh_every=0)
    store.block()
    store.rotate(other_pem)
    calls = []
    to_thread = asyncio.to_thread
    monkeypatch.setattr(asyncio, "to_thread", lambda work: calls.append(work) or to_thread(work))

    async def run_site() -> None:
        refreshing = asyncio.ensure_future(sign(ring))
        while not store.is_called.is_set():
            await asyncio.sleep(0)
        assert await asyncio.gather(*(sign(ring) for _ in range(5))) == [OLD] * 5
        assert not refreshing.done()
        store.may_return.set()
        assert await refreshing == NEW

    asyncio.run(asyncio.wait_for(run_site(), _TIMEOUT))
    assert len(calls) == len(store.callers) == 1
    assert threading.get_ident() not in store.callers


@BOTH_METHODS
def test_signing_between_refreshes_uses_no_thread(
    store: Store, monkeypatch: pytest.MonkeyPatch, sign: Sign
) -> None:
    """It signs directly in the event loop."""
    ring = KeyRing.from_loader(store.load)

    async def refuse(*arguments: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(asyncio, "to_thread", refuse)
    assert asyncio.run(sign(ring)) == OLD


@BOTH_METHODS
def test_ring_signs_with_an_async_key(sign: Sign) -> None:
    """As `Signer` does."""

    class AsyncKey:
        async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            await asyncio.sleep(0)
            return b"signature"

        def public_key_pem(self) -> str:
            return ""

    ring = KeyRing([KeyPair(OLD, AsyncKey())])
    assert asyncio.run(sign(ring)) == OLD


def test_ring_is_async_before_its_async_key_is_active(pem: str) -> None:
    """So a synchronous view is refused at start-up, not when the key becomes active."""

    class AsyncKey:
        async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            return b"signature"

        def public_key_pem(self) -> str:
            return ""

    ring = KeyRing([KeyPair(OLD, pem), KeyPair(NEW, AsyncKey(), 2_000_000_000)])
    media = Distribution("https://media.example.com", ring)
    assert ring.is_async
    with pytest.raises(ConfigurationError, match="cannot await an asynchronous private key"):
        ViewHandler(media, ViewOptions(), can_await=False)
    assert ViewHandler(media, ViewOptions())
    assert asyncio.run(ring.sign_policy_async(POLICY)).key_pair_id == OLD
    assert not KeyRing([KeyPair(OLD, pem)]).is_async

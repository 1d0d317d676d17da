"""The key ring under threads, in forked workers and on an event loop."""

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
_PATIENCE = 30


class Store:
    """A secret store that answers when it is let to, or fails the test."""

    def __init__(self, pem: str) -> None:
        self.document = json.dumps({"keys": [{"key_pair_id": OLD, "private_key": pem}]})
        self.asked: list[int] = []
        self.is_asked = threading.Event()
        self.answers = threading.Event()
        self.answers.set()

    def hold(self) -> None:
        """Let the next who asks wait."""
        self.asked.clear()
        self.is_asked.clear()
        self.answers.clear()

    def load(self) -> str:
        self.asked.append(threading.get_ident())
        self.is_asked.set()
        assert self.answers.wait(_PATIENCE)
        return self.document

    def rotate(self, pem: str) -> None:
        """Replace the old pair by a new one."""
        self.document = json.dumps({"keys": [{"key_pair_id": NEW, "private_key": pem}]})


@pytest.fixture
def store(pem: str) -> Store:
    """A store that holds the old pair."""
    return Store(pem)


def test_one_thread_looks_and_the_others_sign_on(store: Store, other_pem: str) -> None:
    """However long the store takes, with the keys as they were."""
    ring = KeyRing.from_loader(store.load, refresh_every=0)
    store.hold()
    store.rotate(other_pem)
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(ring.sign_policy, POLICY)
        assert store.is_asked.wait(_PATIENCE)
        for _ in range(5):
            assert ring.sign_policy(POLICY).key_pair_id == OLD
        assert len(store.asked) == 1
        store.answers.set()
        assert looking.result(_PATIENCE).key_pair_id == NEW
    assert ring.sign_policy(POLICY).key_pair_id == NEW


def test_every_signature_of_many_threads_is_good(tmp_path: Path, pem: str, other_pem: str) -> None:
    """While the document is replaced under them, broken now and then."""
    document = tmp_path / "ring.json"
    old = {"key_pair_id": OLD, "private_key": pem}
    new = {"key_pair_id": NEW, "private_key": other_pem, "active_from": 5}
    document.write_text(json.dumps({"keys": [old]}))
    ring = KeyRing.from_file(document, refresh_every=0)
    edge = TrustedKeyGroup(KeyRing([KeyPair(OLD, pem), KeyPair(NEW, other_pem, 5)]).public_keys())
    ends = threading.Event()

    def sign() -> set[str]:
        seen = set()
        while not ends.is_set():
            signed = ring.sign_policy(POLICY)
            assert edge.check(signed.url(URL)).allowed
            seen.add(signed.key_pair_id)
        return seen

    with ThreadPoolExecutor(8) as pool:
        signing = [pool.submit(sign) for _ in range(8)]
        try:
            for keys in [[old, new], [new], [old], [old, new]] * 5:
                text = json.dumps({"keys": keys})
                document.write_text(text[:500])
                until(lambda: ring.last_error is not None)
                document.write_text(text)
                until(lambda: ring.last_error is None)
                assert ring.key_pair_id == (NEW if new in keys else OLD)
        finally:
            ends.set()
    assert set.union(*(each.result() for each in signing)) == {OLD, NEW}


def until(condition: Callable[[], bool]) -> None:
    """Wait for what other threads do."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_child_forked_while_another_thread_looks_signs_and_looks(
    store: Store, other_pem: str
) -> None:
    """The thread, and with it what it held, is not in the child."""
    ring = KeyRing.from_loader(store.load, refresh_every=0)
    store.hold()
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(ring.sign_policy, POLICY)
        assert store.is_asked.wait(_PATIENCE)

        def in_the_child() -> str:
            store.answers = threading.Event()
            store.answers.set()
            store.rotate(other_pem)
            return ring.sign_policy(POLICY).key_pair_id

        try:
            assert forked(in_the_child) == NEW
        finally:
            store.answers.set()
        assert looking.result(_PATIENCE).key_pair_id == OLD


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_children_pick_up_changes_each_for_itself(tmp_path: Path, pem: str, other_pem: str) -> None:
    """A worker of a server that loads the application before it forks."""
    document = tmp_path / "ring.json"
    document.write_text(json.dumps({"keys": [{"key_pair_id": OLD, "private_key": pem}]}))
    ring = KeyRing.from_file(document, refresh_every=0)

    def in_the_child() -> str:
        before = ring.sign_policy(POLICY).key_pair_id
        document.write_text(json.dumps({"keys": [{"key_pair_id": NEW, "private_key": other_pem}]}))
        return f"{before} {ring.sign_policy(POLICY).key_pair_id} {ring.last_error}"

    assert forked(in_the_child) == f"{OLD} {NEW} None"
    assert ring.key_pair_id == OLD
    assert ring.sign_policy(POLICY).key_pair_id == NEW


def forked(work: Callable[[], str]) -> str:
    """Do it in a forked child, and return what it came to."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns of what is tested here: a fork in a process with threads.
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


async def id_of_a_policy(ring: KeyRing) -> str:
    """Sign as what needs more than a URL does."""
    return (await ring.sign_policy_async(POLICY)).key_pair_id


async def id_of_a_url(ring: KeyRing) -> str:
    """Sign as a redirect does."""
    url = await ring.sign_url_async(POLICY.resource, expires_in=60)
    return url.rpartition("Key-Pair-Id=")[2]


IN_BOTH_WAYS = pytest.mark.parametrize("sign", [id_of_a_policy, id_of_a_url])
Sign = Callable[[KeyRing], Coroutine[Any, Any, str]]


@IN_BOTH_WAYS
def test_the_event_loop_goes_on_while_the_store_is_slow(
    store: Store, other_pem: str, monkeypatch: pytest.MonkeyPatch, sign: Sign
) -> None:
    """The look is in a thread, once; other tasks sign with the keys as they were."""
    ring = KeyRing.from_loader(store.load, refresh_every=0)
    store.hold()
    store.rotate(other_pem)
    looks = []
    to_thread = asyncio.to_thread
    monkeypatch.setattr(asyncio, "to_thread", lambda work: looks.append(work) or to_thread(work))

    async def site() -> None:
        looking = asyncio.ensure_future(sign(ring))
        while not store.is_asked.is_set():
            await asyncio.sleep(0)
        assert await asyncio.gather(*(sign(ring) for _ in range(5))) == [OLD] * 5
        assert not looking.done()
        store.answers.set()
        assert await looking == NEW

    asyncio.run(asyncio.wait_for(site(), _PATIENCE))  # or nobody looks, and the site waits on
    assert len(looks) == len(store.asked) == 1
    assert threading.get_ident() not in store.asked


@IN_BOTH_WAYS
def test_without_a_look_no_thread_is_needed(
    store: Store, monkeypatch: pytest.MonkeyPatch, sign: Sign
) -> None:
    """A task signs at once between two looks."""
    ring = KeyRing.from_loader(store.load)

    async def refuse(*arguments: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(asyncio, "to_thread", refuse)
    assert asyncio.run(sign(ring)) == OLD


@IN_BOTH_WAYS
def test_a_ring_takes_an_asynchronous_key(sign: Sign) -> None:
    """As a signer does."""

    class AsyncKey:
        async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            await asyncio.sleep(0)
            return b"signature"

        def public_key_pem(self) -> str:
            return ""

    ring = KeyRing([KeyPair(OLD, AsyncKey())])
    assert asyncio.run(sign(ring)) == OLD


def test_a_ring_with_an_asynchronous_key_is_one_before_that_key_signs(pem: str) -> None:
    """A view that awaits nothing is refused at start-up, not when the key's turn comes."""

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

"""ViewOptions with a key that is kept elsewhere: awaited, or in a thread, or not to be had."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from cfsign import ConfigurationError, Deny, Distribution, KeyUnavailableError, PrivateKey, Signer
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.conftest import KEY_PAIR_ID, RecordingKey
from tests.views.helpers import respond, respond_async

DOMAIN = "https://media.example.com"


class AsyncKey:
    """Signs with another key, but must be awaited."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    async def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        await asyncio.sleep(0)
        return self._key.sign(message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


class ThreadNamingKey(RecordingKey):
    """A key that says that it blocks, and keeps which thread it signed in."""

    is_blocking = True

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.thread = threading.current_thread()
        return super().sign(message, hash_algorithm)


class LostKey(RecordingKey):
    """A key that cannot be reached."""

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        raise KeyUnavailableError("the key is not to be had just now", code="ThrottlingException")


def over(key: Any) -> Distribution:
    return Distribution(DOMAIN, Signer(KEY_PAIR_ID, key))


def answers(delivery: ViewOptions, key: Any, resource: str = "a.txt", result: Any = 200) -> Any:
    """What both ways of answering give, which must be the same."""
    first = respond(delivery, over(key), resource, result)
    second = asyncio.run(respond_async(delivery, over(key), resource, result))
    assert first == second
    return first


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("mode", ["redirect", "json", "cookies"])
def test_both_ways_answer_alike(key: PrivateKey, mode: Any) -> None:
    """To the byte, with a key that signs the same each time."""
    assert isinstance(answers(ViewOptions(delivery=mode), key, "b/a.txt"), ViewResponse)


@pytest.mark.parametrize(
    ("resource", "result"), [("a.txt", 403), ("a.txt", Deny(451)), ("a" * 8100, 200)]
)
def test_both_ways_refuse_alike(key: PrivateKey, resource: str, result: Any) -> None:
    """By the site's rule, and for a URL that is too long once it is signed."""
    assert isinstance(answers(ViewOptions(), key, resource, result), Deny)


@pytest.mark.usefixtures("clock")
def test_an_asynchronous_key_is_awaited(key: PrivateKey) -> None:
    """Its URL is the one that the same key gives when it is not asynchronous."""
    expected = respond(ViewOptions(), over(key), "a.txt", 200)
    assert asyncio.run(respond_async(ViewOptions(), over(AsyncKey(key)), "a.txt", 200)) == expected


def test_a_blocking_key_signs_in_a_thread() -> None:
    """So that nothing waits for it but the viewer who asked."""
    key = ThreadNamingKey()
    assert isinstance(
        asyncio.run(respond_async(ViewOptions(), over(key), "a.txt", 200)), ViewResponse
    )
    assert key.thread is not threading.current_thread()
    respond(ViewOptions(), over(key), "a.txt", 200)
    assert key.thread is threading.current_thread()


@pytest.mark.parametrize("mode", ["redirect", "json", "cookies"])
def test_a_key_that_is_not_to_be_had_is_a_503(mode: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing goes out unsigned; the log says why, and holds no URL."""
    caplog.set_level(logging.ERROR, "cfsign")
    deny = answers(ViewOptions(delivery=mode), LostKey(), "secret/a.txt")
    assert isinstance(deny, Deny)
    assert deny.status == 503
    assert [record.getMessage() for record in caplog.records] == [
        "answered with 503, nothing signed: the key is not to be had just now"
    ] * 2


def test_an_asynchronous_key_needs_a_view_that_awaits(key: PrivateKey) -> None:
    """Said when both are first known, together with all else that cannot be delivered."""
    awaited = over(AsyncKey(key))
    assert ViewHandler(awaited, ViewOptions())
    assert ViewHandler(over(key), ViewOptions(), can_await=False)
    with pytest.raises(ConfigurationError, match="cannot await an asynchronous private key"):
        ViewHandler(awaited, ViewOptions(), can_await=False)
    cookies = ViewOptions(delivery="cookies", cookie_domain="example.org")
    with pytest.raises(ConfigurationError) as caught:
        ViewHandler(awaited, cookies, can_await=False)
    assert len(caught.value.problems) == 2

"""Views with keys that are asynchronous, that block, or that are unavailable."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    Deny,
    Distribution,
    KeyUnavailableError,
    PrivateKey,
    Signer,
)
from cfsign.views import ViewHandler, ViewOptions, ViewResponse
from tests.conftest import KEY_PAIR_ID, RecordingKey
from tests.views.helpers import respond, respond_async

DOMAIN = "https://media.example.com"

DELIVERIES = pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])


class AsyncKey:
    """An asynchronous version of another key."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    async def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        await asyncio.sleep(0)
        return self._key.sign(message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


class BlockingKey(RecordingKey):
    """A key that blocks, and records the thread in which it signed."""

    is_blocking = True

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.thread = threading.current_thread()
        return super().sign(message, hash_algorithm)


class UnavailableKey(RecordingKey):
    """A key that is unavailable."""

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        raise KeyUnavailableError("the key is unavailable", code="ThrottlingException")


def make_distribution(key: Any) -> Distribution:
    """Return a distribution that signs with *key*."""
    return Distribution(DOMAIN, Signer(KEY_PAIR_ID, key))


def respond_both(key: Any, resource: str = "a.txt", result: Any = 200, **options: Any) -> Any:
    """Return the response of `respond` and of `respond_async`, which must be equal."""
    distribution = make_distribution(key)
    response = respond(distribution, resource, result, **options)
    assert asyncio.run(respond_async(distribution, resource, result, **options)) == response
    return response


@pytest.mark.usefixtures("clock")
@DELIVERIES
def test_respond_and_respond_async_agree(key: PrivateKey, delivery: Any) -> None:
    """RSA signatures are deterministic."""
    assert isinstance(respond_both(key, "b/a.txt", delivery=delivery), ViewResponse)


@pytest.mark.parametrize(
    ("resource", "result"),
    [("b/a.txt", 403), ("b/a.txt", Deny(451)), ("b/" + "a" * 8100, 200)],
    ids=["status", "deny", "long"],
)
def test_both_refuse_alike(key: PrivateKey, resource: str, result: Any) -> None:
    """For a result of `authorize`, and for a URL that is too long when signed."""
    assert isinstance(respond_both(key, resource, result), Deny)


@pytest.mark.usefixtures("clock")
def test_asynchronous_key_is_awaited(key: PrivateKey) -> None:
    """The URL is the same as that of the plain key."""
    expected = respond(make_distribution(key))
    assert asyncio.run(respond_async(make_distribution(AsyncKey(key)))) == expected


def test_blocking_key_signs_in_a_thread() -> None:
    """The event loop is not blocked."""
    key = BlockingKey()
    assert isinstance(asyncio.run(respond_async(make_distribution(key))), ViewResponse)
    assert key.thread is not threading.current_thread()
    respond(make_distribution(key))
    assert key.thread is threading.current_thread()


@DELIVERIES
def test_unavailable_key_is_a_503(delivery: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The log has the reason and no URL."""
    caplog.set_level(logging.ERROR, "cfsign")
    deny = respond_both(UnavailableKey(), "secret/a.txt", delivery=delivery)
    assert isinstance(deny, Deny)
    assert deny.status == 503
    assert len(caplog.messages) == 2
    for message in caplog.messages:
        assert message.endswith("the key is unavailable")
        assert "secret" not in message


def test_asynchronous_key_needs_a_view_that_can_await(key: PrivateKey) -> None:
    """The constructor reports it together with the other problems."""
    distribution = make_distribution(AsyncKey(key))
    assert ViewHandler(distribution, ViewOptions()).has_async_key
    assert not ViewHandler(make_distribution(key), ViewOptions(), can_await=False).has_async_key
    with pytest.raises(ConfigurationError, match="cannot await an asynchronous private key"):
        ViewHandler(distribution, ViewOptions(), can_await=False)
    options = ViewOptions(delivery="cookies", cookie_domain="example.org")
    with pytest.raises(ConfigurationError) as caught:
        ViewHandler(distribution, options, can_await=False)
    assert len(caught.value.problems) == 2

"""Tests of custom private keys: what a signer requires, and what it accepts from `sign`."""

from __future__ import annotations

import asyncio
import functools
import threading
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from cfsign import AsyncPrivateKey, Policy, PolicyError, PrivateKey, Signer, SigningKeyError
from cfsign.keys import is_async

URL = "https://media.example.com/report.pdf"
POLICY = Policy(URL, 1767225600)
SIGNATURE = b"\xff" * 256


class CustomKey:
    """The smallest private key."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.threads.append(threading.get_ident())
        return SIGNATURE

    def public_key_pem(self) -> str:
        return "PEM"


class BlockingKey(CustomKey):
    """A key whose `sign` blocks."""

    is_blocking = True


async def sign_later(message: bytes, hash_algorithm: str) -> bytes:
    await asyncio.sleep(0)
    return SIGNATURE


class AsyncKey(CustomKey):
    """A key whose `sign` is a coroutine function."""

    async def sign(self, message: bytes, hash_algorithm: str) -> bytes:  # type: ignore[override]
        return await sign_later(message, hash_algorithm)


class CoroutineReturningKey(CustomKey):
    """A key whose `sign` is a plain function that returns a coroutine, as decorators make it."""

    def sign(self, message: bytes, hash_algorithm: str) -> Any:
        return sign_later(message, hash_algorithm)


class BlockingCoroutineReturningKey(CoroutineReturningKey):
    """The same, called in a thread and awaited in the event loop."""

    is_blocking = True


class AsyncCallable:
    """A callable object in place of the method."""

    async def __call__(self, message: bytes, hash_algorithm: str) -> bytes:
        return await sign_later(message, hash_algorithm)


def build_key(sign: Any) -> Any:
    key = CustomKey()
    key.sign = sign  # type: ignore[method-assign]
    return key


ASYNCHRONOUS = {
    "method": AsyncKey,
    "function that returns a coroutine": CoroutineReturningKey,
    "in a thread": BlockingCoroutineReturningKey,
    "partial": lambda: build_key(functools.partial(sign_later)),
    "callable object": lambda: build_key(AsyncCallable()),
    "lambda": lambda: build_key(lambda *arguments: sign_later(*arguments)),
    "mock": lambda: build_key(AsyncMock(return_value=SIGNATURE)),
}


@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_async_key_signs_only_in_async_methods(name: str) -> None:
    """Synchronous methods raise an error and close the coroutine, so Python does not warn."""
    signer = Signer("K2JCJMDEHXQW5F", ASYNCHRONOUS[name]())
    for attempt in (
        lambda: signer.sign_policy(POLICY),
        lambda: signer.sign_url(URL, expires_in=60),
        lambda: signer.sign_cookies(URL, expires_in=60),
        lambda: list(signer.sign_urls([URL], expires_in=60)),
    ):
        with pytest.raises(
            SigningKeyError, match="asynchronously; await sign_policy_async, or use an"
        ):
            attempt()
    expected = Signer("K2JCJMDEHXQW5F", CustomKey()).sign_policy(POLICY)
    assert asyncio.run(signer.sign_policy_async(POLICY)).params == expected.params
    until = 1999999999
    url = asyncio.run(signer.sign_url_async(URL, expires_at=until))
    assert url == Signer("K2JCJMDEHXQW5F", CustomKey()).sign_url(URL, expires_at=until)


def test_isinstance_does_not_distinguish_the_protocols() -> None:
    """Both have the same methods, so `is_async` inspects `sign`."""
    for key in (CustomKey(), AsyncKey()):
        assert isinstance(key, PrivateKey)
        assert isinstance(key, AsyncPrivateKey)
    assert is_async(AsyncKey())
    assert not is_async(CustomKey())


def test_blocking_key_signs_in_a_thread() -> None:
    """Other keys sign in the event loop's thread, which is faster."""
    blocking, quick = BlockingKey(), CustomKey()
    for key in (blocking, quick):
        asyncio.run(Signer("K2JCJMDEHXQW5F", key).sign_policy_async(POLICY))
    assert blocking.threads != [threading.get_ident()]
    assert quick.threads == [threading.get_ident()]


@pytest.mark.parametrize(
    ("returned", "shown"),
    [
        (None, "NoneType"),
        ("text", "str"),
        (bytearray(b"x"), "bytearray"),
        (b"", "empty bytes"),
        (7, "int"),
        (bytes, "the class bytes itself"),
    ],
)
def test_signature_must_be_bytes(returned: Any, shown: str) -> None:
    """The error shows what `sign` returned."""
    signer = Signer("K2JCJMDEHXQW5F", build_key(lambda *_: returned))
    with pytest.raises(
        SigningKeyError, match=f"sign of a CustomKey must return the raw .* as bytes, got {shown}"
    ):
        signer.sign_policy(POLICY)
    with pytest.raises(SigningKeyError, match=shown):
        asyncio.run(signer.sign_policy_async(POLICY))


def test_raw_ecdsa_signature_is_an_error() -> None:
    """PKCS#11, JWS and WebCrypto concatenate r and s; CloudFront needs ASN.1 DER."""
    signer = Signer("K2JCJMDEHXQW5F", build_key(lambda *_: b"\xff" * 64))
    with pytest.raises(
        SigningKeyError, match=r"of a CustomKey returned r and s .* encode_dss_signature"
    ):
        signer.sign_policy(POLICY)
    with pytest.raises(SigningKeyError, match=r"needs ASN\.1 DER"):
        signer.sign_url(URL, expires_in=60)
    with pytest.raises(SigningKeyError, match=r"needs ASN\.1 DER"):
        asyncio.run(signer.sign_policy_async(POLICY))


def test_valid_signature_of_64_bytes_is_accepted() -> None:
    """DER of a small r and s, or RSA-512 in a test."""
    der = b"\x30\x3e" + 2 * (b"\x02\x1d\x01" + b"\xff" * 28)
    assert len(der) == 64
    assert Signer("K2JCJMDEHXQW5F", build_key(lambda *_: der)).sign_policy(POLICY)
    small: Any = build_key(lambda *_: b"\xff" * 64)
    small.algorithm = "RSA-512"
    assert Signer("K2JCJMDEHXQW5F", small).sign_policy(POLICY)


@pytest.mark.parametrize("key", [CustomKey, AsyncKey, Mock])
def test_class_instead_of_an_object_is_an_error(key: Any) -> None:
    """A class has the methods too, but would fail at the first request."""
    with pytest.raises(
        SigningKeyError, match=r"cannot be made from .* the methods sign and public_key_pem"
    ):
        Signer("K2JCJMDEHXQW5F", key)


@pytest.mark.parametrize("names", [(), None, "SHA256", ("SHA512",), ("SHA1", "sha256"), [1], 7])
def test_invalid_hash_algorithms_are_an_error(names: Any) -> None:
    """Also text, which is a sequence of letters."""
    key: Any = CustomKey()
    key.hash_algorithms = names
    with pytest.raises(SigningKeyError, match="hash_algorithms of a CustomKey must be a tuple of"):
        Signer("K2JCJMDEHXQW5F", key)


def test_hash_algorithm_defaults_to_the_first_of_the_key() -> None:
    """A hash algorithm that the key does not have is an error."""
    key: Any = CustomKey()
    assert Signer("K2JCJMDEHXQW5F", key).hash_algorithm == "SHA1"
    key.hash_algorithms = ["SHA256"]
    assert Signer("K2JCJMDEHXQW5F", key).hash_algorithm == "SHA256"
    assert "Hash-Algorithm=SHA256" in Signer("K2JCJMDEHXQW5F", key).sign_policy(POLICY).url(URL)
    with pytest.raises(PolicyError, match=r"only SHA256, .*; remove hash_algorithm, or set"):
        Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA1")

"""Keys of one's own: what a signer asks of them, and what it does with what they give."""

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


class Own:
    """The least that a key needs."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.threads.append(threading.get_ident())
        return SIGNATURE

    def public_key_pem(self) -> str:
        return "PEM"


class Blocking(Own):
    """One that waits for something."""

    is_blocking = True


async def sign_later(message: bytes, hash_algorithm: str) -> bytes:
    await asyncio.sleep(0)
    return SIGNATURE


class Awaited(Own):
    """One that is awaited, as its `sign` shows."""

    async def sign(self, message: bytes, hash_algorithm: str) -> bytes:  # type: ignore[override]
        return await sign_later(message, hash_algorithm)


class Disguised(Own):
    """One that is awaited, although its `sign` is a plain function: a decorator made it so."""

    def sign(self, message: bytes, hash_algorithm: str) -> Any:
        return sign_later(message, hash_algorithm)


class DisguisedAndBlocking(Disguised):
    """The same, called in a thread and awaited on the loop."""

    is_blocking = True


class Summoned:
    """An object for a method."""

    async def __call__(self, message: bytes, hash_algorithm: str) -> bytes:
        return await sign_later(message, hash_algorithm)


def with_sign(sign: Any) -> Any:
    key = Own()
    key.sign = sign  # type: ignore[method-assign]
    return key


ASYNCHRONOUS = {
    "a method": Awaited,
    "a plain method that returns a coroutine": Disguised,
    "one that is called in a thread": DisguisedAndBlocking,
    "a partial": lambda: with_sign(functools.partial(sign_later)),
    "a callable object": lambda: with_sign(Summoned()),
    "a lambda": lambda: with_sign(lambda *given: sign_later(*given)),
    "a mock": lambda: with_sign(AsyncMock(return_value=SIGNATURE)),
}


@pytest.mark.parametrize("name", ASYNCHRONOUS)
def test_an_asynchronous_key_signs_where_it_is_awaited(name: str) -> None:
    """And nowhere else: no coroutine gets into a URL, and none is left behind to warn of itself."""
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
    expected = Signer("K2JCJMDEHXQW5F", Own()).sign_policy(POLICY)
    assert asyncio.run(signer.sign_policy_async(POLICY)).params == expected.params
    until = 1999999999
    url = asyncio.run(signer.sign_url_async(URL, expires_at=until))
    assert url == Signer("K2JCJMDEHXQW5F", Own()).sign_url(URL, expires_at=until)


def test_isinstance_tells_a_key_but_not_which() -> None:
    """Both protocols have the same methods, so nothing here may rest on it."""
    for key in (Own(), Awaited()):
        assert isinstance(key, PrivateKey)
        assert isinstance(key, AsyncPrivateKey)
    assert is_async(Awaited())
    assert not is_async(Own())


def test_a_key_that_blocks_signs_in_a_thread() -> None:
    """Off the loop; one of which nothing is said signs where it stands, which is faster."""
    blocking, quick = Blocking(), Own()
    for key in (blocking, quick):
        asyncio.run(Signer("K2JCJMDEHXQW5F", key).sign_policy_async(POLICY))
    assert blocking.threads != [threading.get_ident()]
    assert quick.threads == [threading.get_ident()]


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        (None, "NoneType"),
        ("text", "str"),
        (bytearray(b"x"), "bytearray"),
        (b"", "no bytes at all"),
        (7, "int"),
        (bytes, "the class bytes itself"),
    ],
)
def test_a_signature_is_bytes(returned: Any, told: str) -> None:
    """Anything else would make a URL that opens nothing, or worse."""
    signer = Signer("K2JCJMDEHXQW5F", with_sign(lambda *_: returned))
    with pytest.raises(SigningKeyError, match=f"sign of a Own returned {told}; it returns the raw"):
        signer.sign_policy(POLICY)
    with pytest.raises(SigningKeyError, match=told):
        asyncio.run(signer.sign_policy_async(POLICY))


def test_an_ecdsa_signature_is_der() -> None:
    """PKCS#11, JWS and WebCrypto have r and s side by side, which CloudFront answers with 403."""
    signer = Signer("K2JCJMDEHXQW5F", with_sign(lambda *_: b"\xff" * 64))
    with pytest.raises(SigningKeyError, match=r"of a Own returned r and s .* encode_dss_signature"):
        signer.sign_policy(POLICY)
    with pytest.raises(SigningKeyError, match=r"as ASN\.1 DER"):
        signer.sign_url(URL, expires_in=60)
    with pytest.raises(SigningKeyError, match=r"as ASN\.1 DER"):
        asyncio.run(signer.sign_policy_async(POLICY))


def test_64_bytes_may_be_what_they_should_be() -> None:
    """DER of a very small r and s, or RSA of 512 bits, for tests."""
    der = b"\x30\x3e" + 2 * (b"\x02\x1d\x01" + b"\xff" * 28)
    assert len(der) == 64
    assert Signer("K2JCJMDEHXQW5F", with_sign(lambda *_: der)).sign_policy(POLICY)
    small: Any = with_sign(lambda *_: b"\xff" * 64)
    small.algorithm = "RSA-512"
    assert Signer("K2JCJMDEHXQW5F", small).sign_policy(POLICY)


@pytest.mark.parametrize("key", [Own, Awaited, Mock])
def test_a_class_is_no_key(key: Any) -> None:
    """It has the methods, and would fail at the first request."""
    with pytest.raises(
        SigningKeyError, match=r"cannot be made from .* the methods sign and public_key_pem"
    ):
        Signer("K2JCJMDEHXQW5F", key)


@pytest.mark.parametrize("known", [(), None, "SHA256", ("SHA512",), ("SHA1", "sha256"), [1], 7])
def test_a_key_names_its_hashes_rightly(known: Any) -> None:
    """Text is a sequence too, of letters."""
    key: Any = Own()
    key.hash_algorithms = known
    with pytest.raises(SigningKeyError, match="hash_algorithms of a Own must be a tuple of"):
        Signer("K2JCJMDEHXQW5F", key)


def test_a_key_that_has_one_hash_implies_it() -> None:
    """Where nothing is said; asking for the other is an error, with the mend."""
    key: Any = Own()
    assert Signer("K2JCJMDEHXQW5F", key).hash_algorithm == "SHA1"
    key.hash_algorithms = ["SHA256"]
    assert Signer("K2JCJMDEHXQW5F", key).hash_algorithm == "SHA256"
    assert "Hash-Algorithm=SHA256" in Signer("K2JCJMDEHXQW5F", key).sign_policy(POLICY).url(URL)
    with pytest.raises(PolicyError, match="with SHA256 alone; leave hash_algorithm out, or give"):
        Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA1")

"""Tests of passwords: of encrypted keys, as text, bytes and functions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from cfsign import SigningKeyError, load_private_key
from tests.keys.helpers import sign

OpenSSL = Callable[..., bytes]


@pytest.mark.parametrize("name", ["encrypted_pem", "encrypted_pkcs1_pem"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_encrypted_key_loads_with_its_password(
    request: pytest.FixtureRequest, pem: str, password: str, name: str, as_bytes: bool
) -> None:
    """PKCS#8's encryption and OpenSSL's older one; a password as text is encoded as UTF-8."""
    pytest.importorskip("cryptography")
    secret = password.encode() if as_bytes else password
    key = load_private_key(request.getfixturevalue(name), password=secret)
    assert sign(key) == sign(load_private_key(pem))
    with pytest.raises(SigningKeyError, match="cannot be decrypted: the password is wrong"):
        load_private_key(request.getfixturevalue(name), password="another")


@pytest.mark.parametrize("name", ["encrypted_pem", "encrypted_pkcs1_pem"])
@pytest.mark.parametrize("wrong", [None, "wrong-secret", b"wrong-secret", ""])
def test_encrypted_key_needs_its_password(
    request: pytest.FixtureRequest, backend: str, name: str, wrong: Any
) -> None:
    """The hint explains how to set a password or decrypt the key; no error holds the password."""
    with pytest.raises(SigningKeyError) as caught:
        load_private_key(request.getfixturevalue(name), password=wrong, backend=backend)
    text = str(caught.value)
    assert "wrong-secret" not in text
    if backend == "rsa":
        assert "pip install cryptography" in text
        assert "decrypt it: openssl pkey -in KEY -out PLAIN" in text
    elif wrong is None:
        assert (
            "set its password: load_private_key(KEY, password=...), the setting 'password'" in text
        )
        assert "CLOUDFRONT_PASSWORD or --ask-password; or decrypt it: openssl pkey -in KEY" in text
    else:
        assert "check the password" in text


def test_password_for_an_unencrypted_key_is_an_error(backend: str, pem: str, password: str) -> None:
    """The hint is to remove the password, not to install another package."""
    with pytest.raises(SigningKeyError, match=r"is not encrypted, .*; remove the password"):
        load_private_key(pem, password=password, backend=backend)


@pytest.mark.parametrize("wrong", [7, ["x"], object()], ids=lambda value: type(value).__name__)
def test_password_of_another_type_is_an_error(backend: str, encrypted_pem: str, wrong: Any) -> None:
    """The error shows the type, not the value."""
    with pytest.raises(SigningKeyError, match=r"must be text, bytes or a function .*, got "):
        load_private_key(encrypted_pem, password=wrong, backend=backend)


def test_password_that_cannot_be_encoded_is_an_error(encrypted_pem: str, backend: str) -> None:
    """Python's own error holds the password, so it must not be chained."""
    with pytest.raises(SigningKeyError, match="pass it as bytes") as caught:
        load_private_key(encrypted_pem, password="hunter2\ud800", backend=backend)
    assert caught.value.__context__ is None


class PasswordFunction:
    """A password function that counts its calls."""

    def __init__(self, result: Any) -> None:
        self.result, self.calls = result, 0

    def __call__(self) -> Any:
        self.calls += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@pytest.mark.parametrize("as_bytes", [False, True])
def test_password_function_is_called_once_per_load(
    encrypted_pem: str, password: str, as_bytes: bool
) -> None:
    """Also if the key is cached."""
    pytest.importorskip("cryptography")
    function = PasswordFunction(password.encode() if as_bytes else password)
    for calls in (1, 2):
        load_private_key(encrypted_pem, password=function)
        assert function.calls == calls


@pytest.mark.parametrize("name", ["pem", "public_pem", "ec_pem", "certificate_pem"])
def test_password_function_is_not_called_for_an_unencrypted_key(
    request: pytest.FixtureRequest, backend: str, name: str
) -> None:
    """It may prompt a user at a terminal."""
    source, function = request.getfixturevalue(name), PasswordFunction("unused")
    with contextlib.suppress(SigningKeyError):
        load_private_key(source, password=function, backend=backend)
    assert function.calls == 0


def test_password_function_is_not_called_by_the_rsa_backend(encrypted_pem: str) -> None:
    """The rsa package cannot decrypt keys."""
    function = PasswordFunction("unused")
    with pytest.raises(SigningKeyError, match="pip install cryptography"):
        load_private_key(encrypted_pem, password=function, backend="rsa")
    assert function.calls == 0


def test_password_function_without_a_usable_result(encrypted_pem: str) -> None:
    """None counts as no password; an exception is passed on unchanged."""
    pytest.importorskip("cryptography")
    with pytest.raises(SigningKeyError, match="and there is no password; set its password"):
        load_private_key(encrypted_pem, password=PasswordFunction(None))
    with pytest.raises(SigningKeyError, match=r"a function that returns one of them, got int"):
        load_private_key(encrypted_pem, password=PasswordFunction(7))
    broken = ConnectionError("the store is down")
    with pytest.raises(ConnectionError) as caught:
        load_private_key(encrypted_pem, password=PasswordFunction(broken))
    assert caught.value is broken


def test_password_coroutine_is_an_error(encrypted_pem: str) -> None:
    """Loading is synchronous. The coroutine is closed, so Python does not warn about it."""
    pytest.importorskip("cryptography")

    async def read_password() -> str:
        return "unused"

    with pytest.raises(SigningKeyError, match="got coroutine"):
        load_private_key(encrypted_pem, password=read_password)  # type: ignore[arg-type]


def test_cached_key_still_needs_the_right_password(encrypted_pem: str, password: str) -> None:
    """A wrong or missing password is an error even if the key is cached."""
    pytest.importorskip("cryptography")
    load_private_key(encrypted_pem, password=password)
    for other in ("wrong", None):
        with pytest.raises(SigningKeyError, match="password"):
            load_private_key(encrypted_pem, password=other)

"""Tests of choosing a backend, and of the cache of parsed keys."""

from __future__ import annotations

import os
import signal
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import cfsign.keys.loading
from cfsign import ConfigurationError, PolicyError, SigningKeyError, load_private_key
from cfsign.keys import (
    choose_backend,
    load_public_key,
)
from tests.keys.helpers import write_key_file


def test_default_backend_is_cryptography(monkeypatch: pytest.MonkeyPatch, pem: str) -> None:
    """Without cryptography it is rsa, which is always installed."""
    monkeypatch.setattr(cfsign.keys.loading, "_is_installed", lambda name: True)
    assert choose_backend() == "cryptography"
    monkeypatch.setattr(cfsign.keys.loading, "_is_installed", lambda name: name == "rsa")
    assert choose_backend() == "rsa"
    assert repr(load_private_key(pem)) == "<PrivateKey RSA-2048 rsa>"
    with pytest.raises(ConfigurationError, match="not installed; pip install cryptography"):
        load_private_key(pem, backend="cryptography")
    with pytest.raises(ConfigurationError, match="not installed; pip install cryptography"):
        load_public_key(pem, backend="cryptography")


@pytest.mark.parametrize("backend_name", ["", "RSA", "kms", "openssl"])
def test_unknown_backend_is_an_error(pem: str, backend_name: str) -> None:
    """The error lists both backends."""
    with pytest.raises(ConfigurationError, match='must be "cryptography" or "rsa", got'):
        load_private_key(pem, backend=backend_name)


@pytest.mark.parametrize("name", ["sha256", "SHA-256", "MD5", ""])
def test_unknown_hash_algorithm_is_an_error(pem: str, backend: str, name: Any) -> None:
    key = load_private_key(pem, backend=backend)
    public_key = load_public_key(key.public_key_pem(), backend=backend)
    with pytest.raises(PolicyError, match=f'must be "SHA1" or "SHA256", got {name!r}'):
        key.sign(b"message", name)
    with pytest.raises(PolicyError, match=f'must be "SHA1" or "SHA256", got {name!r}'):
        public_key.verify(b"message", b"s" * 256, name)


@pytest.mark.parametrize("name", ["sha256", "MD5"])
def test_unknown_hash_algorithm_is_an_error_for_p256(ec_pem: str, name: Any) -> None:
    pytest.importorskip("cryptography")
    key = load_private_key(ec_pem)
    with pytest.raises(PolicyError, match=f'must be "SHA1" or "SHA256", got {name!r}'):
        key.sign(b"message", name)
    with pytest.raises(PolicyError, match=f'must be "SHA1" or "SHA256", got {name!r}'):
        load_public_key(key.public_key_pem()).verify(b"message", b"s" * 70, name)


@pytest.fixture
def parses(backend: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A list with one item for each key that the backend parsed since the test began."""
    module: ModuleType = cfsign.keys.loading._import_backend(backend)
    load, calls = module.load_private, []

    def load_and_count(*arguments: Any) -> Any:
        calls.append(1)
        return load(*arguments)

    monkeypatch.setattr(module, "load_private", load_and_count)
    monkeypatch.setattr(cfsign.keys.loading, "_cache", {})
    return calls


def test_key_is_parsed_once_per_process(
    backend: str, parses: list[int], pem: str, tmp_path: Path
) -> None:
    """Parsing takes 40 ms with cryptography, and a server may load the key repeatedly."""
    path = write_key_file(tmp_path, pem)
    for _ in range(3):
        load_private_key(path, backend=backend)
    assert len(parses) == 1
    for source in (pem, pem.encode(), pem.replace("\n", "\\n"), pem.replace("\n", "\r\n")):
        load_private_key(source, backend=backend)
    assert len(parses) == 1


def test_key_cache_is_bounded(
    backend: str,
    parses: list[int],
    pem: str,
    pkcs1_pem: str,
    other_pem: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that loads a key for each of many tenants does not grow without limit."""
    monkeypatch.setattr(cfsign.keys.loading, "_CACHE_SIZE", 2)
    for source in (pem, pkcs1_pem, other_pem, other_pem, pkcs1_pem):
        load_private_key(source, backend=backend)
    assert len(parses) == 3
    load_private_key(pem, backend=backend)
    assert len(parses) == 4


def test_key_cache_holds_no_password_or_text(
    parses: list[int], encrypted_pem: str, password: str
) -> None:
    """Its keys are digests."""
    pytest.importorskip("cryptography")
    load_private_key(encrypted_pem, password=password)
    ((digest, key),) = cfsign.keys.loading._cache.items()
    assert type(digest) is bytes
    assert len(digest) == 64
    assert repr(key) == "<PrivateKey RSA-2048 cryptography>"


def test_changed_file_is_read_again(
    backend: str, parses: list[int], pem: str, other_pem: str, tmp_path: Path
) -> None:
    """The cache does not use the path, so a rotated key file is loaded."""
    path = write_key_file(tmp_path, pem)
    first = load_private_key(path, backend=backend)
    path.write_text(other_pem)
    second = load_private_key(path, backend=backend)
    assert first.public_key_pem() != second.public_key_pem()
    path.unlink()
    with pytest.raises(SigningKeyError, match="no key file"):
        load_private_key(path, backend=backend)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_child_forked_while_the_cache_is_locked_loads_keys(small_pem: str) -> None:
    """The lock is renewed in the child; `alarm` ends a child that waits for the old lock."""
    cfsign.keys.loading._cache.clear()
    with cfsign.keys.loading._cache_lock:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # about a fork in a process with threads
            child = os.fork()
        if child == 0:
            try:
                signal.alarm(10)
                load_private_key(small_pem, allow_unsupported=True)
                os._exit(0)
            finally:
                os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0

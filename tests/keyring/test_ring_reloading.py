"""Tests of reloading a key ring: which changes are detected, and errors that keep the old keys."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    KeyPair,
    KeyRing,
    KeyUnavailableError,
    Policy,
    PrivateKey,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.keyring.source import DocumentFile
from tests.keyring.helpers import NEW, OLD, URL, entry, write


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]


def test_changed_document_is_loaded(
    document: Path,
    other_pem: str,
    policy: Policy,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also after the process has changed its working directory."""
    monkeypatch.chdir(document.parent)
    ring = KeyRing.from_file(document.name, refresh_every=0)
    monkeypatch.chdir("/")
    assert ring.sign_policy(policy).key_pair_id == OLD
    (document.parent / "new.pem").write_text(other_pem)
    write(document, entry(OLD, "old.pem"), entry(NEW, "new.pem", active_from=5))
    with caplog.at_level(logging.INFO, "cfsign"):
        assert ring.sign_policy(policy).key_pair_id == NEW
        assert ring.sign_policy(policy).key_pair_id == NEW
    assert list(ring.public_keys()) == [OLD, NEW]
    assert [each.getMessage().partition(": ")[2] for each in caplog.records] == [
        "loaded <KeyRing K2NEW of K1OLD, K2NEW>"
    ]


@pytest.mark.parametrize("schedule_changes", [False, True], ids=["same", "another-schedule"])
def test_c9_a_changed_hash_algorithm_is_logged_once(
    document: Path,
    other_pem: str,
    policy: Policy,
    caplog: pytest.LogCaptureFixture,
    schedule_changes: bool,
) -> None:
    """The key pair id stays, so nothing else would show that signatures became weaker."""
    write(document, entry(OLD, "old.pem", hash_algorithm="SHA256"))
    ring = KeyRing.from_file(document, refresh_every=0)
    more = [entry(NEW, other_pem, active_from=5)] if schedule_changes else []
    write(document, entry(OLD, "old.pem", hash_algorithm="SHA1"), *more)
    for _ in range(2):
        ring.sign_policy(policy)
    warnings = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert warnings == [
        f"key ring {str(document)!r}: the hash algorithm of {OLD} changed from SHA256 to SHA1"
    ]


def test_changes_are_checked_at_most_every_refresh_every_seconds(
    document: Path, other_pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measured with the monotonic clock."""
    clock = [1000.0]
    monkeypatch.setattr("cfsign.keyring.ring.monotonic", lambda: clock[-1])
    ring = KeyRing.from_file(document, refresh_every=30)
    write(document, entry(NEW, other_pem))
    assert ring.sign_policy(policy).key_pair_id == OLD
    clock.append(1029.9)
    assert ring.sign_policy(policy).key_pair_id == OLD
    clock.append(1030.0)
    assert ring.sign_policy(policy).key_pair_id == NEW
    write(document, entry(OLD, "old.pem"))
    clock.append(1059.9)
    assert ring.sign_policy(policy).key_pair_id == NEW
    clock.append(1060.0)
    assert ring.sign_policy(policy).key_pair_id == OLD


def test_unchanged_file_is_not_read_again(
    document: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its `stat` is read, once the file is older than a tick of the file system's clock."""
    reads = []
    read = DocumentFile.read_pairs
    monkeypatch.setattr(DocumentFile, "read_pairs", lambda *a: reads.append(a) or read(*a))
    monkeypatch.setattr("cfsign.keyring.source._TICK", 0.0)
    ring = KeyRing.from_file(document, refresh_every=0)
    for _ in range(5):
        ring.sign_policy(policy)
    assert len(reads) == 1
    os.utime(document, (5, 5))
    for _ in range(5):
        ring.sign_policy(policy)
    assert len(reads) == 2


def test_current_signer_is_the_same_object_until_its_key_changes(
    document: Path, pem: str, other_pem: str
) -> None:
    """Caches use it as a key. Reading the same content again is not a change."""
    ring = KeyRing.from_file(document, refresh_every=0)
    current = ring.current()
    assert isinstance(current, Signer)
    assert current.current() is current
    write(document, entry(OLD, pem))
    assert ring.current() is asyncio.run(ring.current_async()) is current
    write(document, entry(OLD, pem, hash_algorithm="SHA256"))
    assert ring.current().hash_algorithm == "SHA256"
    write(document, entry(OLD, pem), entry(NEW, other_pem, active_from=5))
    assert asyncio.run(ring.current_async()).key_pair_id == NEW


def test_second_write_within_one_tick_is_detected(
    document: Path, pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file may then have the same timestamps and the same size."""
    ring = KeyRing.from_file(document, refresh_every=0)
    stats = {path: path.stat() for path in document.parent.iterdir()}
    monkeypatch.setattr("cfsign.keyring.source.stat", lambda path: stats[path])
    document.write_text(document.read_text().replace(OLD, "K9OLD"))
    assert ring.sign_policy(policy).key_pair_id == "K9OLD"


def test_broken_document_keeps_the_old_keys(
    document: Path, other_pem: str, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    """Each error is logged once, and the repaired document is loaded."""
    ring = KeyRing.from_file(document, refresh_every=0)
    complete = json.dumps({"keys": [entry(NEW, other_pem)]})
    broken = [complete[:10], complete[:1000], json.dumps({"keys": [entry(NEW, other_pem[:900])]})]
    for number, text in enumerate(broken, 1):
        document.write_text(text)  # in place, as an editor may do it
        for _ in range(3):
            assert ring.sign_policy(policy).key_pair_id == OLD
        assert len(errors(caplog)) == number
        assert str(ring.last_error) in errors(caplog)[-1]
    document.unlink()
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "No such file" in str(ring.last_error)
    document.write_text(complete)
    assert ring.sign_policy(policy).key_pair_id == NEW
    assert ring.last_error is None
    document.write_text(broken[0])
    ring.sign_policy(policy)
    assert len(errors(caplog)) == 5
    assert not any(line in caplog.text for line in other_pem.splitlines()[1:-1])


def test_broken_key_file_keeps_the_old_keys(
    document: Path, pem: str, other_pem: str, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    """Also a missing one. When it is repaired, the document need not change."""
    ring = KeyRing.from_file(document, refresh_every=0)
    write(document, entry(OLD, "old.pem"), entry(NEW, "new.pem", active_from=5))
    new = document.parent / "new.pem"
    for content in (None, "", other_pem[:1000], other_pem.replace("PRIVATE", "PUBLIC")):
        if content is not None:
            new.write_text(content)
        assert ring.sign_policy(policy).key_pair_id == OLD
        assert f"{NEW}: " in str(ring.last_error)
    assert len(errors(caplog)) == 4
    new.write_text(other_pem)
    assert ring.sign_policy(policy).key_pair_id == NEW
    new.write_text("damaged later")
    assert ring.sign_policy(policy).key_pair_id == NEW
    assert "new.pem" in str(ring.last_error)


def test_changed_key_file_of_a_list_is_loaded(
    document: Path, pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The files of a list can change, and the process may change its working directory.

    The new content is the same key: another key under the id would be an error.
    """
    path = document.parent / "old.pem"
    monkeypatch.chdir(path.parent)
    ring = KeyRing([KeyPair(OLD, "old.pem")], refresh_every=0)
    monkeypatch.chdir("/")
    path.write_text("damaged")
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "old.pem" in str(ring.last_error)
    path.write_text(pem.replace("\n", "\r\n"))
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert ring.last_error is None


def test_another_key_under_an_id_keeps_the_old_keys(
    document: Path,
    pem: str,
    other_pem: str,
    trusted_keys: TrustedKeyGroup,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """CloudFront never changes the public key of an id, so every request would get a 403."""
    key_pair_id = "K2JCJMDEHXQW5F"
    path = document.parent / "old.pem"
    write(document, entry(key_pair_id, "old.pem"))
    rings = [
        KeyRing([KeyPair(key_pair_id, path)], refresh_every=0),
        KeyRing.from_file(document, refresh_every=0),
    ]
    path.write_text(other_pem)
    write(document, entry(key_pair_id, "old.pem"), entry(NEW, other_pem, active_from=5))
    for ring in rings:
        for _ in range(3):
            assert trusted_keys.check(ring.sign_url(URL, expires_in=60)).allowed
        assert f"the private key of {key_pair_id} has changed" in str(ring.last_error)
        assert "a separate entry with its own id" in str(ring.last_error)
    assert len(errors(caplog)) == 2
    path.write_text(pem)
    assert trusted_keys.check(rings[0].sign_url(URL, expires_in=60)).allowed
    assert rings[0].last_error is None
    assert rings[1].sign_url(URL, expires_in=60)
    assert rings[1].last_error is None
    assert rings[1].key_pair_id == NEW


def test_key_moved_to_another_store_signs_there(
    document: Path, key: PrivateKey, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the same key, but the old store may be unreachable."""

    class Store:
        """A remote store of the same key."""

        is_blocking = True
        is_reachable = True

        def __init__(self, _: object) -> None: ...

        def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
            if not self.is_reachable:
                raise KeyUnavailableError("out of reach", source="kms", code="503")
            return key.sign(message, hash_algorithm)

        def public_key_pem(self) -> str:
            return key.public_key_pem()

    load_key = KeyPair.load_key

    def load_either(pair: KeyPair) -> Any:
        return Store(pair) if pair.private_key == "kms:alias/one" else load_key(pair)

    monkeypatch.setattr(KeyPair, "load_key", load_either)
    ring = KeyRing.from_file(write(document, entry(OLD, "kms:alias/one")), refresh_every=0)
    assert ring.sign_policy(policy).key_pair_id == OLD
    monkeypatch.setattr(Store, "is_reachable", False)
    write(document, entry(OLD, "old.pem"))
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert ring.last_error is None
    monkeypatch.setattr(Store, "is_reachable", True)
    write(document, entry(OLD, "kms:alias/one"))
    assert ring.sign_policy(policy).key_pair_id == OLD
    monkeypatch.setattr(Store, "is_reachable", False)
    with pytest.raises(KeyUnavailableError):
        ring.sign_policy(policy)


def test_public_key_of_an_unchanged_key_object_is_not_read(document: Path, pem: str) -> None:
    """A changed key file of another pair does not concern it."""

    class CustomKey:
        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            return b"signature"

        def public_key_pem(self) -> str:
            raise AssertionError("called")

    path = document.parent / "old.pem"
    ring = KeyRing([KeyPair(OLD, path), KeyPair(NEW, CustomKey(), 5)], refresh_every=0)
    path.write_text(f"{pem}\n")
    assert ring.sign_policy(Policy(URL, 2_000_000_000)).key_pair_id == NEW
    assert ring.last_error is None


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([(NEW, 2_000_000_000)], "no key is active yet"),
        ([(OLD, 5), (NEW, 5)], "become active at the same time"),
        ([(OLD, 5), (OLD, 6)], "K1OLD is listed 2 times"),
        ([], "there is no key"),
    ],
)
def test_conflicting_pairs_keep_the_old_keys(
    document: Path, policy: Policy, entries: Any, problem: str
) -> None:
    """A ring that was loaded once can always sign."""
    ring = KeyRing.from_file(document, refresh_every=0)
    write(document, *(entry(name, "old.pem", active_from=at) for name, at in entries))
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert problem in str(ring.last_error)


def test_key_with_a_forbidden_hash_keeps_the_old_keys(
    document: Path, other_pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform may forbid the hash algorithm of a new pair."""
    ring = KeyRing.from_file(document, refresh_every=0)
    loaded = type(load_private_key(other_pem))
    sign = loaded.sign

    def sign_unless_forbidden(key: Any, message: bytes, hash_algorithm: Any) -> bytes:
        if hash_algorithm == "SHA256":
            raise SigningKeyError("forbidden")
        return sign(key, message, hash_algorithm)

    monkeypatch.setattr(loaded, "sign", sign_unless_forbidden)
    write(
        document,
        entry(OLD, "old.pem"),
        entry(NEW, other_pem, hash_algorithm="SHA256", active_from=5),
    )
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "K2NEW: forbidden" in str(ring.last_error)


def test_loader_is_called_at_each_refresh(pem: str, other_pem: str, policy: Policy) -> None:
    """It returns text or bytes."""
    documents: list[Any] = [json.dumps({"keys": [entry(OLD, pem)]})]
    ring = KeyRing.from_loader(lambda: documents[-1], refresh_every=0)
    assert ring.sign_policy(policy).key_pair_id == OLD
    documents.append(json.dumps({"keys": [entry(NEW, other_pem)]}).encode())
    assert ring.sign_policy(policy).key_pair_id == NEW


def test_failing_loader_keeps_the_old_keys(
    pem: str, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    """The text of an exception is shown only if it is a CfsignError, because it may be secret."""
    results: list[Any] = [json.dumps({"keys": [entry(OLD, pem)]})]

    def load() -> Any:
        if isinstance(results[-1], Exception):
            raise results[-1]
        return results[-1]

    ring = KeyRing.from_loader(load, refresh_every=0)
    denied = KeyUnavailableError("the secret is denied", code="AccessDenied")
    for result, text in [
        (OSError("hunter2"), "loader of the key ring raised OSError"),
        (denied, "the secret is denied"),
        (None, "text, got NoneType"),
        (5, "text, got int"),
    ]:
        results.append(result)
        assert ring.sign_policy(policy).key_pair_id == OLD
        assert text in str(ring.last_error)
        assert ring.sign_policy(policy).key_pair_id == OLD
    assert len(errors(caplog)) == 4
    assert "hunter2" not in caplog.text
    with pytest.raises(ConfigurationError, match="text, got int"):
        KeyRing.from_loader(load)
    results.append(results[0])
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert ring.last_error is None
    results.append(denied)
    with pytest.raises(KeyUnavailableError):
        KeyRing.from_loader(load)


def test_failing_password_function_keeps_the_old_keys(
    tmp_path: Path, encrypted_pem: str, password: str, policy: Policy
) -> None:
    """Its exception is the `__cause__`."""
    pytest.importorskip("cryptography")
    passwords: list[Any] = [password]
    path = tmp_path / "key.pem"
    path.write_text(encrypted_pem)
    ring = KeyRing([KeyPair(OLD, path, password=lambda: passwords.pop())], refresh_every=0)
    path.write_text(f"{encrypted_pem}\n")
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "IndexError was raised" in str(ring.last_error)
    assert isinstance(ring.last_error.__cause__, IndexError)
    passwords.append(password)
    ring.sign_policy(policy)
    assert ring.last_error is None


async def load_async() -> str:
    """Return nothing; a loader must not be a coroutine function."""
    return ""


@pytest.mark.parametrize("wrong", [None, "ring.json", load_async])
def test_invalid_loader_is_an_error(wrong: Any) -> None:
    """A coroutine function is not a loader."""
    with pytest.raises(ConfigurationError, match=r"must be a synchronous function .*, got"):
        KeyRing.from_loader(wrong)

"""Tests of the key ring: the active key, the document, reloading, errors and removal."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import os
import pickle
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    Distribution,
    KeyPair,
    KeyRing,
    KeyUnavailableError,
    Policy,
    PolicyError,
    PrivateKey,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.keyring.snapshot import Snapshot
from cfsign.keyring.source import DocumentFile, LoadedDocument

OLD, NEW = "K1OLD", "K2NEW"
URL = "https://media.example.com/report.pdf"


@pytest.fixture
def policy(now: int) -> Policy:
    """A policy that expires after every test."""
    return Policy(URL, now + 1_000_000)


@pytest.fixture(scope="session")
def other_key(other_pem: str) -> PrivateKey:
    """The key of the new pair."""
    return load_private_key(other_pem)


@pytest.fixture
def document(tmp_path: Path, pem: str) -> Path:
    """A key ring file with the old pair, whose key is a file in the same folder."""
    (tmp_path / "old.pem").write_text(pem)
    return write(tmp_path / "ring.json", {"key_pair_id": OLD, "private_key": "old.pem"})


def write(path: Path, *entries: Any) -> Path:
    """Replace the document atomically."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"keys": list(entries)}))
    os.replace(temporary, path)
    return path


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]


# The active key


def test_newest_active_key_signs(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, policy: Policy
) -> None:
    """Exactly from `active_from`, in any order of the list."""
    ring = KeyRing([KeyPair(NEW, other_key, now + 100), KeyPair(OLD, key)])
    assert ring.sign_policy(policy).key_pair_id == ring.key_pair_id == OLD
    clock.shift(99)
    assert ring.sign_policy(policy).key_pair_id == OLD
    clock.shift(1)
    assert ring.sign_policy(policy).key_pair_id == ring.key_pair_id == NEW


def test_oldest_key_signs_if_the_clock_is_set_back(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, policy: Policy
) -> None:
    """No key is active then, but the ring must still sign."""
    ring = KeyRing([KeyPair(OLD, key, now), KeyPair(NEW, other_key, now + 100)])
    clock.shift(-3600)
    assert ring.sign_policy(policy).key_pair_id == OLD


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-8))])
def test_ring_without_an_active_key_is_an_error(
    clock: Any, now: int, key: PrivateKey, zone: Any
) -> None:
    """The error has the time at which the first key becomes active."""
    active_from = datetime.fromtimestamp(now + 60, zone)
    with pytest.raises(
        ConfigurationError, match="K1OLD is the first, from 2026-01-01T00:01:00"
    ) as e:
        KeyRing([KeyPair(NEW, key, now + 90), KeyPair(OLD, key, active_from)])
    assert "no key is active yet" in str(e.value)


def test_ring_can_be_used_like_a_signer(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey
) -> None:
    """For URLs, cookies and a `Distribution`; a key group with its public keys allows all."""
    ring = KeyRing([KeyPair(OLD, key), KeyPair(NEW, other_key, now + 100, hash_algorithm="SHA256")])
    key_group = TrustedKeyGroup(ring.public_keys())
    for key_pair_id in (OLD, NEW):
        urls = [
            ring.sign_url(URL, expires_in=60),
            *ring.sign_urls([URL, f"{URL}?a"], expires_in=60),
            Distribution("https://media.example.com", ring).sign_path("report.pdf"),
        ]
        for url in urls:
            assert f"Key-Pair-Id={key_pair_id}" in url
            assert ("Hash-Algorithm=SHA256" in url) == (key_pair_id == NEW)
            assert key_group.check(url).allowed
        assert key_group.check(URL, cookies=ring.sign_cookies(URL, expires_in=60)).allowed
        clock.shift(100)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "there is no key; add at least one"),
        (
            [(OLD, None), (OLD, 5)],
            "K1OLD is listed 2 times; list it once: each public key in CloudFront has its own",
        ),
        ([(OLD, None), (NEW, None)], "become active without a start time; set a later active_from"),
        ([(OLD, 5), (NEW, 5)], "at the same time, 1970-01-01T00:00:05.*; set a later active_from"),
    ],
)
def test_conflicting_pairs_are_an_error(key: PrivateKey, pairs: Any, message: str) -> None:
    """Each error has a hint."""
    with pytest.raises(ConfigurationError, match=message):
        KeyRing([KeyPair(name, key, active_from) for name, active_from in pairs])


def test_all_problems_are_reported_at_once(tmp_path: Path, small_pem: str, key: PrivateKey) -> None:
    """So a deployment fails once, not three times."""
    pairs = [
        KeyPair(OLD, tmp_path / "none.pem", 1),
        KeyPair(NEW, small_pem, 1),
        KeyPair("K3", key, 3, password="x"),
    ]
    with pytest.raises(ConfigurationError) as caught:
        KeyRing(pairs)
    expected = ["at the same time", "no key file", "RSA-1024", "remove the password"]
    for text, problem in zip(expected, caught.value.problems, strict=True):
        assert text in str(problem)


@pytest.mark.parametrize(
    "wrong",
    ["ring.json", {"keys": []}, 5, None, KeyPair, iter([])],
    ids=["text", "dict", "int", "None", "class", "iterator"],
)
def test_pairs_of_another_type_are_an_error(wrong: Any) -> None:
    """The hint lists the ways to build a ring."""
    with pytest.raises(ConfigurationError, match=r"KeyRing\.from_file\(path\)"):
        KeyRing(wrong)
    with pytest.raises(ConfigurationError, match=r"keys\[0\]: .*key_pair_id"):
        KeyRing([wrong])


@pytest.mark.parametrize("seconds", [-1, True, "30", None, float("nan"), float("inf"), 86401])
def test_invalid_refresh_every_is_an_error(key: PrivateKey, seconds: Any) -> None:
    """Zero is valid: it checks for changes at each signature."""
    with pytest.raises(PolicyError, match="refresh_every must be a timedelta or a number"):
        KeyRing([KeyPair(OLD, key)], refresh_every=seconds)
    assert KeyRing([KeyPair(OLD, key)], refresh_every=timedelta(0)).key_pair_id == OLD


def test_invalid_pair_is_an_error(key: PrivateKey) -> None:
    """With the same errors as a `Signer`."""
    with pytest.raises(SigningKeyError, match="letters and digits"):
        KeyPair("K-1", key)
    with pytest.raises(PolicyError, match="active_from is a naive datetime"):
        KeyPair(OLD, key, datetime(2026, 1, 1))
    with pytest.raises(PolicyError, match="milliseconds"):
        KeyPair(OLD, key, 1767225600000)
    with pytest.raises(PolicyError, match="SHA256"):
        KeyPair(OLD, key, hash_algorithm="MD5")


def test_no_secret_is_shown_or_pickled(document: Path, pem: str, clock: Any) -> None:
    """A `repr` shows only ids and times."""
    pair = KeyPair(OLD, pem, 5, password="hunter2")
    assert repr(pair) == "KeyPair(key_pair_id='K1OLD', active_from=5, hash_algorithm=None)"
    ring = KeyRing([KeyPair(OLD, pem)])
    assert repr(ring) == "<KeyRing K1OLD of K1OLD>"
    loader = LoadedDocument(lambda: json.dumps({"keys": [entry(OLD, pem)]}))
    assert "PRIVATE" not in repr(Snapshot.read_first(loader))
    for secret in (pair, ring):
        for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a private key"):
                duplicate(secret)


# The document


def entry(key_pair_id: str, private_key: str, **more: Any) -> dict[str, Any]:
    return {"key_pair_id": key_pair_id, "private_key": private_key, **more}


@pytest.mark.parametrize(
    "active_from",
    [1767225700, "2026-01-01T00:01:40Z", "2026-01-01T01:01:40+01:00", "20260101T000140Z"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_document_with_times_and_keys(
    clock: Any,
    document: Path,
    pem: str,
    other_pem: str,
    policy: Policy,
    active_from: Any,
    encoding: str,
) -> None:
    """Relative paths and PEM; ISO 8601 and epoch seconds; in each encoding of JSON."""
    keys = [
        entry(OLD, "old.pem"),
        entry(NEW, other_pem, active_from=active_from, hash_algorithm="SHA256"),
    ]
    document.write_bytes(json.dumps({"keys": keys}).encode(encoding))
    ring = KeyRing.from_file(document)
    clock.shift(99)
    assert ring.sign_policy(policy).key_pair_id == OLD
    clock.shift(1)
    assert ring.sign_policy(policy).params["Hash-Algorithm"] == "SHA256"


def test_document_with_the_password_of_a_key(
    tmp_path: Path, encrypted_pem: str, password: str
) -> None:
    """An encrypted key and its password in one entry."""
    pytest.importorskip("cryptography")
    path = write(tmp_path / "ring.json", entry(OLD, encrypted_pem, password=password))
    assert KeyRing.from_file(path).key_pair_id == OLD


KEY = "-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON(?!.*newlines)"),
        (f'{{"keys": [{{"private_key": "{KEY}', "not valid JSON.*; write the newlines"),
        (f'{{"keys": ["{KEY}",', "not valid JSON"),
        (f'["{KEY}"]', "an object with a list of keys"),
        (f'"{KEY}"', "an object with a list of keys"),
        (f'{{"keys": "{KEY}"}}', "an object with a list of keys"),
        (f'{{"keys": {{"a": "{KEY}"}}}}', "an object with a list of keys"),
        ('{"keys": []}', "there is no key"),
        (f'{{"keys": ["{KEY}"]}}', r"keys\[0\]: a key pair must be a mapping"),
        (f'{{"keys": [{{"private_key": "{KEY}"}}]}}', r"keys\[0\]: key_pair_id is missing"),
        ('{"keys": [{"key_pair_id": "K1"}]}', r"keys\[0\]: private_key is missing"),
        ('{"keys": [{"sings_from": 1}]}', "'sings_from' is unknown; a key pair has .*active_from"),
        (f'{{"keys": [{{"key_pair_id": "K1", "private_key": "{KEY}"}}]}}', "K1: the PRIVATE KEY"),
        (
            '{"keys": [{"key_pair_id": "K1", "private_key": 5}]}',
            "K1: .* cannot be made from int",
        ),
        ('{"keys": [{"key_pair_id": "K1", "private_key": "no.pem"}]}', "K1: there is no key file"),
        (f'{{"keys": [{{"key_pair_id": "{KEY}", "private_key": "k"}}]}}', "letters and digits"),
        ('{"keys": [], "keys": []}', "the member 'keys' is given twice"),
        ("[" * 100_000, "not valid JSON"),
        ("9" * 5_000, "not valid JSON"),
        ("\ud800", "not valid JSON"),
        *[
            (
                f'{{"keys": [{{"key_pair_id": "K", "private_key": "k", "active_from": {start}}}]}}',
                message,
            )
            for start, message in [
                ('"2026-01-01T00:00:00"', "must be an ISO 8601 timestamp with a time zone, got"),
                ('"tomorrow"', "must be an ISO 8601 timestamp"),
                ('""', "must be an ISO 8601 timestamp"),
                ("1767225600000", "milliseconds"),
                ("1.5", "got float"),
                ("NaN", "NaN is not a JSON number"),
                ("true", "got bool"),
                ("0", "must be after 1970"),
                ('"9999-12-31T23:59:59-23:00"', "is after 2147483647"),
                ('"0001-01-01T00:00:00+23:00"', "must be after 1970"),
            ]
        ],
    ],
)
def test_invalid_document_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    """Each error shows what is wrong and where, but never a key."""
    path = tmp_path / "ring.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for build in (lambda: KeyRing.from_file(path), lambda: KeyRing.from_loader(lambda: text)):
        with pytest.raises(ConfigurationError, match=message) as caught:
            build()
        assert "hunter2" not in str(caught.value)
        assert caught.value.__context__ is None
    with pytest.raises(ConfigurationError, match=r"key ring '.*ring\.json'[:,] "):
        KeyRing.from_file(path)


def test_unreadable_file_is_an_error(tmp_path: Path) -> None:
    """A folder, a missing file, an impossible path, a large file, another type."""
    with pytest.raises(ConfigurationError, match="cannot be read"):
        KeyRing.from_file(tmp_path)
    with pytest.raises(ConfigurationError, match="No such file"):
        KeyRing.from_file(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="invalid path"):
        KeyRing.from_file("nul\0")
    (tmp_path / "big").write_bytes(b" " * (1024 * 1024 + 1))
    with pytest.raises(ConfigurationError, match="larger than 1 MiB"):
        KeyRing.from_file(tmp_path / "big")
    with pytest.raises(ConfigurationError, match="must be a path, got int"):
        KeyRing.from_file(5)  # type: ignore[arg-type]


# Reloading


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


# Removal


def test_removable_at(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, ec_pem: str
) -> None:
    """The successor's start, plus `refresh_every`, plus the longest life of a URL."""
    pairs = [
        KeyPair(OLD, key),
        KeyPair(NEW, other_key, now + 100),
        KeyPair("K3", other_key, now + 500),
    ]
    ring = KeyRing(pairs, refresh_every=29.5)
    assert ring.removable_at(OLD, 3600) == now + 100 + 30 + 3600
    assert ring.removable_at(NEW, timedelta(hours=1)) == now + 500 + 30 + 3600
    with pytest.raises(ConfigurationError, match="K3 is the newest key and still signs"):
        ring.removable_at("K3", 60)
    with pytest.raises(ConfigurationError, match="has no key K4; it has K1OLD, K2NEW, K3"):
        ring.removable_at("K4", 60)
    with pytest.raises(SigningKeyError, match="letters and digits"):
        ring.removable_at("K 4", 60)
    with pytest.raises(PolicyError, match="max_expires_in"):
        ring.removable_at(OLD, 0)


def test_no_url_is_allowed_after_removable_at(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey
) -> None:
    """The last URL of the old key expires just before it."""
    ring = KeyRing([KeyPair(OLD, key), KeyPair(NEW, other_key, now + 100)], refresh_every=0)
    clock.shift(99)
    last = ring.sign_url(URL, expires_in=50)
    key_group = TrustedKeyGroup(ring.public_keys())
    removable_at = ring.removable_at(OLD, 50)
    assert key_group.check(last, at=removable_at - 2).allowed
    assert not key_group.check(last, at=removable_at).allowed


def test_late_successor_counts_from_its_first_reading(
    clock: Any, now: int, document: Path, other_pem: str, policy: Policy
) -> None:
    """The old key signed until then, although the successor's `active_from` is earlier."""
    os.utime(document, (5, 5))
    ring = KeyRing.from_file(document, refresh_every=0)
    clock.shift(1000)
    write(document, entry(OLD, "old.pem"), entry(NEW, other_pem, active_from=5))
    assert ring.removable_at(OLD, 60) == now + 1000 + 60
    clock.shift(1000)
    os.utime(document, (5, 5))
    assert ring.removable_at(OLD, 60) == now + 1000 + 60
    # A process that starts later uses the time of the last change of the file.
    changed = int(document.stat().st_ctime)
    assert KeyRing.from_file(document, refresh_every=0).removable_at(OLD, 60) in (
        changed + 60,
        changed + 61,
    )


@pytest.mark.parametrize("is_listed", [True, False])
def test_without_a_file_removal_counts_from_the_first_reading(
    clock: Any, now: int, document: Path, pem: str, other_pem: str, is_listed: bool
) -> None:
    """The successor may be as new as the process, although its `active_from` is earlier."""
    os.utime(document.parent / "old.pem", (5, 5))
    path = str(document.parent / "old.pem")
    if is_listed:
        ring = KeyRing([KeyPair(OLD, path), KeyPair(NEW, other_pem, 5)], refresh_every=0)
    else:
        keys = {"keys": [entry(OLD, pem), entry(NEW, other_pem, active_from=5)]}
        ring = KeyRing.from_loader(lambda: json.dumps(keys), refresh_every=0)
    assert ring.removable_at(OLD, 60) == now + 60
    clock.shift(1000)
    assert ring.removable_at(OLD, 60) == now + 60


def test_unfinished_ring_has_a_repr() -> None:
    """A debugger may call it while the document is read."""
    assert repr(KeyRing.__new__(KeyRing)) == "<KeyRing, not loaded yet>"

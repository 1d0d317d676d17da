"""The key ring: which key signs, what a ring is made of, what is picked up, and what is refused."""

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
from cfsign.keyring.source import DocumentFile

OLD, NEW = "K1OLD", "K2NEW"
URL = "https://media.example.com/report.pdf"


@pytest.fixture
def policy(now: int) -> Policy:
    """What is signed; it outlasts every test."""
    return Policy(URL, now + 1_000_000)


@pytest.fixture(scope="session")
def other_key(other_pem: str) -> PrivateKey:
    """The new pair's key, loaded."""
    return load_private_key(other_pem)


@pytest.fixture
def document(tmp_path: Path, pem: str) -> Path:
    """A ring's document with the old pair in it, whose key lies beside it."""
    (tmp_path / "old.pem").write_text(pem)
    return write(tmp_path / "ring.json", {"key_pair_id": OLD, "private_key": "old.pem"})


def write(path: Path, *entries: Any) -> Path:
    """Replace a document atomically, as one should."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": list(entries)}))
    os.replace(fresh, path)
    return path


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]


# Which key signs


def test_the_newest_active_key_signs(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, policy: Policy
) -> None:
    """From the very second that a pair names, in whatever order the pairs are given."""
    ring = KeyRing([KeyPair(NEW, other_key, now + 100), KeyPair(OLD, key)])
    assert ring.sign_policy(policy).key_pair_id == ring.key_pair_id == OLD
    clock.shift(99)
    assert ring.sign_policy(policy).key_pair_id == OLD
    clock.shift(1)
    assert ring.sign_policy(policy).key_pair_id == ring.key_pair_id == NEW


def test_a_clock_set_back_stops_nothing(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, policy: Policy
) -> None:
    """What signed first signs on."""
    ring = KeyRing([KeyPair(OLD, key, now), KeyPair(NEW, other_key, now + 100)])
    clock.shift(-3600)
    assert ring.sign_policy(policy).key_pair_id == OLD


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-8))])
def test_none_active_yet_says_when(clock: Any, now: int, key: PrivateKey, zone: Any) -> None:
    """At start-up, when the earliest of them will be."""
    moment = datetime.fromtimestamp(now + 60, zone)
    with pytest.raises(
        ConfigurationError, match="K1OLD is the first, from 2026-01-01T00:01:00"
    ) as e:
        KeyRing([KeyPair(NEW, key, now + 90), KeyPair(OLD, key, moment)])
    assert "no key is active yet" in str(e.value)


def test_it_goes_wherever_a_signer_goes(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey
) -> None:
    """URLs, many URLs, cookies, a distribution: all are allowed by a group of the ring's keys."""
    ring = KeyRing([KeyPair(OLD, key), KeyPair(NEW, other_key, now + 100, hash_algorithm="SHA256")])
    edge = TrustedKeyGroup(ring.public_keys())
    for key_pair_id in (OLD, NEW):
        urls = [
            ring.sign_url(URL, expires_in=60),
            *ring.sign_urls([URL, f"{URL}?a"], expires_in=60),
            Distribution("https://media.example.com", ring).sign_path("report.pdf"),
        ]
        for url in urls:
            assert f"Key-Pair-Id={key_pair_id}" in url
            assert ("Hash-Algorithm=SHA256" in url) == (key_pair_id == NEW)
            assert edge.check(url).allowed
        assert edge.check(URL, cookies=ring.sign_cookies(URL, expires_in=60)).allowed
        clock.shift(100)


@pytest.mark.parametrize(
    ("pairs", "mend"),
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
def test_pairs_that_cannot_be_in_one_ring(key: PrivateKey, pairs: Any, mend: str) -> None:
    """The error says what to do."""
    with pytest.raises(ConfigurationError, match=mend):
        KeyRing([KeyPair(name, key, moment) for name, moment in pairs])


def test_every_problem_is_told_at_once(tmp_path: Path, small_pem: str, key: PrivateKey) -> None:
    """A deployment fails once, and not three times."""
    pairs = [
        KeyPair(OLD, tmp_path / "none.pem", 1),
        KeyPair(NEW, small_pem, 1),
        KeyPair("K3", key, 3, password="x"),
    ]
    with pytest.raises(ConfigurationError) as caught:
        KeyRing(pairs)
    for number, text in enumerate(
        ["at the same time", "no key file", "RSA-1024", "remove the password"]
    ):
        assert text in str(caught.value.problems[number])


@pytest.mark.parametrize("wrong", ["ring.json", {"keys": []}, 5, None, KeyPair, iter([])])
def test_what_is_no_list_of_pairs(wrong: Any) -> None:
    """The error names the ways to make a ring."""
    with pytest.raises(ConfigurationError, match=r"KeyRing\.from_file\(path\)"):
        KeyRing(wrong)
    with pytest.raises(ConfigurationError, match=r"keys\[0\]: .*key_pair_id"):
        KeyRing([wrong])


@pytest.mark.parametrize("seconds", [-1, True, "30", None, float("nan"), float("inf"), 86401])
def test_a_check_every_that_is_no_time(key: PrivateKey, seconds: Any) -> None:
    """Zero is one: it looks at each signature."""
    with pytest.raises(PolicyError, match="refresh_every must be a timedelta or a number"):
        KeyRing([KeyPair(OLD, key)], refresh_every=seconds)
    assert KeyRing([KeyPair(OLD, key)], refresh_every=timedelta(0)).key_pair_id == OLD


def test_a_pair_checks_itself(key: PrivateKey) -> None:
    """With the errors that a signer has."""
    with pytest.raises(SigningKeyError, match="letters and digits"):
        KeyPair("K-1", key)
    with pytest.raises(PolicyError, match="active_from is a naive datetime"):
        KeyPair(OLD, key, datetime(2026, 1, 1))
    with pytest.raises(PolicyError, match="milliseconds"):
        KeyPair(OLD, key, 1767225600000)
    with pytest.raises(PolicyError, match="SHA256"):
        KeyPair(OLD, key, hash_algorithm="MD5")


def test_nothing_secret_is_shown_or_pickled(document: Path, pem: str, clock: Any) -> None:
    """Ids alone."""
    pair = KeyPair(OLD, pem, 5, password="hunter2")
    assert repr(pair) == "KeyPair(key_pair_id='K1OLD', active_from=5, hash_algorithm=None)"
    ring = KeyRing([KeyPair(OLD, pem)])
    assert repr(ring) == "<KeyRing K1OLD of K1OLD>"
    loaded = KeyRing.from_loader(lambda: json.dumps({"keys": [entry(OLD, pem)]}))
    assert "PRIVATE" not in repr(loaded._snapshot)
    for secret in (pair, ring):
        for give_away in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError, match="holds a private key"):
                give_away(secret)


# The document


def entry(key_pair_id: str, private_key: str, **more: Any) -> dict[str, Any]:
    return {"key_pair_id": key_pair_id, "private_key": private_key, **more}


@pytest.mark.parametrize(
    "active_from",
    [1767225700, "2026-01-01T00:01:40Z", "2026-01-01T01:01:40+01:00", "20260101T000140Z"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_document_names_moments_and_keys(
    clock: Any,
    document: Path,
    pem: str,
    other_pem: str,
    policy: Policy,
    active_from: Any,
    encoding: str,
) -> None:
    """A path from its folder, or PEM; ISO 8601 or epoch seconds; whatever JSON is written in."""
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


def test_an_encrypted_key_has_its_password(
    tmp_path: Path, encrypted_pem: str, password: str
) -> None:
    """In the document, beside it."""
    pytest.importorskip("cryptography")
    path = write(tmp_path / "ring.json", entry(OLD, encrypted_pem, password=password))
    assert KeyRing.from_file(path).key_pair_id == OLD


KEY = "-----BEGIN PRIVATE KEY-----\\nhunter2\\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "mend"),
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
                mend,
            )
            for start, mend in [
                ('"2026-01-01T00:00:00"', "no moment in ISO 8601 with a time zone; write it as"),
                ('"tomorrow"', "no moment in ISO 8601"),
                ('""', "no moment in ISO 8601"),
                ("1767225600000", "milliseconds"),
                ("1.5", "not float"),
                ("NaN", "NaN is not a JSON number"),
                ("true", "not bool"),
                ("0", "before 1970"),
                ('"9999-12-31T23:59:59-23:00"', "past 2147483647"),
                ('"0001-01-01T00:00:00+23:00"', "before 1970"),
            ]
        ],
    ],
)
def test_documents_that_cannot_be(tmp_path: Path, text: str, mend: str) -> None:
    """Each says what to mend and where, and never shows a key."""
    path = tmp_path / "ring.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    for make in (lambda: KeyRing.from_file(path), lambda: KeyRing.from_loader(lambda: text)):
        with pytest.raises(ConfigurationError, match=mend) as caught:
            make()
        assert "hunter2" not in str(caught.value)
        assert caught.value.__context__ is None
    with pytest.raises(ConfigurationError, match=r"key ring '.*ring\.json'[:,] "):
        KeyRing.from_file(path)


def test_files_that_are_no_documents(tmp_path: Path) -> None:
    """A folder, nothing, a whole disk, no path at all."""
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


# Picking up changes


def test_a_change_is_picked_up(
    document: Path,
    other_pem: str,
    policy: Policy,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the document, from wherever the process has gone meanwhile."""
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


def test_it_is_looked_for_at_most_every_so_often(
    document: Path, other_pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock that nobody sets."""
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


def test_an_unchanged_file_is_not_read_again(
    document: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A `stat` is all, once the file is older than its clock's tick."""
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


def test_the_current_signer_is_the_same_object_until_it_changes(
    document: Path, pem: str, other_pem: str
) -> None:
    """Whoever keeps what it signed knows it by that; to be read again is no change."""
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


def test_two_writes_within_one_tick_are_two(
    document: Path, pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system's clock may stand still between them, and the file be as long as before."""
    ring = KeyRing.from_file(document, refresh_every=0)
    stats = {path: path.stat() for path in document.parent.iterdir()}
    monkeypatch.setattr(Path, "stat", lambda path, **_: stats[path])
    document.write_text(document.read_text().replace(OLD, "K9OLD"))
    assert ring.sign_policy(policy).key_pair_id == "K9OLD"


def test_a_broken_document_displaces_nothing(
    document: Path, other_pem: str, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    """It is reported once for each fault, and what is whole again is picked up."""
    ring = KeyRing.from_file(document, refresh_every=0)
    whole = json.dumps({"keys": [entry(NEW, other_pem)]})
    broken = [whole[:10], whole[:1000], json.dumps({"keys": [entry(NEW, other_pem[:900])]})]
    for number, text in enumerate(broken, 1):
        document.write_text(text)  # in place, as an editor may do it
        for _ in range(3):
            assert ring.sign_policy(policy).key_pair_id == OLD
        assert len(errors(caplog)) == number
        assert str(ring.last_error) in errors(caplog)[-1]
    document.unlink()
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "No such file" in str(ring.last_error)
    document.write_text(whole)
    assert ring.sign_policy(policy).key_pair_id == NEW
    assert ring.last_error is None
    document.write_text(broken[0])
    ring.sign_policy(policy)
    assert len(errors(caplog)) == 5
    assert not any(line in caplog.text for line in other_pem.splitlines()[1:-1])


def test_a_broken_key_file_displaces_nothing(
    document: Path, pem: str, other_pem: str, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor one that is missing yet; the document need not change again."""
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


def test_key_files_of_a_list_are_read_again(
    document: Path, pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A list in the program cannot change, but its files can, wherever the process has gone.

    Another key under an id is a fault, since CloudFront never changes the public key of one.
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


def test_another_key_under_the_same_id_displaces_nothing(
    document: Path,
    pem: str,
    other_pem: str,
    trusted_keys: TrustedKeyGroup,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """CloudFront's public key never changes under its id: each viewer would have a 403."""
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


def test_a_key_that_has_moved_to_another_store_signs_from_there(
    document: Path, key: PrivateKey, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under its id, and the same key: yet where it was it may be gone, and out of reach."""

    class Store:
        """A store in which the key lies too."""

        is_blocking = True
        is_there = True

        def __init__(self, _: object) -> None: ...

        def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
            if not self.is_there:
                raise KeyUnavailableError("out of reach", source="kms", code="503")
            return key.sign(message, hash_algorithm)

        def public_key_pem(self) -> str:
            return key.public_key_pem()

    read = KeyPair.load_key

    def read_either(pair: KeyPair) -> Any:
        return Store(pair) if pair.private_key == "kms:alias/one" else read(pair)

    monkeypatch.setattr(KeyPair, "load_key", read_either)
    ring = KeyRing.from_file(write(document, entry(OLD, "kms:alias/one")), refresh_every=0)
    assert ring.sign_policy(policy).key_pair_id == OLD
    monkeypatch.setattr(Store, "is_there", False)
    write(document, entry(OLD, "old.pem"))
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert ring.last_error is None
    monkeypatch.setattr(Store, "is_there", True)
    write(document, entry(OLD, "kms:alias/one"))
    assert type(ring.current()._key) is Store


def test_a_key_of_ones_own_is_not_asked_for_its_public_half(document: Path, pem: str) -> None:
    """While a key file beside it is read again: it is the same object."""

    class OwnKey:
        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            return b"signature"

        def public_key_pem(self) -> str:
            raise AssertionError("asked")

    path = document.parent / "old.pem"
    ring = KeyRing([KeyPair(OLD, path), KeyPair(NEW, OwnKey(), 5)], refresh_every=0)
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
def test_pairs_that_cannot_be_displace_nothing(
    document: Path, policy: Policy, entries: Any, problem: str
) -> None:
    """A ring that once could sign always can."""
    ring = KeyRing.from_file(document, refresh_every=0)
    write(document, *(entry(name, "old.pem", active_from=at) for name, at in entries))
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert problem in str(ring.last_error)


def test_a_key_that_reads_but_cannot_sign_here_displaces_nothing(
    document: Path, other_pem: str, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A platform may forbid the hash that a new pair names."""
    ring = KeyRing.from_file(document, refresh_every=0)
    loaded = type(load_private_key(other_pem))
    sign = loaded.sign

    def forbidding(key: Any, message: bytes, hash_algorithm: Any) -> bytes:
        if hash_algorithm == "SHA256":
            raise SigningKeyError("forbidden")
        return sign(key, message, hash_algorithm)

    monkeypatch.setattr(loaded, "sign", forbidding)
    write(
        document,
        entry(OLD, "old.pem"),
        entry(NEW, other_pem, hash_algorithm="SHA256", active_from=5),
    )
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "K2NEW: forbidden" in str(ring.last_error)


def test_a_loader_is_asked_at_each_look(pem: str, other_pem: str, policy: Policy) -> None:
    """It may return text or bytes."""
    documents: list[Any] = [json.dumps({"keys": [entry(OLD, pem)]})]
    ring = KeyRing.from_loader(lambda: documents[-1], refresh_every=0)
    assert ring.sign_policy(policy).key_pair_id == OLD
    documents.append(json.dumps({"keys": [entry(NEW, other_pem)]}).encode())
    assert ring.sign_policy(policy).key_pair_id == NEW


def test_a_loader_that_fails_displaces_nothing(
    pem: str, policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever it raises, or returns; what it says is not repeated, but for our own errors."""
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


def test_a_password_function_that_fails_displaces_nothing(
    tmp_path: Path, encrypted_pem: str, password: str, policy: Policy
) -> None:
    """Whatever it raises."""
    pytest.importorskip("cryptography")
    answers: list[Any] = [password]
    path = tmp_path / "key.pem"
    path.write_text(encrypted_pem)
    ring = KeyRing([KeyPair(OLD, path, password=lambda: answers.pop())], refresh_every=0)
    path.write_text(f"{encrypted_pem}\n")
    assert ring.sign_policy(policy).key_pair_id == OLD
    assert "IndexError was raised" in str(ring.last_error)
    assert isinstance(ring.last_error.__cause__, IndexError)
    answers.append(password)
    ring.sign_policy(policy)
    assert ring.last_error is None


async def loading() -> str:
    """Be no loader."""
    return ""


@pytest.mark.parametrize("wrong", [None, "ring.json", loading])
def test_what_is_no_loader(wrong: Any) -> None:
    """An asynchronous function among it."""
    with pytest.raises(ConfigurationError, match=r"must be a synchronous function .*, got"):
        KeyRing.from_loader(wrong)


# When a key can go


def test_when_a_key_can_be_removed(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey, ec_pem: str
) -> None:
    """Its successor's moment, the longest life, and the time for the last to look."""
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


def test_no_url_outlives_the_moment(
    clock: Any, now: int, key: PrivateKey, other_key: PrivateKey
) -> None:
    """The last URL of the old key is refused from then on, and not long before."""
    ring = KeyRing([KeyPair(OLD, key), KeyPair(NEW, other_key, now + 100)], refresh_every=0)
    clock.shift(99)
    last = ring.sign_url(URL, expires_in=50)
    edge = TrustedKeyGroup(ring.public_keys())
    moment = ring.removable_at(OLD, 50)
    assert edge.check(last, at=moment - 2).allowed
    assert not edge.check(last, at=moment).allowed


def test_a_successor_that_came_late_counts_from_then(
    clock: Any, now: int, document: Path, other_pem: str, policy: Policy
) -> None:
    """The old key signed until it was seen, whatever moment its document names."""
    os.utime(document, (5, 5))
    ring = KeyRing.from_file(document, refresh_every=0)
    clock.shift(1000)
    write(document, entry(OLD, "old.pem"), entry(NEW, other_pem, active_from=5))
    assert ring.removable_at(OLD, 60) == now + 1000 + 60
    clock.shift(1000)
    os.utime(document, (5, 5))
    assert ring.removable_at(OLD, 60) == now + 1000 + 60
    # A process that starts later goes by the file, which was not as it is before its last change.
    changed = int(document.stat().st_ctime)
    assert KeyRing.from_file(document, refresh_every=0).removable_at(OLD, 60) in (
        changed + 60,
        changed + 61,
    )


@pytest.mark.parametrize("is_listed", [True, False])
def test_without_a_document_on_disk_a_process_counts_from_its_first_look(
    clock: Any, now: int, document: Path, pem: str, other_pem: str, is_listed: bool
) -> None:
    """A deployment may have brought the successor just now, whatever moment it names."""
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


def test_a_ring_that_is_half_made_has_a_repr() -> None:
    """A debugger may ask for it while the document is read."""
    assert repr(KeyRing.__new__(KeyRing)) == "<KeyRing, not loaded yet>"

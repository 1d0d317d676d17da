"""Tests of the document of a key ring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    KeyRing,
    Policy,
)
from tests.keyring.helpers import NEW, OLD, entry, write


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


def test_text_may_begin_with_a_byte_order_mark(pem: str) -> None:
    """`Path.read_text` keeps the mark that some editors on Windows write."""
    text = "\ufeff" + json.dumps({"keys": [entry(OLD, pem)]})
    assert KeyRing.from_loader(lambda: text).key_pair_id == OLD


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
                ("-0", "got float"),
                ("-1", "is before 1970"),
                ('"9999-12-31T23:59:59-23:00"', "is after 9223372036"),
                ('"0001-01-01T00:00:00+23:00"', "is before 1970"),
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

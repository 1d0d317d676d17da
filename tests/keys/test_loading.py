"""Tests of loading private keys: accepted forms, and errors for all others."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cfsign import PrivateKey, SigningKeyError, load_private_key
from cfsign.keys import (
    is_key_path,
    is_key_text,
    load_public_key,
)
from tests.keys.helpers import body_of, decode_body, sign, write_key_file

FORMS: dict[str, Callable[[str, Path], Any]] = {
    "text": lambda pem, folder: pem,
    "bytes": lambda pem, folder: pem.encode(),
    "path": lambda pem, folder: write_key_file(folder, pem),
    "path as text": lambda pem, folder: str(write_key_file(folder, pem)),
    "escaped newlines": lambda pem, folder: pem.replace("\n", "\\n"),
    "escaped newlines, bytes": lambda pem, folder: pem.replace("\n", "\\n").encode(),
    "escaped newlines, file": lambda pem, folder: write_key_file(folder, pem.replace("\n", "\\n")),
    "escaped CRLF": lambda pem, folder: pem.replace("\n", "\\r\\n"),
    "CRLF": lambda pem, folder: pem.replace("\n", "\r\n"),
    "CRLF, file": lambda pem, folder: write_key_file(folder, pem.replace("\n", "\r\n")),
    "byte-order mark": lambda pem, folder: b"\xef\xbb\xbf" + pem.encode(),
    "byte-order mark, file": lambda pem, folder: write_key_file(
        folder, b"\xef\xbb\xbf" + pem.encode()
    ),
    "white space around": lambda pem, folder: f"\n\n  {pem}\n\n",
    "no last newline": lambda pem, folder: pem.rstrip("\n"),
    "text before and after": lambda pem, folder: f"Bag Attributes\n{pem}and so on\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("format_", ["pkcs1", "pkcs8"])
def test_key_loads_in_every_form(
    backend: str, pem: str, pkcs1_pem: str, public_pem: str, tmp_path: Path, format_: str, form: str
) -> None:
    """PKCS#1 and PKCS#8; path, text and bytes; also as editors and shells change PEM."""
    source = FORMS[form]({"pkcs1": pkcs1_pem, "pkcs8": pem}[format_], tmp_path)
    key = load_private_key(source, backend=backend)
    assert isinstance(key, PrivateKey)
    assert sign(key) == sign(load_private_key(pem, backend=backend))
    assert key.public_key_pem() == public_pem


@pytest.mark.parametrize("folder", ["plain", "a folder with spaces", "é.d"])
def test_key_loads_from_any_path(backend: str, pem: str, tmp_path: Path, folder: str) -> None:
    """Mounted secrets often have long paths without a suffix."""
    (tmp_path / folder).mkdir()
    long = "run/secrets/production/cloudfront/private_key_for_media_distribution"
    path = tmp_path / folder / long
    path.parent.mkdir(parents=True)
    path.write_text(pem)
    for source in (path, str(path)):
        assert sign(load_private_key(source, backend=backend))


def test_long_relative_path_is_not_taken_for_base64(
    backend: str, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path of letters, digits and slashes could be base64, but the file exists."""
    monkeypatch.chdir(tmp_path)
    path = Path("run/secrets/production/cloudfront/private_key_for_media_distribution")
    path.parent.mkdir(parents=True)
    path.write_text(pem)
    assert sign(load_private_key(str(path), backend=backend))


OTHER_KEYS = [
    ("public_pem", "is a public key; use the private key of the pair"),
    ("public_pkcs1_pem", "is a public key; use the private key of the pair"),
    ("certificate_pem", "is a certificate; use the private key alone"),
    ("ed25519_pem", "is Ed25519, but CloudFront accepts only RSA-2048 and P-256; make a new key"),
    ("p384_pem", "is P-384, .*; make a new key: cfsign keygen"),
    ("p384_sec1_pem", "is P-384, .*; make a new key: cfsign keygen"),
    ("spelled_out_pem", "is an EC key with explicit curve parameters, .*; make a new key"),
    ("openssh_pem", "OpenSSH's own format; convert it: ssh-keygen -p -m PEM"),
    ("small_pem", "is RSA-1024, .*; make a new key: .*, in a test .*allow_unsupported=True"),
    ("parameters_pem", "only the parameters of an EC key, without the key; copy the key again"),
]


@pytest.mark.parametrize(("name", "message"), OTHER_KEYS)
@pytest.mark.parametrize("form", ["text", "path"])
def test_other_kind_of_key_is_an_error(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path, name: str, message: str, form: str
) -> None:
    """The error names the kind and a fix; `source` is the path."""
    source = FORMS[form](request.getfixturevalue(name), tmp_path)
    with pytest.raises(SigningKeyError, match=message) as caught:
        load_private_key(source, backend=backend)
    if name in ("public_pem", "certificate_pem", "small_pem"):
        assert caught.value.source == (str(source) if form == "path" else "")


def remove_middle(pem: str) -> str:
    lines = pem.splitlines()
    return "\n".join([*lines[:8], lines[-1]]) + "\n"


DAMAGES: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "empty": (lambda pem: "", "is empty; write the key there as PEM"),
    "blank": (lambda pem: " \n\t\n", "is empty; write the key there as PEM"),
    "byte-order mark": (lambda pem: b"\xef\xbb\xbf", "is empty; write the key there as PEM"),
    "no end": (
        lambda pem: pem[: len(pem) // 2],
        "its END line is missing; copy the key",
    ),
    "other end": (
        lambda pem: pem.replace("END PRIVATE", "END PUBLIC"),
        "begins with 'PRIVATE KEY' and ends with 'PUBLIC KEY'; copy both lines again",
    ),
    "cut in the middle": (remove_middle, "truncated or damaged; copy it again, whole"),
    "no content": (
        lambda pem: "-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n",
        "no content between its BEGIN and END lines; copy the key again",
    ),
    "missing letter": (
        lambda pem: pem[:200] + pem[201:],
        "not valid base64; copy the key",
    ),
    "added letters": (lambda pem: pem.replace("\n", "\nAbC", 4), "truncated or damaged; copy it"),
    "not ASCII": (lambda pem: pem[:200] + "é" + pem[201:], "not valid base64"),
    "garbage": (
        lambda pem: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "truncated or damaged",
    ),
    "unknown label": (lambda pem: pem.replace("PRIVATE KEY", "DH PARAMETERS"), "'DH PARAMETERS'"),
    "not text": (lambda pem: b"\x89" + pem.encode(), "neither PEM nor DER; convert it to PEM"),
    "half of UTF-16": (lambda pem: pem.encode("utf-16")[:-1], "neither PEM nor DER"),
    "half of the base64": (
        lambda pem: base64.b64encode(pem.encode())[:-2],
        "base64 of PEM that is truncated or damaged; copy it again, whole",
    ),
    "half of DER": (lambda pem: decode_body(pem)[:-9], "neither PEM nor DER"),
    "more than DER": (lambda pem: decode_body(pem) + b"\n", "neither PEM nor DER"),
    "too large": (
        lambda pem: pem.encode() + b" " * 65536,
        "larger than 65536 bytes",
    ),
    "a document": (lambda pem: b"<html>404</html>", "not PEM: it has no -----BEGIN line"),
}


@pytest.mark.parametrize("name", DAMAGES)
@pytest.mark.parametrize("form", ["as given", "path"])
def test_damaged_pem_is_an_error(
    backend: str, pem: str, tmp_path: Path, name: str, form: str
) -> None:
    """Each error has a fix and shows nothing of the key."""
    damage, message = DAMAGES[name]
    content = damage(pem)
    source: Any = content if form == "as given" else write_key_file(tmp_path, content)
    with pytest.raises(SigningKeyError, match=message) as caught:
        load_private_key(source, backend=backend)
    assert body_of(pem).splitlines()[2] not in str(caught.value)
    if form == "path":
        assert str(source) == caught.value.source


@pytest.mark.parametrize("name", [name for name in DAMAGES if name != "too large"])
def test_error_report_shows_no_key(backend: str, pem: str, tmp_path: Path, name: str) -> None:
    """Error reports print the variables of each frame."""
    path = write_key_file(tmp_path, DAMAGES[name][0](pem))
    with pytest.raises(SigningKeyError) as caught:
        load_private_key(path, backend=backend)
    assert_not_in_frames(caught.value, pem)


@pytest.mark.parametrize("name", ["p384_pem", "p384_sec1_pem", "ed25519_pem", "small_pem"])
def test_error_report_shows_no_unsupported_key(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path, name: str
) -> None:
    """Such a key is whole, and works elsewhere."""
    pem = request.getfixturevalue(name)
    with pytest.raises(SigningKeyError) as caught:
        load_private_key(write_key_file(tmp_path, pem), backend=backend)
    assert_not_in_frames(caught.value, pem)


def assert_not_in_frames(error: SigningKeyError, pem: str) -> None:
    """Check that no frame below the test has a part of the key in its variables."""
    assert error.__context__ is None or error.__suppress_context__
    assert error.__traceback__ is not None
    report = traceback.TracebackException(
        type(error), error, error.__traceback__.tb_next, capture_locals=True
    )
    shown = "".join(report.format())
    der = decode_body(pem)
    for start in range(30, len(der) - 8, 8):
        assert repr(der[start : start + 8])[2:-1] not in shown
    for line in body_of(pem).splitlines():
        assert line[:24] not in shown


def test_text_that_is_too_large_is_an_error(backend: str, pem: str) -> None:
    """The limit holds for text as well as for bytes and files."""
    with pytest.raises(SigningKeyError, match=r"larger than 65536 bytes"):
        load_private_key(pem + " " * 65536, backend=backend)


SEVERAL_BLOCKS: dict[str, tuple[list[str], str]] = {
    "certificate first": (["certificate_pem", "pem"], "pem"),
    "certificate last": (["pem", "certificate_pem"], "pem"),
    "public key first": (["public_pem", "pem"], "pem"),
    "two keys": (["pem", "other_pem"], "pem"),
    "two keys, reversed": (["other_pem", "pem"], "other_pem"),
    "truncated key first": (["cut_pem", "pem"], "pem"),
    "parameters first": (["parameters_pem", "pem"], "pem"),
}


@pytest.mark.parametrize("name", SEVERAL_BLOCKS)
def test_first_private_key_of_several_blocks_is_loaded(
    request: pytest.FixtureRequest, backend: str, name: str
) -> None:
    """Certificates, parameters and other keys around it do not matter."""
    names, expected = SEVERAL_BLOCKS[name]
    text = "\n".join(request.getfixturevalue(each) for each in names)
    key = load_private_key(text, backend=backend)
    wanted = load_private_key(request.getfixturevalue(expected), backend=backend)
    assert key.public_key_pem() == wanted.public_key_pem()


def test_missing_file_is_an_error(backend: str, tmp_path: Path) -> None:
    """The error shows the path and mentions that PEM is accepted too."""
    for source in (tmp_path / "no.pem", str(tmp_path / "no.pem")):
        with pytest.raises(
            SigningKeyError, match=r"no key file .*check the path, or use"
        ) as caught:
            load_private_key(source, backend=backend)
        assert caught.value.source == str(source)


VALUES: dict[str, tuple[Callable[[str], Any], str]] = {
    "relative path": (lambda pem: "keys/pk.pem", "path"),
    "home folder": (lambda pem: "~/pk.pem", "path"),
    "Path": (lambda pem: Path("pk.pem"), "path"),
    "PEM": (lambda pem: pem, "text"),
    "PEM, bytes": (lambda pem: pem.encode(), "text"),
    "base64": (lambda pem: base64.b64encode(pem.encode()).decode(), "text"),
    "base64 in quotes": (lambda pem: f'"{base64.b64encode(pem.encode()).decode()}"', "text"),
    "empty": (lambda pem: " ", "text"),
    "KMS": (lambda pem: "kms:alias/signing", "neither"),
    "KMS after a space": (lambda pem: " kms:alias/signing", "neither"),
    "None": (lambda pem: None, "neither"),
    "object": (load_private_key, "neither"),
}


@pytest.mark.parametrize("name", VALUES)
def test_value_is_a_path_or_a_key(pem: str, name: str) -> None:
    """`is_key_path` and `is_key_text` do not read the file."""
    build, expected = VALUES[name]
    value = build(pem)
    assert (is_key_path(value), is_key_text(value)) == (expected == "path", expected == "text")


@pytest.mark.parametrize("load", [load_private_key, load_public_key])
def test_kms_name_cannot_be_loaded(backend: str, load: Callable[..., Any]) -> None:
    """The hint has the class that signs in KMS."""
    with pytest.raises(SigningKeyError, match=r"in AWS KMS .*; use cfsign\.keys\.kms\.KmsPrivate"):
        load("kms:alias/signing", backend=backend)


@pytest.mark.parametrize("source", ["pk.pem", "keys/pk.KEY", "/no/such/folder/K2JCJMDEHXQW5F.der"])
def test_text_without_pem_is_a_path(backend: str, source: str) -> None:
    """The error shows a path that ends like a key file."""
    with pytest.raises(SigningKeyError, match=re.escape(repr(os.path.abspath(source)))):
        load_private_key(source, backend=backend)


def test_directory_is_an_error(backend: str, tmp_path: Path) -> None:
    """The operating system's reason is shown."""
    with pytest.raises(SigningKeyError, match=r"cannot be read .*check the path and"):
        load_private_key(tmp_path, backend=backend)


def test_file_without_read_permission_is_an_error(
    backend: str, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`open_file` is patched, because the tests may run as root, who may read every file."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = write_key_file(tmp_path, pem)
    monkeypatch.setattr("cfsign.utils.files.open_file", refuse)
    with pytest.raises(SigningKeyError, match=r"\(Permission denied\); check the path and"):
        load_private_key(path, backend=backend)


@pytest.mark.parametrize("source", ["a\0b", "x" * 5000 + ".pem"], ids=["NUL", "long"])
def test_impossible_path_is_an_error(backend: str, source: str) -> None:
    """A NUL or an overlong name."""
    with pytest.raises(SigningKeyError, match="there is no such key file: "):
        load_private_key(source, backend=backend)


@pytest.mark.parametrize(
    "source",
    [None, 7, object(), ["-----BEGIN"], bytearray(b"-----BEGIN")],
    ids=lambda value: type(value).__name__,
)
def test_source_of_another_type_is_an_error(backend: str, source: Any) -> None:
    """The error shows the type."""
    with pytest.raises(SigningKeyError, match="a path, or PEM or DER as text or bytes, got "):
        load_private_key(source, backend=backend)


HEADERLESS: dict[str, Callable[[str], str | bytes]] = {
    "lines": body_of,
    "one line": lambda pem: body_of(pem).replace("\n", ""),
    "spaces": lambda pem: body_of(pem).replace("\n", " "),
    "escaped newlines": lambda pem: body_of(pem).replace("\n", "\\n"),
    "bytes": lambda pem: body_of(pem).encode(),
    "first line only": lambda pem: body_of(pem).splitlines()[0],
    "quoted": lambda pem: '"' + body_of(pem).replace("\n", "") + '"',
    "broken header": lambda pem: pem.replace("-----BEGIN", "---BEGIN").replace("\n", "\\n"),
    "end line only": lambda pem: pem.partition("-----\n")[2].replace("\n", "\\n"),
}


@pytest.mark.parametrize("name", HEADERLESS)
def test_key_without_its_first_line_is_not_shown(backend: str, pem: str, name: str) -> None:
    """It counts as a path, and the error about a missing file would log it."""
    source = HEADERLESS[name](pem)
    with pytest.raises(SigningKeyError, match="-----BEGIN") as caught:
        load_private_key(source, backend=backend)
    shown = str(caught.value) + caught.value.source
    for line in body_of(pem).splitlines():
        assert line[:24] not in shown


def encode_url(data: bytes) -> str:
    """Return base64url (RFC 4648, section 5), as a JWK has it."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


NOT_PEM: dict[str, tuple[Callable[[bytes], str], str]] = {
    "JWK": (lambda d: json.dumps({"kty": "EC", "crv": "P-256", "d": encode_url(d)}), "a JWK"),
    "JSON": (lambda d: json.dumps({"username": "site", "private_key": d.hex()}), "JSON"),
    "hex": (lambda d: d.hex(), "hexadecimal digits"),
    "hex in quotes": (lambda d: f'"{d.hex().upper()}"', "hexadecimal digits"),
    "base64": (lambda d: base64.b64encode(d).decode(), "base64"),
    "base64 like a path": (lambda d: "/ab/" + base64.b64encode(d).decode()[4:], "base64"),
    "base64url": (encode_url, "base64"),
    "base64 and a suffix": (lambda d: f"{base64.b64encode(d).decode()[:43]}.pem", "a name or"),
    "password": (lambda d: "correct horse battery", "a name or a password"),
    "password like a path": (lambda d: "~correct/horse-battery", "a name or a password"),
}
NUMBER = hashlib.sha256(b"the private number of a P-256 key").digest()


@pytest.mark.parametrize("name", NOT_PEM)
@pytest.mark.parametrize("form", ["text", "Path"])
def test_private_key_that_is_not_pem_is_not_shown(backend: str, name: str, form: str) -> None:
    """It counts as a path; only its length and what it looks like are shown."""
    build, kind = NOT_PEM[name]
    value = build(NUMBER)
    source = value if form == "text" else Path(value)
    with pytest.raises(SigningKeyError, match="there is no such key file: ") as caught:
        load_private_key(source, backend=backend)
    error = caught.value
    shown = f"{error!r} {error.source}"
    assert not any(value[start : start + 12] in shown for start in range(len(value) - 11))
    assert f"has a length of {len(str(source))} and looks like {kind}" in error.message
    assert error.__context__ is None


@pytest.mark.parametrize("name", ["hunter2-the-password", NUMBER.hex()], ids=["password", "hex"])
def test_name_in_a_folder_is_not_shown(backend: str, tmp_path: Path, name: str) -> None:
    """The folder exists, so it is shown; a ring puts its folder in front of each relative path."""
    with pytest.raises(SigningKeyError) as caught:
        load_private_key(tmp_path / name, backend=backend)
    assert f"no such key file in {str(tmp_path)!r}: " in caught.value.message
    assert name[:12] not in f"{caught.value!r} {caught.value.source}"


def test_existing_file_of_any_name_is_shown(backend: str, tmp_path: Path) -> None:
    path = write_key_file(tmp_path, "text", "cloudfront_key")
    with pytest.raises(SigningKeyError, match="cloudfront_key' is not PEM") as caught:
        load_private_key(path, backend=backend)
    assert caught.value.source == str(path)


def test_unsupported_size_must_be_allowed(backend: str, small_pem: str) -> None:
    """CloudFront accepts 2,048 bits; tests may use old keys of other sizes."""
    key = load_private_key(small_pem, backend=backend, allow_unsupported=True)
    assert len(sign(key)) == 128
    assert "RSA-1024" in repr(key)
    with pytest.raises(SigningKeyError, match="2048"):
        load_private_key(small_pem, backend=backend)

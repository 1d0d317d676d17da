"""Tests of loading keys: accepted forms, rejected forms, passwords and backends."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pyasn1.codec.der import decoder, encoder
from pyasn1.type import univ

import cfsign.keys.loading
from cfsign import ConfigurationError, PrivateKey, SigningKeyError, load_private_key
from cfsign.keys import (
    choose_backend,
    generate_private_key_pem,
    is_key_path,
    is_key_text,
    load_public_key,
)

MESSAGE = b"the message"

OpenSSL = Callable[..., bytes]


def sign(key: PrivateKey) -> bytes:
    return key.sign(MESSAGE, "SHA1")


def write_key_file(folder: Path, content: str | bytes, name: str = "key.pem") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def decode_body(pem: str) -> bytes:
    return base64.b64decode(body_of(pem))


def body_of(pem: str) -> str:
    return "\n".join(line for line in pem.splitlines() if not line.startswith("-----"))


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
        "truncated: its END line is missing",
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


def test_public_key_next_to_a_private_key_is_loaded(
    backend: str, pem: str, public_pem: str
) -> None:
    """The private key in the same text is ignored."""
    key = load_public_key(pem + public_pem, backend=backend)
    assert key.verify(MESSAGE, sign(load_private_key(pem)), "SHA1")


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


@pytest.mark.parametrize("source", ["pk.pem", "keys/pk", "ABCDEF"])
def test_text_without_pem_is_a_path(backend: str, source: str) -> None:
    """The error shows a short path."""
    with pytest.raises(SigningKeyError, match=re.escape(repr(source))):
        load_private_key(source, backend=backend)


def test_directory_is_an_error(backend: str, tmp_path: Path) -> None:
    """The operating system's reason is shown."""
    with pytest.raises(SigningKeyError, match=r"cannot be read .*check the path and"):
        load_private_key(tmp_path, backend=backend)


def test_file_without_read_permission_is_an_error(
    backend: str, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`open` is patched, because the tests may run as root, who may read every file."""

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = write_key_file(tmp_path, pem)
    monkeypatch.setattr("cfsign.keys.source.open", refuse, raising=False)
    with pytest.raises(SigningKeyError, match=r"\(Permission denied\); check the path and"):
        load_private_key(path, backend=backend)


@pytest.mark.parametrize("source", ["a\0b", "x" * 5000 + ".pem"], ids=["NUL", "long"])
def test_impossible_path_is_an_error(backend: str, source: str) -> None:
    """A NUL or an overlong name."""
    with pytest.raises(SigningKeyError, match=r"cannot be read|there is no such file"):
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


# The members of RFC 8017's RSAPrivateKey, in order.
MEMBERS = ["version", "n", "e", "d", "p", "q", "exp1", "exp2", "coef"]


def replace_member(pkcs1_pem: str, index: int, change: Callable[[int], int]) -> str:
    sequence, _ = decoder.decode(base64.b64decode(body_of(pkcs1_pem)))
    numbers = univ.Sequence()
    for position in range(len(MEMBERS)):
        number = int(sequence[position])
        numbers[position] = univ.Integer(change(number) if position == index else number)
    body = base64.encodebytes(encoder.encode(numbers)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"


def test_reencoded_key_loads(backend: str, pkcs1_pem: str) -> None:
    """The encoder of these tests writes valid keys."""
    same = replace_member(pkcs1_pem, 0, lambda number: number)
    assert sign(load_private_key(same, backend=backend)) == sign(
        load_private_key(pkcs1_pem, backend=backend)
    )


CHANGES: dict[str, Callable[[int], int]] = {
    "plus 2": lambda number: number + 2,
    "bit 16": lambda number: number ^ (1 << 16),
    "negative": lambda number: -number - 1,
    "one": lambda number: 1,
}


@pytest.mark.parametrize("member", MEMBERS[1:])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_inconsistent_numbers_are_an_error(
    backend: str, pkcs1_pem: str, member: str, change: Callable[[int], int]
) -> None:
    """Wrong signatures of such a key could reveal its factors."""
    corrupted = replace_member(pkcs1_pem, MEMBERS.index(member), change)
    with pytest.raises(SigningKeyError, match=r"damaged; copy it again|2048 bits"):
        load_private_key(corrupted, backend=backend)


@pytest.mark.parametrize("change", ["label", *CHANGES])
def test_wrong_label_or_version_is_an_error(
    backend: str, pem: str, pkcs1_pem: str, change: str
) -> None:
    """Also if the backend's own parser ignores it."""
    if change == "label":
        damaged = pem.replace("PRIVATE KEY", "RSA PRIVATE KEY")
    else:
        damaged = replace_member(pkcs1_pem, MEMBERS.index("version"), CHANGES[change])
    with pytest.raises(SigningKeyError, match="damaged; copy it again"):
        load_private_key(damaged, backend=backend)


def test_zero_in_any_number_is_an_error(backend: str, pkcs1_pem: str) -> None:
    """Nothing divides by zero."""
    for index in range(1, len(MEMBERS)):
        with pytest.raises(SigningKeyError):
            load_private_key(replace_member(pkcs1_pem, index, lambda number: 0), backend=backend)


def test_unsupported_size_must_be_allowed(backend: str, small_pem: str) -> None:
    """CloudFront accepts 2,048 bits; tests may use old keys of other sizes."""
    key = load_private_key(small_pem, backend=backend, allow_unsupported=True)
    assert len(sign(key)) == 128
    assert "RSA-1024" in repr(key)
    with pytest.raises(SigningKeyError, match="2048"):
        load_private_key(small_pem, backend=backend)


def test_generated_rsa_key_is_valid(backend: str, openssl: OpenSSL) -> None:
    """OpenSSL accepts it, and each call generates another one."""
    if backend == "rsa":  # 2,048 bits take seconds in pure Python; the next test checks the size
        made = [
            cfsign.keys.loading._import_backend("rsa").generate_pem("RSA-1024") for _ in range(2)
        ]
    else:
        made = [generate_private_key_pem(backend=backend) for _ in range(2)]
    assert made[0] != made[1]
    for pem in made:
        assert b"RSA key ok" in openssl("rsa", "-check", "-noout", given=pem)
        key = load_private_key(pem, backend=backend, allow_unsupported=backend == "rsa")
        assert load_public_key(key.public_key_pem()).verify(MESSAGE, sign(key), "SHA1")


def test_generated_rsa_key_has_2048_bits(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With either backend."""
    algorithms: list[str] = []

    def record(algorithm: str) -> str:
        algorithms.append(algorithm)
        return "PEM"

    module = cfsign.keys.loading._import_backend(backend)
    monkeypatch.setattr(module, "generate_pem", record)
    assert generate_private_key_pem(backend=backend) == "PEM"
    assert algorithms == ["RSA-2048"]


def test_generated_p256_key_is_valid(openssl: OpenSSL) -> None:
    """OpenSSL accepts it. The rsa package cannot generate one, and the hint says what can."""
    with pytest.raises(ConfigurationError, match="P-256 key; pip install cryptography"):
        generate_private_key_pem("P-256", backend="rsa")
    pytest.importorskip("cryptography")
    pem = generate_private_key_pem("P-256")
    assert b"prime256v1" in openssl("pkey", "-noout", "-text", given=pem)
    assert repr(load_private_key(pem)) == "<PrivateKey P-256 cryptography>"


@pytest.mark.parametrize("algorithm", ["RSA-1024", "RSA-4096", "P-384", "rsa-2048", "", None])
def test_only_supported_keys_are_generated(algorithm: Any) -> None:
    """The error lists the supported algorithms."""
    with pytest.raises(ConfigurationError, match="must be 'RSA-2048' or 'P-256', got "):
        generate_private_key_pem(algorithm)


@pytest.mark.parametrize("name", ["public_pem", "public_pkcs1_pem"])
@pytest.mark.parametrize("hash_algorithm", ["SHA1", "SHA256"])
def test_public_key_verifies(
    request: pytest.FixtureRequest, backend: str, key: Any, name: str, hash_algorithm: Any
) -> None:
    """It accepts only the right message, signature and hash, and never raises."""
    public = load_public_key(request.getfixturevalue(name), backend=backend)
    assert public.algorithm == "RSA-2048"
    signature = key.sign(MESSAGE, hash_algorithm)
    assert public.verify(MESSAGE, signature, hash_algorithm)
    other = {"SHA1": "SHA256", "SHA256": "SHA1"}[hash_algorithm]
    assert not public.verify(MESSAGE, signature, other)  # type: ignore[arg-type]
    assert not public.verify(MESSAGE + b"!", signature, hash_algorithm)
    for bad in (b"", b"\0", signature[:-1], signature + b"\0", b"\0" + signature, b"\xff" * 256):
        assert not public.verify(MESSAGE, bad, hash_algorithm)
    assert not public.verify(MESSAGE, bytes(256), hash_algorithm)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pem", "is a private key; use its public key: openssl pkey -in KEY -pubout"),
        ("pkcs1_pem", "is a private key; use its public key"),
        ("encrypted_pem", "is a private key; use its public key"),
        ("ec_sec1_pem", "is a private key; use its public key"),
        ("certificate_pem", "extract its public key: openssl x509 -pubkey -noout"),
    ],
)
def test_other_pem_is_not_a_public_key(
    request: pytest.FixtureRequest, backend: str, name: str, message: str
) -> None:
    """The hint has the command that extracts the public key."""
    with pytest.raises(SigningKeyError, match=message):
        load_public_key(request.getfixturevalue(name), backend=backend)


def test_damaged_public_key_is_an_error(backend: str, public_pem: str) -> None:
    """As for private keys."""
    lines = public_pem.splitlines()
    with pytest.raises(SigningKeyError, match="truncated or damaged"):
        load_public_key("\n".join([*lines[:3], lines[-1]]), backend=backend)


def test_p256_public_key_needs_cryptography(openssl: OpenSSL, backend: str, ec_pem: str) -> None:
    """Other curves are rejected by both backends."""
    public = openssl("pkey", "-pubout", given=ec_pem).decode()
    if backend == "rsa":
        with pytest.raises(SigningKeyError, match="pip install cryptography"):
            load_public_key(public, backend=backend)
        return
    key = load_public_key(public, backend=backend)
    assert key.algorithm == "P-256"
    assert not key.verify(MESSAGE, b"junk", "SHA1")
    other = openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout")
    with pytest.raises(SigningKeyError, match="is P-384, but CloudFront accepts only"):
        load_public_key(openssl("pkey", "-pubout", given=other).decode(), backend=backend)


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


def test_cached_key_still_needs_the_right_password(encrypted_pem: str, password: str) -> None:
    """A wrong or missing password is an error even if the key is cached."""
    pytest.importorskip("cryptography")
    load_private_key(encrypted_pem, password=password)
    for other in ("wrong", None):
        with pytest.raises(SigningKeyError, match="password"):
            load_private_key(encrypted_pem, password=other)


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

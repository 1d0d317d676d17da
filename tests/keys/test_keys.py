"""Loading keys: every form that is taken, every one that is not, and which backend does it."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
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
from cfsign.keys import choose_backend, generate_private_key_pem, load_public_key

MESSAGE = b"the message"

OpenSSL = Callable[..., bytes]


def signature_of(key: PrivateKey) -> bytes:
    return key.sign(MESSAGE, "SHA1")


def in_key_file(folder: Path, content: str | bytes, name: str = "key.pem") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def der_of(pem: str) -> bytes:
    return base64.b64decode(body_of(pem))


def body_of(pem: str) -> str:
    return "\n".join(line for line in pem.splitlines() if not line.startswith("-----"))


FORMS: dict[str, Callable[[str, Path], Any]] = {
    "text": lambda pem, folder: pem,
    "bytes": lambda pem, folder: pem.encode(),
    "path": lambda pem, folder: in_key_file(folder, pem),
    "path as text": lambda pem, folder: str(in_key_file(folder, pem)),
    "escaped newlines": lambda pem, folder: pem.replace("\n", "\\n"),
    "escaped newlines, bytes": lambda pem, folder: pem.replace("\n", "\\n").encode(),
    "escaped newlines, file": lambda pem, folder: in_key_file(folder, pem.replace("\n", "\\n")),
    "escaped CRLF": lambda pem, folder: pem.replace("\n", "\\r\\n"),
    "CRLF": lambda pem, folder: pem.replace("\n", "\r\n"),
    "CRLF, file": lambda pem, folder: in_key_file(folder, pem.replace("\n", "\r\n")),
    "byte-order mark": lambda pem, folder: b"\xef\xbb\xbf" + pem.encode(),
    "byte-order mark, file": lambda pem, folder: in_key_file(
        folder, b"\xef\xbb\xbf" + pem.encode()
    ),
    "white space around": lambda pem, folder: f"\n\n  {pem}\n\n",
    "no last newline": lambda pem, folder: pem.rstrip("\n"),
    "text before and after": lambda pem, folder: f"Bag Attributes\n{pem}and so on\n",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("format_", ["pkcs1", "pkcs8"])
def test_a_key_is_taken_in_every_form(
    backend: str, pem: str, pkcs1_pem: str, public_pem: str, tmp_path: Path, format_: str, form: str
) -> None:
    """PKCS#1 and PKCS#8, path, text and bytes, mended where an editor changed them."""
    source = FORMS[form]({"pkcs1": pkcs1_pem, "pkcs8": pem}[format_], tmp_path)
    key = load_private_key(source, backend=backend)
    assert isinstance(key, PrivateKey)
    assert signature_of(key) == signature_of(load_private_key(pem, backend=backend))
    assert key.public_key_pem() == public_pem


@pytest.mark.parametrize("folder", ["plain", "a folder with spaces", "é.d"])
def test_a_path_may_be_any(backend: str, pem: str, tmp_path: Path, folder: str) -> None:
    """Long, without a suffix, as secrets are mounted: a path is what a file lies at."""
    (tmp_path / folder).mkdir()
    long = "run/secrets/production/cloudfront/private_key_for_media_distribution"
    path = tmp_path / folder / long
    path.parent.mkdir(parents=True)
    path.write_text(pem)
    for source in (path, str(path)):
        assert signature_of(load_private_key(source, backend=backend))


def test_a_long_relative_path_may_be_any(
    backend: str, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Letters, digits and slashes alone are base64's alphabet too; the file decides."""
    monkeypatch.chdir(tmp_path)
    path = Path("run/secrets/production/cloudfront/private_key_for_media_distribution")
    path.parent.mkdir(parents=True)
    path.write_text(pem)
    assert signature_of(load_private_key(str(path), backend=backend))


@pytest.mark.parametrize("name", ["encrypted_pem", "encrypted_pkcs1_pem"])
@pytest.mark.parametrize("as_bytes", [False, True])
def test_an_encrypted_key_opens_with_its_password(
    request: pytest.FixtureRequest, pem: str, password: str, name: str, as_bytes: bool
) -> None:
    """PKCS#8's encryption and OpenSSL's older one; the password as text is UTF-8."""
    pytest.importorskip("cryptography")
    secret = password.encode() if as_bytes else password
    key = load_private_key(request.getfixturevalue(name), password=secret)
    assert signature_of(key) == signature_of(load_private_key(pem))
    with pytest.raises(SigningKeyError, match="cannot be decrypted: the password is wrong"):
        load_private_key(request.getfixturevalue(name), password="another")


@pytest.mark.parametrize("name", ["encrypted_pem", "encrypted_pkcs1_pem"])
@pytest.mark.parametrize("wrong", [None, "wrong-secret", b"wrong-secret", ""])
def test_an_encrypted_key_without_its_password(
    request: pytest.FixtureRequest, backend: str, name: str, wrong: Any
) -> None:
    """The error says how to decrypt it, and never what was tried."""
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


def test_a_password_that_is_not_needed(backend: str, pem: str, password: str) -> None:
    """Leaving it out is the mend, with either backend; installing another package is not."""
    with pytest.raises(SigningKeyError, match=r"is not encrypted, .*; remove the password"):
        load_private_key(pem, password=password, backend=backend)


@pytest.mark.parametrize("wrong", [7, ["x"], object()])
def test_a_password_is_text_or_bytes(backend: str, encrypted_pem: str, wrong: Any) -> None:
    """Said by type, not by value."""
    with pytest.raises(SigningKeyError, match=r"must be text, bytes or a function .*, got "):
        load_private_key(encrypted_pem, password=wrong, backend=backend)


def test_a_password_that_utf_8_cannot_hold(encrypted_pem: str, backend: str) -> None:
    """Python's own error would have the whole password in it."""
    with pytest.raises(SigningKeyError, match="pass it as bytes") as caught:
        load_private_key(encrypted_pem, password="hunter2\ud800", backend=backend)
    assert caught.value.__context__ is None


class Asked:
    """A password that counts how often it is asked for."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.times = answer, 0

    def __call__(self) -> Any:
        self.times += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("as_bytes", [False, True])
def test_a_password_may_be_asked_for(encrypted_pem: str, password: str, as_bytes: bool) -> None:
    """Once a call, by whatever function."""
    pytest.importorskip("cryptography")
    asked = Asked(password.encode() if as_bytes else password)
    for calls in (1, 2):
        load_private_key(encrypted_pem, password=asked)
        assert asked.times == calls


@pytest.mark.parametrize("name", ["pem", "public_pem", "ec_pem", "certificate_pem"])
def test_a_password_is_asked_for_only_if_it_is_needed(
    request: pytest.FixtureRequest, backend: str, name: str
) -> None:
    """A person at a terminal is not asked for nothing; the answer is as without a password."""
    source, asked = request.getfixturevalue(name), Asked("unused")
    with contextlib.suppress(SigningKeyError):
        load_private_key(source, password=asked, backend=backend)
    assert asked.times == 0


def test_a_password_is_not_asked_for_what_it_cannot_open(encrypted_pem: str) -> None:
    """The rsa package decrypts nothing, whatever the password."""
    asked = Asked("unused")
    with pytest.raises(SigningKeyError, match="pip install cryptography"):
        load_private_key(encrypted_pem, password=asked, backend="rsa")
    assert asked.times == 0


def test_a_password_that_is_not_there_when_asked_for(encrypted_pem: str) -> None:
    """None is no password; an error is the function's own, and arrives as it is."""
    pytest.importorskip("cryptography")
    with pytest.raises(SigningKeyError, match="and there is no password; set its password"):
        load_private_key(encrypted_pem, password=Asked(None))
    with pytest.raises(SigningKeyError, match=r"a function that returns one of them, got int"):
        load_private_key(encrypted_pem, password=Asked(7))
    broken = ConnectionError("the store is down")
    with pytest.raises(ConnectionError) as caught:
        load_private_key(encrypted_pem, password=Asked(broken))
    assert caught.value is broken


def test_a_password_is_not_awaited(encrypted_pem: str) -> None:
    """Loading is synchronous; and no coroutine is left behind to warn of itself."""
    pytest.importorskip("cryptography")

    async def ask() -> str:
        return "unused"

    with pytest.raises(SigningKeyError, match="got coroutine"):
        load_private_key(encrypted_pem, password=ask)  # type: ignore[arg-type]


BAD_PEM = [
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


@pytest.mark.parametrize(("name", "mend"), BAD_PEM)
@pytest.mark.parametrize("form", ["text", "path"])
def test_another_kind_of_key(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path, name: str, mend: str, form: str
) -> None:
    """The error says what it is and what to take instead; a file's name is kept as evidence."""
    source = FORMS[form](request.getfixturevalue(name), tmp_path)
    with pytest.raises(SigningKeyError, match=mend) as caught:
        load_private_key(source, backend=backend)
    if name in ("public_pem", "certificate_pem", "small_pem"):
        assert caught.value.source == (str(source) if form == "path" else "")


def cut_in_the_middle(pem: str) -> str:
    lines = pem.splitlines()
    return "\n".join([*lines[:8], lines[-1]]) + "\n"


TEXTS: dict[str, tuple[Callable[[str], str | bytes], str]] = {
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
    "cut in the middle": (cut_in_the_middle, "truncated or damaged; copy it again, whole"),
    "no content": (
        lambda pem: "-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n",
        "no content between its BEGIN and END lines; copy the key again",
    ),
    "a letter lost": (
        lambda pem: pem[:200] + pem[201:],
        "not valid base64; copy the key",
    ),
    "stray letters": (lambda pem: pem.replace("\n", "\nAbC", 4), "truncated or damaged; copy it"),
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
    "half of DER": (lambda pem: der_of(pem)[:-9], "neither PEM nor DER"),
    "more than DER": (lambda pem: der_of(pem) + b"\n", "neither PEM nor DER"),
    "too large": (
        lambda pem: pem.encode() + b" " * 65536,
        "larger than 65536 bytes",
    ),
    "a document": (lambda pem: b"<html>404</html>", "not PEM: it has no -----BEGIN line"),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("form", ["as given", "path"])
def test_a_damaged_pem(backend: str, pem: str, tmp_path: Path, name: str, form: str) -> None:
    """Empty, truncated, garbled: each says what to do, and shows none of it."""
    damage, mend = TEXTS[name]
    content = damage(pem)
    source: Any = content if form == "as given" else in_key_file(tmp_path, content)
    with pytest.raises(SigningKeyError, match=mend) as caught:
        load_private_key(source, backend=backend)
    assert body_of(pem).splitlines()[2] not in str(caught.value)
    if form == "path":
        assert str(source) == caught.value.source


def test_a_text_too_large(backend: str, pem: str) -> None:
    """As given, not only as bytes; nothing is searched in it."""
    with pytest.raises(SigningKeyError, match=r"larger than 65536 bytes"):
        load_private_key(pem + " " * 65536, backend=backend)


BESIDE: dict[str, tuple[list[str], str]] = {
    "certificate first": (["certificate_pem", "pem"], "pem"),
    "certificate last": (["pem", "certificate_pem"], "pem"),
    "public half first": (["public_pem", "pem"], "pem"),
    "two keys": (["pem", "other_pem"], "pem"),
    "two others": (["other_pem", "pem"], "other_pem"),
    "a key cut short first": (["cut_pem", "pem"], "pem"),
    "parameters first": (["parameters_pem", "pem"], "pem"),
}


@pytest.mark.parametrize("name", BESIDE)
def test_of_several_blocks_the_first_key_counts(
    request: pytest.FixtureRequest, backend: str, name: str
) -> None:
    """Whatever stands around it."""
    names, expected = BESIDE[name]
    text = "\n".join(request.getfixturevalue(one) for one in names)
    key = load_private_key(text, backend=backend)
    wanted = load_private_key(request.getfixturevalue(expected), backend=backend)
    assert key.public_key_pem() == wanted.public_key_pem()


def test_the_public_half_beside_the_private(backend: str, pem: str, public_pem: str) -> None:
    """The one that is wanted is taken, and the private one is not refused for being there."""
    key = load_public_key(pem + public_pem, backend=backend)
    assert key.verify(MESSAGE, signature_of(load_private_key(pem)), "SHA1")


def test_a_file_that_is_not_there(backend: str, tmp_path: Path) -> None:
    """Named, with what else could be given."""
    for source in (tmp_path / "no.pem", str(tmp_path / "no.pem")):
        with pytest.raises(
            SigningKeyError, match=r"no key file .*check the path, or use"
        ) as caught:
            load_private_key(source, backend=backend)
        assert caught.value.source == str(source)


@pytest.mark.parametrize("source", ["pk.pem", "keys/pk", "ABCDEF"])
def test_text_that_is_no_pem_is_a_path(backend: str, source: str) -> None:
    """A short one is shown."""
    with pytest.raises(SigningKeyError, match=re.escape(repr(source))):
        load_private_key(source, backend=backend)


def test_a_directory(backend: str, tmp_path: Path) -> None:
    """It cannot be read as a file."""
    with pytest.raises(SigningKeyError, match=r"cannot be read .*check the path and"):
        load_private_key(tmp_path, backend=backend)


def test_a_file_without_permission(
    backend: str, pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said, with who may read it in question; the tests may run as root, who always may."""

    def forbidden(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = in_key_file(tmp_path, pem)
    monkeypatch.setattr(Path, "open", forbidden)
    with pytest.raises(SigningKeyError, match=r"\(Permission denied\); check the path and"):
        load_private_key(path, backend=backend)


@pytest.mark.parametrize("source", ["a\0b", "x" * 5000 + ".pem"])
def test_a_path_that_no_system_takes(backend: str, source: str) -> None:
    """A NUL or an endless name is no crash."""
    with pytest.raises(SigningKeyError, match=r"cannot be read|there is no such file"):
        load_private_key(source, backend=backend)


@pytest.mark.parametrize("source", [None, 7, object(), ["-----BEGIN"], bytearray(b"-----BEGIN")])
def test_another_type(backend: str, source: Any) -> None:
    """Named by its type."""
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
def test_a_key_without_its_first_line_is_not_echoed(backend: str, pem: str, name: str) -> None:
    """It looks like a path to a hasty reader, and would be in the log of every start."""
    source = HEADERLESS[name](pem)
    with pytest.raises(SigningKeyError, match="-----BEGIN") as caught:
        load_private_key(source, backend=backend)
    told = str(caught.value) + caught.value.source
    for line in body_of(pem).splitlines():
        assert line[:24] not in told


# The members of RFC 8017's RSAPrivateKey, in order.
MEMBERS = ["version", "n", "e", "d", "p", "q", "exp1", "exp2", "coef"]


def with_member(pkcs1_pem: str, index: int, change: Callable[[int], int]) -> str:
    sequence, _ = decoder.decode(base64.b64decode(body_of(pkcs1_pem)))
    numbers = univ.Sequence()
    for position in range(len(MEMBERS)):
        number = int(sequence[position])
        numbers[position] = univ.Integer(change(number) if position == index else number)
    body = base64.encodebytes(encoder.encode(numbers)).decode()
    return f"-----BEGIN RSA PRIVATE KEY-----\n{body}-----END RSA PRIVATE KEY-----\n"


def test_numbers_that_are_not_corrupted(backend: str, pkcs1_pem: str) -> None:
    """The test's own encoder makes a key that loads."""
    same = with_member(pkcs1_pem, 0, lambda number: number)
    assert signature_of(load_private_key(same, backend=backend)) == signature_of(
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
def test_corrupted_numbers(
    backend: str, pkcs1_pem: str, member: str, change: Callable[[int], int]
) -> None:
    """A key whose numbers do not fit together would sign wrongly, and give itself away."""
    corrupted = with_member(pkcs1_pem, MEMBERS.index(member), change)
    with pytest.raises(SigningKeyError, match=r"damaged; copy it again|2048 bits"):
        load_private_key(corrupted, backend=backend)


@pytest.mark.parametrize("change", ["label", *CHANGES])
def test_a_wrong_label_or_version(backend: str, pem: str, pkcs1_pem: str, change: str) -> None:
    """Whatever the backend itself would read past."""
    if change == "label":
        damaged = pem.replace("PRIVATE KEY", "RSA PRIVATE KEY")
    else:
        damaged = with_member(pkcs1_pem, MEMBERS.index("version"), CHANGES[change])
    with pytest.raises(SigningKeyError, match="damaged; copy it again"):
        load_private_key(damaged, backend=backend)


def test_zero_where_no_number_can_be_zero(backend: str, pkcs1_pem: str) -> None:
    """No parser of ours divides by it."""
    for index in range(1, len(MEMBERS)):
        with pytest.raises(SigningKeyError):
            load_private_key(with_member(pkcs1_pem, index, lambda number: 0), backend=backend)


def test_other_sizes_for_tests(backend: str, small_pem: str) -> None:
    """CloudFront takes 2,048 bits; old keys need to be asked for by name."""
    key = load_private_key(small_pem, backend=backend, allow_unsupported=True)
    assert len(signature_of(key)) == 128
    assert "RSA-1024" in repr(key)
    with pytest.raises(SigningKeyError, match="2048"):
        load_private_key(small_pem, backend=backend)


def test_a_new_key(backend: str, openssl: OpenSSL) -> None:
    """2,048 bits, sound in OpenSSL's eyes, another one each time."""
    if backend == "rsa":  # seconds in pure Python; the size of the real one is checked below
        made = [
            cfsign.keys.loading._import_backend("rsa").generate_pem("RSA-1024") for _ in range(2)
        ]
    else:
        made = [generate_private_key_pem(backend=backend) for _ in range(2)]
    assert made[0] != made[1]
    for pem in made:
        assert b"RSA key ok" in openssl("rsa", "-check", "-noout", given=pem)
        key = load_private_key(pem, backend=backend, allow_unsupported=backend == "rsa")
        assert load_public_key(key.public_key_pem()).verify(MESSAGE, signature_of(key), "SHA1")


def test_a_new_key_has_the_size_that_cloudfront_takes(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever backend makes it."""
    asked: list[str] = []

    def record(algorithm: str) -> str:
        asked.append(algorithm)
        return "PEM"

    module = cfsign.keys.loading._import_backend(backend)
    monkeypatch.setattr(module, "generate_pem", record)
    assert generate_private_key_pem(backend=backend) == "PEM"
    assert asked == ["RSA-2048"]


def test_a_new_p256_key(openssl: OpenSSL) -> None:
    """Sound in OpenSSL's eyes; the rsa package makes none, and names what does."""
    with pytest.raises(ConfigurationError, match="P-256 key; pip install cryptography"):
        generate_private_key_pem("P-256", backend="rsa")
    pytest.importorskip("cryptography")
    pem = generate_private_key_pem("P-256")
    assert b"prime256v1" in openssl("pkey", "-noout", "-text", given=pem)
    assert repr(load_private_key(pem)) == "<PrivateKey P-256 cryptography>"


@pytest.mark.parametrize("algorithm", ["RSA-1024", "RSA-4096", "P-384", "rsa-2048", "", None])
def test_a_new_key_is_one_that_cloudfront_takes(algorithm: Any) -> None:
    """Nothing else is made."""
    with pytest.raises(ConfigurationError, match="must be 'RSA-2048' or 'P-256', got "):
        generate_private_key_pem(algorithm)


@pytest.mark.parametrize("name", ["public_pem", "public_pkcs1_pem"])
@pytest.mark.parametrize("hash_algorithm", ["SHA1", "SHA256"])
def test_a_public_key_verifies(
    request: pytest.FixtureRequest, backend: str, key: Any, name: str, hash_algorithm: Any
) -> None:
    """What the private half signed, with that hash, and nothing else; it never raises."""
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
    ("name", "mend"),
    [
        ("pem", "is a private key; use its public key: openssl pkey -in KEY -pubout"),
        ("pkcs1_pem", "is a private key; use its public key"),
        ("encrypted_pem", "is a private key; use its public key"),
        ("ec_sec1_pem", "is a private key; use its public key"),
        ("certificate_pem", "extract its public key: openssl x509 -pubkey -noout"),
    ],
)
def test_a_public_key_is_public(
    request: pytest.FixtureRequest, backend: str, name: str, mend: str
) -> None:
    """Given something else, the error has the command that makes one of it."""
    with pytest.raises(SigningKeyError, match=mend):
        load_public_key(request.getfixturevalue(name), backend=backend)


def test_a_damaged_public_key(backend: str, public_pem: str) -> None:
    """As for private ones."""
    lines = public_pem.splitlines()
    with pytest.raises(SigningKeyError, match="truncated or damaged"):
        load_public_key("\n".join([*lines[:3], lines[-1]]), backend=backend)


def test_a_p256_public_key_needs_cryptography(openssl: OpenSSL, backend: str, ec_pem: str) -> None:
    """The rsa package says so; cryptography verifies with it, and takes no other curve."""
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


def test_the_best_backend_is_taken(monkeypatch: pytest.MonkeyPatch, pem: str) -> None:
    """cryptography where it is installed, else rsa, which always is."""
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
def test_there_are_two_backends(pem: str, backend_name: str) -> None:
    """Both are named."""
    with pytest.raises(ConfigurationError, match='must be "cryptography" or "rsa", got'):
        load_private_key(pem, backend=backend_name)


@pytest.fixture
def parsed(backend: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """How often the backend parsed a key since the test began."""
    module: ModuleType = cfsign.keys.loading._import_backend(backend)
    load, count = module.load_private, []

    def counted(*arguments: Any) -> Any:
        count.append(1)
        return load(*arguments)

    monkeypatch.setattr(module, "load_private", counted)
    monkeypatch.setattr(cfsign.keys.loading, "_cache", {})
    return count


def test_a_key_is_parsed_once_a_process(
    backend: str, parsed: list[int], pem: str, tmp_path: Path
) -> None:
    """Which takes 40 ms with cryptography; a web server may load it for every application."""
    path = in_key_file(tmp_path, pem)
    for _ in range(3):
        load_private_key(path, backend=backend)
    assert len(parsed) == 1
    for source in (pem, pem.encode(), pem.replace("\n", "\\n"), pem.replace("\n", "\r\n")):
        load_private_key(source, backend=backend)
    assert len(parsed) == 1


def test_not_every_key_ever_parsed_is_kept(
    backend: str,
    parsed: list[int],
    pem: str,
    pkcs1_pem: str,
    other_pem: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that loads a key for each of many tenants does not grow for ever."""
    monkeypatch.setattr(cfsign.keys.loading, "_CACHE_SIZE", 2)
    for source in (pem, pkcs1_pem, other_pem, other_pem, pkcs1_pem):
        load_private_key(source, backend=backend)
    assert len(parsed) == 3
    assert len(cfsign.keys.loading._cache) == 2
    load_private_key(pem, backend=backend)
    assert len(parsed) == 4


def test_neither_a_password_nor_a_text_stays_in_memory(
    parsed: list[int], encrypted_pem: str, password: str
) -> None:
    """What remembers a key knows it by a digest."""
    pytest.importorskip("cryptography")
    load_private_key(encrypted_pem, password=password)
    ((digest, key),) = cfsign.keys.loading._cache.items()
    assert type(digest) is bytes
    assert len(digest) == 64
    assert repr(key) == "<PrivateKey RSA-2048 cryptography>"


def test_a_file_that_changed_is_read_again(
    backend: str, parsed: list[int], pem: str, other_pem: str, tmp_path: Path
) -> None:
    """The path is not the key: after a rotation, the new one is taken."""
    path = in_key_file(tmp_path, pem)
    first = load_private_key(path, backend=backend)
    path.write_text(other_pem)
    second = load_private_key(path, backend=backend)
    assert first.public_key_pem() != second.public_key_pem()
    path.unlink()
    with pytest.raises(SigningKeyError, match="no key file"):
        load_private_key(path, backend=backend)


def test_a_password_that_was_right_does_not_help_a_wrong_one(
    encrypted_pem: str, password: str
) -> None:
    """Nor none at all, although the key was parsed before."""
    pytest.importorskip("cryptography")
    load_private_key(encrypted_pem, password=password)
    for other in ("wrong", None):
        with pytest.raises(SigningKeyError, match="password"):
            load_private_key(encrypted_pem, password=other)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_a_child_forked_while_a_key_is_remembered_loads_keys(small_pem: str) -> None:
    """The thread that held the lock does not exist there; a child that waits for it is ended."""
    cfsign.keys.loading._cache.clear()
    with cfsign.keys.loading._cache_lock:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork where there are threads
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

"""
Tests of every form of a key, with both backends and both hashes, in URLs and cookies.

The `openssl` command verifies each signature, and `TrustedKeyGroup` allows each URL and cookie.
"""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from cfsign import (
    Distribution,
    Policy,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
    load_private_key,
)
from cfsign.keys import load_public_key

NOW = 1767225600
DOMAIN = "https://media.example.com"
URL = f"{DOMAIN}/videos/42/1.ts?size=large"
CLIENT = "192.0.2.44"
POLICIES = {
    "canned": Policy(URL, NOW + 60),
    "custom": Policy(f"{DOMAIN}/videos/42/*", NOW + 60, starts_at=NOW - 5, ip_address=CLIENT),
}
HASHES = ("SHA1", "SHA256")

OpenSSL = Callable[..., bytes]


class Encoding(NamedTuple):
    """An encoding of a key: the fixture, and the arguments of the `openssl` command."""

    key: str
    arguments: tuple[str, ...]
    is_encrypted: bool = False

    @property
    def is_text(self) -> bool:
        return "DER" not in self.arguments


PLAIN = ("pkcs8", "-topk8", "-nocrypt")
PBES2 = ("pkcs8", "-topk8", "-v2", "aes-256-cbc")
SCRYPT = ("pkcs8", "-topk8", "-scrypt")
DER = ("-outform", "DER")

ENCODINGS = {
    "RSA, PKCS#1": Encoding("pem", ("rsa", "-traditional")),
    "RSA, PKCS#1, DER": Encoding("pem", ("rsa", "-traditional", *DER)),
    "RSA, PKCS#8": Encoding("pem", PLAIN),
    "RSA, PKCS#8, DER": Encoding("pem", (*PLAIN, *DER)),
    "RSA, PKCS#8, encrypted": Encoding("pem", PBES2, is_encrypted=True),
    "RSA, PKCS#8, encrypted, DER": Encoding("pem", (*PBES2, *DER), is_encrypted=True),
    "RSA, PKCS#1, encrypted": Encoding("pem", ("rsa", "-traditional", "-aes256"), True),
    "EC, SEC 1": Encoding("ec_pem", ("ec",)),
    "EC, SEC 1, parameters first": Encoding("ec_pem", ("ec", "parameters first")),
    "EC, SEC 1, DER": Encoding("ec_pem", ("ec", *DER)),
    "EC, PKCS#8": Encoding("ec_pem", PLAIN),
    "EC, PKCS#8, DER": Encoding("ec_pem", (*PLAIN, *DER)),
    "EC, PKCS#8, encrypted": Encoding("ec_pem", SCRYPT, is_encrypted=True),
    "EC, PKCS#8, encrypted, DER": Encoding("ec_pem", (*PBES2, *DER), is_encrypted=True),
    "EC, SEC 1, encrypted": Encoding("ec_pem", ("ec", "-aes128"), is_encrypted=True),
}


def write_key_file(folder: Path, content: bytes) -> Path:
    path = folder / "key"
    path.write_bytes(content)
    return path


# The first three suit any form. The others change a text as editors and secret stores do.
WRAPPINGS: dict[str, Callable[[bytes, Path], Any]] = {
    "bytes": lambda content, folder: content,
    "path": lambda content, folder: write_key_file(folder, content),
    "path as text": lambda content, folder: str(write_key_file(folder, content)),
    "text": lambda content, folder: content.decode(),
    "base64": lambda content, folder: base64.b64encode(content).decode(),
    "base64 in lines, file": lambda content, folder: write_key_file(
        folder, base64.encodebytes(content)
    ),
    "base64 in quotes": lambda content, folder: f'"{base64.b64encode(content).decode()}"',
    "base64, escaped newlines": lambda content, folder: (
        base64.encodebytes(content).decode().replace("\n", "\\r\\n")
    ),
    "base64 of escaped newlines": lambda content, folder: base64.b64encode(
        content.replace(b"\n", b"\\n")
    ).decode(),
    "quotes": lambda content, folder: f"'{content.decode()}'",
    "CRLF": lambda content, folder: content.replace(b"\n", b"\r\n"),
    "byte-order mark, file": lambda content, folder: write_key_file(
        folder, b"\xef\xbb\xbf" + content
    ),
    "UTF-16, file": lambda content, folder: write_key_file(
        folder, content.decode().encode("utf-16")
    ),
    "text around": lambda content, folder: f"Bag Attributes: key\n\n{content.decode()}the end",
    "escaped newlines": lambda content, folder: content.decode().replace("\n", "\\n"),
}
FOR_DER = ("bytes", "path", "path as text")

CASES = [
    pytest.param(encoding, wrapping, id=f"{encoding} as {wrapping}")
    for encoding in ENCODINGS
    for wrapping in WRAPPINGS
    if ENCODINGS[encoding].is_text or wrapping in FOR_DER
]


@pytest.fixture(scope="session")
def write_key(
    request: pytest.FixtureRequest, openssl: OpenSSL, password: str
) -> Callable[[str], bytes]:
    """A function that returns the key in the encoding of that name."""

    @functools.cache
    def write(name: str) -> bytes:
        encoding = ENCODINGS[name]
        arguments = [part for part in encoding.arguments if part != "parameters first"]
        if encoding.is_encrypted:
            arguments += ["-passout", f"pass:{password}"]
        content = openssl(*arguments, given=request.getfixturevalue(encoding.key))
        if arguments == list(encoding.arguments) or encoding.is_encrypted:
            return content
        return openssl("ecparam", "-name", "prime256v1") + content

    return write


@pytest.fixture(scope="session")
def get_public_key(request: pytest.FixtureRequest, openssl: OpenSSL) -> Callable[[str], bytes]:
    """A function that returns the public key, by the `openssl` command."""

    @functools.cache
    def public(key: str) -> bytes:
        return openssl("pkey", "-pubout", given=request.getfixturevalue(key))

    return public


Verify = Callable[[bytes, Mapping[str, str], str], bool]


@pytest.fixture(scope="session")
def verify_with_openssl(
    openssl: OpenSSL,
    decode_base64: Callable[[str], bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> Verify:
    """A function that verifies the signature in `params` with the `openssl` command."""
    folder = tmp_path_factory.mktemp("openssl")

    @functools.cache
    def verify(public: bytes, signature: str, hash_algorithm: str, message: str) -> bool:
        (folder / "public").write_bytes(public)
        (folder / "signature").write_bytes(decode_base64(signature))
        arguments = ("-verify", folder / "public", "-signature", folder / "signature")
        option = f"-{hash_algorithm.lower()}"
        return b"Verified OK" in openssl("dgst", option, *arguments, given=message, check=False)

    return lambda public, params, message: verify(
        public, params["Signature"], params.get("Hash-Algorithm", "SHA1"), message
    )


Check = Callable[[Signer, str], None]


@pytest.fixture
def check_signer(get_public_key: Callable[[str], bytes], verify_with_openssl: Verify) -> Check:
    """A function that signs both policies and checks the signatures, the URLs and the cookies."""

    def check(signer: Signer, key: str) -> None:
        public = get_public_key(key)
        key_group = TrustedKeyGroup({signer.key_pair_id: public})
        for policy in POLICIES.values():
            signed = signer.sign_policy(policy)
            assert verify_with_openssl(public, signed.params, policy.to_json())
            expected = "SHA256" if signer.hash_algorithm == "SHA256" else None
            url, cookies = signed.url(URL), signed.cookies()
            assert ("&Hash-Algorithm=SHA256" in url) == (expected is not None)
            assert ("Hash-Algorithm" in url) == (expected is not None)
            assert cookies.get("CloudFront-Hash-Algorithm") == expected
            assert key_group.check(url, at=NOW, ip_address=CLIENT)
            assert key_group.check(URL, cookies=cookies, at=NOW, ip_address=CLIENT)
            assert not key_group.check(URL, at=NOW, ip_address=CLIENT)

    return check


def is_for_cryptography(encoding: Encoding) -> bool:
    return encoding.is_encrypted or encoding.key == "ec_pem"


@pytest.mark.parametrize(("encoding", "wrapping"), CASES)
def test_key_signs_in_every_form(
    backend: str,
    write_key: Callable[[str], bytes],
    check_signer: Check,
    password: str,
    tmp_path: Path,
    encoding: str,
    wrapping: str,
) -> None:
    """The rsa backend raises an error for keys that need cryptography."""
    form = ENCODINGS[encoding]
    source = WRAPPINGS[wrapping](write_key(encoding), tmp_path)
    secret = password if form.is_encrypted else None
    if backend == "rsa" and is_for_cryptography(form):
        with pytest.raises(SigningKeyError, match="pip install cryptography"):
            load_private_key(source, password=secret, backend=backend)
        return
    key = load_private_key(source, password=secret, backend=backend)
    for hash_algorithm in HASHES:
        check_signer(Signer("K2JCJMDEHXQW5F", key, hash_algorithm=hash_algorithm), form.key)


VARIABLES = [
    pytest.param(encoding, variable, id=f"{encoding} as {variable}")
    for encoding in ENCODINGS
    for variable in ("text", "base64", "escaped newlines", "file")
    if ENCODINGS[encoding].is_text or variable == "file"
]


@pytest.mark.parametrize("hash_algorithm", [None, "SHA256"])
@pytest.mark.parametrize(("encoding", "variable"), VARIABLES)
def test_key_from_the_environment_signs(
    write_key: Callable[[str], bytes],
    check_signer: Check,
    password: str,
    tmp_path: Path,
    encoding: str,
    variable: str,
    hash_algorithm: str | None,
) -> None:
    """`Distribution.from_env` reads the key itself or the path of its file."""
    form = ENCODINGS[encoding]
    if is_for_cryptography(form):
        pytest.importorskip("cryptography")
    environ = {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F"}
    if variable == "file":
        environ["CLOUDFRONT_PRIVATE_KEY_FILE"] = str(write_key_file(tmp_path, write_key(encoding)))
    else:
        environ["CLOUDFRONT_PRIVATE_KEY"] = WRAPPINGS[variable](write_key(encoding), tmp_path)
    if form.is_encrypted:
        environ["CLOUDFRONT_PASSWORD"] = password
    if hash_algorithm:
        environ["CLOUDFRONT_HASH_ALGORITHM"] = hash_algorithm
    signer = Distribution.from_env(environ).signer
    assert isinstance(signer, Signer)
    assert signer.hash_algorithm == (hash_algorithm or "SHA1")
    check_signer(signer, form.key)


PASSWORDS: dict[str, Callable[[str], Any]] = {
    "text": lambda password: password,
    "bytes": lambda password: password.encode(),
    "function that returns text": lambda password: lambda: password,
    "function that returns bytes": lambda password: lambda: password.encode(),
}
ENCRYPTED = [name for name, encoding in ENCODINGS.items() if encoding.is_encrypted]


@pytest.mark.parametrize("form", PASSWORDS)
@pytest.mark.parametrize("encoding", ENCRYPTED)
def test_password_in_every_form(
    write_key: Callable[[str], bytes],
    check_signer: Check,
    password: str,
    encoding: str,
    form: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The key cache is emptied, so that each password is used."""
    pytest.importorskip("cryptography")
    monkeypatch.setattr("cfsign.keys.loading._cache", {})
    key = load_private_key(write_key(encoding), password=PASSWORDS[form](password))
    check_signer(Signer("K2JCJMDEHXQW5F", key), ENCODINGS[encoding].key)


@pytest.mark.parametrize("encoding", ENCRYPTED)
def test_password_errors_are_distinct(write_key: Callable[[str], bytes], encoding: str) -> None:
    """Missing, wrong, and not needed."""
    pytest.importorskip("cryptography")
    with pytest.raises(SigningKeyError, match=r"is encrypted, .*; set its password"):
        load_private_key(write_key(encoding))
    with pytest.raises(SigningKeyError, match=r"the password is wrong.*; check the password"):
        load_private_key(write_key(encoding), password="another")
    plain = write_key({"pem": "RSA, PKCS#8", "ec_pem": "EC, PKCS#8"}[ENCODINGS[encoding].key])
    with pytest.raises(SigningKeyError, match=r"is not encrypted, .*; remove the password"):
        load_private_key(plain, password="another")


PUBLIC = {
    "RSA": ("pem", ("pkey", "-pubout")),
    "RSA, DER": ("pem", ("pkey", "-pubout", *DER)),
    "RSA, PKCS#1": ("pem", ("rsa", "-RSAPublicKey_out")),
    "RSA, PKCS#1, DER": ("pem", ("rsa", "-RSAPublicKey_out", *DER)),
    "EC": ("ec_pem", ("pkey", "-pubout")),
    "EC, DER": ("ec_pem", ("pkey", "-pubout", *DER)),
}


PUBLIC_CASES = [
    pytest.param(form, wrapping, id=f"{form} as {wrapping}")
    for form in PUBLIC
    for wrapping in WRAPPINGS
    if "DER" not in PUBLIC[form][1] or wrapping in FOR_DER
]


@pytest.mark.parametrize(("form", "wrapping"), PUBLIC_CASES)
def test_public_key_verifies_in_every_form(
    request: pytest.FixtureRequest,
    backend: str,
    openssl: OpenSSL,
    tmp_path: Path,
    form: str,
    wrapping: str,
) -> None:
    """It verifies signatures of the `openssl` command, and only with the right hash."""
    name, arguments = PUBLIC[form]
    pem = request.getfixturevalue(name)
    source = WRAPPINGS[wrapping](openssl(*arguments, given=pem), tmp_path)
    if backend == "rsa" and name == "ec_pem":
        with pytest.raises(SigningKeyError, match=r"is P-256, which .*pip install cryptography"):
            load_public_key(source, backend=backend)
        return
    public = load_public_key(source, backend=backend)
    assert public.algorithm == {"pem": "RSA-2048", "ec_pem": "P-256"}[name]
    (tmp_path / "private").write_text(pem)
    message = b"the message"
    signatures = {
        name: openssl("dgst", f"-{name.lower()}", "-sign", tmp_path / "private", given=message)
        for name in HASHES
    }
    for used_hash, signature in signatures.items():
        for hash_algorithm in HASHES:
            verified = public.verify(message, signature, hash_algorithm)  # type: ignore[arg-type]
            assert verified == (used_hash == hash_algorithm)


@pytest.mark.parametrize("form", PUBLIC)
def test_key_group_accepts_a_public_key_in_every_form(
    request: pytest.FixtureRequest, openssl: OpenSSL, form: str
) -> None:
    """It allows a URL that the private key signed."""
    name, arguments = PUBLIC[form]
    if name == "ec_pem":
        pytest.importorskip("cryptography")
    pem = request.getfixturevalue(name)
    key_group = TrustedKeyGroup({"K2JCJMDEHXQW5F": openssl(*arguments, given=pem)})
    assert key_group.check(
        Signer("K2JCJMDEHXQW5F", pem).sign_policy(POLICIES["canned"]).url(URL), at=NOW
    )


@pytest.mark.parametrize("kind", [str, Path])
def test_tilde_is_the_home_folder(
    kind: Callable[[str], str | Path], pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No shell expands it in settings or in `--option=~/key.pem`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key.pem").write_text(pem)
    assert load_private_key(kind("~/key.pem")).public_key_pem()
    with pytest.raises(SigningKeyError, match=re.escape(repr(str(tmp_path / "no.pem")))):
        load_private_key(kind("~/no.pem"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~").mkdir()
    (tmp_path / "~" / "own.pem").write_text(pem)
    assert load_private_key("./~/own.pem").public_key_pem()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("keys/~/nowhere.pem", "~ works only at the start"),
        ("file:///nowhere.pem", "without file://"),
        (
            "-----BEGIN DSA PRIVATE KEY-----\nMAA=\n-----END DSA PRIVATE KEY-----",
            "is DSA, .*; make a new key",
        ),
    ],
)
def test_wrong_path_or_kind_has_a_hint(source: str, message: str) -> None:
    """A tilde inside a path, a file:// URL, and a DSA key."""
    with pytest.raises(SigningKeyError, match=message):
        load_private_key(source)

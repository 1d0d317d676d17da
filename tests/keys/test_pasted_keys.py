"""Keys as people paste them: other tools' formats, wrong labels, and what secret stores change."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cfsign import SigningKeyError, load_private_key, load_public_key
from tests.keys.helpers import body_of, sign

Run = Callable[..., None]


@pytest.fixture(scope="session")
def run_tool() -> Run:
    """Run a command of another project, or skip the test."""

    def run(*command: str | Path) -> None:
        if shutil.which(str(command[0])) is None:
            pytest.skip(f"{command[0]} is not installed")
        subprocess.run([*map(str, command)], check=True, capture_output=True)

    return run


SSH_KINDS = {"rsa": ("-b", "2048"), "ecdsa": ("-b", "256"), "ed25519": ()}


@pytest.fixture
def write_ssh_key(run_tool: Run, tmp_path: Path) -> Callable[[str], Path]:
    def write(kind: str, password: str = "") -> Path:
        path = tmp_path / f"id_{kind}"
        run_tool("ssh-keygen", "-q", "-t", kind, *SSH_KINDS[kind], "-N", password, "-f", path)
        return path

    return write


def write_putty_key(run_tool: Run, folder: Path, kind: str) -> Path:
    path = folder / f"{kind}.ppk"
    (folder / "password").write_text("")
    options = ("--new-passphrase", folder / "password", "-q")
    run_tool("puttygen", "-t", kind, *SSH_KINDS[kind], "-o", path, *options)
    return path


def run_hint(error: SigningKeyError, key: Path, run_tool: Run) -> None:
    """Run the commands in the hint of *error*."""
    commands = re.findall(r"(?:puttygen|ssh-keygen) [^;,()]*", error.hint)
    assert commands
    for command in commands:
        words = command.strip().replace("KEY.pem", f"{key}.pem").split()
        words = [str(key) if word == "KEY" else word for word in words]
        run_tool(*words, *(("-N", "", "-q") if words[0] == "ssh-keygen" else ()))


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_openssh_key_can_be_converted(
    write_ssh_key: Callable[[str], Path], run_tool: Run, kind: str
) -> None:
    """The command in the hint makes a key that works."""
    pytest.importorskip("cryptography")
    path = write_ssh_key(kind)
    with pytest.raises(SigningKeyError, match="in OpenSSH's own format; convert it") as caught:
        load_private_key(path)
    run_hint(caught.value, path, run_tool)
    assert sign(load_private_key(path))


@pytest.mark.parametrize("password", ["", "secret"])
def test_openssh_ed25519_cannot_be_converted(run_tool: Run, tmp_path: Path, password: str) -> None:
    path = tmp_path / "id"
    run_tool("ssh-keygen", "-q", "-t", "ed25519", "-N", password, "-f", path)
    with pytest.raises(SigningKeyError, match=r"is Ed25519, but .*; make a new key") as caught:
        load_private_key(path)
    assert "convert" not in str(caught.value)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
@pytest.mark.parametrize("form", ["path", "text"])
def test_putty_key_can_be_converted(run_tool: Run, tmp_path: Path, kind: str, form: str) -> None:
    """The command in the hint makes a key that works."""
    pytest.importorskip("cryptography")
    path = write_putty_key(run_tool, tmp_path, kind)
    with pytest.raises(SigningKeyError, match="is in PuTTY's own format; convert it") as caught:
        load_private_key(path if form == "path" else path.read_text())
    run_hint(caught.value, path, run_tool)
    assert sign(load_private_key(f"{path}.pem"))


def test_putty_ed25519_cannot_be_converted(run_tool: Run, tmp_path: Path) -> None:
    path = write_putty_key(run_tool, tmp_path, "ed25519")
    with pytest.raises(SigningKeyError, match=r"is Ed25519, but .*; make a new key") as caught:
        load_private_key(path)
    assert "convert" not in str(caught.value)


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ed25519"])
@pytest.mark.parametrize("form", ["path", "text", "one line of text"])
def test_public_key_of_openssh(
    write_ssh_key: Callable[[str], Path], run_tool: Run, kind: str, form: str
) -> None:
    """id_rsa.pub is not the private key; CloudFront's form of it is made with ssh-keygen."""
    pytest.importorskip("cryptography")
    path = Path(f"{write_ssh_key(kind)}.pub")
    text = path.read_text()
    source = {"path": path, "text": text, "one line of text": text.strip()}[form]
    with pytest.raises(SigningKeyError, match="is a public key in OpenSSH's own format; use the p"):
        load_private_key(source)
    with pytest.raises(SigningKeyError, match="is a public key in OpenSSH's own format") as caught:
        load_public_key(source)
    if kind == "ed25519":
        assert "make a new key" in caught.value.hint
        return
    assert "ssh-keygen -e -m PKCS8 -f KEY" in caught.value.hint
    command = ["ssh-keygen", "-e", "-m", "PKCS8", "-f", str(path)]
    converted = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert load_public_key(converted)


def test_public_key_of_ssh2(write_ssh_key: Callable[[str], Path]) -> None:
    """PuTTY's and RFC 4716's form."""
    path = write_ssh_key("rsa")
    command = ["ssh-keygen", "-e", "-m", "RFC4716", "-f", str(path)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    with pytest.raises(SigningKeyError, match="is a public key in OpenSSH's own format"):
        load_private_key(text)


LABELS = [
    ("pem", "PRIVATE KEY", "RSA PRIVATE KEY"),
    ("pkcs1_pem", "RSA PRIVATE KEY", "PRIVATE KEY"),
    ("ec_pem", "PRIVATE KEY", "EC PRIVATE KEY"),
    ("ec_pem", "PRIVATE KEY", "ECDSA PRIVATE KEY"),
    ("ec_sec1_pem", "EC PRIVATE KEY", "PRIVATE KEY"),
    ("ec_sec1_pem", "EC PRIVATE KEY", "ECDSA PRIVATE KEY"),
    ("ec_sec1_pem", "EC PRIVATE KEY", "RSA PRIVATE KEY"),
]


@pytest.mark.parametrize(("name", "label", "other"), LABELS)
def test_private_key_under_another_label(
    request: pytest.FixtureRequest, backend: str, name: str, label: str, other: str
) -> None:
    """The content decides: a label is easily typed wrong when a key is put together by hand."""
    if backend == "rsa" and name.startswith("ec"):
        pytest.skip("rsa reads no EC keys")
    pem: str = request.getfixturevalue(name)
    relabelled = pem.replace(label, other)
    assert relabelled != pem
    key = load_private_key(relabelled, backend=backend)
    assert key.public_key_pem() == load_private_key(pem, backend=backend).public_key_pem()


def test_encrypted_key_under_another_label(encrypted_pem: str, password: str) -> None:
    pytest.importorskip("cryptography")
    relabelled = encrypted_pem.replace("ENCRYPTED PRIVATE", "RSA PRIVATE")
    with pytest.raises(SigningKeyError, match="is encrypted, and there is no password"):
        load_private_key(relabelled)
    assert sign(load_private_key(relabelled, password=password))


def test_public_key_under_another_label(
    backend: str, public_pem: str, public_pkcs1_pem: str
) -> None:
    assert load_public_key(public_pem.replace("PUBLIC", "RSA PUBLIC"), backend=backend)
    assert load_public_key(public_pkcs1_pem.replace("RSA ", ""), backend=backend)


@pytest.mark.parametrize("label", ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])
def test_public_key_under_a_private_label(backend: str, public_pem: str, label: str) -> None:
    relabelled = public_pem.replace("PUBLIC KEY", label)
    with pytest.raises(SigningKeyError, match="is a public key; use the private key of the pair"):
        load_private_key(relabelled, backend=backend)


def test_certificate_under_a_private_label(backend: str, certificate_pem: str) -> None:
    relabelled = certificate_pem.replace("CERTIFICATE", "PRIVATE KEY")
    with pytest.raises(SigningKeyError, match="is a certificate; use the private key alone"):
        load_private_key(relabelled, backend=backend)


def test_private_key_under_a_public_label_is_refused(backend: str, pem: str) -> None:
    """Somebody may have uploaded it as the public key."""
    relabelled = pem.replace("PRIVATE KEY", "PUBLIC KEY")
    with pytest.raises(SigningKeyError, match="is a private key under the label of a public one"):
        load_private_key(relabelled, backend=backend)
    with pytest.raises(SigningKeyError, match="is a private key"):
        load_public_key(relabelled, backend=backend)


@pytest.mark.parametrize("end", ["RSA PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE"])
def test_begin_and_end_lines_that_differ(backend: str, pem: str, end: str) -> None:
    text = pem.replace("END PRIVATE KEY", f"END {end}")
    message = f"begins with 'PRIVATE KEY' and ends with '{end}'; copy both lines"
    with pytest.raises(SigningKeyError, match=message):
        load_private_key(text, backend=backend)


STORES: dict[str, Callable[[str], str | bytes]] = {
    "newlines escaped twice": lambda pem: pem.replace("\n", "\\\\n"),
    "newlines escaped three times": lambda pem: pem.replace("\n", "\\\\\\n"),
    "CRLF escaped twice": lambda pem: pem.replace("\n", "\\\\r\\\\n"),
    "JSON in JSON": lambda pem: json.dumps(json.dumps({"private_key": pem})),
    "slashes escaped": lambda pem: json.dumps(pem).replace("/", "\\/"),
    "escapes of .NET": lambda pem: json.dumps(pem).replace("+", "\\u002B"),
    "escapes of Go": lambda pem: json.dumps(pem).replace("+", "\\u002b").replace("=", "\\u003d"),
    "one line with spaces": lambda pem: pem.replace("\n", " "),
    "one line without spaces": lambda pem: pem.replace("\n", ""),
    "no-break spaces": lambda pem: pem.replace("\n", "\u00a0\n"),
    "CR alone": lambda pem: pem.replace("\n", "\r"),
    "single quotes": lambda pem: f"'{pem}'",
    "quotes and escaped newlines": lambda pem: json.dumps(pem) + "\r\n",
    "indented": lambda pem: "    " + pem.replace("\n", "\n    "),
    "byte-order mark in text": lambda pem: "\ufeff" + pem,
    "UTF-16": lambda pem: pem.encode("utf-16"),
    "UTF-16 without a mark": lambda pem: pem.encode("utf-16-le"),
    "base64 of PEM": lambda pem: base64.b64encode(pem.encode()).decode(),
    "base64 of PEM in lines": lambda pem: base64.encodebytes(pem.encode()).decode(),
    "base64 of PEM in CRLF": lambda pem: base64.b64encode(pem.replace("\n", "\r\n").encode()),
    "base64 of PEM with a mark": lambda pem: base64.b64encode(b"\xef\xbb\xbf" + pem.encode()),
}


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("name", ["pem", "pkcs1_pem"])
def test_key_that_a_store_has_changed(
    request: pytest.FixtureRequest, backend: str, name: str, store: str
) -> None:
    pem: str = request.getfixturevalue(name)
    key = load_private_key(STORES[store](pem), backend=backend)
    assert key.public_key_pem() == load_private_key(pem, backend=backend).public_key_pem()


@pytest.mark.parametrize("store", [name for name in STORES if name != "one line without spaces"])
def test_encrypted_key_that_a_store_has_changed(
    encrypted_pkcs1_pem: str, password: str, store: str
) -> None:
    """OpenSSL's older encryption, with headers inside the block."""
    pytest.importorskip("cryptography")
    assert sign(load_private_key(STORES[store](encrypted_pkcs1_pem), password=password))


@pytest.mark.parametrize("ending", ["\n", "\r\n", " ", '"'])
def test_wrong_password_hint_names_the_white_space(
    encrypted_pem: str, password: str, ending: str
) -> None:
    """Secret files end in a newline, which is not removed: it may be a part of the password."""
    pytest.importorskip("cryptography")
    hint = "the password begins or ends with white space or a quote"
    with pytest.raises(SigningKeyError, match=hint):
        load_private_key(encrypted_pem, password=(ending.strip() + password + ending))
    with pytest.raises(SigningKeyError, match="the password is wrong") as caught:
        load_private_key(encrypted_pem, password=f"{password}x")
    assert "white space" not in str(caught.value)


def test_body_without_its_lines_is_not_shown(backend: str, pem: str) -> None:
    """Several lines are not a path."""
    with pytest.raises(SigningKeyError, match="has no -----BEGIN line; copy the whole PEM"):
        load_private_key(body_of(pem), backend=backend)


@pytest.mark.parametrize("quote", ['"', "'"])
def test_path_in_quotes(backend: str, pem: str, tmp_path: Path, quote: str) -> None:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    with pytest.raises(SigningKeyError, match=r"there is no key file .*; remove the quotes"):
        load_private_key(f"{quote}{path}{quote}", backend=backend)


def test_missing_file_is_named_with_its_absolute_path(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may run in another folder than the developer's shell."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SigningKeyError) as caught:
        load_private_key("keys/none.pem", backend=backend)
    path = str(tmp_path / "keys" / "none.pem")
    assert f"there is no key file {path!r}" in caught.value.message
    assert caught.value.source == path


@pytest.mark.parametrize("value", ["undefined", "None", "null", " NULL "])
def test_value_that_is_missing(backend: str, value: str) -> None:
    """A template or a script has written the name of nothing."""
    with pytest.raises(SigningKeyError, match="the value it was read from is missing"):
        load_private_key(value, backend=backend)


@pytest.mark.parametrize(
    ("arn", "kind", "hint"),
    [
        ("arn:aws:kms:eu-west-1:123456789012:key/1234abcd", "a key in AWS KMS", "write kms:"),
        (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:cf/key-AbCdEf",
            "a secret in AWS Secrets Manager",
            "SecretsManagerSecret",
        ),
        (
            "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/cf/key",
            "a parameter in AWS Parameter Store",
            "SsmParameter",
        ),
    ],
)
def test_arn_of_a_key(backend: str, arn: str, kind: str, hint: str) -> None:
    with pytest.raises(SigningKeyError, match=f"the ARN of {kind}") as caught:
        load_private_key(arn, backend=backend)
    assert hint in str(caught.value.hint)

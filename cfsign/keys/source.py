"""The value a key is loaded from: a path, the key itself, or the name of a key in AWS KMS."""

from __future__ import annotations

import os
import re
from typing import Any, TypeGuard

from cfsign.errors import SigningKeyError
from cfsign.keys.other_formats import is_other_format
from cfsign.limits import MISSING_VALUES
from cfsign.utils.secret import Secret

#: A key has about 2 KB. A larger file is something else.
MAX_KEY_BYTES = 64 * 1024

#: The start of a PEM block, and the start of its base64, which secret stores often hold.
PEM_BEGIN, _BASE64_PEM_BEGIN = "-----BEGIN", "LS0tLS1CRUdJ"

# A byte-order mark in base64.
_BASE64_MARK = "77u/"

_KMS_PREFIX = "kms:"
_MAX_PATH = 1024

# AWS, "Identify AWS resources with Amazon Resource Names".
_ARN = re.compile("arn:aws[a-z-]*:(kms|secretsmanager|ssm):")
_ARN_KINDS = {
    "kms": ("a key in AWS KMS", "write kms: before it"),
    "secretsmanager": (
        "a secret in AWS Secrets Manager",
        "load the secret: cfsign.keys.secrets.SecretsManagerSecret(ARN)()",
    ),
    "ssm": (
        "a parameter in AWS Parameter Store",
        "load the parameter: cfsign.keys.secrets.SsmParameter(ARN)()",
    ),
}

# The names of key files and key rings. Any other text may be a password or the key itself.
_FILE_NAME = re.compile(r".*\.(?:pem|key|der|crt|cer|cert|pub|p8|pk8|txt|json)", re.IGNORECASE)

# Random characters, unlike a path: each kind of letter and a digit among 40.
_RANDOM = re.compile(r"(?=[a-z+/=]*[A-Z0-9])(?=[A-Z+/=]*[a-z0-9])(?=\D*\d)[A-Za-z0-9+/=]{40}")


def is_key_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """
    Return True if *value* names a key file.

    False for the key itself (PEM, the base64 of PEM, bytes), for `kms:` and a name, for empty text
    and for any other type. The file need not exist.
    """
    if isinstance(value, str):
        text = value.strip()
        is_key = PEM_BEGIN in text or is_base64_pem(text) or is_other_format(text)
        # Several lines are a key without its BEGIN line.
        return bool(text) and "\n" not in text and not is_key and not is_kms_name(text)
    return isinstance(value, os.PathLike)


def is_key_text(value: object) -> TypeGuard[str | bytes]:
    """Return True if *value* is the key itself, as text or bytes."""
    return isinstance(value, str | bytes) and not is_key_path(value) and not is_kms_name(value)


def is_kms_name(value: object) -> TypeGuard[str]:
    """Return True if *value* is `kms:` and the name of a key in AWS KMS."""
    return isinstance(value, str) and value.strip().startswith(_KMS_PREFIX)


def parse_kms_name(name: str) -> str:
    """Return the id, ARN or alias that follows `kms:`."""
    return name.strip().removeprefix(_KMS_PREFIX)


def is_base64_pem(text: str) -> bool:
    """Return True if *text* is the base64 of PEM, possibly in quotes."""
    return text.lstrip("\"' \t\r\n").removeprefix(_BASE64_MARK).startswith(_BASE64_PEM_BEGIN)


def describe_key(source: str, noun: str = "key") -> str:
    """Return "the key", followed by the path that it was read from, for an error's text."""
    return f"the {noun} in {source!r}" if source else f"the {noun}"


def may_show_path(path: str) -> bool:
    """
    Return True if an error may show *path*: it exists, or is named like a key file or a key ring.

    People put the key itself, or its password, where a path belongs.
    """
    is_name = len(path) <= _MAX_PATH and path.isprintable() and _FILE_NAME.fullmatch(path)
    return bool(is_name and not _RANDOM.search(path)) or os.path.lexists(path)


def read_source(source: Secret[Any]) -> tuple[Secret[str | bytes], str]:
    """
    Return the content of *source*, and the path that it was read from, or "".

    Args:
        source: Hidden: a path, which may begin with `~`, or the key itself as text or bytes.

    Raises:
        SigningKeyError: The file cannot be read, or the content is larger than 64 KiB.
    """
    if is_kms_name(source.reveal()):
        raise SigningKeyError(
            "the key is in AWS KMS and cannot be loaded from there",
            hint="use cfsign.keys.kms.KmsPrivateKey; its public_key_pem() is the public key",
        )
    content: Secret[str | bytes] | SigningKeyError
    origin = ""
    if is_key_path(source.reveal()):
        content, origin = _read_file(source.reveal())
    elif is_key_text(source.reveal()):
        content = source
    else:
        kind = type(source.reveal()).__name__
        raise SigningKeyError(f"a key must be a path, or PEM or DER as text or bytes, got {kind}")
    if isinstance(content, SigningKeyError):
        raise content
    if len(content.reveal()) > MAX_KEY_BYTES:
        raise SigningKeyError(
            f"{describe_key(origin)} is larger than {MAX_KEY_BYTES} bytes, too large for a key",
            hint="check the path",
            source=origin,
        )
    return content, origin


def _read_file(path: str | os.PathLike[str]) -> tuple[Secret[str | bytes] | SigningKeyError, str]:
    """Return content and path of a file, or the error to raise (this frame may hold a secret)."""
    from cfsign.utils.files import read_file  # imported late: it loads pathlib

    name = os.path.expanduser(os.fsdecode(path))
    try:
        return Secret(read_file(name, MAX_KEY_BYTES + 1)), name
    except (OSError, ValueError) as error:
        return _build_read_error(name, error), ""


def _build_read_error(path: str, error: Exception) -> SigningKeyError:
    bare = path.strip(" \t\r\n\"'")
    if bare != path and may_show_path(bare):
        return SigningKeyError(
            f"there is no key file {path!r}",
            hint="remove the quotes and the white space around the path",
            source=path,
        )
    if not may_show_path(path):
        return _build_hidden_error(path)
    parts = path.replace(os.sep, "/").split("/")
    if "file:" in parts:
        problem, hint = f"there is no key file {path!r}", "write the path without file://"
    elif isinstance(error, FileNotFoundError) and any(part.startswith("~") for part in parts):
        problem = f"there is no key file {path!r}"
        hint = "write the home folder in full: ~ works only at the start, and for a known user"
    elif isinstance(error, FileNotFoundError):
        # In full: a server may run in another folder than its developer.
        path = _make_absolute(path)
        problem = f"there is no key file {path!r}"
        hint = "check the path, or use the PEM itself, with its -----BEGIN line"
    else:
        reason = getattr(error, "strerror", None) or "invalid path"
        problem = f"the key file {path!r} cannot be read ({reason})"
        hint = "check the path and the file's permissions"
    return SigningKeyError(problem, hint=hint, source=path)


def _make_absolute(path: str) -> str:
    try:
        return os.path.abspath(path)
    except OSError:  # the working directory was deleted
        return path


def _build_hidden_error(path: str) -> SigningKeyError:
    """Build the error for a value that is not a file and may be a secret."""
    text = path.strip()
    if text.lower() in MISSING_VALUES:
        return SigningKeyError(
            f"the key is {path!r}: the value it was read from is missing",
            hint="set that value to the path of the key's file, or to the PEM itself",
        )
    arn = _ARN.match(text)
    if arn:
        kind, hint = _ARN_KINDS[arn[1]]
        return SigningKeyError(f"the key is the ARN of {kind}", hint=hint)
    folder, name = os.path.split(path)
    # A folder that exists is not a secret.
    where, hidden = (f" in {folder!r}", name) if os.path.isdir(folder) else ("", path)
    return SigningKeyError(
        f"there is no such key file{where}: the value, which is not shown because it may be "
        f"secret, has a length of {len(hidden)} and looks like {_describe_text(hidden)}",
        hint="check the path, or use the whole PEM, with its -----BEGIN line",
    )


def _describe_text(text: str) -> str:
    bare = re.sub(r"""\\[rn]|["'\s]""", "", text)
    if text.lstrip().startswith(("{", "[")):
        return "a JWK" if '"kty"' in text else "JSON"
    if re.fullmatch("[0-9A-Fa-f]{32,}", bare):
        return "hexadecimal digits"
    if re.fullmatch("[A-Za-z0-9+/=_-]{32,}", bare):
        return "base64"
    return "a name or a password"

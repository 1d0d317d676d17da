"""The value a key is loaded from: a path, the key itself, or the name of a key in AWS KMS."""

from __future__ import annotations

import os
import re
from typing import TypeGuard

from cfsign.errors import SigningKeyError
from cfsign.keys.protocol import Source

#: A key has about 2 KB. A larger file is something else.
MAX_KEY_BYTES = 64 * 1024

#: The start of a PEM block, and the start of its base64, which secret stores often hold.
PEM_BEGIN, _BASE64_PEM_BEGIN = "-----BEGIN", "LS0tLS1CRUdJ"

_KMS_PREFIX = "kms:"
_BASE64 = r"[A-Za-z0-9+/=]{48,}"
_MAX_PATH = 1024


def is_key_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """
    Return True if *value* names a key file.

    False for the key itself (PEM, the base64 of PEM, bytes), for `kms:` and a name, for empty text
    and for any other type. The file need not exist.
    """
    if isinstance(value, str):
        is_pem = PEM_BEGIN in value or is_base64_pem(value)
        return bool(value.strip()) and not is_pem and not is_kms_name(value)
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
    return text.lstrip("\"' \t\r\n").startswith(_BASE64_PEM_BEGIN)


def describe_key(source: str, noun: str = "key") -> str:
    """Return "the key", followed by the path that it was read from, for an error's text."""
    return f"the {noun} in {source!r}" if source else f"the {noun}"


def read_source(source: Source) -> tuple[str | bytes, str]:
    """
    Return the content of *source*, and the path that it was read from, or "".

    Args:
        source: A path, which may begin with `~`, or the key itself as text or bytes.

    Raises:
        SigningKeyError: The file cannot be read, or the content is larger than 64 KiB.
    """
    if is_kms_name(source):
        raise SigningKeyError(
            "the key is in AWS KMS and cannot be loaded from there",
            hint="use cfsign.keys.kms.KmsPrivateKey; its public_key_pem() is the public key",
        )
    content: str | bytes
    if is_key_path(source):
        origin = os.path.expanduser(os.fsdecode(source))
        content = _read_file(origin)
    elif isinstance(source, str | bytes):
        content, origin = source, ""
    else:
        raise SigningKeyError(
            f"a key must be a path, or PEM or DER as text or bytes, got {type(source).__name__}"
        )
    if len(content) > MAX_KEY_BYTES:
        raise SigningKeyError(
            f"{describe_key(origin)} is larger than {MAX_KEY_BYTES} bytes, and no key is",
            hint="check the path",
            source=origin,
        )
    return content, origin


def _read_file(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(MAX_KEY_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _build_read_error(path, error) from None


def _build_read_error(path: str, error: Exception) -> SigningKeyError:
    if len(path) > _MAX_PATH or "\n" in path or re.search(_BASE64, path):
        # The path is not shown: it is probably a key that lost its first line.
        return SigningKeyError(
            "the key is not PEM, because it has no -----BEGIN line, and there is no such file",
            hint="copy the whole PEM, with its first and last line",
        )
    parts = path.replace(os.sep, "/").split("/")
    if "file:" in parts:
        problem, hint = f"there is no key file {path!r}", "write the path without file://"
    elif isinstance(error, FileNotFoundError) and any(part.startswith("~") for part in parts):
        problem = f"there is no key file {path!r}"
        hint = "write the home folder in full: ~ works only at the start, and for a known user"
    elif isinstance(error, FileNotFoundError):
        problem = f"there is no key file {path!r}"
        hint = "check the path, or use the PEM itself, with its -----BEGIN line"
    else:
        reason = getattr(error, "strerror", None) or "invalid path"
        problem = f"the key file {path!r} cannot be read ({reason})"
        hint = "check the path and the file's permissions"
    return SigningKeyError(problem, hint=hint, source=path)

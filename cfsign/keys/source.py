"""Where a key comes from: a path, text or bytes, in whichever wrapping a user holds it."""

from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING, TypeGuard

from cfsign.errors import SigningKeyError
from cfsign.keys.der import der_label
from cfsign.keys.protocol import Source

if TYPE_CHECKING:
    from pathlib import Path

#: A key is about 2 KB; what is larger than this is some other file.
MAX_BYTES = 64 * 1024

#: How a PEM block begins, and how its base64 does, as secret stores often wrap one.
_BEGIN, _WRAPPED_BEGIN = "-----BEGIN", "LS0tLS1CRUdJ"

_BASE64_LOOK = r"[A-Za-z0-9+/=]{48,}"
_LONGEST_NAME = 1024

_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def read_source(source: Source) -> tuple[str, str]:
    r"""
    Return the PEM text that *source* holds, and the path that it was read from, or "".

    Text with `-----BEGIN` in it, or its base64, is a key; any other text is a path, which may begin
    with `~`. DER is armoured as PEM. Newlines written as `\n`, as environment variables often hold
    them, are mended, and so are CRLF, a byte-order mark, and the UTF-16 of some Windows tools.

    Raises:
        SigningKeyError: There is nothing, or it is not text.
    """
    content, origin = _contents(source)
    if len(content) > MAX_BYTES:
        raise SigningKeyError(
            f"the key{at(origin)} is over {MAX_BYTES} bytes; no key is, so check the path",
            source=origin,
        )
    text = (content if isinstance(content, str) else _text(content, origin)).strip()
    if _is_wrapped(text):
        text = _unwrapped(text, origin)
    if _BEGIN in text:
        text = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n")
    return text, origin


def is_path(source: object) -> TypeGuard[str | os.PathLike[str]]:
    """Tell whether *source* names a file, and is not the key itself."""
    if isinstance(source, str):
        text = source.strip()
        return bool(text) and _BEGIN not in text and not _is_wrapped(text)
    return isinstance(source, os.PathLike)


def _contents(source: Source) -> tuple[str | bytes, str]:
    if isinstance(source, str | bytes) and not is_path(source):
        return source, ""
    if not isinstance(source, str | os.PathLike):
        raise SigningKeyError(
            f"a key is a path, or PEM or DER as text or bytes, not {type(source).__name__}"
        )
    from pathlib import Path  # only who has the key in a file waits for it

    path = Path(os.path.expanduser(os.fsdecode(source)))
    return _read_file(path), str(path)


def _read_file(path: Path) -> bytes:
    name = str(path)
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _cannot_read(name, error) from None


def _cannot_read(name: str, error: Exception) -> SigningKeyError:
    if len(name) > _LONGEST_NAME or "\n" in name or re.search(_BASE64_LOOK, name):
        # Not echoed: this is no path, but a key that lost its first line.
        return SigningKeyError(
            "the key's text has no -----BEGIN line, and no file is called that; "
            "give the whole PEM, its first and last line included"
        )
    from pathlib import Path  # as above

    parts = Path(name).parts
    if "file:" in parts:
        return SigningKeyError(
            f"there is no key file {name!r}; give the path itself, without file://", source=name
        )
    if isinstance(error, FileNotFoundError) and any(part.startswith("~") for part in parts):
        return SigningKeyError(
            f"there is no key file {name!r}; ~ is a home folder at the beginning of a path alone, "
            "and where there is such a user; write the folder out",
            source=name,
        )
    if isinstance(error, FileNotFoundError):
        return SigningKeyError(
            f"there is no key file {name!r}; check the path, "
            "or give the PEM itself, with its -----BEGIN line",
            source=name,
        )
    reason = getattr(error, "strerror", None) or "unusable"
    return SigningKeyError(
        f"the key file {name!r} cannot be read ({reason}); check the path and who may read it",
        source=name,
    )


def _text(data: bytes, origin: str) -> str:
    label = der_label(data)
    if label is not None:
        return armoured(label, data)
    try:
        return data.decode(_BYTE_ORDER_MARKS.get(data[:2], "utf-8-sig"))
    except UnicodeDecodeError:  # which has all of the key in it, and must not be ours' context
        pass
    raise SigningKeyError(
        f"the key{at(origin)} is neither PEM nor DER; give it as PEM: "
        "openssl pkey -in KEY -out KEY.pem",
        source=origin,
    )


def armoured(label: str, der: bytes, headers: tuple[str, ...] = ()) -> str:
    """Write DER as PEM (RFC 7468), with the headers of OpenSSL's older encryption (RFC 1421)."""
    head = [*headers, ""] if headers else []
    text = base64.b64encode(der).decode("ascii")
    # RFC 7468, section 2: 64 letters a line; OpenSSL's older parser takes no other.
    body = [text[start : start + 64] for start in range(0, len(text), 64)]
    lines = [f"-----BEGIN {label}-----", *head, *body, f"-----END {label}-----", ""]
    return "\n".join(lines)


def _is_wrapped(text: str) -> bool:
    """Tell whether *text* is the base64 of PEM, be it in quotes, as some tools leave them."""
    return text.lstrip("\"' ").startswith(_WRAPPED_BEGIN)


def _unwrapped(text: str, origin: str) -> str:
    try:
        bare = re.sub(r"""\\[rn]|["'\s]""", "", text)
        return base64.b64decode(bare, validate=True).decode("utf-8")
    except ValueError:  # which may have the key in it, as above
        pass
    raise SigningKeyError(
        f"the base64 around the PEM{at(origin)} is cut or damaged; copy it again, whole",
        source=origin,
    )


def at(origin: str) -> str:
    """Say where a key was read from, in the middle of a sentence."""
    return f" in {origin!r}" if origin else ""

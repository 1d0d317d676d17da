"""PEM (RFC 7468): find the key's block in a text that a file or an environment variable holds."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from cfsign.errors import SigningKeyError
from cfsign.keys.der import find_pem_label
from cfsign.keys.other_formats import explain_other_format
from cfsign.keys.protocol import Source
from cfsign.keys.source import PEM_BEGIN, describe_key, is_base64_pem, read_source
from cfsign.utils.secret import Secret

_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

# This matches lines, not blocks: an expression for a whole block takes hours on a hostile text.
_BOUNDARY = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")


_PRIVATE_LABELS = (
    "PRIVATE KEY",
    "RSA PRIVATE KEY",
    "EC PRIVATE KEY",
    "ECDSA PRIVATE KEY",
    "ENCRYPTED PRIVATE KEY",
)
_PUBLIC_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY")

# Labels that other tools write, and the one that RFC 5915 has.
_LABELS = {"ECDSA PRIVATE KEY": "EC PRIVATE KEY"}

# OpenSSL's older encryption (RFC 1421), with its lines joined.
_JOINED_HEADERS = re.compile(r"(Proc-Type: ?4,ENCRYPTED)[ \n]+(DEK-Info: ?[A-Z0-9-]+,[0-9A-F]+)\s+")

# What JSON and other formats make of characters, possibly several times: `\\n`, `\/`, `\u002b`.
_ESCAPE = re.compile(r"(?<!\\)\\++(?:u00(?P<code>[0-9A-Fa-f]{2})|(?P<letter>[rn/]))")


@dataclass(frozen=True, slots=True)
class PEM:
    """One PEM block. Its `repr` never shows the content."""

    label: str
    der: bytes = field(repr=False)
    source: str
    headers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def data(self) -> bytes:
        """The block, encoded again, so that no parser sees the text around it."""
        return encode_pem(self.label, self.der, self.headers).encode("ascii")

    @property
    def is_encrypted(self) -> bool:
        """True if the block needs a password: PKCS#8's label, or OpenSSL's older header."""
        return self.label == "ENCRYPTED PRIVATE KEY" or bool(self.headers)


def read_pem(source: Secret[Source], wanted: Literal["private", "public"]) -> PEM:
    r"""
    Read the PEM block in *source*: the first *wanted* key, else the first block.

    Also accepted are DER, the base64 of PEM, and PEM with newlines written as `\n` or as spaces,
    CRLF line ends, a byte-order mark or in UTF-16. The label follows from the content.

    Args:
        source: A path, or the key itself as text or bytes.
        wanted: "private" or "public".

    Raises:
        SigningKeyError: There is no PEM block, or it is damaged.
    """
    content, origin = read_source(source)
    try:
        return _parse(content.reveal(), origin, wanted)
    except SigningKeyError as caught:
        # A new error: the frames of the other have the content in their variables.
        error = SigningKeyError(caught.message, hint=caught.hint, source=origin)
    raise error


def encode_pem(label: str, der: bytes, headers: tuple[str, ...] = ()) -> str:
    """Return DER as PEM, with the headers of OpenSSL's older encryption (RFC 1421)."""
    head = [*headers, ""] if headers else []
    text = base64.b64encode(der).decode("ascii")
    # 64 characters a line (RFC 7468, section 2): OpenSSL's older parser accepts nothing else.
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *head, *lines, f"-----END {label}-----", ""])


def _parse(content: str | bytes, origin: str, wanted: Literal["private", "public"]) -> PEM:
    text = _normalize(content if isinstance(content, str) else _decode(content, origin), origin)
    problem, hint = explain_other_format(text, wanted)
    if problem:
        raise SigningKeyError(f"{describe_key(origin)} {problem}", hint=hint)
    if not text:
        raise SigningKeyError(f"{describe_key(origin)} is empty", hint="write the key there as PEM")
    blocks, labels = list(_find_blocks(text)), _find_different_labels(text)
    # OpenSSL writes the parameters of an EC key in a block before it. Some tools add certificates.
    ending = f"{wanted.upper()} KEY"
    block = next((block for block in blocks if block[0].endswith(ending)), None)
    if block is None and labels is not None:
        raise SigningKeyError(
            f"{describe_key(origin, 'PEM')} begins with {labels[0]!r} and ends with {labels[1]!r}",
            hint="copy both lines again",
        )
    if not blocks and PEM_BEGIN in text:
        raise SigningKeyError(
            f"{describe_key(origin, 'PEM')} is truncated: its END line is missing",
            hint="copy the key again, whole",
        )
    if not blocks:
        raise SigningKeyError(
            f"{describe_key(origin)} is not PEM: it has no -----BEGIN line",
            hint="copy the whole PEM, with its first and last line",
        )
    label, body = block or blocks[0]
    if not body:
        raise SigningKeyError(
            f"{describe_key(origin, 'PEM')} has no content between its BEGIN and END lines",
            hint="copy the key again, whole",
        )
    lines = body.split("\n")
    # Headers (RFC 1421): OpenSSL's older encryption, and the comments of some tools.
    headers = tuple(itertools.takewhile(lambda line: ":" in line, lines))
    try:
        der = base64.b64decode("".join("".join(lines[len(headers) :]).split()), validate=True)
        body.encode("ascii")  # the headers, too
    except ValueError:
        raise SigningKeyError(
            f"{describe_key(origin, label)} is not valid base64", hint="copy the key again, whole"
        ) from None
    if any("ENCRYPTED" in header for header in headers):
        return PEM(_LABELS.get(label, label), der, origin, headers)
    return PEM(_choose_label(label, der, origin), der, origin)


def _choose_label(label: str, der: bytes, origin: str) -> str:
    """Return the label of what the block contains: labels written by hand are often wrong."""
    actual = find_pem_label(der)
    if label in _PRIVATE_LABELS:
        return actual or _LABELS.get(label, label)
    if label in _PUBLIC_LABELS and actual in _PRIVATE_LABELS:
        raise SigningKeyError(
            f"{describe_key(origin)} is a private key under the label of a public one",
            hint="if it was uploaded or published, make a new key: cfsign keygen; else correct the "
            "BEGIN and END lines",
        )
    return actual if actual is not None and label in _PUBLIC_LABELS else label


def _decode(data: bytes, origin: str) -> str:
    label = find_pem_label(data)
    if label is not None:
        return encode_pem(label, data)
    try:
        return data.decode(_BYTE_ORDER_MARKS.get(data[:2], _guess_encoding(data)))
    except UnicodeDecodeError:
        raise SigningKeyError(
            f"{describe_key(origin)} is neither PEM nor DER",
            hint="convert it to PEM: openssl pkey -in KEY -out KEY.pem",
        ) from None


def _guess_encoding(data: bytes) -> str:
    # ASCII in UTF-16 has a zero in each pair of bytes.
    return {b"-\0": "utf-16-le", b"\0-": "utf-16-be"}.get(data[:2], "utf-8-sig")


def _normalize(text: str, origin: str) -> str:
    text = text.strip().removeprefix("\ufeff")
    if is_base64_pem(text):
        try:
            bare = re.sub(r"""\\[rn]|["'\s]""", "", text)
            text = base64.b64decode(bare, validate=True).decode("utf-8-sig")
        except ValueError:
            raise SigningKeyError(
                f"{describe_key(origin)} is base64 of PEM that is truncated or damaged",
                hint="copy it again, whole",
            ) from None
    if PEM_BEGIN in text:
        text = _ESCAPE.sub(_unescape, text).replace("\r\n", "\n").replace("\r", "\n")
        text = "\n".join(map(str.strip, text.split("\n")))
        text = _JOINED_HEADERS.sub(r"\1\n\2\n\n", text)
    return text


def _unescape(escape: re.Match[str]) -> str:
    if escape["code"]:
        return chr(int(escape["code"], 16))
    return {"r": "", "n": "\n", "/": "/"}[escape["letter"]]


def _find_different_labels(text: str) -> tuple[str, str] | None:
    """Return the labels of the first BEGIN line and the END line after it, if they differ."""
    for begin, end in itertools.pairwise(_BOUNDARY.finditer(text)):
        if begin[1] == "BEGIN" and end[1] == "END" and begin[2] != end[2]:
            return begin[2], end[2]
    return None


def _find_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the body of each complete block."""
    for begin, end in itertools.pairwise(_BOUNDARY.finditer(text)):
        if begin[1] == "BEGIN" and end[1] == "END" and begin[2] == end[2]:
            yield begin[2], text[begin.end() : end.start()].strip()

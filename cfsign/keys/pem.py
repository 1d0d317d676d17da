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
from cfsign.keys.protocol import Source
from cfsign.keys.source import PEM_BEGIN, describe_key, is_base64_pem, read_source
from cfsign.utils.secret import Secret

_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

# This matches lines, not blocks: an expression for a whole block takes hours on a hostile text.
_BOUNDARY = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")


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

    Also accepted are DER, the base64 of PEM, and PEM with newlines written as `\n`, CRLF line ends,
    a byte-order mark or in UTF-16.

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
    if not text:
        raise SigningKeyError(f"{describe_key(origin)} is empty", hint="write the key there as PEM")
    blocks = list(_find_blocks(text))
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
    # OpenSSL writes the parameters of an EC key in a block before it. Some tools add certificates.
    ending = f"{wanted.upper()} KEY"
    label, body = next((block for block in blocks if block[0].endswith(ending)), blocks[0])
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
    is_encrypted = any("ENCRYPTED" in header for header in headers)
    return PEM(label, der, origin, headers if is_encrypted else ())


def _decode(data: bytes, origin: str) -> str:
    label = find_pem_label(data)
    if label is not None:
        return encode_pem(label, data)
    try:
        return data.decode(_BYTE_ORDER_MARKS.get(data[:2], "utf-8-sig"))
    except UnicodeDecodeError:
        raise SigningKeyError(
            f"{describe_key(origin)} is neither PEM nor DER",
            hint="convert it to PEM: openssl pkey -in KEY -out KEY.pem",
        ) from None


def _normalize(text: str, origin: str) -> str:
    text = text.strip()
    if is_base64_pem(text):
        try:
            bare = re.sub(r"""\\[rn]|["'\s]""", "", text)
            text = base64.b64decode(bare, validate=True).decode("utf-8")
        except ValueError:
            raise SigningKeyError(
                f"{describe_key(origin)} is base64 of PEM that is truncated or damaged",
                hint="copy it again, whole",
            ) from None
    if PEM_BEGIN in text:
        text = text.replace("\\r", "").replace("\\n", "\n").replace("\r\n", "\n")
    return text


def _find_blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the body of each complete block."""
    for begin, end in itertools.pairwise(_BOUNDARY.finditer(text)):
        if begin[1] == "BEGIN" and end[1] == "END" and begin[2] == end[2]:
            yield begin[2], text[begin.end() : end.start()].strip()

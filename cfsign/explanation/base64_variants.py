"""Decode base64 that is not written as CloudFront wants it, and report the mistake."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from cfsign.checking.credential import decode_base64
from cfsign.explanation.cause import Mistake

# At least as long as an HMAC-SHA1. Base64 of this length that has only such letters is unlikely.
_HEXADECIMAL = re.compile("(?:[0-9a-f]{2}){20,}|(?:[0-9A-F]{2}){20,}")
_ANY_BASE64 = re.compile("[A-Za-z0-9+/~-]{40,}[=_]{0,2}")
_TO_STANDARD = str.maketrans("-_~", "+=/")
_WHITE_SPACE = re.compile(r"[\r\n\t]+")
_COMMON = frozenset(string.ascii_letters + string.digits)

# The two characters in which alphabets differ, and the mistake if they are used.
_ALPHABETS = (
    ("-~", None),
    ("+/", Mistake.STANDARD_BASE64),
    ("-_", Mistake.URL_SAFE_BASE64),  # RFC 4648, section 5
)

# The end of a message about a base64 text, and the hint.
BASE64_MISTAKES = {
    Mistake.STANDARD_BASE64: (
        "is in standard base64, with +, / or =",
        "replace + with -, = with _ and / with ~ after encoding",
    ),
    Mistake.URL_SAFE_BASE64: (
        "is in the URL-safe base64 of RFC 4648, which differs from CloudFront's",
        "use standard base64, then replace + with -, = with _ and / with ~",
    ),
    Mistake.LOST_PADDING: (
        "lacks its base64 padding",
        "keep the _ at its end, which stand for =. Many encoders remove them",
    ),
    Mistake.PERCENT_ENCODED: (
        "was percent-encoded twice",
        "put it into the URL unchanged. CloudFront's base64 needs no encoding",
    ),
    Mistake.HEXADECIMAL: (
        "is in hexadecimal digits",
        "encode the bytes as base64 instead, then replace + with -, = with _ and / with ~",
    ),
    Mistake.BASE64_TWICE: ("was encoded as base64 twice", "encode it once"),
    Mistake.LINE_BREAKS: (
        "contains line breaks",
        "encode it without them: base64 -w 0, openssl base64 -A, or Python's b64encode",
    ),
}


class Decoding(NamedTuple):
    """
    One way to decode a base64 text.

    Attributes:
        content: The decoded bytes.
        mistake: The mistake in the text; None if it is exactly CloudFront's base64.
    """

    content: bytes
    mistake: Mistake | None

    def __repr__(self) -> str:
        # The content may be a signature.
        return f"<Decoding of {len(self.content)} bytes, mistake: {self.mistake}>"


def decode_variants(text: str) -> list[Decoding]:
    """Return the possible decodings of *text*, most likely first. Correct base64 has only one."""
    if _HEXADECIMAL.fullmatch(text):
        return [Decoding(bytes.fromhex(text), Mistake.HEXADECIMAL)]
    strict = decode_base64(text)
    if strict is not None:
        return [*_decode_again(strict), Decoding(strict, None)]
    decodings = dict[bytes, Decoding]()
    for decoding in _decode_leniently(text):
        decodings.setdefault(decoding.content, decoding)
    return list(decodings.values())


def _decode_again(content: bytes) -> Iterator[Decoding]:
    """Yield the decoding of a content that is itself hexadecimal or base64."""
    text = content.decode("latin-1")
    if _HEXADECIMAL.fullmatch(text):
        yield Decoding(bytes.fromhex(text), Mistake.HEXADECIMAL)
    elif _ANY_BASE64.fullmatch(text) and len(text) % 4 == 0:
        standard = text.translate(_TO_STANDARD)
        yield Decoding(base64.b64decode(standard), Mistake.BASE64_TWICE)


def _decode_leniently(text: str) -> Iterator[Decoding]:
    plain, mistake = text, None
    if "%" in plain:
        plain, mistake = unquote(plain), Mistake.PERCENT_ENCODED
    if _WHITE_SPACE.search(plain):
        plain, mistake = _WHITE_SPACE.sub("", plain), mistake or Mistake.LINE_BREAKS
    if " " in plain:
        # A "+" that was decoded like form data.
        plain, mistake = plain.strip(" ").replace(" ", "+"), mistake or Mistake.STANDARD_BASE64
    if mistake is not None:
        strict = decode_base64(plain)
        if strict is not None:
            yield Decoding(strict, mistake)
    body = plain.rstrip("=_")
    padding = plain[len(body) :]
    for characters, alphabet_mistake in _ALPHABETS:
        content = _decode_body(body, characters)
        if content is not None:
            padding_mistake = Mistake.STANDARD_BASE64 if "=" in padding else Mistake.LOST_PADDING
            yield Decoding(content, mistake or alphabet_mistake or padding_mistake)


def _decode_body(body: str, characters: str) -> bytes | None:
    if not body or len(body) % 4 == 1 or not _COMMON.issuperset(set(body) - set(characters)):
        return None
    standard = body.translate(str.maketrans(characters, "+/"))
    return base64.b64decode(standard + "=" * (-len(standard) % 4))

"""Base64 as people write it where CloudFront has its own: read all the same, the mistake named."""

from __future__ import annotations

import base64
import re
import string
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from cfsign.checking.credential import decode_base64
from cfsign.explanation.cause import Mistake

_WHITE_SPACE = re.compile(r"[\r\n\t]+")
_LETTERS = frozenset(string.ascii_letters + string.digits)

# The two letters beside the sixty-two that all alphabets share, then the mistake of using them.
_ALPHABETS = (
    ("-~", None),
    ("+/", Mistake.STANDARD_BASE64),
    ("-_", Mistake.URL_SAFE_BASE64),  # RFC 4648, section 5
)


class Decoding(NamedTuple):
    """
    One reading of a base64 text.

    Attributes:
        content: The bytes that it stands for.
        mistake: What was done wrong in writing it; None where it is CloudFront's to the letter.
    """

    content: bytes
    mistake: Mistake | None


def decodings(text: str) -> list[Decoding]:
    """Return the readings of *text*, the likeliest first; one alone where it is as it should be."""
    strict = decode_base64(text)
    if strict is not None:
        return [Decoding(strict, None)]
    found = dict[bytes, Decoding]()
    for decoding in _lenient(text):
        found.setdefault(decoding.content, decoding)
    return list(found.values())


def _lenient(text: str) -> Iterator[Decoding]:
    plain, mistake = text, None
    if "%" in plain:
        plain, mistake = unquote(plain), Mistake.PERCENT_ENCODED
    if _WHITE_SPACE.search(plain):
        plain, mistake = _WHITE_SPACE.sub("", plain), mistake or Mistake.LINE_BREAKS
    if " " in plain:
        # A "+" that was decoded as if it came from a form.
        plain, mistake = plain.strip(" ").replace(" ", "+"), mistake or Mistake.STANDARD_BASE64
    if mistake is not None:
        strict = decode_base64(plain)
        if strict is not None:
            yield Decoding(strict, mistake)
    body = plain.rstrip("=_")
    padding = plain[len(body) :]
    for letters, alphabet in _ALPHABETS:
        content = _content(body, letters)
        if content is not None:
            foreign = Mistake.STANDARD_BASE64 if "=" in padding else Mistake.LOST_PADDING
            yield Decoding(content, mistake or alphabet or foreign)


def _content(body: str, letters: str) -> bytes | None:
    if not body or len(body) % 4 == 1 or not _LETTERS.issuperset(set(body) - set(letters)):
        return None
    standard = body.translate(str.maketrans(letters, "+/"))
    return base64.b64decode(standard + "=" * (-len(standard) % 4))

"""Finding the one PEM block in what a user holds."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from cfsign.errors import SigningKeyError
from cfsign.keys.protocol import Source
from cfsign.keys.source import armoured, at, read_source

# Lines are found, not blocks: an expression for a whole block takes hours on a hostile text.
_MARK = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----")


@dataclass(frozen=True, slots=True)
class PEM:
    """One PEM block (RFC 7468), its content never shown."""

    label: str
    der: bytes = field(repr=False)
    source: str
    headers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def data(self) -> bytes:
        """The block as bytes, written anew: no parser sees what else stood in the text."""
        return armoured(self.label, self.der, self.headers).encode("ascii")

    @property
    def is_encrypted(self) -> bool:
        """Whether a password guards the block: PKCS#8's label, or OpenSSL's older header."""
        return self.label == "ENCRYPTED PRIVATE KEY" or bool(self.headers)


def read_pem(source: Source, wanted: Literal["private", "public"]) -> PEM:
    """
    Read the PEM block that *source* holds; of several, the first that is a *wanted* key.

    Args:
        source: A path, or the key itself: what `read_source` takes.
        wanted: "private" or "public".

    Raises:
        SigningKeyError: Nothing there, or nothing like PEM.
    """
    text, origin = read_source(source)
    if not text:
        raise SigningKeyError(f"the key{at(origin)} is empty; give a PEM key", source=origin)
    blocks = list(_blocks(text))
    if not blocks:
        raise SigningKeyError(_what_is_wrong(text, origin), source=origin)
    # OpenSSL writes the parameters of an EC key into a block before it, and many tools write
    # certificates beside it.
    ending = f"{wanted.upper()} KEY"
    label, body = next((block for block in blocks if block[0].endswith(ending)), blocks[0])
    if not body:
        raise SigningKeyError(
            f"the PEM{at(origin)} has no content between its BEGIN and END lines; "
            "copy the key again, whole",
            source=origin,
        )
    if not body.isascii():
        raise SigningKeyError(
            f"the {label}{at(origin)} holds characters that base64 has not; copy it again, whole",
            source=origin,
        )
    lines = body.split("\n")
    # RFC 1421's headers: OpenSSL's older way of encrypting, and the comments of some tools.
    headers = tuple(itertools.takewhile(lambda line: ":" in line, lines))
    der = _decoded("".join(lines[len(headers) :]), label, origin)
    is_encrypted = any("ENCRYPTED" in header for header in headers)
    return PEM(label, der, origin, headers if is_encrypted else ())


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the label and the body of each block that has a beginning and an end."""
    for begin, end in itertools.pairwise(_MARK.finditer(text)):
        if begin[1] == "BEGIN" and end[1] == "END" and begin[2] == end[2]:
            yield begin[2], text[begin.end() : end.start()].strip()


def _decoded(body: str, label: str, origin: str) -> bytes:
    try:
        return base64.b64decode("".join(body.split()), validate=True)
    except ValueError:
        raise SigningKeyError(
            f"the {label}{at(origin)} cannot be read; it is damaged: copy it again, whole",
            source=origin,
        ) from None


def _what_is_wrong(text: str, origin: str) -> str:
    if "-----BEGIN" in text:
        return f"the PEM{at(origin)} is truncated: its END line is missing; copy it whole"
    return f"the key{at(origin)} is not PEM: it has no -----BEGIN line; give the whole PEM"

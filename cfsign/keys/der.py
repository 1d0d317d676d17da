"""Reading DER (X.690), an element at a time: strict, without recursion, for hostile bytes too."""

from __future__ import annotations

from typing import NoReturn

INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30
CONTEXT_0 = 0xA0

Element = tuple[int, bytes]
"""A tag and its content."""

# The tags that each document begins with, and the label that it has in PEM (RFC 7468).
_LABELS = {
    (INTEGER, SEQUENCE, OCTET_STRING): "PRIVATE KEY",  # PKCS#8: RFC 5958, section 2
    (INTEGER, INTEGER, INTEGER): "RSA PRIVATE KEY",  # PKCS#1: RFC 8017, appendix A.1.2
    (SEQUENCE, SEQUENCE, BIT_STRING): "CERTIFICATE",  # RFC 5280, section 4.1
    (SEQUENCE, OCTET_STRING): "ENCRYPTED PRIVATE KEY",  # PKCS#8: RFC 5958, section 3
    (SEQUENCE, BIT_STRING): "PUBLIC KEY",  # RFC 5280, section 4.1
    (INTEGER, OCTET_STRING): "EC PRIVATE KEY",  # SEC 1: RFC 5915, section 3
    (INTEGER, INTEGER): "RSA PUBLIC KEY",  # PKCS#1: RFC 8017, appendix A.1.1
}


def der_label(data: bytes) -> str | None:
    """Return the PEM label of the key or certificate in *data*, or None if it is nothing of DER."""
    try:
        tags = tuple(tag for tag, _ in sequence(data))
    except ValueError:
        return None
    return _LABELS.get(tags[:3]) or _LABELS.get(tags[:2])


def sequence(data: bytes) -> list[Element]:
    """Return the elements of the one SEQUENCE that *data* is, else raise ValueError."""
    parts = elements(data)
    if len(parts) != 1:
        _refuse("more or less than one element")
    return children(parts[0])


def children(element: Element) -> list[Element]:
    """Return the elements of an element that is a SEQUENCE, else raise ValueError."""
    return elements(content_of(element, SEQUENCE))


def elements(data: bytes) -> list[Element]:
    """Return the elements that *data* is made of, else raise ValueError."""
    found: list[Element] = []
    start = 0
    while start < len(data):
        length_at, content_at = start + 1, start + 2
        if content_at > len(data) or data[start] & 0x1F == 0x1F:
            _refuse("a tag that no key has")
        length = data[length_at]
        if length >= 0x80:
            content_at += length & 0x7F
            length = int.from_bytes(data[start + 2 : content_at], "big")
            # Another parser may read an indefinite or padded length in its own way.
            if length < 0x80 or length.bit_length() <= 8 * (content_at - start - 3):
                _refuse("a length that is not the shortest")
        end = content_at + length
        if end > len(data):
            _refuse("an element is cut")
        found.append((data[start], data[content_at:end]))
        start = end
    return found


def content_of(element: Element, tag: int) -> bytes:
    """Return the content of an element that has *tag*, else raise ValueError."""
    if element[0] != tag:
        _refuse("another tag")
    return element[1]


def integer(element: Element) -> int:
    """Return an INTEGER that is not negative, else raise ValueError."""
    content = content_of(element, INTEGER)
    if not content or content[0] >= 0x80 or (content[0] == 0 and b"\x00" <= content[1:2] < b"\x80"):
        _refuse("a number that is negative or not the shortest")
    return int.from_bytes(content, "big")


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)

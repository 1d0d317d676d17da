"""
Read DER (X.690), one element at a time.

The reader is strict and does not recurse, so it is safe on hostile input. `pyasn1` is not used: its
limits on nesting and on object identifiers depend on its release, and it accepts lengths and
numbers that are not the shortest.
"""

from __future__ import annotations

INTEGER, BIT_STRING, OCTET_STRING, OBJECT_IDENTIFIER, SEQUENCE = 0x02, 0x03, 0x04, 0x06, 0x30
CONTEXT_0 = 0xA0

Element = tuple[int, bytes]
"""A tag and its content."""

# The tags that each structure begins with, and its label in PEM (RFC 7468).
_LABELS = {
    (INTEGER, SEQUENCE, OCTET_STRING): "PRIVATE KEY",  # PKCS#8: RFC 5958, section 2
    (INTEGER, INTEGER, INTEGER): "RSA PRIVATE KEY",  # PKCS#1: RFC 8017, appendix A.1.2
    (SEQUENCE, SEQUENCE, BIT_STRING): "CERTIFICATE",  # RFC 5280, section 4.1
    (SEQUENCE, OCTET_STRING): "ENCRYPTED PRIVATE KEY",  # PKCS#8: RFC 5958, section 3
    (SEQUENCE, BIT_STRING): "PUBLIC KEY",  # RFC 5280, section 4.1
    (INTEGER, OCTET_STRING): "EC PRIVATE KEY",  # SEC 1: RFC 5915, section 3
    (INTEGER, INTEGER): "RSA PUBLIC KEY",  # PKCS#1: RFC 8017, appendix A.1.1
}


def find_pem_label(data: bytes) -> str | None:
    """Return the PEM label of the key or certificate in *data*, or None if it is not DER."""
    try:
        tags = tuple(tag for tag, _ in parse_sequence(data))
    except ValueError:
        return None
    return _LABELS.get(tags[:3]) or _LABELS.get(tags[:2])


def parse_sequence(data: bytes) -> list[Element]:
    """Return the elements of the SEQUENCE in *data*; raise ValueError if there is anything else."""
    (element,) = parse_elements(data)
    return parse_children(element)


def parse_children(element: Element) -> list[Element]:
    """Return the elements of a SEQUENCE; raise ValueError for another element."""
    return parse_elements(get_content(element, SEQUENCE))


def parse_elements(data: bytes) -> list[Element]:
    """Split *data* into elements; raise ValueError if it is not DER."""
    elements: list[Element] = []
    start = 0
    while start < len(data):
        length_at, content_at = start + 1, start + 2
        if content_at > len(data) or data[start] & 0x1F == 0x1F:
            raise ValueError("a tag that no key has")
        length = data[length_at]
        if length >= 0x80:
            content_at += length & 0x7F
            length = int.from_bytes(data[start + 2 : content_at], "big")
            # Other parsers may read an indefinite or padded length differently.
            if length < 0x80 or length.bit_length() <= 8 * (content_at - start - 3):
                raise ValueError("a length that is not the shortest")
        end = content_at + length
        if end > len(data):
            raise ValueError("a truncated element")
        elements.append((data[start], data[content_at:end]))
        start = end
    return elements


def get_content(element: Element, tag: int) -> bytes:
    """Return the content of an element that has *tag*; raise ValueError for another tag."""
    if element[0] != tag:
        raise ValueError("another tag")
    return element[1]


def parse_integer(element: Element) -> int:
    """Return a non-negative INTEGER; raise ValueError for another element or encoding."""
    content = get_content(element, INTEGER)
    if not content or content[0] >= 0x80 or (content[0] == 0 and b"\x00" <= content[1:2] < b"\x80"):
        raise ValueError("a number that is negative or not the shortest")
    return int.from_bytes(content, "big")

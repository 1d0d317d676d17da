"""Which kind of key a DER document holds, told by the outermost elements alone."""

from __future__ import annotations

_INTEGER, _BIT_STRING, _OCTET_STRING, _SEQUENCE = 0x02, 0x03, 0x04, 0x30

# The tags that each document begins with, and the label that it has in PEM (RFC 7468).
_LABELS = {
    (_INTEGER, _SEQUENCE, _OCTET_STRING): "PRIVATE KEY",  # PKCS#8: RFC 5958, section 2
    (_INTEGER, _INTEGER, _INTEGER): "RSA PRIVATE KEY",  # PKCS#1: RFC 8017, appendix A.1.2
    (_SEQUENCE, _SEQUENCE, _BIT_STRING): "CERTIFICATE",  # RFC 5280, section 4.1
    (_SEQUENCE, _OCTET_STRING): "ENCRYPTED PRIVATE KEY",  # PKCS#8: RFC 5958, section 3
    (_SEQUENCE, _BIT_STRING): "PUBLIC KEY",  # RFC 5280, section 4.1
    (_INTEGER, _OCTET_STRING): "EC PRIVATE KEY",  # SEC 1: RFC 5915, section 3
    (_INTEGER, _INTEGER): "RSA PUBLIC KEY",  # PKCS#1: RFC 8017, appendix A.1.1
}


def der_label(data: bytes) -> str | None:
    """Return the PEM label of the key or certificate in *data*, or None if it is nothing of DER."""
    outer = _element(data, 0)
    if outer is None or outer[0] != _SEQUENCE or outer[2] != len(data):
        return None
    tags = _tags(data, outer[1])
    return _LABELS.get(tags[:3]) or _LABELS.get(tags[:2])


def _tags(data: bytes, start: int) -> tuple[int, ...]:
    """Return the tags of the first three elements from *start* on; fewer if there are no more."""
    tags: list[int] = []
    while len(tags) < 3:
        element = _element(data, start)
        if element is None:
            break
        tags.append(element[0])
        start = element[2]
    return tuple(tags)


def _element(data: bytes, start: int) -> tuple[int, int, int] | None:
    """Return an element's tag, where its content begins and where it ends (X.690, section 8.1)."""
    if start + 2 > len(data):
        return None
    tag, length, content = data[start], data[start + 1], start + 2
    if length >= 0x80:
        content += length & 0x7F
        length = int.from_bytes(data[start + 2 : content], "big")
    end = content + length
    return (tag, content, end) if end <= len(data) else None

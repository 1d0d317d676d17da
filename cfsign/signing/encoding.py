"""
CloudFront's base64: the standard alphabet with `-`, `_` and `~` for `+`, `=` and `/`.

Not RFC 4648's URL-safe alphabet, where `_` stands for `/`.
AWS, "Code examples for creating a signature for a signed URL".
"""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64

from cfsign.errors import PolicyError

_FROM_CLOUDFRONT = bytes.maketrans(b"-_~", b"+=/")


def encode(data: bytes) -> str:
    """Encode *data* in CloudFront's base64, with its padding and without line breaks."""
    # These three have a meaning of their own in a query string. One by one, since they are few in
    # a signature: a table would look up each character.
    text = b2a_base64(data, newline=False)
    return text.replace(b"+", b"-").replace(b"=", b"_").replace(b"/", b"~").decode()


def decode(text: str) -> bytes:
    """
    Decode CloudFront's base64.

    Raises:
        PolicyError: A character outside the alphabet, or the padding is missing.
    """
    try:
        if any(character in text for character in "+=/"):
            raise ValueError
        return a2b_base64(text.encode("ascii").translate(_FROM_CLOUDFRONT), strict_mode=True)
    except ValueError:
        raise PolicyError(
            "this is not CloudFront's base64; its alphabet is A-Z a-z 0-9 - ~, padded with _"
        ) from None

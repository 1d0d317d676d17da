"""A signature with another length than its key makes: cut off, an HMAC, or by another key."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.explanation.verification import get_rsa_bytes, is_der_ecdsa, is_raw_ecdsa

RSA_BYTES = (128, 256, 384, 512)
"""The lengths of RSA signatures, for keys of 1024 to 4096 bits."""

_BASE64 = re.compile("[A-Za-z0-9+/=~_-]*")
_HMAC_NAMES = {
    16: "HMAC-MD5",
    20: "HMAC-SHA1",
    28: "HMAC-SHA224",
    32: "HMAC-SHA256",
    48: "HMAC-SHA384",
}
_MAX_DER_BYTES, _MAX_OTHER_DER = 72, 142  # of P-256 and of P-521


def check_length(context: Context, text: str) -> Iterator[Cause]:
    """Yield a cause if the signature is too short, or has the length of another kind."""
    contents = [decoding.content for decoding in context.signatures]
    length = max(map(len, contents), default=len(text) * 3 // 4)
    algorithm = context.key.algorithm if context.key else ""
    kind = _recognize_length(contents[0], algorithm) if contents else ""
    if kind:
        wanted = name_algorithm(algorithm) if algorithm else "an RSA-2048 or P-256"
        yield Cause(
            Mistake.SIGNATURE_LENGTH,
            context.reason,
            f"This is not {wanted} signature: it has {len(contents[0])} bytes, like {kind}",
            "sign with the private key of this key pair id, by RSA PKCS#1 v1.5 or by ECDSA",
        )
        return
    expected = _get_expected_length(algorithm, contents)
    may_be_raw = bool(contents) and is_raw_ecdsa(contents[0])
    if length >= expected or (may_be_raw and not algorithm.startswith("RSA-")):
        return
    if any(map(is_der_ecdsa, contents)) or not _BASE64.fullmatch(text):
        return
    yield Cause(
        Mistake.SIGNATURE_CUT,
        context.reason,
        f"The signature is cut off: it has {length} bytes of {expected}",
        "find where the URL or the cookie was shortened, such as a database column, a log or a "
        "message. A signed URL has about 500 characters",
        f"the signature ends with {to_printable(text[-4:], 4)}",
        certain=context.key is not None and not may_be_raw,
    )


def _recognize_length(signature: bytes, algorithm: str) -> str:
    """Return the kind of signature that has this length; "" for the key's own, or if not known."""
    length = len(signature)
    if length in _HMAC_NAMES:
        return f"an {_HMAC_NAMES[length]}, or a signature by a key of another size"
    if length in RSA_BYTES:
        is_right = length == (get_rsa_bytes(algorithm) if algorithm.startswith("RSA-") else 256)
        # A P-256 key has its own cause.
        return "" if is_right or algorithm == "P-256" else f"one by an RSA-{length * 8} key"
    is_der = length > _MAX_DER_BYTES and signature[:1] == b"\x30" and length < _MAX_OTHER_DER
    header = 3 if is_der and signature[1] == 0x81 else 2  # a length of 128 or more has two bytes
    return (
        "ECDSA by a key of another curve"
        if is_der and signature[header - 1] == length - header
        else ""
    )


def name_algorithm(algorithm: str) -> str:
    """Return the kind of a key with its article, such as "an RSA-2048"."""
    return f"{'an' if algorithm.startswith('RSA') else 'a'} {algorithm}"


def _get_expected_length(algorithm: str, contents: list[bytes]) -> int:
    if algorithm.startswith("RSA-"):
        return get_rsa_bytes(algorithm)
    for content in contents:
        if content[:1] == b"0" and len(content) > 1 and content[1] <= 70:
            return content[1] + 2  # DER starts with its length
    return next((size for size in RSA_BYTES if contents and size >= len(contents[0])), 256)

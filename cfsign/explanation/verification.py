"""
Try the signature against candidates: each key, hash algorithm and policy that is likely.

A signature that verifies proves what was signed, so the mistake found in this way is certain.

An RSA signature contains the hash that was signed (RFC 8017, section 8.2.2). With it a candidate
costs only one hash, and the key that signed is known even if no candidate is right.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from cfsign.explanation.base64_variants import Decoding
from cfsign.explanation.candidates.candidate import Candidate
from cfsign.explanation.candidates.documents import (
    Document,
    list_combinations,
    list_expected,
    list_others,
)
from cfsign.explanation.context import Context
from cfsign.keys import HASH_ALGORITHMS, HashAlgorithm, PublicKey, can_recover

_MAX_SCHEMES = 60
_MAX_OTHER_SCHEME_KEYS = 3
# `PublicKey.find_other_scheme` verifies at most so many signatures in one call.
_OTHER_SCHEMES = 11

# So that no request costs too much. A unit is about 10 µs on a machine of 2024, so one
# explanation takes at most about 15 ms.
_MAX_UNITS = 1_400
_BYTES_PER_UNIT = 1_024
_UNITS_OF_P256 = 6

_P256_BYTES = 32
_DER_SEQUENCE, _DER_INTEGER = 0x30, 0x02
_MAX_DER_BYTES = 72


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """
    A signature that verifies, and how it was made.

    Attributes:
        key_pair_id: The id of the key that signed.
        hash_algorithm: One of CloudFront's two hash algorithms.
        decoding: The right way to decode its base64.
        is_raw: True for an ECDSA signature that is r and s in sequence instead of DER.
        other_scheme: The name of a signature scheme that CloudFront does not support, else "".
        candidate: What is wrong with the signed policy; None if it is right.
    """

    key_pair_id: str
    hash_algorithm: HashAlgorithm
    decoding: Decoding
    is_raw: bool = False
    other_scheme: str = ""
    candidate: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """
    The result of all attempts.

    Attributes:
        signature: How the signature was made; None if no attempt verified.
        unmatched: The same for a signature of a trusted key over a document that is not known.
            RSA shows it; for ECDSA this is always None.
        is_incomplete: True if the work limit was reached before everything was tried.
    """

    signature: VerifiedSignature | None = None
    unmatched: VerifiedSignature | None = None
    is_incomplete: bool = False

    @property
    def maker(self) -> VerifiedSignature | None:
        """The proof of who signed, whether or not the document is known."""
        return self.signature or self.unmatched


def verify_candidates(context: Context) -> Verification:
    """Return how the signature was made, if the attempts within the work limit show it."""
    limit = _WorkLimit()
    expected = list_expected(context)
    schemes = list(itertools.islice(_list_schemes(context, limit), _MAX_SCHEMES))
    signature = (
        _find_first(((one, document) for one in schemes for document in expected[:4]), limit)
        or _find_other_scheme(context, expected, limit)
        or _find_first(_attempt_others(schemes, context), limit)
    )
    recovered = (scheme.verified for scheme in schemes if scheme.digest is not None)
    unmatched = next(recovered, None) if signature is None else None
    return Verification(signature, unmatched, limit.is_reached)


class _WorkLimit:
    """
    The work that is left for one explanation.

    Attributes:
        is_reached: True if something was skipped because of the limit.
    """

    def __init__(self) -> None:
        self._left = _MAX_UNITS
        self.is_reached = False

    def allows(self, key: PublicKey, document: bytes, signatures: int = 1) -> bool:
        """Return True, and count the work, if verifying *signatures* is within the limit."""
        units = 1 + len(document) // _BYTES_PER_UNIT + signatures * _count_units(key.algorithm)
        self.is_reached = self.is_reached or units > self._left
        if self.is_reached:
            return False
        self._left -= units
        return True


def _count_units(algorithm: str) -> int:
    """Return the work of verifying one signature."""
    if not algorithm.startswith("RSA-"):
        return _UNITS_OF_P256
    # One multiplication takes time proportional to the square of the size.
    return max(1, (int(algorithm.removeprefix("RSA-")) // 1_024) ** 2 // 2)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """
    A key, a hash algorithm, and the signature in the form that the key verifies.

    Attributes:
        digest: The hash that was signed; None if the signature does not show it (ECDSA).
    """

    verified: VerifiedSignature
    key: PublicKey
    signature: bytes = field(repr=False)
    digest: bytes | None = field(default=None, repr=False)

    def may_be_for(self, document: bytes) -> bool:
        """Return False if the signature is for another document."""
        if self.digest is None:
            return True
        name = self.verified.hash_algorithm.lower()
        return hashlib.new(name, document, usedforsecurity=False).digest() == self.digest


_Attempt = tuple[_Scheme, Document]


def _find_first(attempts: Iterator[_Attempt], limit: _WorkLimit) -> VerifiedSignature | None:
    """Return the first attempt that verifies, or None if none does within the limit."""
    for scheme, document in attempts:
        signatures = 1 if scheme.digest is None else 0
        if not limit.allows(scheme.key, document.content, signatures):
            return None
        hash_algorithm = scheme.verified.hash_algorithm
        if scheme.may_be_for(document.content) and scheme.key.verify(
            document.content, scheme.signature, hash_algorithm
        ):
            return replace(scheme.verified, candidate=document.candidate)
    return None


def _attempt_others(schemes: list[_Scheme], context: Context) -> Iterator[_Attempt]:
    """Yield each scheme with each document from `list_others`, the most likely scheme first."""
    others = []
    for scheme in schemes[:1]:
        # One by one, because building them takes time too.
        for document in list_others(context):
            others.append(document)
            yield scheme, document
    yield from ((scheme, document) for scheme in schemes[1:] for document in others)
    yield from ((schemes[0], document) for document in list_combinations(context) if schemes)


def _list_schemes(context: Context, limit: _WorkLimit) -> Iterator[_Scheme]:
    """Yield the ways in which the signature may have been made, the one it claims first."""
    hash_algorithms = sorted(HASH_ALGORITHMS, key=lambda one: one != context.hash_algorithm)
    for key_pair_id, key in _list_keys(context):
        for decoding in context.signatures:
            content = decoding.content
            if can_recover(key):
                if can_verify(key, content) and limit.allows(key, content):
                    recovered = key.recover_digest(content)
                    if recovered is not None:
                        verified = VerifiedSignature(key_pair_id, recovered[0], decoding)
                        yield _Scheme(verified, key, content, recovered[1])
                continue
            for hash_algorithm in hash_algorithms:
                verified = VerifiedSignature(key_pair_id, hash_algorithm, decoding)
                if can_verify(key, content):
                    yield _Scheme(verified, key, content)
                elif is_raw_ecdsa(content) and key.algorithm == "P-256":
                    yield _Scheme(replace(verified, is_raw=True), key, to_der(content))


def _list_keys(context: Context) -> Iterator[tuple[str, PublicKey]]:
    """Yield the keys, the one that the request names first."""
    named = context.credential.key_pair_id
    yield from ((name, key) for name, key in context.keys.items() if name == named)
    yield from ((name, key) for name, key in context.keys.items() if name != named)


def _find_other_scheme(
    context: Context, expected: list[Document], limit: _WorkLimit
) -> VerifiedSignature | None:
    for key_pair_id, key in itertools.islice(_list_keys(context), _MAX_OTHER_SCHEME_KEYS):
        for decoding in context.signatures[:2]:
            signature = decoding.content
            if is_raw_ecdsa(signature) and key.algorithm == "P-256":
                signature = to_der(signature)
            if not can_verify(key, signature):
                continue
            for document in expected[:2]:
                if not limit.allows(key, document.content, _OTHER_SCHEMES):
                    return None
                scheme = key.find_other_scheme(document.content, signature)
                if scheme is not None:
                    verified = VerifiedSignature(key_pair_id, context.hash_algorithm, decoding)
                    return replace(verified, other_scheme=scheme)
    return None


def can_verify(key: PublicKey, signature: bytes) -> bool:
    """Return True if a signature of this length and form can be from this key."""
    if key.algorithm.startswith("RSA-"):
        return len(signature) == get_rsa_bytes(key.algorithm)
    return is_der_ecdsa(signature)


def get_rsa_bytes(algorithm: str) -> int:
    """Return the length of an RSA signature, such as 256 for "RSA-2048"."""
    return (int(algorithm.removeprefix("RSA-")) + 7) // 8


def is_der_ecdsa(signature: bytes) -> bool:
    """Return True if the length and the first bytes are those of a P-256 signature in DER."""
    return (
        8 <= len(signature) <= _MAX_DER_BYTES
        and signature[0] == _DER_SEQUENCE
        and signature[1] == len(signature) - 2
    )


def is_raw_ecdsa(signature: bytes) -> bool:
    """Return True if it can be r and s of a P-256 signature in sequence (IEEE P1363)."""
    return len(signature) == 2 * _P256_BYTES


def to_der(signature: bytes) -> bytes:
    """Convert r and s in sequence to DER, a SEQUENCE of two INTEGERs."""
    halves = (signature[:_P256_BYTES], signature[_P256_BYTES:])
    integers = b"".join(_to_der_integer(half) for half in halves)
    return bytes((_DER_SEQUENCE, len(integers))) + integers


def _to_der_integer(content: bytes) -> bytes:
    shortest = content.lstrip(b"\0") or b"\0"
    # If the first bit were set, the integer would be negative (X.690, section 8.3).
    signed = b"\0" + shortest if shortest[0] >= 0x80 else shortest
    return bytes((_DER_INTEGER, len(signed))) + signed

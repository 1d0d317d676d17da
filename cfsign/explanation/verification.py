"""
Trial by signature: which key, by which scheme, over which bytes.

A signature that verifies proves what was signed, so that what this finds is certain.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from cfsign.explanation.candidates import Candidate
from cfsign.explanation.context import Case
from cfsign.explanation.document import Document, expected_documents, other_documents
from cfsign.explanation.encodings import Decoding
from cfsign.explanation.work_limit import Budget, units_of_verifying
from cfsign.keys import HASH_ALGORITHMS, HashAlgorithm, PublicKey

_MAX_SCHEMES = 60
_MAX_OTHER_SCHEME_KEYS = 3
# What `PublicKey.find_other_scheme` verifies in one call, at most.
_OTHER_SCHEMES = 11

_P256_BYTES = 32
_DER_SEQUENCE, _DER_INTEGER = 0x30, 0x02
_MAX_DER_BYTES = 72


@dataclass(frozen=True, slots=True)
class Signing:
    """
    How a signature came about, known because it verifies.

    Attributes:
        key_pair_id: The id of the key that signed.
        hash_algorithm: The hash under the signature, one of CloudFront's two.
        decoding: The reading of the signature's base64.
        is_raw: Whether it is r and s of ECDSA side by side, not in DER.
        other_scheme: The scheme, where it is none of CloudFront's; else "".
        reading: What is wrong with what was signed; None where that is right.
    """

    key_pair_id: str
    hash_algorithm: HashAlgorithm
    decoding: Decoding
    is_raw: bool = False
    other_scheme: str = ""
    reading: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """
    What all trials have come to.

    Attributes:
        signing: How the signature came about; None where nothing that was tried verifies.
        is_cut_short: Whether not everything was tried, since that would have been too much.
    """

    signing: Signing | None
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True)
class _Trial:
    signing: Signing
    key: PublicKey
    signature: bytes
    document: bytes

    def succeeds(self) -> bool:
        return self.key.verify(self.document, self.signature, self.signing.hash_algorithm)

    @property
    def units(self) -> int:
        return units_of_verifying(self.key.algorithm, len(self.document))


def find_signing(case: Case) -> Verification:
    """Find how the signature came about, as far as a bearable amount of work goes."""
    budget = Budget()
    expected = expected_documents(case)
    schemes = list(itertools.islice(_schemes(case), _MAX_SCHEMES))
    signing = (
        _first(_over_expected(schemes, expected), budget)
        or _by_other_scheme(case, expected, budget)
        or _first(_over_others(schemes, case), budget)
    )
    return Verification(signing, budget.is_spent)


@dataclass(frozen=True, slots=True)
class _Scheme:
    """A key, a hash, and the signature as this key would take it."""

    signing: Signing
    key: PublicKey
    signature: bytes

    def over(self, document: Document) -> _Trial:
        signing = replace(self.signing, reading=document.reading)
        return _Trial(signing, self.key, self.signature, document.content)


def _first(trials: Iterator[_Trial], budget: Budget) -> Signing | None:
    """Return the first that succeeds, if there is one before the work is too much."""
    affordable = itertools.takewhile(lambda trial: budget.allows(trial.units), trials)
    return next((trial.signing for trial in affordable if trial.succeeds()), None)


def _over_expected(schemes: list[_Scheme], expected: list[Document]) -> Iterator[_Trial]:
    """Give each scheme over what should have been signed."""
    return (scheme.over(document) for scheme in schemes for document in expected[:4])


def _over_others(schemes: list[_Scheme], case: Case) -> Iterator[_Trial]:
    """Give each scheme over what may have been signed in its place, the likeliest scheme first."""
    others = []
    for scheme in schemes[:1]:
        # Made one by one: to make one is work, too.
        for document in other_documents(case):
            others.append(document)
            yield scheme.over(document)
    yield from (scheme.over(document) for scheme in schemes[1:] for document in others)


def _schemes(case: Case) -> Iterator[_Scheme]:
    """Give the ways in which the signature may have been made: as it says it was, first."""
    for key_pair_id, key in _keys(case):
        for decoding in case.signatures:
            for hash_algorithm in sorted(
                HASH_ALGORITHMS, key=lambda one: one != case.hash_algorithm
            ):
                signing = Signing(key_pair_id, hash_algorithm, decoding)
                if fits(key, decoding.content):
                    yield _Scheme(signing, key, decoding.content)
                elif is_raw_ecdsa(decoding.content) and key.algorithm == "P-256":
                    raw = replace(signing, is_raw=True)
                    yield _Scheme(raw, key, to_der(decoding.content))


def _keys(case: Case) -> Iterator[tuple[str, PublicKey]]:
    """Give the keys, the one that is named first."""
    named = case.credential.key_pair_id
    yield from ((name, key) for name, key in case.keys.items() if name == named)
    yield from ((name, key) for name, key in case.keys.items() if name != named)


def _by_other_scheme(case: Case, expected: list[Document], budget: Budget) -> Signing | None:
    for key_pair_id, key in itertools.islice(_keys(case), _MAX_OTHER_SCHEME_KEYS):
        for decoding in case.signatures[:2]:
            signature = decoding.content
            if is_raw_ecdsa(signature) and key.algorithm == "P-256":
                signature = to_der(signature)
            if not fits(key, signature):
                continue
            for document in expected[:2]:
                length = len(document.content)
                if not budget.allows(units_of_verifying(key.algorithm, length, _OTHER_SCHEMES)):
                    return None
                scheme = key.find_other_scheme(document.content, signature)
                if scheme is not None:
                    signing = Signing(key_pair_id, case.hash_algorithm, decoding)
                    return replace(signing, other_scheme=scheme)
    return None


def fits(key: PublicKey, signature: bytes) -> bool:
    """Tell whether a signature of this length and form can be the key's at all."""
    if key.algorithm.startswith("RSA-"):
        return len(signature) == (int(key.algorithm.removeprefix("RSA-")) + 7) // 8
    return is_ecdsa(signature)


def is_ecdsa(signature: bytes) -> bool:
    """Tell whether this is the DER of a P-256 signature, by its length and its first bytes."""
    return (
        8 <= len(signature) <= _MAX_DER_BYTES
        and signature[0] == _DER_SEQUENCE
        and signature[1] == len(signature) - 2
    )


def is_raw_ecdsa(signature: bytes) -> bool:
    """Tell whether this can be r and s of a P-256 signature, side by side (IEEE P1363)."""
    return len(signature) == 2 * _P256_BYTES


def to_der(signature: bytes) -> bytes:
    """Write r and s, side by side, as the SEQUENCE of two INTEGERs that DER makes of them."""
    halves = (signature[:_P256_BYTES], signature[_P256_BYTES:])
    integers = b"".join(_der_integer(half) for half in halves)
    return bytes((_DER_SEQUENCE, len(integers))) + integers


def _der_integer(content: bytes) -> bytes:
    shortest = content.lstrip(b"\0") or b"\0"
    # A first bit that is set would make it negative (X.690, section 8.3).
    signed = b"\0" + shortest if shortest[0] >= 0x80 else shortest
    return bytes((_DER_INTEGER, len(signed))) + signed

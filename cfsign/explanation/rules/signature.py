"""Mistakes in the signature: its base64, how it was made, and for what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.credential import decode_base64
from cfsign.checking.verdict import Reason
from cfsign.explanation.base64_variants import BASE64_MISTAKES, Decoding
from cfsign.explanation.candidates import Candidate
from cfsign.explanation.candidates.percent_encoding import name_difference
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import compare, find_difference, to_printable
from cfsign.explanation.rules.signature_length import RSA_BYTES, check_length, name_algorithm
from cfsign.explanation.verification import (
    Verification,
    VerifiedSignature,
    can_verify,
    is_der_ecdsa,
    is_raw_ecdsa,
)
from cfsign.keys import can_recover

_MISMATCH = Reason.SIGNATURE_MISMATCH
_BASE64 = re.compile("[A-Za-z0-9+/=~_-]*")
_INCOMPLETE = "the URL or policy is so long that not all likely forms were tried"


def check_hash_name(context: Context) -> Iterator[Cause]:
    """Yield a cause if CloudFront does not support the Hash-Algorithm."""
    name = context.credential.hash_algorithm
    if name not in (None, "SHA1", "SHA256"):
        yield Cause(
            Mistake.HASH_ALGORITHM,
            Reason.HASH_ALGORITHM,
            f"Hash-Algorithm is {to_printable(name or '', 20) or 'empty'}, which CloudFront does "
            "not know",
            "write SHA1, the default, or SHA256: in upper case and without a hyphen",
        )


def check_encoding(context: Context, verification: Verification) -> Iterator[Cause]:
    """Yield a cause if the signature is missing, cut off or not in CloudFront's base64."""
    text = context.credential.signature
    reason = Reason.MALFORMED_SIGNATURE
    if not text:
        if context.credential.key_pair_id:
            yield Cause(
                Mistake.SIGNATURE_MISSING,
                reason,
                "The signature is missing or empty",
                "send Signature, or the cookie CloudFront-Signature, as the signer returned it",
            )
        return
    if verification.maker is None:
        yield from check_length(context, text)
        decoding = next(iter(context.signatures), None)
    else:
        decoding = verification.maker.decoding
    if decoding is None:
        yield Cause(
            Mistake.NOT_BASE64,
            reason,
            "The signature is not base64",
            "encode it as base64, then replace + with -, = with _ and / with ~",
            f"it has {len(text)} characters and starts with {to_printable(text, 4)}",
        )
    elif decoding.mistake is not None:
        # Hexadecimal digits are valid base64, so the edge does not notice them.
        if decode_base64(text) is not None:
            reason = context.reason
        message, hint = BASE64_MISTAKES[decoding.mistake]
        wrong = sorted({character for character in text if character in "+/=% \r\n\t"})
        evidence = f"it has {' '.join(map(repr, wrong)) or f'{len(text)} characters'}"
        yield Cause(decoding.mistake, reason, f"The signature {message}", hint, evidence)


def check_verified(context: Context, verification: Verification) -> Iterator[Cause]:
    """Yield the causes that a signature proves: wrong scheme, key or document."""
    verified = verification.maker
    if verified is None:
        return
    yield from _check_scheme(context, verified)
    yield from _check_key(context, verified)
    if verification.unmatched is not None:
        yield _build_other_document(context, verification)
    if verified.candidate is not None:
        yield _build_candidate_cause(verified.candidate, str(context.url))


def _build_candidate_cause(candidate: Candidate, requested: str) -> Cause:
    signed, message = candidate.text, candidate.message
    if candidate.mistake is Mistake.RE_ENCODED:
        at = find_difference(signed, requested)
        message += name_difference(signed, at, requested, at)
    evidence = compare(signed, requested) if signed else ""
    return Cause(candidate.mistake, _MISMATCH, message, candidate.hint, evidence)


def _check_scheme(context: Context, verified: VerifiedSignature) -> Iterator[Cause]:
    if verified.other_scheme:
        yield Cause(
            Mistake.OTHER_SCHEME,
            _MISMATCH,
            f"The signature scheme is {verified.other_scheme}, which CloudFront does not support",
            "sign with RSA PKCS#1 v1.5 or with ECDSA in DER form. The hash is SHA-1, or SHA-256 "
            "with Hash-Algorithm=SHA256",
            f"it verifies with {verified.other_scheme} and the key {verified.key_pair_id}",
        )
        return
    if verified.is_raw:
        yield Cause(
            Mistake.RAW_ECDSA,
            _MISMATCH,
            "The ECDSA signature is in raw form (r and s, 64 bytes), not in DER form",
            "convert it to DER. WebCrypto, JOSE libraries and ieee-p1363 make the raw form",
            f"converted to DER it verifies with the key {verified.key_pair_id}",
        )
    claimed, actual = context.credential.hash_algorithm, verified.hash_algorithm
    evidence = f"the signature verifies with {actual}"
    if claimed is None and actual == "SHA256":
        yield Cause(
            Mistake.HASH_MARKER_MISSING,
            _MISMATCH,
            "The policy was signed with SHA-256, but Hash-Algorithm is missing",
            "add Hash-Algorithm=SHA256, or the cookie CloudFront-Hash-Algorithm, "
            "or sign with SHA-1, CloudFront's default",
            evidence,
        )
    elif claimed is not None and actual != context.hash_algorithm:
        yield Cause(
            Mistake.HASH_MARKER_WRONG,
            _MISMATCH,
            f"The policy was signed with {actual}, but Hash-Algorithm names another hash",
            "remove Hash-Algorithm" if actual == "SHA1" else "send Hash-Algorithm=SHA256",
            evidence,
        )


def _check_key(context: Context, verified: VerifiedSignature) -> Iterator[Cause]:
    named, actual = context.credential.key_pair_id, verified.key_pair_id
    if named == actual:
        return
    yield Cause(
        Mistake.WRONG_KEY,
        _MISMATCH if named in context.keys else Reason.UNKNOWN_KEY,
        f"The policy was signed with the key {actual}, but Key-Pair-Id "
        f"{'names another key' if named else 'is missing'}",
        f"send Key-Pair-Id={actual}, or sign with the key that Key-Pair-Id names",
        f"the signature verifies with {actual}",
    )


def check_unverified(context: Context, verification: Verification) -> Iterator[Cause]:
    """Yield causes from the length and form of a signature that no attempt verified."""
    if verification.maker is not None or not context.signatures:
        return
    decoding = context.signatures[0]
    if context.key is not None:
        yield from _check_key_kind(context.key.algorithm, decoding)
        if context.reason is _MISMATCH:
            yield _build_no_key_verifies(context, decoding, verification.is_incomplete)
    elif is_raw_ecdsa(decoding.content):
        yield Cause(
            Mistake.RAW_ECDSA,
            _MISMATCH,
            "The signature has 64 bytes, like ECDSA in raw form (r and s)",
            "convert it to DER",
            certain=False,
        )


def _check_key_kind(algorithm: str, decoding: Decoding) -> Iterator[Cause]:
    is_rsa_key = algorithm.startswith("RSA-")
    may_be_raw = is_raw_ecdsa(decoding.content)
    looks_ecdsa = is_der_ecdsa(decoding.content) or may_be_raw
    looks_rsa = len(decoding.content) in RSA_BYTES
    if (is_rsa_key and looks_ecdsa) or (not is_rsa_key and looks_rsa):
        kind = "an ECDSA key" if looks_ecdsa else "an RSA key"
        yield Cause(
            Mistake.KEY_KIND,
            _MISMATCH,
            f"The signature was made with {kind}, but Key-Pair-Id names "
            f"{name_algorithm(algorithm)} key",
            "sign with the private key that belongs to this id, or send the id of the other key",
            f"the signature has {len(decoding.content)} bytes",
            certain=not may_be_raw,  # an RSA signature that was cut off can be as long
        )


def _build_other_document(context: Context, verification: Verification) -> Cause:
    key_pair_id = verification.unmatched.key_pair_id if verification.unmatched else ""
    if context.is_canned:
        message = "signed another URL, or another expiry, than the requested one"
    else:
        message = "signed another policy than the one that was sent"
    evidence = ["an RSA signature shows its key and its hash"]
    if verification.is_incomplete:
        evidence.append(_INCOMPLETE)
    return Cause(
        Mistake.OTHER_DOCUMENT,
        _MISMATCH,
        f"The key {key_pair_id} {message}",
        _compare_hint(context),
        "\n".join(evidence),
    )


def _compare_hint(context: Context) -> str:
    if not context.is_canned:
        return "compare the signed policy with the sent one"
    return (
        "compare the signed URL with the requested one: host, path and every parameter. "
        "A canned policy does not contain the signed URL, so if another host may have been "
        "signed, pass it: hosts= in Python, --host on the command line"
    )


def _build_no_key_verifies(context: Context, decoding: Decoding, is_incomplete: bool) -> Cause:
    hint = "check that the private key belongs to this key pair id (openssl pkey -in KEY -pubout)"
    is_rsa = len(decoding.content) in RSA_BYTES
    if is_rsa and all(
        can_recover(key) or key.algorithm == "P-256" for key in context.keys.values()
    ):
        return Cause(
            Mistake.NO_KEY_VERIFIES,
            _MISMATCH,
            "No trusted key made this signature with PKCS#1 v1.5, for any URL or policy",
            hint,
            "an RSA signature shows its key, and none of the trusted keys fits",
        )
    evidence = []
    if context.key is not None and can_verify(context.key, decoding.content):
        key_pair_id = context.credential.key_pair_id
        evidence.append(f"signatures of the key {key_pair_id} have this length")
    if is_incomplete:
        evidence.append(_INCOMPLETE)
    subject = "URL" if context.is_canned else "policy"
    return Cause(
        Mistake.NO_KEY_VERIFIES,
        _MISMATCH,
        f"No trusted key made this signature for this {subject} or a likely variant of it",
        f"{hint}, then {_compare_hint(context)}",
        "\n".join(evidence),
        certain=False,
    )

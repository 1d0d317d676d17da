"""Mistakes in the signature: how it was written, made, and over what."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import compared, shown
from cfsign.explanation.encodings import Decoding
from cfsign.explanation.verification import Signing, Verification, fits, is_ecdsa, is_raw_ecdsa

_BASE64 = re.compile("[A-Za-z0-9+/=~_-]*")
_RSA_BYTES = (128, 256, 384, 512)

_ENCODE = "write base64, then + as -, = as _ and / as ~"

# What is wrong with a base64 text, and how to hint it.
ENCODINGS = {
    Mistake.STANDARD_BASE64: ("is in standard base64, with + or / or = in it", _ENCODE),
    Mistake.URL_SAFE_BASE64: (
        "is in the URL-safe base64 of RFC 4648, which is not CloudFront's: there / becomes _",
        f"take the standard encoder; {_ENCODE}",
    ),
    Mistake.LOST_PADDING: (
        "has lost its padding",
        "keep the _ that stand for = at its end; many encoders leave them out",
    ),
    Mistake.PERCENT_ENCODED: (
        "was percent-encoded twice",
        "put it into the URL as it is; its alphabet needs no encoding",
    ),
    Mistake.LINE_BREAKS: (
        "has line breaks in it",
        "encode without them: base64 -w 0, openssl base64 -A, or b64encode",
    ),
}


def find_in_encoding(case: Case, signing: Signing | None) -> Iterator[Cause]:
    """Find a signature in another base64 than CloudFront's, one that is cut, or none."""
    text = case.credential.signature
    reason = Reason.MALFORMED_SIGNATURE
    if not text:
        if case.credential.key_pair_id:
            yield Cause(
                Mistake.SIGNATURE_MISSING,
                reason,
                "There is no signature, or an empty one",
                "send Signature, or the cookie CloudFront-Signature, as the signer gave it",
            )
        return
    if signing is None:
        yield from _cut(case, text)
    likeliest = signing.decoding if signing else next(iter(case.signatures), None)
    if likeliest is None:
        yield Cause(
            Mistake.NOT_BASE64,
            reason,
            "The signature is not base64 of any kind",
            f"{_ENCODE}",
            f"it is {len(text)} letters long and begins with {shown(text, 4)}",
        )
    elif likeliest.mistake is not None:
        message, hint = ENCODINGS[likeliest.mistake]
        yield Cause(likeliest.mistake, reason, f"The signature {message}", hint, _strange(text))


def _strange(text: str) -> str:
    letters = sorted({letter for letter in text if letter in "+/=% \r\n\t"})
    return f"it has {' '.join(map(repr, letters))}" if letters else f"it has {len(text)} letters"


def _cut(case: Case, text: str) -> Iterator[Cause]:
    """Find a signature that is shorter than its key makes them."""
    key = case.keys.get(case.credential.key_pair_id or "")
    contents = [decoding.content for decoding in case.signatures]
    length = max(map(len, contents), default=len(text) * 3 // 4)
    algorithm = key.algorithm if key else ""
    expected = _expected_length(algorithm, contents)
    may_be_raw = bool(contents) and is_raw_ecdsa(contents[0])
    if length >= expected or (may_be_raw and not algorithm.startswith("RSA-")):
        return
    if any(map(is_ecdsa, contents)) or not _BASE64.fullmatch(text):
        return
    yield Cause(
        Mistake.SIGNATURE_CUT,
        Reason.SIGNATURE_MISMATCH if case.reason is Reason.SIGNATURE_MISMATCH else case.reason,
        f"The signature is cut: {length} bytes of {expected}",
        "look where the URL or the cookie was shortened: a database column, a line, a log, "
        "a message; a signed URL has some 500 letters",
        f"the signature ends in {shown(text[-4:], 4)}",
        certain=key is not None and not may_be_raw,
    )


def _expected_length(algorithm: str, contents: list[bytes]) -> int:
    if algorithm.startswith("RSA-"):
        return (int(algorithm.removeprefix("RSA-")) + 7) // 8
    for content in contents:
        if content[:1] == b"0" and len(content) > 1 and content[1] <= 70:
            return content[1] + 2  # DER tells its own length
    return next((size for size in _RSA_BYTES if contents and size >= len(contents[0])), 256)


def find_in_signing(case: Case, signing: Signing | None) -> Iterator[Cause]:
    """Name what the trial by signature has proved."""
    if signing is None:
        return
    yield from _scheme(case, signing)
    yield from _key(case, signing)
    reading = signing.reading
    if reading is not None:
        yield Cause(
            reading.mistake,
            Reason.SIGNATURE_MISMATCH,
            reading.message,
            reading.hint,
            compared(reading.text, str(case.url)) if reading.text else "",
        )


def _scheme(case: Case, signing: Signing) -> Iterator[Cause]:
    reason = Reason.SIGNATURE_MISMATCH
    if signing.other_scheme:
        yield Cause(
            Mistake.OTHER_SCHEME,
            reason,
            f"The signature was made by {signing.other_scheme}, which CloudFront does not take",
            "sign RSA with PKCS#1 v1.5, ECDSA in DER, and with SHA-1, or SHA-256 and its marker",
            f"it verifies by {signing.other_scheme} with the key {signing.key_pair_id}",
        )
        return
    if signing.is_raw:
        yield Cause(
            Mistake.RAW_ECDSA,
            reason,
            "The ECDSA signature is r and s side by side, 64 bytes, not in DER",
            "have it made in DER; WebCrypto, JOSE libraries and ieee-p1363 make the raw form",
            f"written as DER it verifies with the key {signing.key_pair_id}",
        )
    yield from _hash(case, signing)


def _hash(case: Case, signing: Signing) -> Iterator[Cause]:
    said, made = case.credential.hash_algorithm, signing.hash_algorithm
    evidence = f"the signature verifies with {made}"
    if said is None and made == "SHA256":
        yield Cause(
            Mistake.HASH_MARKER_MISSING,
            Reason.SIGNATURE_MISMATCH,
            "It was signed with SHA-256, and nothing says so",
            "add Hash-Algorithm=SHA256, or the cookie CloudFront-Hash-Algorithm, "
            "or sign with SHA-1, CloudFront's default",
            evidence,
        )
    elif said is not None and made != case.hash_algorithm:
        yield Cause(
            Mistake.HASH_MARKER_WRONG,
            Reason.SIGNATURE_MISMATCH,
            f"It was signed with {made}, and Hash-Algorithm says otherwise",
            "leave Hash-Algorithm out for SHA-1, and give SHA256 for SHA-256",
            evidence,
        )


def _key(case: Case, signing: Signing) -> Iterator[Cause]:
    named = case.credential.key_pair_id
    if named == signing.key_pair_id:
        return
    by = f"It was signed by the key {signing.key_pair_id}"
    yield Cause(
        Mistake.WRONG_KEY,
        Reason.SIGNATURE_MISMATCH if named in case.keys else Reason.UNKNOWN_KEY,
        f"{by}, and {'names another one' if named else 'does not say so'}",
        f"send Key-Pair-Id={signing.key_pair_id}, or sign with the key that is named",
        f"the signature verifies with {signing.key_pair_id}",
    )


def find_unproved(case: Case, trial: Verification) -> Iterator[Cause]:
    """Say what the look of a signature tells, where no trial has proved anything."""
    if trial.signing is not None or not case.signatures:
        return
    key = case.keys.get(case.credential.key_pair_id or "")
    decoding = case.signatures[0]
    if key is not None:
        yield from _against_key(case, key.algorithm, decoding)
        if case.reason is Reason.SIGNATURE_MISMATCH:
            yield _no_key_verifies(case, fits(key, decoding.content), trial.is_cut_short)
    elif is_raw_ecdsa(decoding.content):
        yield Cause(
            Mistake.RAW_ECDSA,
            Reason.SIGNATURE_MISMATCH,
            "The signature has 64 bytes, as r and s of ECDSA have side by side",
            "have it made in DER",
            certain=False,
        )


def _against_key(case: Case, algorithm: str, decoding: Decoding) -> Iterator[Cause]:
    is_rsa_key = algorithm.startswith("RSA-")
    may_be_raw = is_raw_ecdsa(decoding.content)
    looks_ecdsa = is_ecdsa(decoding.content) or may_be_raw
    looks_rsa = len(decoding.content) in _RSA_BYTES
    if (is_rsa_key and looks_ecdsa) or (not is_rsa_key and looks_rsa):
        made = "an ECDSA key" if looks_ecdsa else "an RSA key"
        yield Cause(
            Mistake.KEY_KIND,
            Reason.SIGNATURE_MISMATCH,
            f"The signature was made by {made}, and the key that is named is {algorithm}",
            "sign with the private key whose public half has this id, or name the id of the other",
            f"the signature has {len(decoding.content)} bytes",
            certain=not may_be_raw,  # so long may a cut RSA signature be, too
        )


_COMPARE_URL = (
    "then the URL that was signed with the one requested: host, path and every parameter; "
    "a canned policy does not carry the URL that was signed, so if it may have been signed for "
    "another host, name it: hosts= in Python, --host to cfsign explain"
)


def _no_key_verifies(case: Case, may_be_this_keys: bool, is_cut_short: bool) -> Cause:
    what = "this URL" if case.is_canned else "this policy"
    then = _COMPARE_URL if case.is_canned else "then the policy that was signed with the one sent"
    evidence = []
    if may_be_this_keys:
        evidence.append(f"the key {case.credential.key_pair_id} makes signatures of this length")
    if is_cut_short:
        evidence.append("not every likely form was tried: it is so long that this would be a load")
    return Cause(
        Mistake.NO_KEY_VERIFIES,
        Reason.SIGNATURE_MISMATCH,
        f"No trusted key made this signature over {what}, or over any likely other form of it",
        "compare the private key with the one whose id is named "
        f"(openssl pkey -in KEY -pubout), {then}",
        "\n".join(evidence),
        certain=False,
    )

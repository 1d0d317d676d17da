"""All finders, and the rank of what they find."""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.addresses import find_in_addresses
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.cookies import find_in_cookies
from cfsign.explanation.key_ids import find_in_key_ids
from cfsign.explanation.policies import find_in_policies
from cfsign.explanation.requests import (
    find_duplicates,
    find_hash_name,
    find_hidden_parameters,
    find_in_url,
    find_nothing,
    find_s3_presigned,
)
from cfsign.explanation.resources import find_in_resources
from cfsign.explanation.responses import find_in_response
from cfsign.explanation.signatures import find_in_encoding, find_in_signing, find_unproved
from cfsign.explanation.times import find_in_numbers, find_in_times
from cfsign.explanation.verification import Verification, find_signing


def find_causes(case: Case) -> tuple[Cause, ...]:
    """Put first what was answered, then what breaks the rule that refuses, then what else is."""
    told = list(find_in_response(case))
    if case.verdict is not None and case.verdict.allowed:
        return tuple(told)
    found = list(_found(case))
    if not any(cause.reason is case.reason for cause in (*told, *found)):
        found.append(_fallback(case))
    found.sort(key=lambda cause: (cause.reason is not case.reason, not cause.certain))
    return tuple(dict.fromkeys((*told, *found)))


def _found(case: Case) -> Iterator[Cause]:
    """Give what every finder finds, in the order of the edge's own rules."""
    presigned = list(find_s3_presigned(case))
    if presigned:
        yield from presigned  # and nothing else: no other hint makes a CloudFront URL of it
        return
    trial = find_signing(case) if case.keys else Verification(None)
    signing = trial.signing
    yield from _in_keys(case)
    yield from find_in_url(case)
    yield from find_hidden_parameters(case)
    yield from find_in_cookies(case)
    yield from find_nothing(case)
    yield from find_duplicates(case)
    yield from find_in_key_ids(case, signing)
    yield from find_hash_name(case)
    yield from find_in_encoding(case, signing)
    yield from find_in_numbers(case)
    yield from find_in_addresses(case)
    yield from find_in_policies(case)
    yield from find_in_signing(case, signing)
    yield from find_unproved(case, trial)
    yield from find_in_resources(case)
    yield from find_in_times(case)


def _in_keys(case: Case) -> Iterator[Cause]:
    if case.keys_error:
        message = f"The trusted keys cannot be used: {case.keys_error}"
        hint = "give them as {key_pair_id: public_key_pem}"
        yield Cause(Mistake.UNUSABLE_KEYS, case.reason, message, hint)


def _fallback(case: Case) -> Cause:
    """Say at least which rule fails, where no finder has said more."""
    if case.verdict is None:
        message = "Without a public key nobody can tell whether the signature is right"
        hint = "give that whose id is named: trusted_keys in Python, --public-key to cfsign explain"
        return Cause(Mistake.NO_PUBLIC_KEY, case.reason, message, hint, certain=False)
    value = case.reason.value
    message = f"The request is refused: {value}"
    hint = "compare it with a URL that the signer makes now"
    mistake = _FALLBACKS.get(case.reason, Mistake.NOT_SIGNED)
    return Cause(mistake, case.reason, message, hint)


_FALLBACKS = {
    Reason.UNUSABLE_REQUEST: Mistake.UNUSABLE_ARGUMENT,
    Reason.DUPLICATE_PARAMETER: Mistake.PARAMETER_TWICE,
    Reason.MALFORMED_POLICY: Mistake.POLICY_SHAPE,
    Reason.MALFORMED_SIGNATURE: Mistake.NOT_BASE64,
    Reason.SIGNATURE_MISMATCH: Mistake.NO_KEY_VERIFIES,
    Reason.UNKNOWN_KEY: Mistake.UNKNOWN_KEY,
    Reason.MALFORMED_KEY_ID: Mistake.KEY_ID_MALFORMED,
    Reason.MISSING_KEY: Mistake.KEY_ID_MISSING,
    Reason.HASH_ALGORITHM: Mistake.HASH_ALGORITHM,
    Reason.RESOURCE_MISMATCH: Mistake.RESOURCE,
    Reason.VIEWER_ADDRESS: Mistake.VIEWER_ADDRESS,
}

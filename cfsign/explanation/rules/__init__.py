"""
The rules. Each looks at the context for one group of mistakes and yields a cause for each.

    request.py    the URL as a whole            times.py      start and expiry
    copies.py     a URL copied from source      resource.py   the policy's Resource and the URL
    cookies.py    signed cookies                address.py    the client's address
    keys.py       trusted keys and key ids      response.py   the error response
    signature.py  the signature                 s3.py         S3's error responses
    policy.py     the policy's base64 and JSON
"""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.rules.address import check_address
from cfsign.explanation.rules.cookies import check_cookies
from cfsign.explanation.rules.copies import check_copy
from cfsign.explanation.rules.keys import ask_for_public_key, check_key_pair_id, check_trusted_keys
from cfsign.explanation.rules.policy import check_policy
from cfsign.explanation.rules.request import (
    check_duplicates,
    check_fragment,
    check_host,
    check_is_cut,
    check_is_signed,
    check_parameter_names,
    check_s3_presigned,
    check_url,
)
from cfsign.explanation.rules.resource import check_resource
from cfsign.explanation.rules.response import check_response
from cfsign.explanation.rules.signature import (
    check_encoding,
    check_hash_name,
    check_unverified,
    check_verified,
)
from cfsign.explanation.rules.times import check_time_format, check_times
from cfsign.explanation.verification import Verification, verify_candidates


def find_causes(context: Context) -> tuple[Cause, ...]:
    """
    Return all causes without duplicates.

    A host of S3 comes first, then causes from the response, then causes of the edge's own reason
    for the refusal.
    """
    from_host = tuple(check_host(context))
    if from_host:
        # Nothing else: CloudFront has no part in this request.
        return (*from_host, *check_s3_presigned(context))
    from_response = list(check_response(context))
    from_fragment = tuple(check_fragment(context))
    if context.verdict is not None and context.verdict.allowed:
        return (*from_response, *from_fragment)
    causes = list(_apply_rules(context))
    if not any(cause.reason is context.reason for cause in (*from_response, *causes)):
        causes.append(_build_fallback(context))
    causes.sort(key=lambda cause: (cause.reason is not context.reason, not cause.certain))
    return tuple(dict.fromkeys((*from_response, *causes, *from_fragment)))


def _apply_rules(context: Context) -> Iterator[Cause]:
    """Yield the causes of all rules, in the order in which the edge checks a request."""
    # Nothing else then: no other fix makes a CloudFront URL of it.
    unusable = [*check_s3_presigned(context)] or [*check_copy(context)] or [*check_is_cut(context)]
    if unusable:
        yield from unusable
        return
    verification = verify_candidates(context) if context.keys else Verification()
    yield from check_trusted_keys(context)
    yield from check_url(context)
    yield from check_parameter_names(context)
    yield from check_cookies(context)
    yield from check_is_signed(context)
    yield from check_duplicates(context)
    yield from check_key_pair_id(context, verification)
    yield from check_hash_name(context)
    yield from check_encoding(context, verification)
    yield from check_time_format(context)
    yield from check_address(context)
    yield from check_policy(context)
    yield from check_verified(context, verification)
    yield from check_unverified(context, verification)
    yield from check_resource(context)
    yield from check_times(context)


def _build_fallback(context: Context) -> Cause:
    """Build a cause from the reason for the refusal, if no rule has found one."""
    if context.verdict is None:
        return ask_for_public_key(context)
    return Cause(
        _FALLBACKS.get(context.reason, Mistake.NOT_SIGNED),
        context.reason,
        f"The request is refused: {context.reason.value}",
        "compare it with a URL that the signer makes now",
    )


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

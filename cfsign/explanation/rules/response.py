"""Mistakes that only the error response shows."""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.explanation.error_response import ErrorResponse
from cfsign.explanation.rules.s3 import check_s3_response

_PAGE_HINTS = {
    "not configured to allow the http request method": "allow the method in the cache behavior of "
    "this path, or send GET or HEAD",
    "bad request": "add the host to the alternate domain names (CNAMEs) of the distribution, and "
    "send no body with GET",
    "request blocked": "check the rules of WAF and the functions of the distribution",
    "configured to block access from your country": "check the geographic restrictions of the "
    "distribution",
}
_PAGE_HINT = (
    "check WAF, the geographic restrictions and the functions of the distribution, its viewer "
    "protocol policy and its alternate domain names"
)


def check_response(context: Context) -> Iterator[Cause]:
    """Yield a cause if the response is not about the signature, or contradicts the verdict."""
    response = context.response
    if response is None:
        return
    if _is_from_s3(response):
        yield from check_s3_response(response, context)
    elif response.status >= 400 and response.status != 403:
        if context.verdict is None or context.verdict.allowed:
            yield _build_other_status(response, is_right=context.verdict is not None)
    elif not response.code:
        is_bad_request = response.message == "bad request"
        if is_bad_request:
            yield from _check_name(context)
        yield _build_blocked(response)
        if (
            not is_bad_request
            and context.reason is Reason.ALLOWED
            and response.message not in _PAGE_HINTS
        ):
            yield from _check_name(context)
    elif context.verdict is not None and response.code != context.verdict.code:
        yield from _check_difference(context, response)


def _is_from_s3(response: ErrorResponse) -> bool:
    """Return True if the code of S3's error says more than its status."""
    is_refusal = response.status in (0, 403)
    is_clear = response.status < 500 and response.code != "AccessDenied"
    return response.is_from_s3 and (is_refusal or is_clear)


def explain_response_alone(response: ErrorResponse) -> Iterator[Cause]:
    """Yield the likely causes of an error response whose request is not known."""
    if _is_from_s3(response):
        yield from check_s3_response(response, None)
    elif response.status >= 400 and response.status != 403:
        yield _build_other_status(response, is_right=False)
    elif not response.code:
        yield _build_blocked(response)
    elif response.code in _BY_CODE:
        mistake, reason, message, hint = _BY_CODE[response.code]
        yield Cause(mistake, reason, message, hint, response.quote(), certain=False)


def _build_other_status(response: ErrorResponse, *, is_right: bool) -> Cause:
    text = to_printable(response.code or response.message, 60)
    return Cause(
        Mistake.OTHER_STATUS,
        Reason.ALLOWED,
        f"The signature is right, but the response was {response.status}"
        if is_right
        else f"The response was {response.status}, which is never caused by a signature",
        "check the origin: whether CloudFront can reach it, and whether the file exists",
        f"the response: {text}" if text else "",
    )


def _build_blocked(response: ErrorResponse) -> Cause:
    return Cause(
        Mistake.BLOCKED,
        Reason.ALLOWED,
        "CloudFront refused the request, but not because of the signature (that error is XML)",
        _PAGE_HINTS.get(response.message, _PAGE_HINT),
        f"the response: {response.message}",
    )


def _check_difference(context: Context, response: ErrorResponse) -> Iterator[Cause]:
    if response.code == "InvalidKey":
        yield Cause(
            Mistake.KEY_GROUP_NOT_ATTACHED,
            context.reason,
            "CloudFront does not know the key that Key-Pair-Id names",
            "add it to a key group, add that group to the cache behavior that matches this path, "
            "and wait until the distribution is deployed",
            response.quote(),
        )
    elif context.verdict is not None and context.verdict.allowed:
        causes = [_build_differs(response), _build_in_front(response), *_check_name(context)]
        if response.code == "MissingKey":
            # The request has a key pair id, so something removed it.
            causes.insert(0, causes.pop(1))
        yield from causes


def _build_differs(response: ErrorResponse) -> Cause:
    return Cause(
        Mistake.RESPONSE_DIFFERS,
        Reason.ALLOWED,
        "The request was refused, although it looks right",
        "check that exactly this URL was sent, and its time and client address. Then check "
        "WAF, the geographic restrictions and the functions of the distribution",
        response.quote(),
        certain=False,
    )


def _build_in_front(response: ErrorResponse) -> Cause:
    # AWS, "How do I troubleshoot issues related to a signed URL or signed cookies in CloudFront?"
    return Cause(
        Mistake.DISTRIBUTION_IN_FRONT,
        Reason.ALLOWED,
        "Perhaps there are two distributions in a row: the first one checks the signature and "
        "removes it, so the second one refuses the request",
        "restrict only the distribution that clients use, and remove the trusted key group from "
        "the one behind it",
        response.quote(),
        certain=False,
    )


def _check_name(context: Context) -> Iterator[Cause]:
    """Find a host that may not be a name of the distribution (the same AWS page)."""
    host = context.url.canonical_host if context.url is not None else ""
    if not host.endswith(".cloudfront.net"):
        yield Cause(
            Mistake.NAME_NOT_ATTACHED,
            Reason.ALLOWED,
            f"Perhaps {to_printable(host)} is not a name of the distribution",
            "add it to the alternate domain names (CNAMEs) of the distribution whose behavior "
            "trusts the key, with a certificate that covers it",
            certain=False,
        )


_ASK_FOR_REQUEST = "pass the URL or the cookies, and the public key, to find out which"
_BY_CODE = {
    "MissingKey": (
        Mistake.KEY_ID_MISSING,
        Reason.MISSING_KEY,
        "The URL has no Key-Pair-Id or an invalid one, and no signed cookies were sent",
        "sign the URL, or set signed cookies with a Domain and a Path that match it",
    ),
    "InvalidKey": (
        Mistake.KEY_GROUP_NOT_ATTACHED,
        Reason.UNKNOWN_KEY,
        "The cache behavior of this path does not trust a key with this key pair id",
        "send the ID of a public key in the behavior's key group, not the group's ID",
    ),
    "MalformedSignature": (
        Mistake.NOT_BASE64,
        Reason.MALFORMED_SIGNATURE,
        "The signature is not in CloudFront's base64, or was changed after signing",
        "encode it as base64, then replace + with -, = with _ and / with ~",
    ),
    "MalformedPolicy": (
        Mistake.POLICY_SHAPE,
        Reason.MALFORMED_POLICY,
        "The policy cannot be read: its times are in milliseconds, its Statement is an object, "
        "DateLessThan is missing, or its base64 is not CloudFront's",
        _ASK_FOR_REQUEST,
    ),
    "AccessDenied": (
        Mistake.NO_KEY_VERIFIES,
        Reason.SIGNATURE_MISMATCH,
        "The signature does not match the URL, or the policy has expired, is not valid yet, or is "
        "for another URL or address",
        _ASK_FOR_REQUEST,
    ),
}

"""What the answer that was received tells, beyond what the request does."""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.checking.verdict import Reason, Verdict
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import shown
from cfsign.explanation.response import NOT_RESTRICTED, ErrorResponse


def find_in_response(case: Case) -> Iterator[Cause]:
    """Find an answer that is not CloudFront's own, or that tells what a request cannot."""
    response = case.response
    if response is None:
        return
    if response.status >= 400 and response.status != 403:
        if case.verdict is None or case.verdict.allowed:
            yield _of_status(response, is_right=case.verdict is not None)
    elif response.is_s3s:
        yield from _of_s3(response, case.verdict)
    elif not response.code:
        yield _of_page(response)
    elif case.verdict is not None and response.code != case.verdict.code:
        yield from _differing(case, response)


def _of_status(response: ErrorResponse, *, is_right: bool) -> Cause:
    told = shown(response.code or response.message, 60)
    return Cause(
        Mistake.OTHER_STATUS,
        Reason.ALLOWED,
        f"The signature is right; the answer was {response.status}"
        if is_right
        else f"The answer was {response.status}, which no signature leads to",
        "look at the origin: whether CloudFront reaches it, and whether the file is there",
        f"it says: {told}" if told else "",
        certain=is_right,
    )


def _of_page(response: ErrorResponse) -> Cause:
    hints = {
        "request blocked": "look at the rules of WAF, and the functions of the distribution",
        "configured to block access from your country": "look at the distribution's "
        "geographic restrictions",
    }
    return Cause(
        Mistake.BLOCKED,
        Reason.ALLOWED,
        "This page is CloudFront's, and not about the signature, which it refuses in XML",
        hints.get(
            response.message,
            "look at WAF, geographic restrictions and functions of the distribution, its viewer "
            "protocol policy and its alternate domain names",
        ),
        f"it says: {response.message}",
    )


def _of_s3(response: ErrorResponse, verdict: Verdict | None) -> Iterator[Cause]:
    evidence = f"the answer was {shown(response.code, 40)}: {shown(response.message, 120)}"
    if response.message.startswith(NOT_RESTRICTED):
        yield Cause(
            Mistake.NOT_RESTRICTED,
            Reason.ALLOWED,
            "S3 was handed the signed parameters: this path's cache behaviour restricts no viewers",
            "name the trusted key group in the behaviour that this path matches",
            evidence,
        )
    elif verdict is not None and not verdict.allowed:
        yield Cause(
            Mistake.NOT_RESTRICTED,
            Reason.ALLOWED,
            "S3 answered, though CloudFront would have refused: "
            "this path's cache behaviour restricts no viewers",
            "name the trusted key group in the behaviour that this path matches",
            evidence,
            certain=False,
        )
    else:
        unless = "" if verdict else ", or this path's cache behaviour restricts no viewers"
        yield Cause(
            Mistake.S3_RESPONSE,
            Reason.ALLOWED,
            f"This is S3's own refusal, not CloudFront's: the signature was let through{unless}",
            "let the distribution read the bucket (origin access control and a bucket policy), "
            "and see that the object is there: S3 says 403 for one that is not",
            f"{evidence}; RequestId and HostId are S3's",
            certain=verdict is not None,
        )


def _differing(case: Case, response: ErrorResponse) -> Iterator[Cause]:
    evidence = f"the answer was {shown(response.code, 40)}: {shown(response.message, 120)}"
    if response.code == "InvalidKey":
        yield Cause(
            Mistake.KEY_GROUP_NOT_ATTACHED,
            case.reason,
            "CloudFront does not know the key that is named",
            "put it into a key group, and name that in the behaviour that this path matches; "
            "wait until the distribution is deployed",
            evidence,
        )
    elif case.verdict is not None and case.verdict.allowed:
        yield Cause(
            Mistake.RESPONSE_DIFFERS,
            Reason.ALLOWED,
            "The request is right by all that can be seen of it, and was refused",
            "compare the URL that was sent, byte for byte, and the time and address of it; "
            "then look at WAF, geographic restrictions and functions of the distribution",
            evidence,
            certain=False,
        )


def find_in_response_alone(response: ErrorResponse) -> Iterator[Cause]:
    """Tell what an error document says by itself, its request unknown."""
    evidence = f"the answer was {shown(response.code, 40)}: {shown(response.message, 120)}"
    if response.status >= 400 and response.status != 403:
        yield _of_status(response, is_right=False)
        return
    if response.is_s3s:
        yield from _of_s3(response, None)
        return
    if not response.code:
        yield _of_page(response)
    for mistake, reason, message, hint in _BY_CODE.get(response.code, ()):
        yield Cause(mistake, reason, message, hint, evidence, certain=False)


_GIVE_URL = "give explain the URL or the cookies, and the public key, to know which"
_BY_CODE = {
    "MissingKey": (
        (
            Mistake.KEY_ID_MISSING,
            Reason.MISSING_KEY,
            "The URL has no Key-Pair-Id, or one that is no id, and the cookies did not arrive",
            "sign the URL, or set the signed cookies with a Domain and a Path that cover it",
        ),
    ),
    "InvalidKey": (
        (
            Mistake.KEY_GROUP_NOT_ATTACHED,
            Reason.UNKNOWN_KEY,
            "The key pair id is of no key that the behaviour of this path trusts",
            "name the ID of a public key in the behaviour's key group, not the group's own",
        ),
    ),
    "MalformedSignature": (
        (
            Mistake.NOT_BASE64,
            Reason.MALFORMED_SIGNATURE,
            "The signature is not CloudFront's base64, or it was changed on its way",
            "write base64, then + as -, = as _ and / as ~",
        ),
    ),
    "MalformedPolicy": (
        (
            Mistake.POLICY_SHAPE,
            Reason.MALFORMED_POLICY,
            "The policy cannot be read: its times are in milliseconds, its Statement is an object, "
            "it has no DateLessThan, or its base64 is not CloudFront's",
            _GIVE_URL,
        ),
    ),
    "AccessDenied": (
        (
            Mistake.NO_KEY_VERIFIES,
            Reason.SIGNATURE_MISMATCH,
            "The signature does not fit the URL, the policy does not cover it, it has expired or "
            "is not valid yet, or it is for another address",
            _GIVE_URL,
        ),
    ),
}

"""Error responses that S3 sent and CloudFront only passed on."""

from __future__ import annotations

from collections.abc import Iterator

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.error_response import NOT_RESTRICTED, ONE_MECHANISM, ErrorResponse
from cfsign.explanation.rules.request import S3_PARAMETERS

_RESTRICT = "add the trusted key group to the cache behavior that matches this path"
_UNRESTRICTED = "the cache behavior of this path is not restricted"
_ALLOW = (
    "allow the distribution to read the bucket (origin access control and a bucket policy). "
    "Check also that the object exists: S3 answers 403 for a missing one"
)
_HOST = (
    "S3 refused the signature that CloudFront made for it (origin access control): a header that "
    "is part of it was changed, usually Host"
)
_FORWARD_LESS = (
    "do not forward the client's Host and Authorization headers to the bucket: use the origin "
    "request policy AllViewerExceptHostHeader, or none"
)
_QUERY = "S3 got parameters of a presigned URL that are incomplete or not valid"
_NO_QUERY = "remove the X-Amz parameters from the URL, and do not forward the query to the bucket"
_REGION = "The bucket is in another region than the origin's domain says"
_USE_REGION = "use the bucket's regional domain as the origin, such as NAME.s3.REGION.amazonaws.com"
_KMS = "S3 cannot decrypt the object for CloudFront"
_ALLOW_KMS = (
    "allow the distribution to use the KMS key (kms:Decrypt), with origin access control. "
    "An origin access identity cannot read objects that KMS encrypts"
)

_ANONYMOUS = "response headers cannot be used for anonymous GET requests"

# AWS, "Error responses", Amazon S3 API reference.
_BY_CODE = {
    "SignatureDoesNotMatch": (Mistake.S3_SIGNATURE, _HOST, _FORWARD_LESS),
    "AuthorizationHeaderMalformed": (Mistake.S3_SIGNATURE, _HOST, _FORWARD_LESS),
    "InvalidAccessKeyId": (Mistake.S3_SIGNATURE, _HOST, _FORWARD_LESS),
    "AuthorizationQueryParametersError": (Mistake.S3_SIGNATURE, _QUERY, _NO_QUERY),
    "PermanentRedirect": (Mistake.S3_REGION, _REGION, _USE_REGION),
    "TemporaryRedirect": (
        Mistake.S3_REGION,
        "The bucket is new, and its name is not known in all regions yet",
        _USE_REGION,
    ),
    "IllegalLocationConstraintException": (Mistake.S3_REGION, _REGION, _USE_REGION),
    "NoSuchBucket": (
        Mistake.S3_RESPONSE,
        "The bucket of the origin does not exist",
        "correct the origin's domain. A client's Host header must not be forwarded to the bucket",
    ),
    "NoSuchKey": (
        Mistake.S3_RESPONSE,
        "The bucket has no such object",
        "compare the path, and the origin path of the distribution, with the key of the object: "
        "letter case counts, and S3 reads + as a space",
    ),
}


def check_s3_response(response: ErrorResponse, context: Context | None) -> Iterator[Cause]:
    """
    Yield the cause of a response from S3.

    Args:
        response: The response.
        context: The request; None if it is not known.
    """
    is_refused = context is not None and context.verdict is not None and not context.verdict.allowed
    is_allowed = context is not None and context.verdict is not None and not is_refused
    names = {piece.partition("=")[0] for piece in context.query.split("&")} if context else set()
    evidence = response.quote()
    if response.message.startswith(NOT_RESTRICTED):
        message = f"S3 got the signed parameters: {_UNRESTRICTED}"
        yield Cause(Mistake.NOT_RESTRICTED, Reason.ALLOWED, message, _RESTRICT, evidence)
    elif ONE_MECHANISM in response.message and names.isdisjoint(S3_PARAMETERS):
        yield from _check_two_signatures(context, names, evidence)
    elif not names.isdisjoint(S3_PARAMETERS):
        yield Cause(
            Mistake.S3_PRESIGNED,
            context.reason if context else Reason.ALLOWED,
            "The URL is presigned for S3, and S3 refused that signature, which is valid only for "
            "the bucket's own host and without a second signature from CloudFront",
            "sign the CloudFront URL with a CloudFront key, and let origin access control sign for "
            "S3",
            evidence,
        )
    elif is_refused:
        message = f"S3 got the request, although CloudFront should have refused it: {_UNRESTRICTED}"
        yield _build_guess(Mistake.NOT_RESTRICTED, message, _RESTRICT, evidence)
    elif response.code in _BY_CODE:
        mistake, message, hint = _BY_CODE[response.code]
        is_fact = mistake is not Mistake.S3_SIGNATURE
        yield Cause(mistake, Reason.ALLOWED, message, hint, evidence, certain=is_fact)
    elif _ANONYMOUS in response.message:
        message = "S3 got a response-content-... parameter in a request that is not signed for S3"
        hint = "use origin access control for the bucket, so that CloudFront signs for S3"
        yield Cause(Mistake.S3_RESPONSE, Reason.ALLOWED, message, hint, evidence)
    elif response.code.startswith("KMS.") or "KMS" in response.message:
        yield Cause(Mistake.S3_ENCRYPTION, Reason.ALLOWED, _KMS, _ALLOW_KMS, evidence)
    else:
        unless = "" if is_allowed else f", or {_UNRESTRICTED}"
        yield Cause(
            Mistake.S3_RESPONSE,
            Reason.ALLOWED,
            f"CloudFront accepted the signature{unless}, but S3 refused the request",
            _ALLOW,
            f"{evidence}; only S3 sends such a response",
            certain=is_allowed,
        )


def _check_two_signatures(
    context: Context | None, names: set[str], evidence: str
) -> Iterator[Cause]:
    """Yield the cause of S3's "Only one auth mechanism allowed"."""
    if context is None or "Signature" in names:
        yield Cause(
            Mistake.NOT_RESTRICTED,
            Reason.ALLOWED,
            "S3 got the signed parameters next to CloudFront's own signature (origin access "
            f"control): {_UNRESTRICTED}",
            _RESTRICT,
            evidence,
            certain=context is not None,
        )
    else:
        message = "S3 got two signatures: CloudFront's own, and an Authorization header"
        yield _build_guess(Mistake.S3_SIGNATURE, message, _FORWARD_LESS, evidence)


def _build_guess(mistake: Mistake, message: str, hint: str, evidence: str) -> Cause:
    return Cause(mistake, Reason.ALLOWED, message, hint, evidence, certain=False)

"""Calling CloudFront by way of boto3, and its errors as ours; no other module here imports it."""

from __future__ import annotations

from typing import Any

from cfsign.errors import CfsignError
from cfsign.keys.aws import call_boto

_UNREACHABLE = "CloudFront is not reached from here; check the network, and run this again"
_CREDENTIALS = "AWS does not take these credentials; renew them, and check the clock"
_NO_CREDENTIALS = (
    "boto3 finds no AWS credentials; log in (aws sso login, aws configure) or --profile"
)
_CHANGED = "somebody else changed it in the meantime; run this again"
_THROTTLED = "AWS throttles this account; run this again in a while"

#: What to do, by AWS's code or the name of botocore's exception.
_HINTS = {
    "AccessDenied": "allow cloudfront:{operation} to whoever runs this",
    "ExpiredToken": _CREDENTIALS,
    "IncompleteSignature": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "CredentialRetrievalError": _NO_CREDENTIALS,
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "SSOTokenLoadError": _NO_CREDENTIALS,
    "TokenRetrievalError": _NO_CREDENTIALS,
    "UnauthorizedSSOTokenError": _NO_CREDENTIALS,
    "ProfileNotFound": "boto3 finds no such profile; check --profile and AWS_PROFILE",
    "ConnectTimeoutError": _UNREACHABLE,
    "ConnectionClosedError": _UNREACHABLE,
    "EndpointConnectionError": _UNREACHABLE,
    "ProxyConnectionError": _UNREACHABLE,
    "ReadTimeoutError": _UNREACHABLE,
    "ResponseParserError": "the answer is not AWS's; check the endpoint and any proxy",
    "SSLError": _UNREACHABLE,
    "ValueError": "an endpoint is no URL; check AWS_ENDPOINT_URL",
    "InvalidIfMatchVersion": _CHANGED,
    "PreconditionFailed": _CHANGED,
    "NoSuchPublicKey": "it was deleted in the meantime; run this again",
    "NoSuchResource": "it was deleted in the meantime; run this again",
    "KeyGroupAlreadyExists": "there is a key group of that name by now; run this again",
    "PublicKeyAlreadyExists": "there is such a public key, or one of that name; choose another "
    "name, or run this again if this very key was just uploaded",
    "PublicKeyInUse": "the public key is in another key group or configuration too; take it out "
    "there, and run this again",
    "TooManyKeyGroups": "this account has as many key groups as it may; name one that is there",
    "TooManyPublicKeys": "this account has as many public keys as it may; delete one that no key "
    "group has (aws cloudfront list-public-keys), or ask AWS for a higher quota; then run this "
    "again",
    "TooManyPublicKeysInKeyGroup": "the key group has as many public keys as it may; "
    "take out one that no site signs with, and run this again",
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
}


class AWSError(CfsignError):
    """
    What AWS did not do, with what to do about it.

    Attributes:
        code: AWS's code, such as "AccessDenied", or the name of boto3's own exception, or "".
    """

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


def cloudfront_client(profile: str | None = None) -> Any:
    """
    Make boto3's client for CloudFront, by boto3's own configuration.

    Raises:
        AWSError: boto3 is not installed, or has no such profile.
    """
    try:
        import boto3
    except ModuleNotFoundError:
        raise AWSError(
            "making and rotating keys needs boto3", hint="pip install 'cloudfront-cfsign[aws]'"
        ) from None
    # CloudFront is a global service, so the user need not configure a region.
    client, code = call_boto(
        lambda: boto3.session.Session(profile_name=profile).client(
            "cloudfront", region_name="us-east-1"
        )
    )
    if code:
        raise _build_error("client", code)
    return client


def call(client: Any, operation: str, **arguments: Any) -> dict[str, Any]:
    """
    Return CloudFront's answer; boto3 alone decides how often it tries.

    Args:
        client: A boto3 client.
        operation: The operation as AWS names it, such as "GetKeyGroup".
        **arguments: Its arguments.

    Raises:
        AWSError: There is none.
    """
    from botocore import xform_name

    result, code = call_boto(lambda: getattr(client, xform_name(operation))(**arguments))
    if code:
        raise _build_error(operation, code)
    response: dict[str, Any] = result
    return response


def _build_error(operation: str, code: str) -> AWSError:
    hint = _HINTS.get(code, "look the code up in AWS's documentation").format(operation=operation)
    return AWSError(f"CloudFront's {operation} failed ({code})", hint=hint, code=code)

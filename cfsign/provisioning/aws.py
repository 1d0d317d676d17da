"""Calls to CloudFront through boto3; this is the only module here that imports it."""

from __future__ import annotations

from typing import Any

from cfsign.errors import CfsignError
from cfsign.keys.aws import call_boto

_UNREACHABLE = "CloudFront is unreachable: check the network, and run this again"
_CREDENTIALS = "AWS rejects these credentials: renew them, and check the clock"
_NO_CREDENTIALS = (
    "boto3 finds no AWS credentials: log in (aws sso login, aws configure) or use --profile"
)
_CHANGED = "it was changed in the meantime: run this again"
_DELETED = "it was deleted in the meantime: run this again"
_THROTTLED = "AWS throttles this account: run this again later"

# Hints by AWS's error code or the name of boto3's exception.
_HINTS = {
    "AccessDenied": "allow cloudfront:{operation} to the user who runs this",
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
    "ProfileNotFound": "boto3 does not find the profile: check --profile and AWS_PROFILE",
    "ConnectTimeoutError": _UNREACHABLE,
    "ConnectionClosedError": _UNREACHABLE,
    "EndpointConnectionError": _UNREACHABLE,
    "ProxyConnectionError": _UNREACHABLE,
    "ReadTimeoutError": _UNREACHABLE,
    "ResponseParserError": "the response is not from AWS: check the endpoint and any proxy",
    "SSLError": _UNREACHABLE,
    "ValueError": "an endpoint is not a URL: check AWS_ENDPOINT_URL",
    "InvalidIfMatchVersion": _CHANGED,
    "PreconditionFailed": _CHANGED,
    "NoSuchPublicKey": _DELETED,
    "NoSuchResource": _DELETED,
    "KeyGroupAlreadyExists": "a key group of this name was created in the meantime: run this again",
    "PublicKeyAlreadyExists": "this public key, or another one of this name, exists: choose "
    "another name, or run this again if this key was just uploaded",
    "PublicKeyInUse": "another key group or configuration contains the public key: remove it "
    "there, and run this again",
    "TooManyKeyGroups": "the account's quota of key groups is used up: use an existing one",
    "TooManyPublicKeys": "the account's quota of public keys is used up: delete one that is in no "
    "key group (aws cloudfront list-public-keys), or request a higher quota, and run this again",
    "TooManyPublicKeysInKeyGroup": "the key group's quota of public keys is used up: remove one "
    "that no site signs with, and run this again",
    "Throttling": _THROTTLED,
    "ThrottlingException": _THROTTLED,
}


class AWSError(CfsignError):
    """
    A call to AWS that failed.

    Attributes:
        code: AWS's error code, such as "AccessDenied", or the name of boto3's exception, or "".
    """

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


def cloudfront_client(profile: str | None = None) -> Any:
    """
    Return a boto3 client for CloudFront, configured as boto3 usually is.

    Args:
        profile: The AWS profile, or None for the default one.

    Raises:
        AWSError: boto3 is not installed or does not find the profile.
    """
    try:
        import boto3
    except ModuleNotFoundError:
        raise AWSError(
            "creating and rotating keys requires boto3", hint="pip install 'cloudfront-cfsign[aws]'"
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
    Call CloudFront and return its response. boto3 retries failed calls.

    Args:
        client: A boto3 client.
        operation: The operation as AWS names it, such as "GetKeyGroup".
        **arguments: The operation's arguments.

    Raises:
        AWSError: The call failed.
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

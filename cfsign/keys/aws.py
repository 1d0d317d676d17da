"""Asking AWS by way of boto3, and its errors as ours; no other module imports boto3."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import Any

from cfsign.errors import ConfigurationError, KeyUnavailableError, SigningKeyError

# What each service keeps, and the extra that brings what asks for it.
_SERVICES = {
    "kms": ("KMS key", "kms"),
    "secretsmanager": ("secret", "aws"),
    "ssm": ("SSM parameter", "aws"),
}

# Ids, ARNs, and the names that KMS, Secrets Manager and Parameter Store take.
_NAME = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,1024}")

_UNREACHABLE = "AWS is not reached from here; check the network, the region and the endpoint"
_PASSES = "AWS has a fault of its own, which passes; try again"
_CREDENTIALS = "AWS does not take this site's credentials; renew them, and check the clock"
_NO_CREDENTIALS = "boto3 finds no AWS credentials; give the site a role, or boto3 a profile"
_NOT_FOR_SIGNING = (
    "CloudFront takes an asymmetric key: make one with the key spec RSA_2048 or ECC_NIST_P256 "
    "and the key usage SIGN_VERIFY"
)
_NOT_THERE = "this account has none of that name in this region; check name, region and account"
_THROTTLED = "AWS throttles this account; ask it for a higher quota, or sign less often"

#: What to do, by AWS's code or the name of botocore's exception.
_MENDS = {
    "AccessDeniedException": "allow {permission} to this site's role, in its policy and the "
    "resource's",
    "DisabledException": "the key is disabled; enable it: aws kms enable-key",
    "KMSInvalidStateException": "the key is disabled, or pending its deletion or import, as "
    "aws kms describe-key tells; mend that, or sign with another key",
    "NotFoundException": f"{_NOT_THERE} (an alias is written alias/NAME)",
    "ResourceNotFoundException": _NOT_THERE,
    "ParameterNotFound": _NOT_THERE,
    "ParameterVersionNotFound": _NOT_THERE,
    "InvalidArnException": "that is no ARN of a key or an alias; check it",
    "ValidationException": "AWS does not take that name; check it",
    "UnsupportedOperationException": _NOT_FOR_SIGNING,
    "InvalidKeyUsageException": _NOT_FOR_SIGNING,
    "InvalidRequestException": "the secret has no such version, or is marked for deletion; "
    "restore it: aws secretsmanager restore-secret",
    "DecryptionFailure": "allow kms:Decrypt to this site's role, on the key that encrypts it",
    "InvalidKeyId": "allow kms:Decrypt to this site's role, on the key that encrypts it",
    "ThrottlingException": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "LimitExceededException": _THROTTLED,
    "DependencyTimeoutException": _PASSES,
    "InternalServerError": _PASSES,
    "InternalServiceError": _PASSES,
    "KMSInternalException": _PASSES,
    "KeyUnavailableException": _PASSES,
    "ServiceUnavailableException": _PASSES,
    "ExpiredTokenException": _CREDENTIALS,
    "IncompleteSignatureException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "CredentialRetrievalError": _NO_CREDENTIALS,
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "ProfileNotFound": "boto3 finds no such profile; check AWS_PROFILE",
    "NoRegionError": "set AWS_DEFAULT_REGION, or give region_name",
    "InvalidRegionError": "check AWS_DEFAULT_REGION, or region_name",
    "ConnectTimeoutError": _UNREACHABLE,
    "ConnectionClosedError": _UNREACHABLE,
    "EndpointConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "ProxyConnectionError": _UNREACHABLE,
    "ReadTimeoutError": _UNREACHABLE,
    "SSLError": _UNREACHABLE,
    "ValueError": "an endpoint is no URL, or is not AWS's; check AWS_ENDPOINT_URL",
}

#: What no waiting mends, so that whoever makes a key is told that it is the wrong one.
_MISTAKES = {
    "InvalidArnException",
    "InvalidKeyUsageException",
    "InvalidRegionError",
    "NoRegionError",
    "NotFoundException",
    "ParameterNotFound",
    "ParameterVersionNotFound",
    "ProfileNotFound",
    "ResourceNotFoundException",
    "UnsupportedOperationException",
    "ValidationException",
    "ValueError",
}


class Kept:
    """
    One thing that AWS keeps, a key or a secret, and the boto3 client that asks for it.

    A client that is not given is made when first needed, by boto3's own configuration and in the
    region that an ARN names. It is made anew in a forked process: two processes on one connection
    would read each other's answers.

    Attributes:
        name: What it is called, without the account's number of an ARN.
    """

    __slots__ = ("_client", "_given", "_made_in", "_region_name", "_service", "name")

    def __init__(self, service: str, name: object, client: Any, region_name: str | None) -> None:
        kind, extra = _SERVICES[service]
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            # Not echoed: people have pasted the key itself here.
            raise SigningKeyError(f"that is no {kind}'s name; give its name, id or ARN")
        self.name = without_account(name)
        self._service = service
        if client is None and find_spec("boto3") is None:
            raise ConfigurationError(
                f"{self} needs boto3: pip install 'cloudfront-cfsign[{extra}]'"
            )
        self._given = client
        self._region_name = region_name or _region(name)
        self._client: Any = None
        self._made_in = 0

    def __str__(self) -> str:
        return f"the {_SERVICES[self._service][0]} {self.name!r}"

    def ask(self, operation: str, *, in_use: bool = False, **arguments: Any) -> dict[str, Any]:
        """
        Return AWS's answer; boto3 alone decides how often it tries.

        Args:
            operation: The name of the client's method.
            in_use: Whether it answered before, so that whatever is wrong came after.
            **arguments: The method's arguments.

        Raises:
            SigningKeyError: It is not there, or not of the right kind.
            KeyUnavailableError: It is not to be had just now; always this one if *in_use*.
        """
        from botocore.exceptions import ClientError

        try:
            answer: dict[str, Any] = getattr(self._client_here(), operation)(**arguments)
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "Unknown"))
        except Exception as error:  # botocore's own, and its parser's over a page of some proxy
            code = type(error).__name__
        else:
            return answer
        # Neither chained nor quoted: botocore's texts hold account numbers, URLs and arguments.
        permission = f"{self._service}:{operation.title().replace('_', '')}"
        mend = _MENDS.get(code, "the documents of AWS or boto3 say what that means")
        message = f"{self} cannot be used ({code}): {mend.format(permission=permission)}"
        if code in _MISTAKES and not in_use:
            raise SigningKeyError(message, source=self.name)
        raise KeyUnavailableError(message, source=self.name, code=code)

    def no_answer(self) -> KeyUnavailableError:
        """Make the error for an answer in which what was asked for is missing."""
        return KeyUnavailableError(
            f"{self} cannot be used: the answer is not one of AWS's; check the endpoint and what "
            "stands between, such as a proxy",
            source=self.name,
        )

    def _client_here(self) -> Any:
        if self._given is not None:
            return self._given
        if self._made_in != os.getpid():
            import boto3

            # A session of its own: boto3's default one is not safe to use from several threads.
            session = boto3.session.Session(region_name=self._region_name)
            self._client = session.client(self._service)
            self._made_in = os.getpid()
        return self._client


def without_account(name: str) -> str:
    """Return what an ARN says behind the account's number; any other name as it is."""
    return name.split(":", 5)[-1] if name.startswith("arn:") else name


def _region(name: str) -> str | None:
    parts = name.split(":")
    return parts[3] or None if parts[0] == "arn" and len(parts) > 5 else None

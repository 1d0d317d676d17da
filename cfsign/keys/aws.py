"""Calls to AWS through boto3, with a hint for each error code."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from os import getpid
from typing import Any

from cfsign.errors import ConfigurationError, KeyUnavailableError, SigningKeyError
from cfsign.utils.secret import Secret

# service: (the kind of resource, the extra that installs boto3)
_SERVICES = {
    "kms": ("KMS key", "kms"),
    "secretsmanager": ("secret", "aws"),
    "ssm": ("SSM parameter", "aws"),
}

# Ids, ARNs, and the names that KMS, Secrets Manager and Parameter Store accept.
_NAME = re.compile(r"[A-Za-z0-9/_+=.@:-]{1,1024}")

_UNREACHABLE = "AWS is unreachable: check the network, the region and the endpoint"
_TEMPORARY = "AWS returned a temporary error: retry"
_CREDENTIALS = "AWS rejects the site's credentials: renew them, and check the clock"
_NO_CREDENTIALS = "boto3 finds no AWS credentials: give the site a role, or boto3 a profile"
_NOT_FOR_SIGNING = (
    "create an asymmetric key with the key spec RSA_2048 or ECC_NIST_P256 and the key usage "
    "SIGN_VERIFY"
)
_NOT_FOUND = "it does not exist: check the name, the region and the account"
_THROTTLED = "AWS throttles this account: request a higher quota, or sign less often"

# Hints by AWS's error code or the name of boto3's exception.
_HINTS = {
    "AccessDeniedException": "allow {permission} in the policy of the site's role and in the "
    "resource's policy",
    "DisabledException": "enable the key: aws kms enable-key",
    "KMSInvalidStateException": "the key is disabled, or is waiting for deletion or import: check "
    "it with aws kms describe-key, or sign with another key",
    "NotFoundException": f"{_NOT_FOUND} (an alias is written alias/NAME)",
    "ResourceNotFoundException": _NOT_FOUND,
    "ParameterNotFound": _NOT_FOUND,
    "ParameterVersionNotFound": _NOT_FOUND,
    "InvalidArnException": "it is not the ARN of a key or an alias: check it",
    "ValidationException": "AWS rejects this name: check it",
    "UnsupportedOperationException": _NOT_FOR_SIGNING,
    "InvalidKeyUsageException": _NOT_FOR_SIGNING,
    "InvalidRequestException": "the secret does not have this version, or is marked for deletion: "
    "restore it with aws secretsmanager restore-secret",
    "DecryptionFailure": "allow kms:Decrypt to the site's role, on the key that encrypts it",
    "InvalidKeyId": "allow kms:Decrypt to the site's role, on the key that encrypts it",
    "ThrottlingException": _THROTTLED,
    "TooManyRequestsException": _THROTTLED,
    "LimitExceededException": _THROTTLED,
    "DependencyTimeoutException": _TEMPORARY,
    "InternalServerError": _TEMPORARY,
    "InternalServiceError": _TEMPORARY,
    "KMSInternalException": _TEMPORARY,
    "KeyUnavailableException": _TEMPORARY,
    "ServiceUnavailableException": _TEMPORARY,
    "ExpiredTokenException": _CREDENTIALS,
    "IncompleteSignatureException": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidSignatureException": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "CredentialRetrievalError": _NO_CREDENTIALS,
    "NoCredentialsError": _NO_CREDENTIALS,
    "PartialCredentialsError": _NO_CREDENTIALS,
    "ProfileNotFound": "boto3 does not find the profile: check AWS_PROFILE",
    "NoRegionError": "set AWS_DEFAULT_REGION or region_name",
    "InvalidRegionError": "check AWS_DEFAULT_REGION or region_name",
    "ConnectTimeoutError": _UNREACHABLE,
    "ConnectionClosedError": _UNREACHABLE,
    "EndpointConnectionError": _UNREACHABLE,
    "HTTPClientError": _UNREACHABLE,
    "ProxyConnectionError": _UNREACHABLE,
    "ReadTimeoutError": _UNREACHABLE,
    "SSLError": _UNREACHABLE,
    "ValueError": "an endpoint is not a URL, or is not AWS's: check AWS_ENDPOINT_URL",
}

# Errors that do not pass with time: the name, the kind or the configuration is wrong.
_PERMANENT = {
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


def call_boto(call: Callable[[], Any]) -> tuple[Any, str]:
    """
    Call boto3, which alone decides about retries.

    Args:
        call: A function that makes a client or calls one of its methods.

    Returns:
        The result and ""; or None and AWS's error code or the name of boto3's exception. The
        exception itself is dropped, because its text holds account numbers, URLs and arguments.
    """
    from botocore.exceptions import ClientError

    try:
        return call(), ""
    except ClientError as error:
        return None, str(error.response.get("Error", {}).get("Code", "Unknown"))
    except Exception as error:  # boto3's own, or its parser's after a proxy's error page
        return None, type(error).__name__


class AWSResource:
    """
    A key or a secret in AWS, and the boto3 client that calls AWS for it.

    Without a client, one is made on first use, from boto3's own configuration and in the region of
    the ARN. A forked process makes another one: two processes on one connection would read each
    other's responses.

    Attributes:
        id: The name, id or ARN that AWS is called with.
        name: The resource's name, without the account number of an ARN.
    """

    __slots__ = (
        "_client",
        "_own_client",
        "_own_client_pid",
        "_region_name",
        "_service",
        "id",
        "name",
    )

    def __init__(
        self, service: str, name: Secret[Any], client: Any, region_name: str | None
    ) -> None:
        kind, extra = _SERVICES[service]
        if not isinstance(name.reveal(), str) or not _NAME.fullmatch(name.reveal()):
            # The value is not shown: people have pasted the key itself here.
            raise SigningKeyError(
                f"the name of the {kind} is invalid", hint="use its name, id or ARN"
            )
        self.id: str = name.reveal()
        self.name = hide_account(self.id)
        self._service = service
        if client is None and find_spec("boto3") is None:
            raise ConfigurationError(
                f"{self} needs boto3", hint=f"pip install 'cloudfront-cfsign[{extra}]'"
            )
        self._client = client
        self._region_name = region_name or _find_region(self.id)
        self._own_client: Any = None
        self._own_client_pid = 0

    def __str__(self) -> str:
        return f"the {_SERVICES[self._service][0]} {self.name!r}"

    def call(self, operation: str, *, in_use: bool = False, **arguments: Any) -> dict[str, Any]:
        """
        Call AWS and return its response.

        Args:
            operation: The name of the client's method.
            in_use: True if an earlier call succeeded, so that no error counts as permanent.
            **arguments: The method's arguments.

        Raises:
            SigningKeyError: The resource does not exist or has the wrong kind.
            KeyUnavailableError: The resource is temporarily unavailable.
        """
        result, code = call_boto(lambda: getattr(self._get_client(), operation)(**arguments))
        if not code:
            response: dict[str, Any] = result
            return response
        permission = f"{self._service}:{operation.title().replace('_', '')}"
        hint = _HINTS.get(code, "look the code up in the documentation of AWS or boto3")
        message, hint = f"{self} cannot be used ({code})", hint.format(permission=permission)
        if code in _PERMANENT and not in_use:
            raise SigningKeyError(message, hint=hint, source=self.name)
        raise KeyUnavailableError(message, hint=hint, source=self.name, code=code)

    def build_response_error(self) -> KeyUnavailableError:
        """Build the error for a response without the requested value."""
        return KeyUnavailableError(
            f"{self} cannot be used: the response is not one of AWS's",
            hint="check the endpoint, and any proxy on the way",
            source=self.name,
        )

    def _get_client(self) -> Any:
        if self._client is not None:
            return self._client
        if self._own_client_pid != getpid():
            import boto3

            # A separate session: boto3's default session is not thread-safe.
            session = boto3.session.Session(region_name=self._region_name)
            self._own_client = session.client(self._service)
            self._own_client_pid = getpid()
        return self._own_client


def hide_account(name: str) -> str:
    """Return the part of an ARN after the account number; any other name unchanged."""
    return name.split(":", 5)[-1] if name.startswith("arn:") else name


def _find_region(name: str) -> str | None:
    parts = name.split(":")
    return parts[3] or None if parts[0] == "arn" and len(parts) > 5 else None

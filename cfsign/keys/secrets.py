"""
Keys stored in AWS Secrets Manager or SSM Parameter Store (extra `aws`).

Each object is a function without arguments that reads the secret again at each call:
`load_private_key(secret())`.
"""

from __future__ import annotations

import json
from typing import Any

from cfsign.errors import SigningKeyError
from cfsign.keys.aws import AWSResource
from cfsign.utils.secret import hide


class SecretsManagerSecret:
    """
    The text or bytes of a secret in AWS Secrets Manager.

    Reading needs the permission `secretsmanager:GetSecretValue`, and `kms:Decrypt` if the secret is
    encrypted with a customer managed key.
    """

    __slots__ = ("_field", "_resource", "_stage")

    def __init__(
        self,
        name: str,
        *,
        field: str | None = None,
        client: Any = None,
        region_name: str | None = None,
        version_stage: str = "AWSCURRENT",
    ) -> None:
        """
        Store the secret's name; the secret is read at each call.

        Args:
            name: The secret's name or ARN.
            field: If the secret is a JSON object: the member that holds the key.
            client: A boto3 client of Secrets Manager; None makes one from boto3's configuration.
            region_name: The region, if neither an ARN nor boto3's configuration sets it.
            version_stage: The staging label of the version to read.

        Raises:
            SigningKeyError: The name is not valid.
            ConfigurationError: boto3 is not installed.
        """
        hidden = hide(name)
        del name
        self._resource = AWSResource("secretsmanager", hidden, client, region_name)
        self._field = field
        self._stage = version_stage

    def __repr__(self) -> str:
        if not hasattr(self, "_resource"):  # in the report of an error of __init__
            return "<SecretsManagerSecret, not checked yet>"
        return f"<SecretsManagerSecret {self._resource.name}>"

    def __call__(self) -> str | bytes:
        """
        Read the secret.

        Raises:
            SigningKeyError: The secret or its field does not exist.
            KeyUnavailableError: The secret is temporarily unavailable.
        """
        response = self._resource.call(
            "get_secret_value", SecretId=self._resource.id, VersionStage=self._stage
        )
        # The response has one of the two, depending on how the secret was stored. `pop` removes it,
        # so that an error report cannot print it.
        value = _read_field(
            response.pop("SecretString", response.pop("SecretBinary", None)), self._field
        )
        if value is None and self._field is not None:
            raise SigningKeyError(
                f"{self._resource} is not a JSON object with text in the member {self._field!r}",
                hint="check field=, or omit it if the secret is only the key",
                source=self._resource.name,
            )
        if value is None:
            raise self._resource.build_response_error()
        return value


class SsmParameter:
    """
    The text of a parameter in SSM Parameter Store. A SecureString is decrypted.

    Reading needs the permission `ssm:GetParameter`, and `kms:Decrypt` if the parameter is encrypted
    with a customer managed key.
    """

    __slots__ = ("_resource",)

    def __init__(self, name: str, *, client: Any = None, region_name: str | None = None) -> None:
        """
        Store the parameter's name; the parameter is read at each call.

        Args:
            name: The parameter's name or ARN, optionally with `:VERSION` or `:LABEL`.
            client: A boto3 client of SSM; None makes one from boto3's configuration.
            region_name: The region, if neither an ARN nor boto3's configuration sets it.

        Raises:
            SigningKeyError: The name is not valid.
            ConfigurationError: boto3 is not installed.
        """
        hidden = hide(name)
        del name
        self._resource = AWSResource("ssm", hidden, client, region_name)

    def __repr__(self) -> str:
        if not hasattr(self, "_resource"):  # in the report of an error of __init__
            return "<SsmParameter, not checked yet>"
        return f"<SsmParameter {self._resource.name}>"

    def __call__(self) -> str:
        """
        Read the parameter.

        Raises:
            SigningKeyError: The parameter does not exist.
            KeyUnavailableError: The parameter is temporarily unavailable.
        """
        response = self._resource.call("get_parameter", Name=self._resource.id, WithDecryption=True)
        value = response.pop("Parameter", {}).get("Value")
        if not isinstance(value, str):
            raise self._resource.build_response_error()
        return value


def _read_field(content: str | bytes | None, field: str | None) -> str | bytes | None:
    """Return the text of a JSON object's member; without *field* the content itself."""
    # This never raises, because error reports print the variables of a frame that raises.
    if field is None or content is None:
        return content
    try:
        value = json.loads(content)[field]
    except (LookupError, TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None

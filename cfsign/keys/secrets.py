"""
Keys kept as secrets in AWS Secrets Manager or SSM Parameter Store (extra `aws`).

Each is a function of no arguments that reads the secret anew: `load_private_key(secret())`.
"""

from __future__ import annotations

import json
from typing import Any

from cfsign.errors import SigningKeyError
from cfsign.keys.aws import Kept


class SecretsManagerSecret:
    """
    The text or bytes of a secret in AWS Secrets Manager.

    It takes the permission `secretsmanager:GetSecretValue`, and `kms:Decrypt` where the secret is
    encrypted with a key of your own.
    """

    __slots__ = ("_field", "_id", "_kept", "_stage")

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
        Take the secret's name; it is read at each call.

        Args:
            name: The secret's name or ARN.
            field: Of a secret that is a JSON object, the member that holds the key.
            client: A boto3 client of Secrets Manager; else one by boto3's own configuration.
            region_name: The region, where neither an ARN nor that configuration names it.
            version_stage: The staging label of the version to read.

        Raises:
            SigningKeyError: That is no name.
            ConfigurationError: boto3 is not installed.
        """
        self._kept = Kept("secretsmanager", name, client, region_name)
        self._id = name
        self._field = field
        self._stage = version_stage

    def __repr__(self) -> str:
        return f"<SecretsManagerSecret {self._kept.name}>"

    def __call__(self) -> str | bytes:
        """
        Read the secret.

        Raises:
            SigningKeyError: There is no such secret, or it holds no such field.
            KeyUnavailableError: AWS does not give it just now.
        """
        answer = self._kept.ask("get_secret_value", SecretId=self._id, VersionStage=self._stage)
        # Of both members AWS writes the one that the secret was stored as.
        found = _member(answer.pop("SecretString", answer.pop("SecretBinary", None)), self._field)
        if found is None and self._field is not None:
            raise SigningKeyError(
                f"{self._kept} is no JSON object with text in the member that field= names; "
                "check it, or leave field out where the secret is the key alone",
                source=self._kept.name,
            )
        if found is None:
            raise self._kept.no_answer()
        return found


class SsmParameter:
    """
    The text of a parameter in SSM Parameter Store, a SecureString decrypted.

    It takes the permission `ssm:GetParameter`, and `kms:Decrypt` where the parameter is encrypted
    with a key of your own.
    """

    __slots__ = ("_id", "_kept")

    def __init__(self, name: str, *, client: Any = None, region_name: str | None = None) -> None:
        """
        Take the parameter's name; it is read at each call.

        Args:
            name: The parameter's name, with `:VERSION` or `:LABEL` where it is to be that one.
            client: A boto3 client of SSM; else one by boto3's own configuration.
            region_name: The region, where neither an ARN nor that configuration names it.

        Raises:
            SigningKeyError: That is no name.
            ConfigurationError: boto3 is not installed.
        """
        self._kept = Kept("ssm", name, client, region_name)
        self._id = name

    def __repr__(self) -> str:
        return f"<SsmParameter {self._kept.name}>"

    def __call__(self) -> str:
        """
        Read the parameter.

        Raises:
            SigningKeyError: There is no such parameter.
            KeyUnavailableError: AWS does not give it just now.
        """
        answer = self._kept.ask("get_parameter", Name=self._id, WithDecryption=True)
        value = answer.pop("Parameter", {}).get("Value")
        if not isinstance(value, str):
            raise self._kept.no_answer()
        return value


def _member(content: str | bytes | None, field: str | None) -> str | bytes | None:
    """Return the text of a JSON object's member; without *field* the content itself."""
    # In a function of its own, so that no error report prints the secret with the frame's
    # variables.
    if field is None or content is None:
        return content
    try:
        value = json.loads(content)[field]
    except (LookupError, TypeError, ValueError, RecursionError):
        return None
    return value if isinstance(value, str) else None

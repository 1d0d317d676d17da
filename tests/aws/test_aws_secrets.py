"""Tests of keys stored in AWS Secrets Manager and SSM Parameter Store."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from typing import Any

import pytest

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")

from cfsign import KeyUnavailableError, SigningKeyError, load_private_key  # noqa: E402
from cfsign.keys.secrets import SecretsManagerSecret, SsmParameter  # noqa: E402

ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:cloudfront/key-AbCdEf"


def create_secret(name: str = "cloudfront/key", **content: Any) -> str:
    created = boto3.client("secretsmanager").create_secret(Name=name, **content)
    return str(created["ARN"])


@pytest.fixture
def is_same_key(public_pem: str) -> Any:
    """A function that returns True for the private key of `public_pem`."""
    return lambda content: load_private_key(content).public_key_pem() == public_pem


@pytest.mark.usefixtures("aws")
class TestSecretsManager:
    """Secrets as text, bytes and JSON, by name and by ARN."""

    def test_secret_with_only_the_key(self, pem: str, is_same_key: Any) -> None:
        arn = create_secret(SecretString=pem)
        assert is_same_key(SecretsManagerSecret("cloudfront/key")())
        assert SecretsManagerSecret(arn)() == pem

    def test_binary_secret(self, der: bytes, is_same_key: Any) -> None:
        create_secret(SecretBinary=der)
        secret = SecretsManagerSecret("cloudfront/key")()
        assert secret == der
        assert is_same_key(secret)

    def test_field_of_a_json_secret(self, pem: str, is_same_key: Any) -> None:
        create_secret(SecretString=json.dumps({"private_key": pem, "id": 1}))
        assert is_same_key(SecretsManagerSecret("cloudfront/key", field="private_key")())

    def test_json_secret_without_field(self, pem: str, is_same_key: Any) -> None:
        """The PEM is found in the JSON, as in any text."""
        create_secret(SecretString=json.dumps({"private_key": pem}))
        assert is_same_key(SecretsManagerSecret("cloudfront/key")())

    def test_each_call_reads_the_secret(self, pem: str, other_pem: str) -> None:
        """A rotated secret is seen at the next call; AWSPREVIOUS returns the old one."""
        create_secret(SecretString=pem)
        secret = SecretsManagerSecret("cloudfront/key")
        assert secret() == pem
        boto3.client("secretsmanager").put_secret_value(
            SecretId="cloudfront/key", SecretString=other_pem
        )
        assert secret() == other_pem
        assert SecretsManagerSecret("cloudfront/key", version_stage="AWSPREVIOUS")() == pem

    @pytest.mark.parametrize(
        "content",
        [
            "{pem}",
            '{{"other": "{pem}"}}',
            '{{"private_key": ["{pem}"]}}',
            '{{"private_key": null}}',
            '["{pem}"]',
            '"{pem}"',
            "17",
            "[" * 50_000,
        ],
    )
    def test_missing_field_is_an_error(self, pem: str, content: str) -> None:
        """Neither the error nor the variables in its traceback show the secret."""
        body = pem.splitlines()[1]
        create_secret(
            SecretString=content.replace("{pem}", body).replace("{{", "{").replace("}}", "}")
        )
        with pytest.raises(SigningKeyError, match="not a JSON object with text in") as caught:
            SecretsManagerSecret("cloudfront/key", field="private_key")()
        frames = caught.value.__traceback__.tb_next  # type: ignore[union-attr]
        report = traceback.TracebackException(
            type(caught.value), caught.value, frames, capture_locals=True
        )
        assert body[:20] not in "".join(report.format())
        assert caught.value.__context__ is None

    def test_missing_secret_is_an_error(self) -> None:
        with pytest.raises(
            SigningKeyError, match=r"the secret 'none' .*ResourceNotFound"
        ) as caught:
            SecretsManagerSecret("none")()
        assert type(caught.value) is SigningKeyError

    def test_deleted_secret_is_unavailable(self, pem: str) -> None:
        create_secret(SecretString=pem)
        boto3.client("secretsmanager").delete_secret(SecretId="cloudfront/key")
        with pytest.raises(KeyUnavailableError, match="restore-secret") as caught:
            SecretsManagerSecret("cloudfront/key")()
        assert caught.value.code == "InvalidRequestException"


@pytest.mark.usefixtures("aws")
class TestParameterStore:
    """Parameters as plain text and as SecureString."""

    @pytest.mark.parametrize("kind", ["String", "SecureString"])
    def test_parameter(self, pem: str, is_same_key: Any, kind: str) -> None:
        """For a SecureString, moto returns ciphertext unless decryption is requested."""
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name="/cloudfront/key", Value=pem, Type=kind)
        parameter = SsmParameter("/cloudfront/key")
        assert parameter() == pem
        assert is_same_key(parameter())
        ssm.put_parameter(Name="/cloudfront/key", Value="new", Type=kind, Overwrite=True)
        assert parameter() == "new"
        assert SsmParameter("/cloudfront/key:1")() == pem

    def test_missing_parameter_is_an_error(self) -> None:
        with pytest.raises(SigningKeyError, match=r"SSM parameter '/none' .*ParameterNotFound"):
            SsmParameter("/none")()


class Client:
    """A client that always returns the same response."""

    def __init__(self, response: dict[str, Any]) -> None:
        self.get_secret_value = self.get_parameter = lambda **_: response


@pytest.mark.parametrize("response", [{}, {"Parameter": {}}, {"SecretString": None}])
def test_incomplete_response_is_not_a_secret(response: dict[str, Any]) -> None:
    """Such a response is not from AWS."""
    for loader in (SecretsManagerSecret, SsmParameter):
        with pytest.raises(KeyUnavailableError, match="not one of AWS's"):
            loader("name", client=Client(response))()


def test_repr_has_no_account_and_no_secret() -> None:
    """Also after the secret was read."""
    secret = SecretsManagerSecret(ARN, client=Client({"SecretString": "the-secret"}))
    parameter = SsmParameter("/cf/key", client=Client({"Parameter": {"Value": "the-secret"}}))
    assert secret() == parameter() == "the-secret"
    assert repr(secret) == "<SecretsManagerSecret secret:cloudfront/key-AbCdEf>"
    assert repr(parameter) == "<SsmParameter /cf/key>"


def test_kms_key_cannot_be_pickled_or_copied() -> None:
    """The error says how to make the key in the other process."""
    from cfsign.keys.kms import KmsPrivateKey

    class Kms:
        def get_public_key(self, **_: Any) -> dict[str, Any]:
            usage = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}
            return {"KeyId": "1234abcd", "PublicKey": b"der", **usage}

    key = KmsPrivateKey("alias/cloudfront", client=Kms())
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"KmsPrivateKey\(\.\.\.\) in the other process"):
            duplicate(key)

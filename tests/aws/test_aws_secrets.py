"""Keys that AWS Secrets Manager and SSM Parameter Store keep."""

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


def keep(name: str = "cloudfront/key", **content: Any) -> str:
    made = boto3.client("secretsmanager").create_secret(Name=name, **content)
    return str(made["ARN"])


@pytest.fixture
def same(public_pem: str) -> Any:
    """Tells whether what a loader gives is the private half of `public_pem`."""
    return lambda content: load_private_key(content).public_key_pem() == public_pem


@pytest.mark.usefixtures("aws")
class TestSecretsManager:
    """Text, bytes and JSON, by name or by ARN."""

    def test_a_secret_that_is_the_key(self, pem: str, same: Any) -> None:
        arn = keep(SecretString=pem)
        assert same(SecretsManagerSecret("cloudfront/key")())
        assert SecretsManagerSecret(arn)() == pem

    def test_a_binary_secret(self, der: bytes, same: Any) -> None:
        keep(SecretBinary=der)
        secret = SecretsManagerSecret("cloudfront/key")()
        assert secret == der
        assert same(secret)

    def test_a_field_of_json(self, pem: str, same: Any) -> None:
        keep(SecretString=json.dumps({"private_key": pem, "id": 1}))
        assert same(SecretsManagerSecret("cloudfront/key", field="private_key")())

    def test_json_whose_field_was_not_named(self, pem: str, same: Any) -> None:
        """The PEM is found in it, as in any text."""
        keep(SecretString=json.dumps({"private_key": pem}))
        assert same(SecretsManagerSecret("cloudfront/key")())

    def test_each_call_reads_anew(self, pem: str, other_pem: str) -> None:
        """So that what polls it sees a rotated secret; the one before has a stage of its own."""
        keep(SecretString=pem)
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
    def test_a_field_that_is_not_there(self, pem: str, content: str) -> None:
        """The error, its report and the report's variables show nothing of the secret."""
        body = pem.splitlines()[1]
        keep(SecretString=content.replace("{pem}", body).replace("{{", "{").replace("}}", "}"))
        with pytest.raises(SigningKeyError, match="not a JSON object with text in") as caught:
            SecretsManagerSecret("cloudfront/key", field="private_key")()
        ours = caught.value.__traceback__.tb_next  # type: ignore[union-attr]
        report = traceback.TracebackException(
            type(caught.value), caught.value, ours, capture_locals=True
        )
        assert body[:20] not in "".join(report.format())
        assert caught.value.__context__ is None

    def test_a_secret_that_is_not_there(self) -> None:
        with pytest.raises(
            SigningKeyError, match=r"the secret 'none' .*ResourceNotFound"
        ) as caught:
            SecretsManagerSecret("none")()
        assert type(caught.value) is SigningKeyError

    def test_a_secret_marked_for_deletion(self, pem: str) -> None:
        keep(SecretString=pem)
        boto3.client("secretsmanager").delete_secret(SecretId="cloudfront/key")
        with pytest.raises(KeyUnavailableError, match="restore-secret") as caught:
            SecretsManagerSecret("cloudfront/key")()
        assert caught.value.code == "InvalidRequestException"


@pytest.mark.usefixtures("aws")
class TestParameterStore:
    """A parameter in the clear, or decrypted by AWS."""

    @pytest.mark.parametrize("kind", ["String", "SecureString"])
    def test_a_parameter(self, pem: str, same: Any, kind: str) -> None:
        """Of a SecureString moto gives back the ciphertext if decryption is not asked for."""
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name="/cloudfront/key", Value=pem, Type=kind)
        parameter = SsmParameter("/cloudfront/key")
        assert parameter() == pem
        assert same(parameter())
        ssm.put_parameter(Name="/cloudfront/key", Value="new", Type=kind, Overwrite=True)
        assert parameter() == "new"
        assert SsmParameter("/cloudfront/key:1")() == pem

    def test_a_parameter_that_is_not_there(self) -> None:
        with pytest.raises(SigningKeyError, match=r"SSM parameter '/none' .*ParameterNotFound"):
            SsmParameter("/none")()


class Client:
    """A client that has one answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.get_secret_value = self.get_parameter = lambda **_: answer


@pytest.mark.parametrize("answer", [{}, {"Parameter": {}}, {"SecretString": None}])
def test_half_an_answer_is_no_secret(answer: dict[str, Any]) -> None:
    """Whatever answered was not AWS."""
    for loader in (SecretsManagerSecret, SsmParameter):
        with pytest.raises(KeyUnavailableError, match="not one of AWS's"):
            loader("name", client=Client(answer))()


def test_what_a_loader_shows_and_keeps() -> None:
    """Its name without the account, and no secret, read or not."""
    secret = SecretsManagerSecret(ARN, client=Client({"SecretString": "the-secret"}))
    parameter = SsmParameter("/cf/key", client=Client({"Parameter": {"Value": "the-secret"}}))
    assert secret() == parameter() == "the-secret"
    assert repr(secret) == "<SecretsManagerSecret secret:cloudfront/key-AbCdEf>"
    assert repr(parameter) == "<SsmParameter /cf/key>"


def test_a_key_in_kms_is_neither_pickled_nor_copied() -> None:
    """The error says how to have it on the other side."""
    from cfsign.keys.kms import KmsPrivateKey

    class Kms:
        def get_public_key(self, **_: Any) -> dict[str, Any]:
            usage = {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}
            return {"KeyId": "1234abcd", "PublicKey": b"der", **usage}

    key = KmsPrivateKey("alias/cloudfront", client=Kms())
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"KmsPrivateKey\(\.\.\.\) in the other process"):
            attempt(key)

"""AWS simulated by moto, in this process or as a local server; no test calls the real AWS."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

REGION = "eu-central-1"

MakeKey = Callable[..., str]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Invented credentials and a region, without the developer's own AWS settings."""
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture(scope="session")
def client() -> Any:
    """A KMS client for a Stubber; one per session, because it takes long to make."""
    boto3 = pytest.importorskip("boto3")
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret"}
    return boto3.session.Session(region_name=REGION, **keys).client("kms")


@pytest.fixture
def prehashed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make moto sign digests: it ignores MessageType and would hash the message again."""
    utils = pytest.importorskip("moto.kms.utils")
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256

    def sign_rsa(self: Any, message: bytes, algorithm: str) -> bytes:
        assert algorithm == "RSASSA_PKCS1_V1_5_SHA_256"
        signature: bytes = self.private_key.sign(message, padding.PKCS1v15(), Prehashed(SHA256()))
        return signature

    def sign_ec(self: Any, message: bytes, algorithm: str) -> bytes:
        assert algorithm == "ECDSA_SHA_256"
        signature: bytes = self.private_key.sign(message, ec.ECDSA(Prehashed(SHA256())))
        return signature

    monkeypatch.setattr(utils.RSAPrivateKey, "sign", sign_rsa)
    monkeypatch.setattr(utils.ECDSAPrivateKey, "sign", sign_ec)


@pytest.fixture
def aws(environment: None, prehashed: None) -> Iterator[None]:
    """moto in place of AWS, for clients made inside this fixture."""
    moto = pytest.importorskip("moto")
    with moto.mock_aws():
        yield


@pytest.fixture
def make_key(aws: None) -> MakeKey:
    """A function that creates a key in KMS and returns its id."""

    def make(spec: str = "ECC_NIST_P256", usage: str = "SIGN_VERIFY", **client: Any) -> str:
        import boto3

        created = boto3.client("kms", **client).create_key(KeySpec=spec, KeyUsage=usage)
        return str(created["KeyMetadata"]["KeyId"])

    return make

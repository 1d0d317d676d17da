"""Tests of keys in AWS KMS."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

boto3 = pytest.importorskip("boto3")
pytest.importorskip("moto")

from botocore.stub import Stubber  # noqa: E402

from cfsign import (  # noqa: E402
    ConfigurationError,
    Distribution,
    KeyUnavailableError,
    Policy,
    PolicyError,
    PrivateKey,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
)
from cfsign.config.configuration import Configuration  # noqa: E402
from cfsign.keys import get_hash_algorithms, is_async, is_blocking  # noqa: E402
from cfsign.keys.kms import KmsPrivateKey  # noqa: E402

URL = "https://media.example.com/a%20b.jpg"
SPECS = pytest.mark.parametrize(
    ("spec", "algorithm"), [("RSA_2048", "RSA-2048"), ("ECC_NIST_P256", "P-256")]
)
KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
ARN = f"arn:aws:kms:eu-central-1:111122223333:key/{KEY_ID}"


@pytest.fixture
def public_der(openssl: Any, ec_pem: str) -> bytes:
    return bytes(openssl("pkey", "-pubout", "-outform", "DER", given=ec_pem))


@pytest.fixture
def response(public_der: bytes) -> dict[str, Any]:
    """The response of GetPublicKey for a P-256 key."""
    return {
        "KeyId": ARN,
        "KeySpec": "ECC_NIST_P256",
        "CustomerMasterKeySpec": "ECC_NIST_P256",
        "KeyUsage": "SIGN_VERIFY",
        "PublicKey": public_der,
        "SigningAlgorithms": ["ECDSA_SHA_256"],
    }


@pytest.fixture
def stubber(client: Any) -> Iterator[Stubber]:
    """A stubber of `client`."""
    with Stubber(client) as stubber:
        yield stubber


@SPECS
def test_openssl_verifies_a_signature_of_kms(
    make_key: Any, openssl: Any, tmp_path: Path, spec: str, algorithm: str
) -> None:
    """The message is longer than KMS accepts. The public key equals openssl's output."""
    key = KmsPrivateKey(make_key(spec))
    message = b"a policy " * 1000
    (tmp_path / "signature").write_bytes(key.sign(message, "SHA256"))
    (tmp_path / "public").write_text(key.public_key_pem())
    files = ("-verify", tmp_path / "public", "-signature", tmp_path / "signature")
    assert openssl("dgst", "-sha256", *files, given=message) == b"Verified OK\n"
    pem = openssl("pkey", "-pubin", "-pubout", given=key.public_key_pem())
    assert pem.decode() == key.public_key_pem()
    assert key.algorithm == algorithm


@SPECS
@pytest.mark.parametrize("custom", [False, True])
def test_key_group_allows_a_signature_of_kms(
    make_key: Any, spec: str, algorithm: str, custom: bool
) -> None:
    """URLs and cookies, canned and custom; the default hash algorithm is SHA-256."""
    signer = Signer("K2JCJMDEHXQW5F", KmsPrivateKey(make_key(spec)))
    key_group = TrustedKeyGroup({"K2JCJMDEHXQW5F": signer.public_key_pem()})
    signed = signer.sign_policy(
        Policy(URL, 1999999999, ip_address="192.0.2.0/24" if custom else None)
    )
    client = {"at": 1900000000, "ip_address": "192.0.2.7"}
    assert "Hash-Algorithm=SHA256" in signed.url(URL)
    assert key_group.check(signed.url(URL), **client).allowed
    assert key_group.check(URL, cookies=signed.cookies(), **client).allowed
    assert not key_group.check(signed.url(URL).replace("a%20b", "b%20b"), **client).allowed


def test_signing_does_not_block_the_event_loop(
    make_key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 waits for the network in a thread."""
    key = KmsPrivateKey(make_key())
    threads: list[int] = []
    original = KmsPrivateKey.sign

    def sign(self: KmsPrivateKey, message: bytes, hash_algorithm: Any) -> bytes:
        threads.append(threading.get_ident())
        return original(self, message, hash_algorithm)

    monkeypatch.setattr(KmsPrivateKey, "sign", sign)
    signer = Signer("K2JCJMDEHXQW5F", key)
    signed = asyncio.run(signer.sign_policy_async(Policy(URL, 1999999999)))
    key_group = TrustedKeyGroup({"K2JCJMDEHXQW5F": key.public_key_pem()})
    assert key_group.check(signed.url(URL), at=1900000000).allowed
    assert threads
    assert threading.get_ident() not in threads


def test_attributes_of_a_key(make_key: Any) -> None:
    """It is blocking, and has one hash algorithm."""
    key = KmsPrivateKey(make_key())
    assert isinstance(key, PrivateKey)
    assert is_blocking(key)
    assert not is_async(key)
    assert get_hash_algorithms(key) == ("SHA256",)


def test_sha1_is_refused_without_a_call_to_kms(
    client: Any, stubber: Stubber, response: dict[str, Any]
) -> None:
    """By the key, and by `Signer` when it is made."""
    stubber.add_response("get_public_key", response)
    key = KmsPrivateKey(ARN, client=client)
    with pytest.raises(SigningKeyError, match='sign with hash_algorithm="SHA256"'):
        key.sign(b"message", "SHA1")
    with pytest.raises(PolicyError, match='set "SHA256"'):
        Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA1")
    stubber.assert_no_pending_responses()


def test_alias_is_resolved_once(client: Any, stubber: Stubber, response: dict[str, Any]) -> None:
    """If the alias moves, signatures must still match the public key in CloudFront."""
    stubber.add_response("get_public_key", response)
    key = KmsPrivateKey("alias/cloudfront", client=client)
    expected = {
        "KeyId": ARN,
        "Message": hashlib.sha256(b"message").digest(),
        "MessageType": "DIGEST",
        "SigningAlgorithm": "ECDSA_SHA_256",
    }
    stubber.add_response("sign", {"KeyId": ARN, "Signature": b"signature"}, expected)
    assert key.sign(b"message", "SHA256") == b"signature"
    stubber.assert_no_pending_responses()


def test_repr_has_no_account(client: Any, stubber: Stubber, response: dict[str, Any]) -> None:
    """The key id is enough to find the key."""
    stubber.add_response("get_public_key", response)
    assert repr(KmsPrivateKey(ARN, client=client)) == f"<PrivateKey P-256 kms key/{KEY_ID}>"


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        ("RSA_3072", "SIGN_VERIFY"),
        ("RSA_4096", "SIGN_VERIFY"),
        ("ECC_NIST_P384", "SIGN_VERIFY"),
        ("ECC_NIST_P521", "SIGN_VERIFY"),
        ("ECC_SECG_P256K1", "SIGN_VERIFY"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
    ],
)
def test_unsupported_kind_of_key_is_refused(
    client: Any, stubber: Stubber, response: dict[str, Any], spec: str, usage: str
) -> None:
    """When the object is made, with the kind that it has and the kinds that work."""
    stubber.add_response("get_public_key", response | {"KeySpec": spec, "KeyUsage": usage})
    with pytest.raises(SigningKeyError, match=f"is {spec} for {usage}, but .* ECC_NIST_P256") as e:
        KmsPrivateKey(ARN, client=client)
    assert type(e.value) is SigningKeyError
    assert e.value.source == f"key/{KEY_ID}"
    assert "111122223333" not in str(e.value)


def test_unsupported_keys_of_moto_are_refused(make_key: Any) -> None:
    """moto's responses also have the older name of KeySpec."""
    for spec, usage in (("RSA_3072", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT")):
        with pytest.raises(SigningKeyError, match=f"is {spec} for {usage}"):
            KmsPrivateKey(make_key(spec, usage))
    with pytest.raises(SigningKeyError, match=r"NotFoundException.*alias/NAME"):
        KmsPrivateKey("alias/none")


@pytest.mark.parametrize("name", ["", " ", "a b", "-----BEGIN PRIVATE KEY-----", "k\n", 5, None])
def test_invalid_name_is_refused_without_a_call(name: Any) -> None:
    """The error does not show it, because it may be the key itself."""
    with pytest.raises(SigningKeyError) as caught:
        KmsPrivateKey(name, client=object())
    assert str(caught.value) == "the name of the KMS key is invalid; use its name, id or ARN"


def test_region_comes_from_the_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    """It overrides boto3's configuration; `region_name` overrides it."""
    regions: list[str | None] = []

    class Session(boto3.session.Session):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            regions.append(options["region_name"])
            super().__init__(**options)
            raise NotImplementedError

    monkeypatch.setattr(boto3.session, "Session", Session)
    for name, region_name in ((ARN, None), (ARN, "us-east-1"), ("alias/a", None)):
        with pytest.raises(KeyUnavailableError, match="NotImplementedError"):
            KmsPrivateKey(name, region_name=region_name)
    assert regions == ["eu-central-1", "us-east-1", None]


def test_forked_process_makes_its_own_client(
    make_key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes on one connection would read each other's signatures."""
    made: list[str] = []

    class Session(boto3.session.Session):  # type: ignore[misc]
        def client(self, service: str, **options: Any) -> Any:
            made.append(service)
            return super().client(service, **options)

    key_id = make_key()
    monkeypatch.setattr(boto3.session, "Session", Session)
    key = KmsPrivateKey(key_id)
    assert key.sign(b"message", "SHA256")
    assert made == ["kms"]
    monkeypatch.setattr("cfsign.keys.aws.getpid", lambda: 1)
    for _ in range(2):
        assert key.sign(b"message", "SHA256")
        assert made == ["kms", "kms"]


def test_threads_share_a_key(make_key: Any) -> None:
    """boto3's clients are thread-safe."""
    key = KmsPrivateKey(make_key("RSA_2048"))
    signatures: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: signatures.append(key.sign(b"message", "SHA256")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert signatures == [key.sign(b"message", "SHA256")] * 4


def test_settings_with_a_key_in_kms(make_key: Any) -> None:
    """`kms:` and a name in the environment, a mapping and `Signer`; an object in a mapping."""
    name = make_key()
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F",
        "CLOUDFRONT_PRIVATE_KEY": f"kms:{name}\n",
    }
    key = KmsPrivateKey(name)
    key_group = TrustedKeyGroup({"K2JCJMDEHXQW5F": key.public_key_pem()})
    config = {"key_pair_id": "K2JCJMDEHXQW5F"}
    for setting in (f"kms:{name}", key):
        mapping = {
            "CLOUDFRONT_DOMAIN": "https://media.example.com",
            "CLOUDFRONT_CONFIG": config | {"private_key": setting},
        }
        assert Configuration.from_mapping(mapping).hash_algorithm == "SHA256"
        assert key_group.check(Distribution.from_config(mapping).sign_path("a")).allowed
    assert key_group.check(Distribution.from_env(environ).sign_path("a")).allowed
    assert key_group.check(
        Signer("K2JCJMDEHXQW5F", f"kms:{name}").sign_url(URL, expires_in=9)
    ).allowed


def test_invalid_settings_for_a_key_in_kms(make_key: Any) -> None:
    """Each is reported at start-up, with the name of the setting."""
    name = make_key()
    for extra, problem in (
        ({"password": "secret-word"}, r"\['private_key'\]: there is a password, but no encrypted"),
        ({"hash_algorithm": "SHA1"}, r"\['hash_algorithm'\]: this key supports only SHA256"),
        ({"private_key": "kms:"}, r"\['private_key'\]: the name of the KMS key is invalid"),
        ({"private_key": "kms:alias/none"}, r"\['private_key'\]: the KMS key 'alias/none' cannot"),
        (
            {"private_key": KmsPrivateKey},
            r"\['private_key'\]: .* cannot be made from KmsPrivateKey",
        ),
    ):
        config = {"key_pair_id": "K2JCJMDEHXQW5F", "private_key": f"kms:{name}"} | extra
        mapping = {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}
        with pytest.raises(ConfigurationError, match=problem) as caught:
            Configuration.from_mapping(mapping)
        assert len(caught.value.problems) == 1
        assert "secret-word" not in str(caught.value)


def test_command_line_signs_with_a_key_in_kms(
    make_key: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the hash algorithm of the key."""
    pytest.importorskip("click")
    from cfsign.cli import main

    name = make_key()
    key_group = TrustedKeyGroup({"K2JCJMDEHXQW5F": KmsPrivateKey(name).public_key_pem()})
    options = ["--key-pair-id", "K2JCJMDEHXQW5F", "--private-key", f"kms:{name}"]
    assert main(["sign", URL, *options]) == 0
    assert key_group.check(capsys.readouterr().out.strip()).allowed


def test_missing_boto3_is_an_error() -> None:
    """Importing the modules works without boto3. The hint has the extra to install."""
    code = (
        "import sys; sys.modules['boto3'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'boto3' else find(name)\n"
        "from cfsign.keys.kms import KmsPrivateKey\n"
        "from cfsign.keys.secrets import SsmParameter, SecretsManagerSecret\n"
        "for loader in (KmsPrivateKey, SecretsManagerSecret, SsmParameter):\n"
        "    try: loader('name')\n"
        "    except Exception as error: print(type(error).__name__, error)\n"
        "assert 'botocore' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        f"ConfigurationError the {kind} 'name' needs boto3; "
        f"pip install 'cloudfront-cfsign[{extra}]'"
        for kind, extra in (("KMS key", "kms"), ("secret", "aws"), ("SSM parameter", "aws"))
    ]


@SPECS
def test_sign_over_http(
    make_key: Any, monkeypatch: pytest.MonkeyPatch, spec: str, algorithm: str
) -> None:
    """boto3 sends real requests to a local server, set with AWS_ENDPOINT_URL."""
    pytest.importorskip("flask_cors")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        key = KmsPrivateKey(make_key(spec))
        signer = Signer("K2JCJMDEHXQW5F", key)
        key_group = TrustedKeyGroup({"K2JCJMDEHXQW5F": signer.public_key_pem()})
        signed = asyncio.run(signer.sign_policy_async(Policy(URL, 1999999999)))
        assert key_group.check(signed.url(URL), at=1900000000).allowed
        assert key.algorithm == algorithm
    finally:
        server.stop()

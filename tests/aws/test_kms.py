"""Keys in AWS KMS that sign, and those that never will."""

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
    Configuration,
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
def answer(public_der: bytes) -> dict[str, Any]:
    """What AWS answers for a P-256 key."""
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
    """What AWS writes in the place of its answers, over `client`."""
    with Stubber(client) as stubber:
        yield stubber


@SPECS
def test_openssl_verifies_what_kms_signed(
    make_key: Any, openssl: Any, tmp_path: Path, spec: str, algorithm: str
) -> None:
    """Over a message longer than KMS takes, and with the public half to the byte of openssl's."""
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
def test_the_edge_lets_in_what_kms_signed(
    make_key: Any, spec: str, algorithm: str, custom: bool
) -> None:
    """URLs and cookies, canned and custom, with SHA-256 although nothing was said."""
    signer = Signer("K2JCJMDEHXQW5F", KmsPrivateKey(make_key(spec)))
    edge = TrustedKeyGroup({"K2JCJMDEHXQW5F": signer.public_key_pem()})
    signed = signer.sign_policy(
        Policy(URL, 1999999999, ip_address="192.0.2.0/24" if custom else None)
    )
    viewer = {"at": 1900000000, "ip_address": "192.0.2.7"}
    assert "Hash-Algorithm=SHA256" in signed.url(URL)
    assert edge.check(signed.url(URL), **viewer).allowed
    assert edge.check(URL, cookies=signed.cookies(), **viewer).allowed
    assert not edge.check(signed.url(URL).replace("a%20b", "b%20b"), **viewer).allowed


def test_a_signer_signs_off_the_event_loop(make_key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 waits for the network, so it waits in a thread."""
    key = KmsPrivateKey(make_key())
    threads: list[int] = []
    right = KmsPrivateKey.sign

    def sign(self: KmsPrivateKey, message: bytes, hash_algorithm: Any) -> bytes:
        threads.append(threading.get_ident())
        return right(self, message, hash_algorithm)

    monkeypatch.setattr(KmsPrivateKey, "sign", sign)
    signer = Signer("K2JCJMDEHXQW5F", key)
    signed = asyncio.run(signer.sign_policy_async(Policy(URL, 1999999999)))
    edge = TrustedKeyGroup({"K2JCJMDEHXQW5F": key.public_key_pem()})
    assert edge.check(signed.url(URL), at=1900000000).allowed
    assert threads
    assert threading.get_ident() not in threads


def test_what_a_key_says_of_itself(make_key: Any) -> None:
    """It blocks, and has one hash algorithm."""
    key = KmsPrivateKey(make_key())
    assert isinstance(key, PrivateKey)
    assert is_blocking(key)
    assert not is_async(key)
    assert get_hash_algorithms(key) == ("SHA256",)


def test_sha1_is_refused_before_kms_is_asked(
    client: Any, stubber: Stubber, answer: dict[str, Any]
) -> None:
    """By the key, and by the signer when it is made."""
    stubber.add_response("get_public_key", answer)
    key = KmsPrivateKey(ARN, client=client)
    with pytest.raises(SigningKeyError, match='sign with hash_algorithm="SHA256"'):
        key.sign(b"message", "SHA1")
    with pytest.raises(PolicyError, match='give "SHA256"'):
        Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA1")
    stubber.assert_no_pending_responses()


def test_an_alias_is_looked_up_once(client: Any, stubber: Stubber, answer: dict[str, Any]) -> None:
    """One that moves must not part the signatures from the public half that CloudFront has."""
    stubber.add_response("get_public_key", answer)
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


def test_a_key_shows_no_account(client: Any, stubber: Stubber, answer: dict[str, Any]) -> None:
    """Its id is enough to find it."""
    stubber.add_response("get_public_key", answer)
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
def test_another_kind_of_key_is_refused_when_made(
    client: Any, stubber: Stubber, answer: dict[str, Any], spec: str, usage: str
) -> None:
    """Not at the first viewer; and the error says what it is and what it should be."""
    stubber.add_response("get_public_key", answer | {"KeySpec": spec, "KeyUsage": usage})
    with pytest.raises(SigningKeyError, match=f"is {spec} for {usage}, but .* ECC_NIST_P256") as e:
        KmsPrivateKey(ARN, client=client)
    assert type(e.value) is SigningKeyError
    assert e.value.source == f"key/{KEY_ID}"
    assert "111122223333" not in str(e.value)


def test_moto_has_such_keys_too(make_key: Any) -> None:
    """The answer's older member names them as well."""
    for spec, usage in (("RSA_3072", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT")):
        with pytest.raises(SigningKeyError, match=f"is {spec} for {usage}"):
            KmsPrivateKey(make_key(spec, usage))
    with pytest.raises(SigningKeyError, match=r"NotFoundException.*alias/NAME"):
        KmsPrivateKey("alias/none")


@pytest.mark.parametrize("name", ["", " ", "a b", "-----BEGIN PRIVATE KEY-----", "k\n", 5, None])
def test_what_is_no_name_is_refused_unasked(name: Any) -> None:
    """And not echoed: it may be the key itself."""
    with pytest.raises(SigningKeyError) as caught:
        KmsPrivateKey(name, client=object())
    assert str(caught.value) == "the name of the KMS key is invalid; use its name, id or ARN"


def test_the_region_is_that_of_the_arn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over that of boto3's configuration, under one that is given."""
    regions: list[str | None] = []

    class Session(boto3.session.Session):  # type: ignore[misc]
        def __init__(self, **options: Any) -> None:
            regions.append(options["region_name"])
            super().__init__(**options)
            raise NotImplementedError

    monkeypatch.setattr(boto3.session, "Session", Session)
    for name, given in ((ARN, None), (ARN, "us-east-1"), ("alias/a", None)):
        with pytest.raises(KeyUnavailableError, match="NotImplementedError"):
            KmsPrivateKey(name, region_name=given)
    assert regions == ["eu-central-1", "us-east-1", None]


def test_a_forked_process_has_a_connection_of_its_own(
    make_key: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two on one would read each other's answers, and send one viewer's signature to the next."""
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
    """boto3's clients are safe under threads."""
    key = KmsPrivateKey(make_key("RSA_2048"))
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(key.sign(b"message", "SHA256")))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [key.sign(b"message", "SHA256")] * 4


def test_settings_name_a_key_in_kms(make_key: Any) -> None:
    """The environment, a mapping and a signer take kms: and a name; a mapping takes an object."""
    name = make_key()
    environ = {
        "CLOUDFRONT_DOMAIN": "https://media.example.com",
        "CLOUDFRONT_KEY_PAIR_ID": "K2JCJMDEHXQW5F",
        "CLOUDFRONT_PRIVATE_KEY": f"kms:{name}\n",
    }
    key = KmsPrivateKey(name)
    edge = TrustedKeyGroup({"K2JCJMDEHXQW5F": key.public_key_pem()})
    config = {"key_pair_id": "K2JCJMDEHXQW5F"}
    for setting in (f"kms:{name}", key):
        mapping = {
            "CLOUDFRONT_DOMAIN": "https://media.example.com",
            "CLOUDFRONT_CONFIG": config | {"private_key": setting},
        }
        assert Configuration.from_mapping(mapping).hash_algorithm == "SHA256"
        assert edge.check(Distribution.from_config(mapping).sign_path("a")).allowed
    assert edge.check(Distribution.from_env(environ).sign_path("a")).allowed
    assert edge.check(Signer("K2JCJMDEHXQW5F", f"kms:{name}").sign_url(URL, expires_in=9)).allowed


def test_settings_that_do_not_fit_a_key_in_kms(make_key: Any) -> None:
    """Each is reported when the site starts, under its own name."""
    name = make_key()
    for extra, problem in (
        ({"password": "secret-word"}, r"\['private_key'\]: there is a password, but no encrypted"),
        ({"hash_algorithm": "SHA1"}, r"\['hash_algorithm'\]: this key signs with SHA256 alone"),
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


def test_the_command_line_signs_with_a_key_in_kms(
    make_key: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the hash algorithm that the key has."""
    pytest.importorskip("click")
    from cfsign.cli import main

    name = make_key()
    edge = TrustedKeyGroup({"K2JCJMDEHXQW5F": KmsPrivateKey(name).public_key_pem()})
    options = ["--key-pair-id", "K2JCJMDEHXQW5F", "--private-key", f"kms:{name}"]
    assert main(["sign", URL, *options]) == 0
    assert edge.check(capsys.readouterr().out.strip()).allowed


def test_without_boto3_the_error_names_the_extra() -> None:
    """Importing costs nothing and needs nothing; making a key does."""
    code = (
        "import sys; sys.modules['boto3'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'boto3' else find(name)\n"
        "from cfsign.keys.kms import KmsPrivateKey\n"
        "from cfsign.keys.secrets import SsmParameter, SecretsManagerSecret\n"
        "for made in (KmsPrivateKey, SecretsManagerSecret, SsmParameter):\n"
        "    try: made('name')\n"
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
def test_over_http_from_end_to_end(
    make_key: Any, monkeypatch: pytest.MonkeyPatch, spec: str, algorithm: str
) -> None:
    """boto3's own requests, to a server on loopback that the environment names."""
    pytest.importorskip("flask_cors")
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        signer = Signer("K2JCJMDEHXQW5F", f"kms:{make_key(spec)}")
        edge = TrustedKeyGroup({"K2JCJMDEHXQW5F": signer.public_key_pem()})
        signed = asyncio.run(signer.sign_policy_async(Policy(URL, 1999999999)))
        assert edge.check(signed.url(URL), at=1900000000).allowed
        assert signer._key.algorithm == algorithm
    finally:
        server.stop()

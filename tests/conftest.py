"""
Shared fixtures: keys, signers, and a clock.

The `openssl` command generates the keys, so that the tests run on the bare install. No key is
committed.
"""

from __future__ import annotations

import base64
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import settings

from cfsign import Distribution, PrivateKey, Signer, TrustedKeyGroup, load_private_key

# The tests import each other as `tests.…`. Appended, so that the installed package is tested.
sys.path.append(str(Path(__file__).parents[1]))

# A single example may be slow on a busy machine; that is not a failure.
settings.register_profile("cfsign", deadline=None)
settings.load_profile("cfsign")

# A shell makes background processes ignore SIGINT. The programs that the tests interrupt would
# inherit that and never end.
signal.signal(signal.SIGINT, signal.default_int_handler)

KEY_PAIR_ID = "K2JCJMDEHXQW5F"

OpenSSL = Callable[..., bytes]


class RecordingKey:
    """A private key that records the messages it signs: after a refusal there must be none."""

    def __init__(self) -> None:
        self.signed: list[tuple[bytes, str]] = []

    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        self.signed.append((message, hash_algorithm))
        return b"\xff\xee\xdd" * 85 + b"\xcc"

    def public_key_pem(self) -> str:
        return "-----BEGIN PUBLIC KEY-----\n"


@pytest.fixture(scope="session")
def openssl() -> OpenSSL:
    """A function that runs the `openssl` command and returns its output."""
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("the openssl command is not installed")

    def run(*arguments: str | Path, given: str | bytes = b"", check: bool = True) -> bytes:
        given = given.encode() if isinstance(given, str) else given
        completed = subprocess.run(
            [command, *map(str, arguments)], input=given, capture_output=True, check=check
        )
        return completed.stdout

    return run


@pytest.fixture(scope="session")
def password() -> str:
    """The password of the encrypted keys."""
    return "correct hörse battery"


def make_rsa(openssl: OpenSSL, bits: int) -> str:
    size = f"rsa_keygen_bits:{bits}"
    return openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", size).decode()


@pytest.fixture(scope="session")
def pem(openssl: OpenSSL) -> str:
    """An RSA-2048 private key, PKCS#8."""
    return make_rsa(openssl, 2048)


@pytest.fixture(scope="session")
def other_pem(openssl: OpenSSL) -> str:
    """Another RSA-2048 private key, PKCS#8."""
    return make_rsa(openssl, 2048)


@pytest.fixture(scope="session")
def small_pem(openssl: OpenSSL) -> str:
    """An RSA-1024 private key, which CloudFront does not accept."""
    return make_rsa(openssl, 1024)


@pytest.fixture(scope="session")
def pkcs1_pem(openssl: OpenSSL, pem: str) -> str:
    """The key of `pem` as PKCS#1."""
    return openssl("rsa", "-traditional", given=pem).decode()


@pytest.fixture(scope="session")
def der(openssl: OpenSSL, pem: str) -> bytes:
    """The key of `pem` as PKCS#8 in DER."""
    return openssl("pkey", "-outform", "DER", given=pem)


@pytest.fixture(scope="session")
def public_pem(openssl: OpenSSL, pem: str) -> str:
    """The public key of `pem`, SubjectPublicKeyInfo."""
    return openssl("pkey", "-pubout", given=pem).decode()


@pytest.fixture(scope="session")
def public_pkcs1_pem(openssl: OpenSSL, pem: str) -> str:
    """The public key of `pem`, PKCS#1."""
    return openssl("rsa", "-RSAPublicKey_out", given=pem).decode()


@pytest.fixture(scope="session")
def encrypted_pem(openssl: OpenSSL, pem: str, password: str) -> str:
    """The key of `pem`, PKCS#8, encrypted with `password`."""
    return openssl(
        "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{password}", given=pem
    ).decode()


@pytest.fixture(scope="session")
def encrypted_pkcs1_pem(openssl: OpenSSL, pem: str, password: str) -> str:
    """The key of `pem`, PKCS#1, encrypted with `password` in OpenSSL's traditional format."""
    return openssl(
        "rsa", "-traditional", "-aes128", "-passout", f"pass:{password}", given=pem
    ).decode()


@pytest.fixture(scope="session")
def certificate_pem(openssl: OpenSSL, pem: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate for the public key of `pem`."""
    folder = tmp_path_factory.mktemp("certificate")
    (folder / "key").write_text(pem)
    (folder / "config").write_text("[req]\ndistinguished_name=name\n[name]\n")
    return openssl(
        *("req", "-x509", "-new", "-days", "1", "-subj", "/CN=example.com"),
        *("-key", folder / "key", "-config", folder / "config"),
    ).decode()


@pytest.fixture(scope="session")
def ec_pem(openssl: OpenSSL) -> str:
    """A P-256 private key, PKCS#8."""
    curve = "ec_paramgen_curve:P-256"
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", curve).decode()


@pytest.fixture(scope="session")
def ec_sec1_pem(openssl: OpenSSL) -> str:
    """A P-256 private key, SEC 1."""
    return openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout").decode()


@pytest.fixture(scope="session")
def parameters_pem(openssl: OpenSSL) -> str:
    """The PEM block with EC parameters that OpenSSL writes before an EC key."""
    return openssl("ecparam", "-name", "prime256v1").decode()


@pytest.fixture(scope="session")
def p384_pem(openssl: OpenSSL) -> str:
    """A P-384 private key, which CloudFront does not accept, PKCS#8."""
    curve = "ec_paramgen_curve:P-384"
    return openssl("genpkey", "-algorithm", "EC", "-pkeyopt", curve).decode()


@pytest.fixture(scope="session")
def p384_sec1_pem(openssl: OpenSSL) -> str:
    """A P-384 private key, which CloudFront does not accept, SEC 1."""
    return openssl("ecparam", "-name", "secp384r1", "-genkey", "-noout").decode()


@pytest.fixture(scope="session")
def spelled_out_pem(openssl: OpenSSL) -> str:
    """A P-256 private key with explicit curve parameters instead of the name of the curve."""
    options = ("-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit")
    return openssl("genpkey", "-algorithm", "EC", *options).decode()


@pytest.fixture(scope="session")
def cut_pem(pem: str) -> str:
    """The first half of `pem`."""
    return pem[: len(pem) // 2]


@pytest.fixture(scope="session")
def ed25519_pem(openssl: OpenSSL) -> str:
    """An Ed25519 private key, PKCS#8."""
    return openssl("genpkey", "-algorithm", "ED25519").decode()


@pytest.fixture(scope="session")
def openssh_pem() -> str:
    """The beginning of a private key in OpenSSH's format."""
    body = base64.encodebytes(b"openssh-key-v1\0\0\0\0\4none\0\0\0\4none" + bytes(64)).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}-----END OPENSSH PRIVATE KEY-----\n"


@pytest.fixture(scope="session", params=["rsa", "cryptography"])
def backend(request: pytest.FixtureRequest) -> str:
    """The name of each installed backend."""
    if request.param == "cryptography":
        pytest.importorskip("cryptography")
    return str(request.param)


@pytest.fixture(scope="session")
def key(pem: str) -> PrivateKey:
    """The key of `pem`, loaded with the default backend."""
    return load_private_key(pem)


@pytest.fixture(scope="session")
def signer(key: PrivateKey) -> Signer:
    """A signer with the key of `pem`."""
    return Signer(KEY_PAIR_ID, key)


@pytest.fixture(scope="session")
def trusted_keys(public_pem: str) -> TrustedKeyGroup:
    """A trusted key group with the public key of `signer`."""
    return TrustedKeyGroup({KEY_PAIR_ID: public_pem})


@pytest.fixture
def recorder() -> RecordingKey:
    """A private key that records the messages it signs."""
    return RecordingKey()


@pytest.fixture
def recording_signer(recorder: RecordingKey) -> Signer:
    """A signer with the key `recorder`."""
    return Signer(KEY_PAIR_ID, recorder)


@pytest.fixture
def recording_distribution(recording_signer: Signer) -> Distribution:
    """A distribution with the signer `recording_signer`."""
    return Distribution("https://media.example.com", recording_signer)


@pytest.fixture(scope="session")
def now() -> int:
    """The time of `clock` in epoch seconds: 2026-01-01 00:00:00 UTC."""
    return 1767225600


@pytest.fixture
def clock(now: int) -> Iterator[Any]:
    """A clock that stands still at `now`; `.shift(seconds)` moves it."""
    with time_machine.travel(now, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def decode_base64() -> Callable[[str], bytes]:
    """A decoder of CloudFront's base64 that shares no code with the project."""

    def decode(text: str) -> bytes:
        assert not set(text) & set("+/=")
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)

    return decode


@pytest.fixture(scope="session")
def site_domain(trusted_keys: TrustedKeyGroup) -> Iterator[str]:
    """The domain of a local edge, in front of an origin that has every file."""
    from tests.conformance import servers

    with servers.edge(trusted_keys) as url:
        yield url


@pytest.fixture(scope="session")
def site_environ(
    site_domain: str, pem: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, str]]:
    """
    The environment of a deployment, also set for this process.

    Tests that set Django up need it first: Django reads its settings once in a process.
    """
    folder = tmp_path_factory.mktemp("site")
    (folder / "private_key.pem").write_text(pem)
    environ = {
        "SITE_DOMAIN": site_domain,
        "SITE_KEY": str(folder / "private_key.pem"),
        "SITE_KEY_PAIR_ID": KEY_PAIR_ID,
        "SITE_DATABASE": str(folder / "database.sqlite"),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        yield environ

"""Tests of a platform whose policy forbids SHA-1, such as FIPS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cfsign import Policy, Signer, SigningKeyError, load_private_key

POLICY = Policy("https://media.example.com/a", 1767225600)
HINT = r'forbids signatures with SHA1 .*; sign with hash_algorithm="SHA256", which CloudFront'

# An OpenSSL configuration that requires the FIPS module, which is not installed.
FIPS_ONLY = """
openssl_conf = init
[init]
alg_section = evp
[evp]
default_properties = fips=yes
"""

SCRIPT = """
import sys
from cfsign import SigningKeyError, load_private_key
key = load_private_key(sys.stdin.read(), backend="cryptography")
try:
    key.sign(b"message", "SHA1")
except SigningKeyError as error:
    print(error)
else:
    print("signed")
"""


class ForbiddenKey:
    """A key of `cryptography` on a platform that forbids the hash."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def sign(self, *_: Any) -> bytes:
        raise self.error


@pytest.mark.parametrize("kind", ["RSAPrivateKey", "ECPrivateKey"])
@pytest.mark.parametrize("name", ["UnsupportedAlgorithm", "InternalError"])
def test_hash_that_openssl_forbids_is_an_error(kind: str, name: str) -> None:
    """The exception depends on the release of `cryptography`."""
    exceptions = pytest.importorskip("cryptography.exceptions")
    module = pytest.importorskip("cfsign.keys.cryptography_backend")
    arguments = ("invalid digest", []) if name == "InternalError" else ("invalid digest",)
    key = getattr(module, kind)(ForbiddenKey(getattr(exceptions, name)(*arguments)))
    with pytest.raises(SigningKeyError, match=HINT):
        Signer("K2JCJMDEHXQW5F", key).sign_policy(POLICY)
    with pytest.raises(SigningKeyError, match=r"with SHA256 .*; ask the platform's administrator"):
        Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA256").sign_policy(POLICY)


def test_hash_that_hashlib_forbids_is_an_error(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `rsa` backend hashes with hashlib, and raises the same error."""

    def new(name: str, *_: Any, **__: Any) -> Any:
        raise ValueError(f"unsupported hash type {name}")

    key = load_private_key(pem, backend="rsa")
    monkeypatch.setattr("cfsign.keys.rsa_backend.hashlib", SimpleNamespace(new=new))
    with pytest.raises(SigningKeyError, match=HINT):
        Signer("K2JCJMDEHXQW5F", key).sign_policy(POLICY)


def test_hash_forbidden_by_the_openssl_configuration(ec_pem: str, tmp_path: Path) -> None:
    """Without a mock: the wheels of `cryptography` read OPENSSL_CONF."""
    pytest.importorskip("cryptography")
    (tmp_path / "openssl.cnf").write_text(FIPS_ONLY)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        input=ec_pem,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENSSL_CONF": str(tmp_path / "openssl.cnf")},
    )
    if done.stdout.strip() == "signed" or done.returncode:
        pytest.skip("this build of cryptography ignores OPENSSL_CONF, or cannot load a key with it")
    assert 'sign with hash_algorithm="SHA256"' in done.stdout

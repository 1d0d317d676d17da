"""A platform whose policy forbids SHA-1, as FIPS and some distributions do."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cfsign import Policy, Signer, SigningKeyError, load_private_key

POLICY = Policy("https://media.example.com/a", 1767225600)
HINT = r'forbids signatures with SHA1 .*; sign with hash_algorithm="SHA256", which CloudFront'

# An OpenSSL that is told to use nothing but a module that is not there.
NOTHING_BUT_FIPS = """
openssl_conf = init
[init]
alg_section = evp
[evp]
default_properties = fips=yes
"""

SIGNS = """
import sys
from cfsign import SigningKeyError, load_private_key
key = load_private_key(sys.stdin.read(), backend="cryptography")
try:
    key.sign(b"message", "SHA1")
except SigningKeyError as error:
    print(error)
else:
    print("it signs")
"""


class Forbidding:
    """OpenSSL's key where a policy forbids the hash."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def sign(self, *_: Any) -> bytes:
        raise self.error


@pytest.mark.parametrize("kind", ["RSAPrivateKey", "ECPrivateKey"])
@pytest.mark.parametrize("name", ["UnsupportedAlgorithm", "InternalError"])
def test_sha1_forbidden_by_openssl(kind: str, name: str) -> None:
    """Which of the two is raised depends on the release of `cryptography`."""
    exceptions = pytest.importorskip("cryptography.exceptions")
    module = pytest.importorskip("cfsign.keys.cryptography_backend")
    arguments = ("invalid digest", []) if name == "InternalError" else ("invalid digest",)
    key = getattr(module, kind)(Forbidding(getattr(exceptions, name)(*arguments)))
    with pytest.raises(SigningKeyError, match=HINT):
        Signer("K2JCJMDEHXQW5F", key).sign_policy(POLICY)
    with pytest.raises(SigningKeyError, match=r"with SHA256 .*; ask the platform's administrator"):
        Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA256").sign_policy(POLICY)


def test_sha1_forbidden_by_pythons_hashlib(pem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The `rsa` backend hashes with it, and says the same."""

    def new(name: str, *_: Any, **__: Any) -> Any:
        raise ValueError(f"unsupported hash type {name}")

    key = load_private_key(pem, backend="rsa")
    monkeypatch.setattr(hashlib, "new", new)
    with pytest.raises(SigningKeyError, match=HINT):
        Signer("K2JCJMDEHXQW5F", key).sign_policy(POLICY)


def test_openssl_that_is_told_to_forbid_it(ec_pem: str, tmp_path: Path) -> None:
    """For real, by OpenSSL's own configuration, which the wheels of `cryptography` read."""
    pytest.importorskip("cryptography")
    (tmp_path / "openssl.cnf").write_text(NOTHING_BUT_FIPS)
    done = subprocess.run(
        [sys.executable, "-c", SIGNS],
        input=ec_pem,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENSSL_CONF": str(tmp_path / "openssl.cnf")},
    )
    if done.stdout.strip() == "it signs" or done.returncode:
        pytest.skip("this build of cryptography does not heed OPENSSL_CONF, or loads nothing by it")
    assert 'sign with hash_algorithm="SHA256"' in done.stdout

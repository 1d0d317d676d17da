"""Tests of deterministic ECDSA (RFC 6979): one message has one signature, so URLs are stable."""

import pytest

pytest.importorskip("cryptography")

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from cfsign import Signer
from cfsign.keys import HashAlgorithm
from cfsign.keys.cryptography_backend import ECPrivateKey, _build_ecdsa

try:
    ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    IS_DETERMINISTIC = True
except (TypeError, UnsupportedAlgorithm):
    IS_DETERMINISTIC = False

pytestmark = pytest.mark.skipif(
    not IS_DETERMINISTIC, reason="this cryptography or OpenSSL has no RFC 6979"
)

# RFC 6979, appendix A.2.5: the private key, and the signatures of "sample".
X = 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
SIGNATURES: list[tuple[HashAlgorithm, int, int]] = [
    (
        "SHA1",
        0x61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32,
        0x6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB,
    ),
    (
        "SHA256",
        0xEFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716,
        0xF7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8,
    ),
]


@pytest.mark.parametrize(("hash_algorithm", "r", "s"), SIGNATURES)
def test_signature_equals_the_test_vector(hash_algorithm: HashAlgorithm, r: int, s: int) -> None:
    """RFC 6979, appendix A.2.5."""
    key = ECPrivateKey(ec.derive_private_key(X, ec.SECP256R1()))
    assert decode_dss_signature(key.sign(b"sample", hash_algorithm)) == (r, s)


def test_url_is_the_same_each_time() -> None:
    """Two workers of a site return the same URL."""
    key = ECPrivateKey(ec.generate_private_key(ec.SECP256R1()))
    url, expires_at = "https://media.example.com/a.pdf", 2_000_000_000
    urls = {Signer("KEY", key).sign_url(url, expires_at=expires_at) for _ in range(5)}
    assert len(urls) == 1


@pytest.mark.parametrize("error", [TypeError, UnsupportedAlgorithm])
def test_ecdsa_is_randomized_without_support(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older cryptography lacks the argument (TypeError), an older OpenSSL the algorithm."""
    original = ec.ECDSA

    def build_ecdsa(algorithm: hashes.HashAlgorithm, **options: bool) -> ec.ECDSA:
        if options:
            raise error("deterministic signing is not supported")
        return original(algorithm)

    monkeypatch.setattr(ec, "ECDSA", build_ecdsa)
    assert isinstance(_build_ecdsa(hashes.SHA1()), original)

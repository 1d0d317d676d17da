"""Tests of the `rsa` backend's signatures, compared with `rsa.sign` and `cryptography`."""

from __future__ import annotations

import hashlib
import os
import signal
import warnings
from typing import Any

import pytest
import rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from cfsign import SigningKeyError, load_private_key
from cfsign.keys import load_public_key
from cfsign.keys.rsa_backend import RSAPrivateKey

MESSAGES = st.binary(max_size=400)
HASHES = st.sampled_from(["SHA1", "SHA256"])
LIBRARY_NAMES = {"SHA1": "SHA-1", "SHA256": "SHA-256"}


@pytest.fixture(scope="session")
def numbers(pkcs1_pem: str) -> rsa.PrivateKey:
    """The key as an object of the rsa package."""
    return rsa.PrivateKey.load_pkcs1(pkcs1_pem.encode())


@settings(max_examples=25)
@given(message=MESSAGES, hash_algorithm=HASHES)
def test_signature_equals_that_of_rsa_sign(
    backend: str, pem: str, numbers: rsa.PrivateKey, message: bytes, hash_algorithm: Any
) -> None:
    """PKCS#1 v1.5 has exactly one signature for a message, a key and a hash."""
    signature = load_private_key(pem, backend=backend).sign(message, hash_algorithm)
    assert signature == rsa.sign(message, numbers, LIBRARY_NAMES[hash_algorithm])


@settings(max_examples=50)
@given(message=MESSAGES, hash_algorithm=HASHES)
def test_signature_equals_that_of_cryptography(
    pem: str, message: bytes, hash_algorithm: Any
) -> None:
    """Here `cryptography` is called directly."""
    hashes = pytest.importorskip("cryptography.hazmat.primitives.hashes")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    padding = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.padding")
    theirs = serialization.load_pem_private_key(
        pem.encode(), None, unsafe_skip_rsa_key_validation=True
    )
    expected = theirs.sign(message, padding.PKCS1v15(), getattr(hashes, hash_algorithm)())
    for backend in ("rsa", "cryptography"):
        assert load_private_key(pem, backend=backend).sign(message, hash_algorithm) == expected


def test_signature_is_as_long_as_the_key(pem: str, backend: str) -> None:
    """Also if it starts with a zero byte, as one in 256 does."""
    key = load_private_key(pem, backend=backend)
    signatures = [key.sign(b"%d" % n, "SHA1") for n in range(600 if "crypto" in backend else 40)]
    assert {len(signature) for signature in signatures} == {256}


def test_signature_keeps_leading_zeros(
    numbers: rsa.PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small number is padded to 256 bytes."""
    small = 7
    padded = pow(small, numbers.e, numbers.n)
    monkeypatch.setattr("cfsign.keys.rsa_backend._encode", lambda *_: padded.to_bytes(256, "big"))
    assert RSAPrivateKey(copy_of(numbers)).sign(b"", "SHA1") == bytes(255) + b"\7"


def copy_of(numbers: rsa.PrivateKey) -> rsa.PrivateKey:
    return rsa.PrivateKey(numbers.n, numbers.e, numbers.d, numbers.p, numbers.q)


@pytest.mark.parametrize("member", ["exp1", "exp2", "coef", "p", "q"])
@pytest.mark.parametrize("bit", [0, 1, 500])
def test_faulty_key_does_not_sign(numbers: rsa.PrivateKey, member: str, bit: int) -> None:
    """A signature with one faulty half reveals the factors of the key."""
    faulty = copy_of(numbers)
    setattr(faulty, member, getattr(faulty, member) ^ (1 << bit))
    with pytest.raises(SigningKeyError, match="the key is damaged; load the key again"):
        RSAPrivateKey(faulty).sign(b"message", "SHA1")


def test_faulty_result_is_not_returned(
    numbers: rsa.PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is of the result, not of the key."""
    faulty = copy_of(numbers)
    right = faulty.blinded_decrypt
    monkeypatch.setattr(
        rsa.PrivateKey, "blinded_decrypt", lambda self, number: right(number) ^ (1 << 77)
    )
    with pytest.raises(SigningKeyError, match="does not verify"):
        RSAPrivateKey(faulty).sign(b"message", "SHA256")


def test_signing_uses_the_chinese_remainder_theorem(numbers: rsa.PrivateKey) -> None:
    """`d` is not used: it would take three times as long."""
    key = copy_of(numbers)
    key.d = 3
    assert RSAPrivateKey(key).sign(b"message", "SHA1") == rsa.sign(b"message", numbers, "SHA-1")


def test_key_too_short_for_the_hash_is_an_error() -> None:
    """The padding has at least eight bytes (RFC 8017, section 9.2)."""
    _, tiny = rsa.newkeys(360)
    with pytest.raises(SigningKeyError, match="360 bits is too short to sign with SHA1"):
        RSAPrivateKey(tiny).sign(b"message", "SHA1")


def test_repr_has_kind_size_and_backend(backend: str, pem: str) -> None:
    """And nothing of the key itself."""
    key: Any = load_private_key(pem, backend=backend)
    assert repr(key) == f"<PrivateKey RSA-2048 {backend}>"
    assert (key.bits, key.algorithm) == (2048, "RSA-2048")


@pytest.mark.parametrize("scheme", ["SHA-1", "SHA-512"])
def test_signature_out_of_range_is_refused(
    backend: str, public_pem: str, numbers: rsa.PrivateKey, scheme: str
) -> None:
    """RFC 8017, sections 5.2.2 and 8.2.2: `s + n` stands for the same number modulo n."""
    public_key = load_public_key(public_pem, backend=backend)
    message = next(
        message
        for message in (b"%d" % number for number in range(10_000))
        if int.from_bytes(rsa.sign(message, numbers, scheme), "big") + numbers.n < 2**2048
    )
    signature = rsa.sign(message, numbers, scheme)
    larger = (int.from_bytes(signature, "big") + numbers.n).to_bytes(256, "big")

    def is_accepted(signature: bytes) -> bool:
        is_valid = public_key.verify(message, signature, "SHA1")
        return is_valid or public_key.find_other_scheme(message, signature) is not None

    assert is_accepted(signature)
    assert not is_accepted(larger)
    for other in (b"\0" + signature, signature[1:], signature + b"\0", b""):
        assert not is_accepted(other)


@pytest.mark.parametrize("hash_name", ["SHA1", "SHA256"])
def test_hash_is_recovered_from_a_signature(
    backend: str, public_pem: str, numbers: rsa.PrivateKey, hash_name: str
) -> None:
    """As `hashlib` makes it. Another hash, key, padding or length gives None."""
    public_key: Any = load_public_key(public_pem, backend=backend)
    signature = rsa.sign(b"message", numbers, hash_name.replace("SHA", "SHA-"))
    digest = hashlib.new(hash_name.lower(), b"message").digest()
    assert public_key.recover_digest(signature) == (hash_name, digest)
    other_hash = rsa.sign(b"message", numbers, "SHA-512")
    length = 256
    info = rsa.pkcs1.HASH_ASN1["SHA-1"] + hashlib.sha1(b"message").digest()
    short = b"\0\1" + b"\xff" * 7 + b"\0" + b"\0" * (length - 10 - len(info)) + info
    others = [
        b"\0\2" + b"\xff" * (length - len(info) - 3) + b"\0" + info,  # for encryption
        b"\0\1" + b"\xff" * (length - len(info) - 4) + b"\0" + info + b"\0",
        short,
    ]
    forged = [
        pow(int.from_bytes(padded, "big"), numbers.d, numbers.n).to_bytes(length, "big")
        for padded in others
    ]
    for bad in (b"", signature[1:], signature + b"\0", b"\xff" * length, other_hash, *forged):
        assert public_key.recover_digest(bad) is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
def test_child_forked_during_a_signature_can_sign(small_pem: str) -> None:
    """In the child the lock is free, and the blinding is not that of the parent."""
    key: Any = load_private_key(small_pem, backend="rsa", allow_unsupported=True)
    signature = key.sign(b"message", "SHA1")
    numbers = key._key
    parent_factor = numbers.blindfac
    with numbers.mutex:
        with warnings.catch_warnings():
            # Python 3.12 warns of a fork in a process with threads.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            try:
                signal.alarm(30)  # ends a child that waits for the lock
                is_equal = key.sign(b"message", "SHA1") == signature
                next_factor = pow(parent_factor, 2, numbers.n)
                os._exit(0 if is_equal and numbers.blindfac != next_factor else 1)
            finally:
                os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0

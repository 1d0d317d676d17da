"""
The backend that needs nothing but the `rsa` package: RSA keys in unencrypted PEM.

It is pure Python: a signature takes milliseconds, not microseconds, and its time depends on the
key, although blinding hides what that would tell. Where `cryptography` is installed, that is used.
"""

from __future__ import annotations

import hashlib
from typing import ClassVar

import rsa
from pyasn1.codec.der import encoder
from pyasn1.type import univ
from rsa import pkcs1

from cfsign.errors import ConfigurationError, SigningKeyError
from cfsign.keys.document import (
    read_private,
    read_public,
    rsa_private_numbers,
    rsa_public_numbers,
)
from cfsign.keys.pem import PEM
from cfsign.keys.protocol import HashAlgorithm, Unpicklable
from cfsign.keys.refusals import hash_forbidden, needs_cryptography

NAME = "rsa"

_METHODS: dict[HashAlgorithm, str] = {"SHA1": "SHA-1", "SHA256": "SHA-256"}
_RSA_ENCRYPTION = univ.ObjectIdentifier("1.2.840.113549.1.1.1")


class _Numbers(rsa.PrivateKey):
    """The library's key, whose own `repr` would print the numbers into an error report."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<numbers of a private key>"


class RSAPrivateKey(Unpicklable):
    """An RSA private key that signs with the `rsa` package."""

    __slots__ = ("_key",)

    holds_lock: ClassVar[bool] = True

    def __init__(self, key: rsa.PrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} rsa>"

    @property
    def bits(self) -> int:
        """The size of the modulus in bits."""
        return int(self._key.n.bit_length())

    @property
    def algorithm(self) -> str:
        """The kind and size of the key."""
        return f"RSA-{self.bits}"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2), equal to `rsa.sign` to the byte."""
        key = self._key
        length = (key.n.bit_length() + 7) // 8
        padded = int.from_bytes(_encode(message, hash_algorithm, length), "big")
        # The library's decryption is the same private operation as signing, by the Chinese
        # remainder theorem: three times as fast as rsa.sign, and blinded as well.
        signature = key.blinded_decrypt(padded)
        # A fault in one half of that computation would give the key away (Boneh, DeMillo and
        # Lipton, 1997), so nothing leaves that does not verify.
        if pow(signature, key.e, key.n) != padded:
            del signature  # so that no error report prints it with the frame's variables
            raise SigningKeyError("the signature did not verify; the key is damaged: load it anew")
        return signature.to_bytes(length, "big")

    def public_key_pem(self) -> str:
        """Return the public half as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        algorithm = univ.Sequence()
        algorithm[0] = _RSA_ENCRYPTION
        algorithm[1] = univ.Null("")
        info = univ.Sequence()
        info[0] = algorithm
        public = rsa.PublicKey(self._key.n, self._key.e)
        info[1] = univ.BitString.fromOctetString(public.save_pkcs1("DER"))
        return rsa.pem.save_pem(encoder.encode(info), "PUBLIC KEY").decode("ascii")

    def for_child(self) -> tuple[str, bytes]:
        """Return the backend's name and the private key as PEM, for a child process alone."""
        return NAME, self._key.save_pkcs1("PEM")


class RSAPublicKey:
    """An RSA public key that verifies with the `rsa` package."""

    __slots__ = ("_key",)

    def __init__(self, key: rsa.PublicKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PublicKey {self.algorithm} rsa>"

    @property
    def algorithm(self) -> str:
        """The kind and size of the key."""
        return f"RSA-{self._key.n.bit_length()}"

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Tell whether *signature* is this key's for *message*; never raises."""
        try:
            # The library takes any hash it finds in the signature; only the one asked for counts.
            return rsa.verify(message, signature, self._key) == _METHODS[hash_algorithm]
        except (rsa.VerificationError, ValueError, OverflowError):
            return False

    def other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """Try PKCS#1 v1.5 with other hashes; the library knows no PSS."""
        try:
            method = rsa.verify(message, signature, self._key)
        except (rsa.VerificationError, ValueError, OverflowError):
            return None
        return (
            None if method in _METHODS.values() else f"PKCS#1 v1.5 with {method.replace('-', '')}"
        )


def load_private(pem: PEM, password: bytes | None) -> RSAPrivateKey:
    """Read PKCS#1 or PKCS#8 (RFC 8017, RFC 5958), unencrypted; the numbers must fit together."""
    if pem.is_encrypted:
        raise needs_cryptography(pem, "encrypted")
    document = read_private(pem)
    if document.kind != "RSA":
        raise needs_cryptography(pem, document.kind)
    numbers = rsa_private_numbers(pem, document.content)
    return RSAPrivateKey(_Numbers(numbers.n, numbers.e, numbers.d, numbers.p, numbers.q))


def load_public(pem: PEM) -> RSAPublicKey:
    """Read SubjectPublicKeyInfo or PKCS#1."""
    document = read_public(pem)
    if document.kind != "RSA":
        raise needs_cryptography(pem, document.kind)
    return RSAPublicKey(rsa.PublicKey(*rsa_public_numbers(pem, document.content)))


def generate_pem(algorithm: str) -> str:
    """Make a new key, "RSA-" and its bits, as PEM, PKCS#1; takes seconds."""
    if not algorithm.startswith("RSA-"):
        raise ConfigurationError(
            f"the rsa package makes no {algorithm} keys; pip install cryptography"
        )
    _, key = rsa.newkeys(int(algorithm.removeprefix("RSA-")))
    return str(key.save_pkcs1("PEM").decode("ascii"))


def _encode(message: bytes, hash_algorithm: HashAlgorithm, length: int) -> bytes:
    """EMSA-PKCS1-v1_5 (RFC 8017, section 9.2)."""
    try:
        digest = hashlib.new(hash_algorithm, message, usedforsecurity=False).digest()
    except ValueError:
        raise hash_forbidden(hash_algorithm) from None
    info = pkcs1.HASH_ASN1[_METHODS[hash_algorithm]] + digest
    fill = length - len(info) - 3
    if fill < 8:
        raise SigningKeyError(f"a key of {length * 8} bits is too short for {hash_algorithm}")
    return b"\x00\x01" + b"\xff" * fill + b"\x00" + info

"""
The backend that uses the `rsa` package: RSA keys in unencrypted PEM.

It is pure Python. A signature takes milliseconds instead of microseconds. Its time depends on the
key, but blinding hides what that would reveal. `cryptography` is preferred if it is installed.
"""

from __future__ import annotations

import hashlib
import threading
from typing import ClassVar
from weakref import WeakSet

import rsa
from pyasn1.codec.der import encoder
from pyasn1.type import univ
from rsa import pkcs1

from cfsign.errors import ConfigurationError, SigningKeyError
from cfsign.keys.formats import (
    read_private_key,
    read_public_key,
    read_rsa_private_numbers,
    read_rsa_public_numbers,
)
from cfsign.keys.hash_algorithm import check_hash_algorithm
from cfsign.keys.key_errors import build_backend_error, build_hash_error
from cfsign.keys.pem import PEM
from cfsign.keys.protocol import HashAlgorithm, Unpicklable, read_digest_info
from cfsign.utils.fork import run_after_fork
from cfsign.utils.secret import Secret, hide_arguments

NAME = "rsa"

_METHODS: dict[HashAlgorithm, str] = {"SHA1": "SHA-1", "SHA256": "SHA-256"}
_RSA_ENCRYPTION = univ.ObjectIdentifier("1.2.840.113549.1.1.1")


class _Numbers(rsa.PrivateKey):
    """The library's key, with a `repr` that does not show the numbers in error reports."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<numbers of a private key>"


class RSAPrivateKey(Unpicklable):
    """An RSA private key that signs with the `rsa` package."""

    __slots__ = ("__weakref__", "_key")

    is_gil_bound: ClassVar[bool] = True

    def __init__(self, key: rsa.PrivateKey) -> None:
        self._key = key
        _private_keys.add(self)

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} rsa>"

    @property
    def bits(self) -> int:
        """The size of the modulus in bits."""
        return int(self._key.n.bit_length())

    @property
    def algorithm(self) -> str:
        """The kind and size of the key, such as "RSA-2048"."""
        return f"RSA-{self.bits}"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """
        Sign with RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2): the same bytes as `rsa.sign`.

        Raises:
            SigningKeyError: The key is damaged or too short, or the platform forbids the hash.
        """
        hash_algorithm = check_hash_algorithm(hash_algorithm)
        key = self._key
        length = (key.n.bit_length() + 7) // 8
        padded = int.from_bytes(_encode(message, hash_algorithm, length), "big")
        # The library's decryption is the same private operation as signing, but uses the Chinese
        # remainder theorem: three times as fast as rsa.sign, and also blinded.
        signature = key.blinded_decrypt(padded)
        # A wrong result in one half of that computation would reveal the key (Boneh, DeMillo and
        # Lipton, 1997), so every signature is verified.
        if pow(signature, key.e, key.n) != padded:
            del signature  # error reports print the variables of a frame that raises
            raise SigningKeyError(
                "the signature does not verify: the key is damaged", hint="load the key again"
            )
        return signature.to_bytes(length, "big")

    def public_key_pem(self) -> str:
        """Return the public key as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        algorithm = univ.Sequence()
        algorithm[0] = _RSA_ENCRYPTION
        algorithm[1] = univ.Null("")
        info = univ.Sequence()
        info[0] = algorithm
        public = rsa.PublicKey(self._key.n, self._key.e)
        info[1] = univ.BitString.fromOctetString(public.save_pkcs1("DER"))
        return rsa.pem.save_pem(encoder.encode(info), "PUBLIC KEY").decode("ascii")

    def export_for_child(self) -> tuple[str, bytes]:
        """Return the backend's name and the private key as PEM, only for a child process."""
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
        """The kind and size of the key, such as "RSA-2048"."""
        return f"RSA-{self._key.n.bit_length()}"

    @hide_arguments
    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Return True if this key made *signature* for *message*."""
        # The library accepts any hash that the signature names. Only the requested one counts.
        wanted = _METHODS[check_hash_algorithm(hash_algorithm)]
        return self._find_method(message, signature) == wanted

    def recover_digest(self, signature: bytes) -> tuple[HashAlgorithm, bytes] | None:
        """Return the hash algorithm and the hash that *signature* was made for, or None."""
        length = (self._key.n.bit_length() + 7) // 8
        number = int.from_bytes(signature, "big")
        if len(signature) != length or number >= self._key.n:  # as in `_find_method`
            return None
        padded = pow(number, self._key.e, self._key.n).to_bytes(length, "big")
        # RFC 8017, section 9.2: at least eight bytes of padding.
        padding, zero, info = padded[2:].partition(b"\x00")
        is_padded = padded[:2] == b"\x00\x01" and len(padding) >= 8 and not padding.strip(b"\xff")
        return read_digest_info(info) if is_padded and zero else None

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """Return the scheme if it is PKCS#1 v1.5 with another hash; `rsa` does not support PSS."""
        method = self._find_method(message, signature)
        if method is None or method in _METHODS.values():
            return None
        return f"PKCS#1 v1.5 with {method.replace('-', '')}"

    def _find_method(self, message: bytes, signature: bytes) -> str | None:
        """Return the hash that *signature* was made with, or None if it does not verify."""
        # RFC 8017, sections 8.2.2 and 5.2.2. The library computes with s modulo n, so without this
        # it would accept s + n, too.
        length = (self._key.n.bit_length() + 7) // 8
        if len(signature) != length or int.from_bytes(signature, "big") >= self._key.n:
            return None
        try:
            return str(rsa.verify(message, signature, self._key))
        except (rsa.VerificationError, ValueError, OverflowError):
            return None


_private_keys: WeakSet[RSAPrivateKey] = WeakSet()


def _renew_blinding() -> None:
    for private_key in _private_keys:
        key = private_key._key
        key.mutex = threading.Lock()
        # Negative, so that the next signature makes new ones: no two processes share them.
        key.blindfac = key.blindfac_inverse = -1


run_after_fork(_renew_blinding)


def load_private(pem: PEM, password: Secret[bytes] | None) -> RSAPrivateKey:
    """
    Read an unencrypted PKCS#1 or PKCS#8 key (RFC 8017, RFC 5958).

    Raises:
        SigningKeyError: The key is encrypted, of another kind, or its numbers are inconsistent.
    """
    if pem.is_encrypted:
        raise build_backend_error(pem, "encrypted")
    key = read_private_key(pem)
    if key.kind != "RSA":
        raise build_backend_error(pem, key.kind)
    numbers = read_rsa_private_numbers(pem, key)
    return RSAPrivateKey(_Numbers(numbers.n, numbers.e, numbers.d, numbers.p, numbers.q))


def load_public(pem: PEM) -> RSAPublicKey:
    """
    Read a SubjectPublicKeyInfo or PKCS#1 key.

    Raises:
        SigningKeyError: The key is of another kind, or its numbers are invalid.
    """
    key = read_public_key(pem)
    if key.kind != "RSA":
        raise build_backend_error(pem, key.kind)
    return RSAPublicKey(rsa.PublicKey(*read_rsa_public_numbers(pem, key)))


def generate_pem(algorithm: str) -> str:
    """
    Generate a key, for example "RSA-2048", and return it as PEM (PKCS#1). This takes seconds.

    Raises:
        ConfigurationError: The algorithm is not RSA.
    """
    if not algorithm.startswith("RSA-"):
        raise ConfigurationError(
            f"the rsa package cannot generate a {algorithm} key", hint="pip install cryptography"
        )
    _, key = rsa.newkeys(int(algorithm.removeprefix("RSA-")))
    return str(key.save_pkcs1("PEM").decode("ascii"))


def _encode(message: bytes, hash_algorithm: HashAlgorithm, length: int) -> bytes:
    """Encode the message's hash by EMSA-PKCS1-v1_5 (RFC 8017, section 9.2)."""
    try:
        digest = hashlib.new(hash_algorithm, message, usedforsecurity=False).digest()
    except ValueError:
        raise build_hash_error(hash_algorithm) from None
    info = pkcs1.HASH_ASN1[_METHODS[hash_algorithm]] + digest
    padding = length - len(info) - 3
    if padding < 8:
        raise SigningKeyError(
            f"a key of {length * 8} bits is too short to sign with {hash_algorithm}",
            hint="make a new key: cfsign keygen",
        )
    return b"\x00\x01" + b"\xff" * padding + b"\x00" + info

"""The backend that signs and verifies with OpenSSL, through the `cryptography` package."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import cryptography
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cfsign.keys.formats import (
    check_encryption,
    read_private_key,
    read_public_key,
    read_rsa_private_numbers,
    read_rsa_public_numbers,
)
from cfsign.keys.hash_algorithm import build_unknown_hash_error, check_hash_algorithm
from cfsign.keys.key_errors import (
    build_damage_error,
    build_encryption_error,
    build_hash_error,
    build_label_error,
    build_missing_password_error,
    build_wrong_password_error,
)
from cfsign.keys.pem import PEM
from cfsign.keys.protocol import HashAlgorithm, Unpicklable, read_digest_info
from cfsign.utils.secret import Secret, hide_arguments

NAME = "cryptography"

#: Since version 47, `sign` releases the global interpreter lock (pyca/cryptography#14370).
_IS_GIL_BOUND = int(cryptography.__version__.partition(".")[0]) < 47

_Key = TypeVar("_Key")

_HASHES: dict[HashAlgorithm, hashes.HashAlgorithm] = {
    "SHA1": hashes.SHA1(),  # noqa: S303  CloudFront's default, fixed by its documents
    "SHA256": hashes.SHA256(),
}


def _build_ecdsa(algorithm: hashes.HashAlgorithm) -> ec.ECDSA:
    """Return ECDSA: deterministic (RFC 6979) if this platform supports it, else randomized."""
    try:
        return ec.ECDSA(algorithm, deterministic_signing=True)
    except (TypeError, UnsupportedAlgorithm):  # cryptography before 43, OpenSSL before 3.2
        return ec.ECDSA(algorithm)


# Made once: next to a fast P-256 signature, the time to make them would be noticeable.
_PKCS1_V1_5 = padding.PKCS1v15()
_ECDSA = {name: _build_ecdsa(algorithm) for name, algorithm in _HASHES.items()}

# Hashes that other tools use by default. CloudFront accepts none of them.
_OTHER_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA512": hashes.SHA512(),
    "SHA384": hashes.SHA384(),
    "SHA224": hashes.SHA224(),
    "MD5": hashes.MD5(),  # noqa: S303  only to detect and report it
}

_FORBIDDEN_HASH = (UnsupportedAlgorithm, InternalError)
"""OpenSSL's errors, depending on its release, if the platform's policy forbids a hash."""


class _OpenSSLPrivateKey(Unpicklable):
    """The base class of RSA and EC private keys."""

    __slots__ = ("_key",)

    is_gil_bound: ClassVar[bool] = _IS_GIL_BOUND
    algorithm: str

    def __init__(self, key: Any) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} cryptography>"

    def public_key_pem(self) -> str:
        """Return the public key as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        pem: bytes = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem.decode("ascii")

    def export_for_child(self) -> tuple[str, bytes]:
        """Return the backend's name and the private key as PEM, only for a child process."""
        return NAME, _encode_private_pem(self._key)


class RSAPrivateKey(_OpenSSLPrivateKey):
    """An RSA private key that signs with OpenSSL."""

    __slots__ = ()

    _key: rsa.RSAPrivateKey

    @property
    def bits(self) -> int:
        """The size of the modulus in bits."""
        return self._key.key_size

    @property
    def algorithm(self) -> str:  # type: ignore[override]  # read-only here
        """The kind and size of the key, such as "RSA-2048"."""
        return f"RSA-{self.bits}"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2)."""
        try:
            return self._key.sign(message, _PKCS1_V1_5, _HASHES[hash_algorithm])
        except KeyError:
            raise build_unknown_hash_error(hash_algorithm) from None
        except _FORBIDDEN_HASH:
            raise build_hash_error(hash_algorithm) from None


class ECPrivateKey(_OpenSSLPrivateKey):
    """A P-256 private key that signs with OpenSSL. Signatures are shorter and faster than RSA's."""

    __slots__ = ()

    _key: ec.EllipticCurvePrivateKey

    algorithm = "P-256"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign with ECDSA (FIPS 186-5); return r and s as ASN.1 DER, deterministic (RFC 6979)."""
        try:
            return self._key.sign(message, _ECDSA[hash_algorithm])
        except KeyError:
            raise build_unknown_hash_error(hash_algorithm) from None
        except _FORBIDDEN_HASH:
            raise build_hash_error(hash_algorithm) from None


class _OpenSSLPublicKey:
    """The base class of RSA and EC public keys."""

    __slots__ = ("_key",)

    algorithm: str

    def __init__(self, key: Any) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PublicKey {self.algorithm} cryptography>"

    def _is_valid(self, message: bytes, signature: bytes, *scheme: Any) -> bool:
        try:
            self._key.verify(signature, message, *scheme)
        except (InvalidSignature, ValueError, *_FORBIDDEN_HASH):
            return False  # ValueError: a short key has no room for a long hash
        return True


class RSAPublicKey(_OpenSSLPublicKey):
    """An RSA public key that verifies with OpenSSL."""

    __slots__ = ()

    @property
    def algorithm(self) -> str:  # type: ignore[override]  # read-only here
        """The kind and size of the key, such as "RSA-2048"."""
        return f"RSA-{self._key.key_size}"

    @hide_arguments
    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Return True if this key made *signature* for *message*."""
        hash_algorithm = check_hash_algorithm(hash_algorithm)
        return self._is_valid(message, signature, _PKCS1_V1_5, _HASHES[hash_algorithm])

    def recover_digest(self, signature: bytes) -> tuple[HashAlgorithm, bytes] | None:
        """Return the hash algorithm and the hash that *signature* was made for, or None."""
        try:
            info = self._key.recover_data_from_signature(signature, _PKCS1_V1_5, None)
        except (InvalidSignature, ValueError, *_FORBIDDEN_HASH):
            return None
        return read_digest_info(info)

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """Return the scheme if it is RSASSA-PSS (RFC 8017, 8.1) or another hash, else None."""
        for name, algorithm in (*_HASHES.items(), *_OTHER_HASHES.items()):
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            if self._is_valid(message, signature, pss, algorithm):
                return f"PSS with {name}"
        for name, algorithm in _OTHER_HASHES.items():
            if self._is_valid(message, signature, _PKCS1_V1_5, algorithm):
                return f"PKCS#1 v1.5 with {name}"
        return None


class ECPublicKey(_OpenSSLPublicKey):
    """A P-256 public key that verifies ECDSA signatures, ASN.1 DER, with OpenSSL."""

    __slots__ = ()

    algorithm = "P-256"

    @hide_arguments
    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Return True if this key made *signature* for *message*."""
        hash_algorithm = check_hash_algorithm(hash_algorithm)
        return self._is_valid(message, signature, ec.ECDSA(_HASHES[hash_algorithm]))

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """Return the scheme if it is ECDSA with another hash, else None."""
        for name, algorithm in _OTHER_HASHES.items():
            if self._is_valid(message, signature, ec.ECDSA(algorithm)):
                return f"ECDSA with {name}"
        return None


def load_private(pem: PEM, password: Secret[bytes] | None) -> RSAPrivateKey | ECPrivateKey:
    """
    Parse PKCS#1, PKCS#8 or SEC 1, encrypted or not.

    OpenSSL checks that the numbers of an RSA key are consistent and its factors prime, in about
    40 ms. It checks that the point of an EC key belongs to the private number.

    Raises:
        SigningKeyError: The key is damaged or of another kind, or the password is wrong.
    """
    if pem.is_encrypted:
        pem = _decrypt(pem, password)
    structure = read_private_key(pem)
    if structure.kind == "RSA":
        read_rsa_private_numbers(pem, structure)
    try:
        key = _parse_safely(lambda: serialization.load_der_private_key(pem.der, None))
    except Exception:  # a parser of hostile bytes may raise anything
        raise build_damage_error(pem) from None
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAPrivateKey(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return ECPrivateKey(key)
    raise build_damage_error(pem)


def load_public(pem: PEM) -> RSAPublicKey | ECPublicKey:
    """
    Parse SubjectPublicKeyInfo, or PKCS#1 for RSA.

    Raises:
        SigningKeyError: The key is damaged or of another kind.
    """
    structure = read_public_key(pem)
    if structure.kind == "RSA":
        read_rsa_public_numbers(pem, structure)
    try:
        key = _parse_safely(lambda: serialization.load_der_public_key(pem.der))
    except Exception:  # a parser of hostile bytes may raise anything
        raise build_damage_error(pem) from None
    if isinstance(key, rsa.RSAPublicKey):
        return RSAPublicKey(key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ECPublicKey(key)
    raise build_damage_error(pem)


def generate_pem(algorithm: str) -> str:
    """Generate a key ("P-256", or for example "RSA-2048") and return it as PEM (PKCS#8)."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if algorithm == "P-256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        bits = int(algorithm.removeprefix("RSA-"))
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return _encode_private_pem(key).decode("ascii")


def _decrypt(pem: PEM, password: Secret[bytes] | None) -> PEM:
    """Return the decrypted key as unencrypted PKCS#8."""
    if not pem.label.endswith("PRIVATE KEY"):
        raise build_label_error(pem, "private")
    if password is None:
        raise build_missing_password_error(pem)
    check_encryption(pem)
    try:
        # RSA is validated later, like an unencrypted key.
        key = _parse_safely(
            lambda: serialization.load_pem_private_key(
                pem.data, password.reveal(), unsafe_skip_rsa_key_validation=True
            )
        )
        der = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    except UnsupportedAlgorithm:
        raise build_encryption_error(pem) from None
    except Exception:  # a parser of hostile bytes may raise anything
        raise build_wrong_password_error(pem, password) from None
    return PEM("PRIVATE KEY", der, pem.source)


def _parse_safely(parse: Callable[[], _Key]) -> _Key:
    """Call a parser; turn a Rust panic, which is not an Exception, into ValueError."""
    try:
        return parse()
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # PyO3's, which no module exports
            raise ValueError("the parser panicked") from None
        raise


def _encode_private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )

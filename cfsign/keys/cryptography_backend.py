"""The backend that signs and verifies with OpenSSL, by way of the `cryptography` package."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ClassVar, TypeVar

import cryptography
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cfsign.keys.document import (
    check_cost,
    read_private,
    read_public,
    rsa_private_numbers,
    rsa_public_numbers,
)
from cfsign.keys.pem import PEM
from cfsign.keys.protocol import HashAlgorithm, Unpicklable
from cfsign.keys.refusals import (
    hash_forbidden,
    password_missing,
    password_too_dear,
    password_wrong,
    refuse_label,
    unreadable,
)

NAME = "cryptography"

#: Version 47 was the first to give up Python's lock while it signs (pyca/cryptography#14370).
_HOLDS_LOCK = int(cryptography.__version__.partition(".")[0]) < 47

Key = TypeVar("Key")

_HASHES: dict[HashAlgorithm, hashes.HashAlgorithm] = {
    "SHA1": hashes.SHA1(),  # noqa: S303  CloudFront's default, fixed by its documents
    "SHA256": hashes.SHA256(),
}


def _ecdsa(algorithm: hashes.HashAlgorithm) -> ec.ECDSA:
    """Have k be made of the message and the key where it can be (RFC 6979), else at random."""
    try:
        return ec.ECDSA(algorithm, deterministic_signing=True)
    except (TypeError, UnsupportedAlgorithm):  # cryptography before 43, OpenSSL before 3.2
        return ec.ECDSA(algorithm)


# Made once: a signature by P-256 takes so little that making them anew would show.
_PKCS1_V1_5 = padding.PKCS1v15()
_ECDSA = {name: _ecdsa(algorithm) for name, algorithm in _HASHES.items()}

# What other tools hash with, unasked; CloudFront takes none of them.
_OTHER_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA512": hashes.SHA512(),
    "SHA384": hashes.SHA384(),
    "SHA224": hashes.SHA224(),
    "MD5": hashes.MD5(),  # noqa: S303  to recognise it, so that it can be named
}

_ALL_HASHES = [*_HASHES.items(), *_OTHER_HASHES.items()]

_REFUSED = (UnsupportedAlgorithm, InternalError)
"""What OpenSSL raises where the platform's policy forbids a hash: it depends on the release."""


class RSAPrivateKey(Unpicklable):
    """An RSA private key that signs with OpenSSL."""

    __slots__ = ("_key",)

    holds_lock: ClassVar[bool] = _HOLDS_LOCK

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} cryptography>"

    @property
    def bits(self) -> int:
        """The size of the modulus in bits."""
        return self._key.key_size

    @property
    def algorithm(self) -> str:
        """The kind and size of the key."""
        return f"RSA-{self.bits}"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2)."""
        try:
            return self._key.sign(message, _PKCS1_V1_5, _HASHES[hash_algorithm])
        except _REFUSED:
            raise hash_forbidden(hash_algorithm) from None

    def public_key_pem(self) -> str:
        """Return the public half as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        return _public_pem(self._key)

    def for_child(self) -> tuple[str, bytes]:
        """Return the backend's name and the private key as PEM, for a child process alone."""
        return NAME, _private_pem(self._key)


class ECPrivateKey(Unpicklable):
    """A P-256 private key that signs with OpenSSL: shorter and ten times as fast as RSA."""

    __slots__ = ("_key",)

    holds_lock: ClassVar[bool] = _HOLDS_LOCK

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PrivateKey {self.algorithm} cryptography>"

    @property
    def algorithm(self) -> str:
        """The curve, as NIST names it."""
        return "P-256"

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign with ECDSA (FIPS 186-5): ASN.1 DER of r and s, the same each time (RFC 6979)."""
        try:
            return self._key.sign(message, _ECDSA[hash_algorithm])
        except _REFUSED:
            raise hash_forbidden(hash_algorithm) from None

    def public_key_pem(self) -> str:
        """Return the public half as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        return _public_pem(self._key)

    def for_child(self) -> tuple[str, bytes]:
        """Return the backend's name and the private key as PEM, for a child process alone."""
        return NAME, _private_pem(self._key)


class RSAPublicKey:
    """An RSA public key that verifies with OpenSSL."""

    __slots__ = ("_key",)

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PublicKey {self.algorithm} cryptography>"

    @property
    def algorithm(self) -> str:
        """The kind and size of the key."""
        return f"RSA-{self._key.key_size}"

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Tell whether *signature* is this key's for *message*; never raises."""
        try:
            self._key.verify(signature, message, padding.PKCS1v15(), _HASHES[hash_algorithm])
        except (InvalidSignature, *_REFUSED):
            return False
        return True

    def other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """Try RSASSA-PSS (RFC 8017, section 8.1), and PKCS#1 v1.5 with other hashes."""
        for name, algorithm in _ALL_HASHES:
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            if self._fits(message, signature, pss, algorithm):
                return f"PSS with {name}"
        for name, algorithm in _OTHER_HASHES.items():
            if self._fits(message, signature, padding.PKCS1v15(), algorithm):
                return f"PKCS#1 v1.5 with {name}"
        return None

    def _fits(
        self,
        message: bytes,
        signature: bytes,
        padded: padding.PSS | padding.PKCS1v15,
        algorithm: hashes.HashAlgorithm,
    ) -> bool:
        try:
            self._key.verify(signature, message, padded, algorithm)
        except (InvalidSignature, UnsupportedAlgorithm, InternalError, ValueError):
            return False  # a key of few bits has no room for a long hash
        return True


class ECPublicKey:
    """A P-256 public key that verifies ECDSA signatures, ASN.1 DER, with OpenSSL."""

    __slots__ = ("_key",)

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"<PublicKey {self.algorithm} cryptography>"

    @property
    def algorithm(self) -> str:
        """The curve, as NIST names it."""
        return "P-256"

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Tell whether *signature* is this key's for *message*; never raises."""
        try:
            self._key.verify(signature, message, ec.ECDSA(_HASHES[hash_algorithm]))
        except (InvalidSignature, *_REFUSED):
            return False
        return True

    def other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """Try ECDSA with other hashes."""
        for name, algorithm in _OTHER_HASHES.items():
            try:
                self._key.verify(signature, message, ec.ECDSA(algorithm))
            except (InvalidSignature, UnsupportedAlgorithm, InternalError):
                continue
            return f"ECDSA with {name}"
        return None


def load_private(pem: PEM, password: bytes | None) -> RSAPrivateKey | ECPrivateKey:
    """
    Parse PKCS#1, PKCS#8 or SEC 1, encrypted or not.

    OpenSSL checks that the numbers of an RSA key fit and that its factors are prime, which takes
    about 40 ms; of an EC key, that its point is the one that belongs to it.
    """
    if pem.is_encrypted:
        pem = _decrypted(pem, password)
    document = read_private(pem)
    if document.kind == "RSA":
        rsa_private_numbers(pem, document.content)
    try:
        key = _without_panic(serialization.load_der_private_key, pem.der, None)
    except Exception:  # whatever a parser of hostile bytes raises, the answer is the same
        raise unreadable(pem) from None
    if isinstance(key, rsa.RSAPrivateKey):
        return RSAPrivateKey(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return ECPrivateKey(key)
    raise unreadable(pem)


def load_public(pem: PEM) -> RSAPublicKey | ECPublicKey:
    """Parse SubjectPublicKeyInfo, or PKCS#1 for RSA."""
    document = read_public(pem)
    if document.kind == "RSA":
        rsa_public_numbers(pem, document.content)
    try:
        key = _without_panic(serialization.load_der_public_key, pem.der)
    except Exception:  # whatever a parser of hostile bytes raises, the answer is the same
        raise unreadable(pem) from None
    if isinstance(key, rsa.RSAPublicKey):
        return RSAPublicKey(key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ECPublicKey(key)
    raise unreadable(pem)


def generate_pem(algorithm: str) -> str:
    """Make a new key, "P-256" or "RSA-" and its bits, as PEM, PKCS#8."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if algorithm == "P-256":
        key = ec.generate_private_key(ec.SECP256R1())
    else:
        bits = int(algorithm.removeprefix("RSA-"))
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return _private_pem(key).decode("ascii")


def _decrypted(pem: PEM, password: bytes | None) -> PEM:
    """Take the password off, and leave the key in plain PKCS#8 to be read like any other."""
    if not pem.label.endswith("PRIVATE KEY"):
        raise refuse_label(pem, "private")
    if password is None:
        raise password_missing(pem)
    check_cost(pem)
    try:
        # RSA is validated later, when it is read like any other key.
        load = functools.partial(
            serialization.load_pem_private_key, unsafe_skip_rsa_key_validation=True
        )
        key = _without_panic(load, pem.data, password)
        der = key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    except UnsupportedAlgorithm:
        raise password_too_dear(pem) from None
    except Exception:  # whatever a parser of hostile bytes raises, the answer is the same
        raise password_wrong(pem) from None
    return PEM("PRIVATE KEY", der, pem.source)


def _without_panic(parse: Callable[..., Key], *given: bytes | None) -> Key:
    """Call a parser; what its Rust panics at would else end a process that catches Exception."""
    try:
        return parse(*given)
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # PyO3's, which no module exports
            raise ValueError("the parser panicked") from None
        raise


def _private_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode("ascii")
    )

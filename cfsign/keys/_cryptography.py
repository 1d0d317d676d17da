"""The backend that signs and verifies with OpenSSL, by way of the `cryptography` package."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from cfsign.errors import SigningKeyError
from cfsign.keys._pem import PEM, not_rsa, password_not_needed, refuse_label, unreadable
from cfsign.keys.protocol import HashAlgorithm, Unpicklable

NAME = "cryptography"

_HASHES: dict[HashAlgorithm, hashes.HashAlgorithm] = {
    "SHA1": hashes.SHA1(),  # noqa: S303  CloudFront's default, fixed by its documents
    "SHA256": hashes.SHA256(),
}


class RSAPrivateKey(Unpicklable):
    """An RSA private key that signs with OpenSSL."""

    __slots__ = ("_key",)

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
            return self._key.sign(message, padding.PKCS1v15(), _HASHES[hash_algorithm])
        except UnsupportedAlgorithm:
            raise SigningKeyError(
                f"this platform's OpenSSL does not sign with {hash_algorithm} (a FIPS or other "
                'policy); sign with hash_algorithm="SHA256", which CloudFront takes as well'
            ) from None

    def public_key_pem(self) -> str:
        """Return the public half as PEM, SubjectPublicKeyInfo (RFC 5280, section 4.1)."""
        return (
            self._key.public_key()
            .public_bytes(
                serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            .decode("ascii")
        )


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
        except (InvalidSignature, UnsupportedAlgorithm):
            return False
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
        except (InvalidSignature, UnsupportedAlgorithm):
            return False
        return True


def load_private(pem: PEM, password: bytes | None) -> RSAPrivateKey:
    """
    Parse PKCS#1 or PKCS#8, encrypted or not.

    OpenSSL checks that the numbers fit and that the factors are prime, which takes about 40 ms.
    """
    if not (pem.label.endswith("PRIVATE KEY")) or pem.label.startswith(("OPENSSH", "EC ")):
        raise refuse_label(pem, "private")
    _check_password(pem, password)
    try:
        key = serialization.load_pem_private_key(pem.data, password)
    except Exception as error:  # whatever a parser of hostile bytes raises, the answer is alike
        if pem.is_encrypted and not isinstance(error, UnsupportedAlgorithm):
            raise SigningKeyError(
                "the password does not open the key, or the key is damaged; check the password "
                "with: openssl pkey -in KEY -noout",
                source=pem.source,
            ) from None
        raise unreadable(pem) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise not_rsa(pem)
    return RSAPrivateKey(key)


def load_public(pem: PEM) -> RSAPublicKey | ECPublicKey:
    """Parse SubjectPublicKeyInfo, or PKCS#1 for RSA."""
    if pem.label not in ("PUBLIC KEY", "RSA PUBLIC KEY"):
        raise refuse_label(pem, "public")
    try:
        key = serialization.load_pem_public_key(pem.data)
    except Exception:  # whatever a parser of hostile bytes raises, the answer is the same
        raise unreadable(pem) from None
    if isinstance(key, rsa.RSAPublicKey):
        return RSAPublicKey(key)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return ECPublicKey(key)
    raise SigningKeyError(
        "CloudFront takes RSA 2048 and P-256 public keys, and this is another kind",
        source=pem.source,
    )


def generate_pem(bits: int) -> str:
    """Make a new RSA key of *bits* bits, as PEM, PKCS#8."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode("ascii")


def _check_password(pem: PEM, password: bytes | None) -> None:
    if pem.is_encrypted and password is None:
        raise SigningKeyError(
            "the key is encrypted; give its password: load_private_key(KEY, password=...), the "
            "setting 'password', CLOUDFRONT_PASSWORD or --ask-password; or decrypt it: "
            "openssl pkey -in KEY -out PLAIN",
            source=pem.source,
        )
    if password is not None and not pem.is_encrypted:
        raise password_not_needed(pem)

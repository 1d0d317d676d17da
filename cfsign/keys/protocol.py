"""What the rest of the project asks of a key: to sign, to verify, to name its public half."""

from __future__ import annotations

from typing import Literal, NoReturn, Protocol, runtime_checkable

HashAlgorithm = Literal["SHA1", "SHA256"]
"""CloudFront's two hash algorithms, spelled as in its `Hash-Algorithm` parameter."""

HASH_ALGORITHMS: tuple[HashAlgorithm, ...] = ("SHA1", "SHA256")


@runtime_checkable
class PrivateKey(Protocol):
    """
    A key that signs policies: one of ours, or anything with these two methods.

    Raise a :class:`cfsign.SigningKeyError` from `sign` for what the user must mend.
    """

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """
        Sign *message*, hashed with *hash_algorithm* ("SHA1" or "SHA256").

        Returns:
            The raw signature: PKCS#1 v1.5 for RSA (RFC 8017, section 8.2), ASN.1 DER for ECDSA.
        """
        ...

    def public_key_pem(self) -> str:
        """Return the public half as CloudFront wants it uploaded: PEM, SubjectPublicKeyInfo."""
        ...


class PublicKey(Protocol):
    """A key that checks signatures."""

    @property
    def algorithm(self) -> str:
        """The kind and size of the key, such as "RSA-2048" or "P-256"."""
        ...

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """Tell whether *signature* is this key's for *message*; never raises."""
        ...


class Unpicklable:
    """Keeps a secret in its process: refuses to be pickled, copied or deep-copied."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} holds a private key and is neither pickled nor copied; "
            "send the key's path or its secret's name, and call cfsign.load_private_key(...) "
            "on the other side"
        )

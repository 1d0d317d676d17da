"""The interfaces of keys, and functions that inspect any key."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol, TypeGuard, runtime_checkable

if TYPE_CHECKING:
    from typing_extensions import TypeIs

from cfsign.errors import SigningKeyError

HashAlgorithm = Literal["SHA1", "SHA256"]
"""CloudFront's two hash algorithms, spelled as in its `Hash-Algorithm` parameter."""

HASH_ALGORITHMS: tuple[HashAlgorithm, ...] = ("SHA1", "SHA256")

Source = str | bytes | os.PathLike[str]
"""The source of a key: a path, or the key itself as text or bytes."""

Password = str | bytes | Callable[[], str | bytes]
"""The password of an encrypted key, or a function that returns it."""

#: The kinds of keys that CloudFront accepts, as `algorithm` spells them (AWS, "Create key pairs
#: for your signers").
KEY_ALGORITHMS = ("RSA-2048", "P-256")


@runtime_checkable
class PrivateKey(Protocol):
    """
    A key that signs policies: one of this package, or any object with these two methods.

    For an HSM behind PKCS#11 or a remote signer, write a small class. Two attributes are optional:

    - `is_blocking: bool`, by default False: True if `sign` waits, for example for the network.
      Asynchronous views then sign in a thread, so that the event loop is not blocked.
    - `hash_algorithms: tuple[str, ...]`, by default ("SHA1", "SHA256"): the hash algorithms that
      the key signs with. A signer without a `hash_algorithm` uses the first.

    In `sign`, raise :class:`cfsign.KeyUnavailableError` if the key cannot be reached; the views
    then answer 503. Raise :class:`cfsign.SigningKeyError` for an error that the user must fix.
    """

    def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """
        Sign *message*, hashed with *hash_algorithm* ("SHA1" or "SHA256").

        Returns:
            The raw signature: PKCS#1 v1.5 for RSA (RFC 8017, section 8.2), ASN.1 DER for ECDSA.
        """
        ...

    def public_key_pem(self) -> str:
        """Return the public key in CloudFront's format: PEM, SubjectPublicKeyInfo."""
        ...


@runtime_checkable
class AsyncPrivateKey(Protocol):
    """
    A key whose `sign` is a coroutine, for asynchronous views and `Signer.sign_policy_async`.

    Everything else is as for :class:`PrivateKey`.
    """

    async def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Async version of `PrivateKey.sign`."""
        ...

    def public_key_pem(self) -> str:
        """Return the public key, as `PrivateKey.public_key_pem` does."""
        ...


class GilBoundKey(PrivateKey, Protocol):
    """A key of this package that holds the global interpreter lock (GIL) while it signs."""

    def export_for_child(self) -> tuple[str, bytes]:
        """Return the name of the key's backend, and the private key as PEM."""
        ...


class PublicKey(Protocol):
    """A key that verifies signatures."""

    @property
    def algorithm(self) -> str:
        """The kind and size of the key, such as "RSA-2048" or "P-256"."""
        ...

    def verify(self, message: bytes, signature: bytes, hash_algorithm: HashAlgorithm) -> bool:
        """
        Return True if this key made *signature* for *message*.

        Args:
            message: The bytes of the policy.
            signature: The raw signature, not in base64.
            hash_algorithm: "SHA1" or "SHA256".

        Raises:
            PolicyError: The hash algorithm is another one.
        """
        ...

    def find_other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """
        Try signature schemes that CloudFront does not support.

        Returns:
            The scheme that verifies *signature*, such as "PSS with SHA256"; or None.
        """
        ...


class RecoveringKey(PublicKey, Protocol):
    """An RSA key of this package: it shows which hash a signature was made for."""

    def recover_digest(self, signature: bytes) -> tuple[HashAlgorithm, bytes] | None:
        """
        Return the hash algorithm and the hash that *signature* was made for.

        Returns:
            None if this key did not make *signature* with PKCS#1 v1.5 and one of CloudFront's two
            hash algorithms.
        """
        ...


# The DER of DigestInfo before the hash (RFC 8017, section 9.2, note 1).
_DIGEST_INFO: dict[HashAlgorithm, bytes] = {
    "SHA1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "SHA256": bytes.fromhex("3031300d060960864801650304020105000420"),
}
_DIGEST_BYTES: dict[HashAlgorithm, int] = {"SHA1": 20, "SHA256": 32}


def read_digest_info(info: bytes) -> tuple[HashAlgorithm, bytes] | None:
    """Return the hash algorithm and the hash in a DigestInfo; None if it is another structure."""
    for name, prefix in _DIGEST_INFO.items():
        digest = info[len(prefix) :]
        if info.startswith(prefix) and len(digest) == _DIGEST_BYTES[name]:
            return name, digest
    return None


class Unpicklable:
    """A mixin for objects with a secret: they cannot be pickled, copied or deep-copied."""

    __slots__ = ()

    #: How to create the object in another process, for the error's text.
    _recreate_hint = "call cfsign.load_private_key(...)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} holds a private key and cannot be pickled or copied; send "
            f"the key's path or its secret's name, and {self._recreate_hint} in the other process"
        )


def is_private_key(key: object) -> bool:
    """Return True if *key* has the methods of a private key and is not a class."""
    return isinstance(key, PrivateKey) and not isinstance(key, type)


def is_async(key: PrivateKey | AsyncPrivateKey) -> TypeIs[AsyncPrivateKey]:
    """
    Return True if the key's `sign` is a coroutine function.

    `isinstance` cannot distinguish the two protocols, because their methods have the same names.
    """
    return inspect.iscoroutinefunction(key.sign)


def is_blocking(key: PrivateKey | AsyncPrivateKey) -> bool:
    """Return True if the key's `sign` waits, for example for the network."""
    return bool(getattr(key, "is_blocking", False))


def is_gil_bound(key: PrivateKey | AsyncPrivateKey) -> TypeGuard[GilBoundKey]:
    """Return True if the key holds the GIL while it signs, so that threads do not help."""
    return bool(getattr(key, "is_gil_bound", False))


def can_recover(key: PublicKey) -> TypeGuard[RecoveringKey]:
    """Return True if the key has `recover_digest`."""
    return hasattr(key, "recover_digest")


def get_hash_algorithms(key: PrivateKey | AsyncPrivateKey) -> tuple[HashAlgorithm, ...]:
    """
    Return the hash algorithms that the key signs with; the first is its default.

    Raises:
        SigningKeyError: The key's `hash_algorithms` is not a tuple of such names.
    """
    names = getattr(key, "hash_algorithms", HASH_ALGORITHMS)
    is_sequence = isinstance(names, tuple | list) and len(names) > 0
    if not is_sequence or not all(name in HASH_ALGORITHMS for name in names):
        raise SigningKeyError(
            f"hash_algorithms of a {type(key).__name__} must be a tuple of "
            f"{' and '.join(map(repr, HASH_ALGORITHMS))}, or of one of them"
        )
    return tuple(names)

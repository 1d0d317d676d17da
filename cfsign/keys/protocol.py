"""What the rest of the project asks of a key: to sign, to verify, to name its public half."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Literal, NoReturn, Protocol, TypeGuard, runtime_checkable

if TYPE_CHECKING:
    from typing_extensions import TypeIs

from cfsign.errors import SigningKeyError

HashAlgorithm = Literal["SHA1", "SHA256"]
"""CloudFront's two hash algorithms, spelled as in its `Hash-Algorithm` parameter."""

HASH_ALGORITHMS: tuple[HashAlgorithm, ...] = ("SHA1", "SHA256")

Source = str | bytes | os.PathLike[str]
"""What a key is loaded from: a path, or the key itself as text or bytes."""

#: The keys that CloudFront takes, as `algorithm` names them (AWS, "Create key pairs for your
#: signers").
SUPPORTED = ("RSA-2048", "P-256")


@runtime_checkable
class PrivateKey(Protocol):
    """
    A key that signs policies: one of ours, or anything with these two methods.

    So an HSM behind PKCS#11 or a remote signer needs no more than a small class. It may say more
    by two attributes, which are looked for and may be left out:

    - `is_blocking: bool`, False if left out: whether `sign` waits for something, such as the
      network. The asynchronous views sign with such a key in a thread, so that it never stalls an
      event loop.
    - `hash_algorithms: tuple[str, ...]`, ("SHA1", "SHA256") if left out: what it signs with. A
      signer of which nothing is said takes the first of them.

    Raise a :class:`cfsign.KeyUnavailableError` from `sign` where the key cannot be reached, which
    the views answer with 503, and a :class:`cfsign.SigningKeyError` for what the user must mend.
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


@runtime_checkable
class AsyncPrivateKey(Protocol):
    """
    A key whose `sign` is awaited; the asynchronous views, and `Signer.sign_policy_async`, take it.

    All else is as for :class:`PrivateKey`.
    """

    async def sign(self, message: bytes, hash_algorithm: HashAlgorithm) -> bytes:
        """Sign *message*, as `PrivateKey.sign` does."""
        ...

    def public_key_pem(self) -> str:
        """Return the public half, as `PrivateKey.public_key_pem` does."""
        ...


class LockHolder(PrivateKey, Protocol):
    """A key of ours that holds the lock while it signs, and can be handed to a child."""

    def for_child(self) -> tuple[str, bytes]:
        """Return the name of the key's backend, and the private key as PEM."""
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

    def other_scheme(self, message: bytes, signature: bytes) -> str | None:
        """
        Name the scheme that CloudFront does not take by which *signature* is this key's.

        Returns:
            Such as "PSS with SHA256"; None where there is none, or the backend cannot tell.
        """
        ...


class Unpicklable:
    """Keeps a secret in its process: refuses to be pickled, copied or deep-copied."""

    __slots__ = ()

    #: How to have it on the other side.
    _anew = "call cfsign.load_private_key(...)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} holds a private key and is neither pickled nor copied; "
            f"send the key's path or its secret's name, and {self._anew} on the other side"
        )


def is_private_key(key: object) -> bool:
    """Tell whether *key* has the methods of a private key; a class with them is none yet."""
    return isinstance(key, PrivateKey) and not isinstance(key, type)


def is_async(key: PrivateKey | AsyncPrivateKey) -> TypeIs[AsyncPrivateKey]:
    """
    Tell whether the key's `sign` is to be awaited, as far as one sees before it is called.

    `isinstance` cannot tell: both protocols have methods of the same names.
    """
    return inspect.iscoroutinefunction(key.sign)


def is_blocking(key: PrivateKey | AsyncPrivateKey) -> bool:
    """Tell whether the key's `sign` waits for something."""
    return bool(getattr(key, "is_blocking", False))


def holds_lock(key: PrivateKey | AsyncPrivateKey) -> TypeGuard[LockHolder]:
    """Tell whether the key's `sign` computes without giving up Python's lock; one of ours only."""
    return bool(getattr(key, "holds_lock", False))


def hash_algorithms(key: PrivateKey | AsyncPrivateKey) -> tuple[HashAlgorithm, ...]:
    """
    Return what the key signs with; the first is what it signs with where nothing is said.

    Raises:
        SigningKeyError: The key's own attribute is not of that kind.
    """
    known = getattr(key, "hash_algorithms", HASH_ALGORITHMS)
    is_sequence = isinstance(known, tuple | list) and len(known) > 0
    if not is_sequence or not all(name in HASH_ALGORITHMS for name in known):
        raise SigningKeyError(
            f"hash_algorithms of a {type(key).__name__} is a tuple of "
            f"{' and '.join(map(repr, HASH_ALGORITHMS))}, or of one of them"
        )
    return tuple(known)

"""A key pair of a ring: the private key, its id in CloudFront, and the moment it signs from."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TypeGuard

from cfsign.keys import (
    AsyncPrivateKey,
    Password,
    PrivateKey,
    Source,
    Unpicklable,
    resolve_private_key,
)
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.keys.source import is_path
from cfsign.signing.signer import Signer, check_hash_algorithm
from cfsign.signing.times import Moment, epoch_seconds


@dataclass(frozen=True, slots=True)
class KeyPair(Unpicklable):
    """
    One key pair of a `KeyRing`.

    Attributes:
        key_pair_id: The id of the public key in CloudFront, such as K2JCJMDEHXQW5F.
        private_key: A PrivateKey; a path, or the key itself as text or bytes; or `kms:` and the
            id, ARN or `alias/NAME` of a key in AWS KMS.
        active_from: The moment from which it signs, an aware datetime or epoch seconds; None for a
            key that has always signed.
        password: What an encrypted key was encrypted with, or a function that gives it, asked
            whenever the ring reads the key.
        hash_algorithm: "SHA1" or "SHA256"; None is the key's own, as for a Signer.

    Raises:
        SigningKeyError: The id cannot be one.
        PolicyError: The moment or the hash algorithm is not one that CloudFront takes.
    """

    key_pair_id: str
    private_key: PrivateKey | AsyncPrivateKey | Source = field(repr=False)
    active_from: Moment | None = None
    password: Password | None = field(default=None, repr=False)
    hash_algorithm: str | None = None

    def __post_init__(self) -> None:
        """Check all but the key, which the ring reads, again and again."""
        check_key_pair_id(self.key_pair_id)
        if names_file(self.private_key):
            # As it is now: a program may change its working directory, and the ring reads again.
            path = os.path.abspath(os.path.expanduser(self.private_key))
            object.__setattr__(self, "private_key", path)
        if self.active_from is not None:
            epoch_seconds(self.active_from, "active_from")
        if self.hash_algorithm is not None:
            check_hash_algorithm(self.hash_algorithm)

    @property
    def start(self) -> int:
        """`active_from` in epoch seconds; 0 for a key that has always signed."""
        return 0 if self.active_from is None else epoch_seconds(self.active_from, "active_from")

    def signer(self) -> Signer:
        """
        Read the key, and see that it signs here.

        Raises:
            SigningKeyError: The key cannot be used; `KeyUnavailableError`: not now.
            PolicyError: The key has not the hash algorithm.
        """
        key = self.key()
        signer = Signer(self.key_pair_id, key, hash_algorithm=self.hash_algorithm)
        if names_file(self.private_key) or is_key_text(self.private_key):
            # A platform may forbid the hash: better said now than at a viewer's request.
            key.sign(b"", signer.hash_algorithm)
        return signer

    def key(self) -> PrivateKey | AsyncPrivateKey:
        """
        Read the key.

        Raises:
            SigningKeyError: The key cannot be used; `KeyUnavailableError`: not now.
        """
        return resolve_private_key(self.private_key, self.password)


def names_file(key: object) -> TypeGuard[str | os.PathLike[str]]:
    """Tell whether what stands for a private key is a path, and neither the key nor in AWS KMS."""
    return is_path(key) and not _is_in_kms(key)


def is_key_text(key: object) -> bool:
    """Tell whether what stands for a private key is the key itself, as text or bytes."""
    return isinstance(key, str | bytes) and not is_path(key) and not _is_in_kms(key)


def _is_in_kms(key: object) -> bool:
    return isinstance(key, str) and key.strip().startswith("kms:")

"""A signer with one private key."""

from __future__ import annotations

import inspect

from cfsign.keys import (
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    Source,
    Unpicklable,
    is_async,
    is_blocking,
    resolve_private_key,
)
from cfsign.keys.hash_algorithm import choose_hash_algorithm
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.key_result import check_signature
from cfsign.utils.secret import hide_arguments


class Signer(Unpicklable, BaseSigner):
    """
    A signer with one private key, whose public key CloudFront knows as `key_pair_id`.

    It is immutable. To sign in another way, implement `PrivateKey` instead of a subclass.
    """

    __slots__ = ("_hash_algorithm", "_key", "_key_pair_id")

    @hide_arguments
    def __init__(
        self,
        key_pair_id: str,
        private_key: PrivateKey | AsyncPrivateKey | Source,
        *,
        hash_algorithm: str | None = None,
    ) -> None:
        """
        Load the key.

        Args:
            key_pair_id: The id of the public key in CloudFront, such as K2JCJMDEHXQW5F.
            private_key: A PrivateKey; a path, or PEM or DER as text or bytes; or `kms:` and the
                id, ARN or `alias/NAME` of a key in AWS KMS.
            hash_algorithm: "SHA1" or "SHA256" (announced by AWS in April 2026). None: "SHA1", or
                "SHA256" for a key that supports nothing else, such as one in AWS KMS.

        Raises:
            SigningKeyError: The id or the key cannot be used.
            PolicyError: CloudFront or the key does not support the hash algorithm.
        """
        self._key_pair_id = check_key_pair_id(key_pair_id)
        self._key = resolve_private_key(private_key)
        self._hash_algorithm = choose_hash_algorithm(self._key, hash_algorithm)

    @property
    def key_pair_id(self) -> str:
        """CloudFront's id of the public key."""
        return self._key_pair_id

    @property
    def hash_algorithm(self) -> HashAlgorithm:
        """Return "SHA1", CloudFront's default, or "SHA256"."""
        return self._hash_algorithm

    def __repr__(self) -> str:
        if not hasattr(self, "_hash_algorithm"):  # in the report of an error of __init__
            return "<Signer, not loaded yet>"
        return f"<Signer {self.key_pair_id} {self.hash_algorithm}>"

    @property
    def is_async(self) -> bool:
        """True if the key is an `AsyncPrivateKey`, so that only the async methods can sign."""
        return is_async(self._key)

    def current(self) -> Signer:
        """Return this signer."""
        return self

    def public_key_pem(self) -> str:
        """Return the public key that CloudFront knows as `key_pair_id`, as PEM."""
        return self._key.public_key_pem()

    def _with_key(self, private_key: PrivateKey) -> Signer:
        """Return a signer with the same id and hash algorithm, and another way to sign."""
        return Signer(self.key_pair_id, private_key, hash_algorithm=self.hash_algorithm)

    def _sign(self, message: bytes) -> bytes:
        return check_signature(self._key.sign(message, self._hash_algorithm), self._key)

    async def _sign_async(self, message: bytes) -> bytes:
        return check_signature(await self._call_key(message), self._key)

    async def _call_key(self, message: bytes) -> object:
        signature: object
        if is_blocking(self._key) and not is_async(self._key):
            import asyncio  # imported only where a loop runs: `import cfsign` stays fast

            signature = await asyncio.to_thread(self._key.sign, message, self._hash_algorithm)
        else:
            signature = self._key.sign(message, self._hash_algorithm)
        if isinstance(signature, bytes):
            return signature
        return await signature if inspect.isawaitable(signature) else signature

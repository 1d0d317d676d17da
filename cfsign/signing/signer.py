"""The signer: signs with one private key."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from cfsign.errors import PolicyError, SigningKeyError
from cfsign.keys import (
    HASH_ALGORITHMS,
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    Source,
    Unpicklable,
    get_hash_algorithms,
    is_async,
    is_blocking,
    is_gil_bound,
    resolve_private_key,
)
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.encoding import encode
from cfsign.signing.policy import Policy, policy_json
from cfsign.signing.signed_policy import SignedPolicy, key_parameters
from cfsign.signing.url import MAX_URL_BYTES, check_length
from cfsign.signing.workers import in_order

Item = TypeVar("Item")
Result = TypeVar("Result")

# The bytes of P-256's r and s, 32 each, without the DER around them. A signature that is longer is
# taken as it is, since each look costs every URL.
_BARE = 64

# What a thread takes at a time that waits for a process: where a signature takes milliseconds, the
# last to have some left would otherwise keep the others waiting.
_SLOW_CHUNK = 4


class Signer(Unpicklable, BaseSigner):
    """
    Signs with one private key, as the public key that CloudFront knows by `key_pair_id`.

    It never changes: for another key, or hash algorithm, make another one.
    """

    __slots__ = ("_hash_algorithm", "_key", "_key_pair_id", "_key_parameters")

    def __init__(
        self,
        key_pair_id: str,
        private_key: PrivateKey | AsyncPrivateKey | Source,
        *,
        hash_algorithm: str | None = None,
    ) -> None:
        """
        Take the id and the key.

        Args:
            key_pair_id: The id of the public key in CloudFront, such as K2JCJMDEHXQW5F.
            private_key: A PrivateKey; a path, or PEM or DER as text or bytes; or `kms:` and the
                id, ARN or `alias/NAME` of a key in AWS KMS.
            hash_algorithm: "SHA1" or "SHA256" (announced by AWS in April 2026); None takes
                "SHA1", or "SHA256" with a key that has no other, such as one in AWS KMS.

        Raises:
            SigningKeyError: The id or the key cannot be used.
            PolicyError: CloudFront does not know the hash algorithm, or the key has it not.
        """
        self._key_pair_id = check_key_pair_id(key_pair_id)
        self._key = resolve_private_key(private_key)
        self._hash_algorithm = choose_hash_algorithm(self._key, hash_algorithm)
        self._key_parameters = key_parameters(self._key_pair_id, self._hash_algorithm)

    @property
    def key_pair_id(self) -> str:
        """CloudFront's id of the public key."""
        return self._key_pair_id

    @property
    def hash_algorithm(self) -> HashAlgorithm:
        """Return "SHA1", CloudFront's default, or "SHA256"."""
        return self._hash_algorithm

    def __repr__(self) -> str:
        return f"<Signer {self.key_pair_id} {self.hash_algorithm}>"

    @property
    def is_async(self) -> bool:
        """Whether it signs by `sign_policy_async` alone, since its key is an asynchronous one."""
        return is_async(self._key)

    def sign_policy(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* just as it stands, whatever the clock says.

        Raises:
            PolicyError: It is no Policy.
            SigningKeyError: The key cannot sign, or is an asynchronous one.
        """
        signature: object = self._key.sign(_message(policy), self._hash_algorithm)
        if type(signature) is not bytes or len(signature) <= _BARE:
            signature = self._checked(signature)
        return SignedPolicy(policy, self._key_pair_id, encode(signature), self._hash_algorithm)

    def _canned_url(self, url: str, expires_at: int) -> str:
        """Do as any signer does, but without a Policy and a SignedPolicy for each URL."""
        digits = f"{expires_at}"  # made once for both the policy and the URL, to save time
        message = policy_json(url, digits).encode()
        signature: object = self._key.sign(message, self._hash_algorithm)
        if type(signature) is not bytes or len(signature) <= _BARE:
            signature = self._checked(signature)
        return self._assembled(url, digits, signature)

    async def _canned_url_async(self, url: str, expires_at: int) -> str:
        digits = f"{expires_at}"
        signature = await self._signature_async(policy_json(url, digits).encode())
        return self._assembled(url, digits, signature)

    def _assembled(self, url: str, expires_at: str, signature: bytes) -> str:
        signed = (
            f"{url}{'&' if '?' in url else '?'}Expires={expires_at}"
            f"&Signature={encode(signature)}{self._key_parameters}"
        )
        return signed if len(signed) <= MAX_URL_BYTES else check_length(signed)

    async def sign_policy_async(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* as `sign` does, without holding up the event loop.

        An asynchronous key is awaited, and one that blocks signs in a thread.
        """
        signature = await self._signature_async(_message(policy))
        return SignedPolicy(policy, self._key_pair_id, encode(signature), self._hash_algorithm)

    async def _signature_async(self, message: bytes) -> bytes:
        signature: object
        if is_blocking(self._key) and not is_async(self._key):
            import asyncio  # here, where there is a loop already: `import cfsign` stays fast

            signature = await asyncio.to_thread(self._key.sign, message, self._hash_algorithm)
        else:
            signature = self._key.sign(message, self._hash_algorithm)
        if not isinstance(signature, bytes) and inspect.isawaitable(signature):
            signature = await signature
        if type(signature) is not bytes or len(signature) <= _BARE:
            signature = self._checked(signature)
        return signature

    def in_workers(
        self,
        work: Callable[[BaseSigner, Item], Result],
        items: Iterable[Item],
        workers: int,
        *,
        chunk: int = 1,
    ) -> Iterator[Result]:
        """Do as any signer does; with a key that holds Python's lock, it signs in processes."""
        # What a subclass does in a `sign` of its own is not known to a process.
        if workers == 1 or type(self) is not Signer or not is_gil_bound(self._key):
            yield from super().in_workers(work, items, workers, chunk=chunk)
            return
        from cfsign.keys.child_processes import ChildKeys  # the only one who needs processes

        key = ChildKeys(self._key, workers)
        try:
            signer = Signer(self.key_pair_id, key, hash_algorithm=self.hash_algorithm)
            yield from in_order(
                partial(work, signer), items, workers, chunk=min(chunk, _SLOW_CHUNK)
            )
        finally:
            key.close()

    def public_key_pem(self) -> str:
        """Return the public half of the key, as PEM: what CloudFront knows by `key_pair_id`."""
        return self._key.public_key_pem()

    def _checked(self, returned: object) -> bytes:
        """Return what a key gave for a signature, if it is one."""
        if inspect.isawaitable(returned):
            _close(returned)
            raise SigningKeyError(
                "the private key signs asynchronously; await sign_policy_async, or use an async view"
            )
        if isinstance(returned, bytes) and returned:
            if not _is_bare(self._key, returned):
                return returned
            raise SigningKeyError(
                f"sign of a {type(self._key).__name__} returned r and s side by side, as PKCS#11 "
                "and JWS have an ECDSA signature; CloudFront takes it as ASN.1 DER (RFC 3279): "
                "return encode_dss_signature(r, s) of cryptography's"
            )
        raise SigningKeyError(
            f"sign of a {type(self._key).__name__} returned {_described(returned)}; "
            "it returns the raw signature, as bytes"
        )


def check_hash_algorithm(hash_algorithm: object) -> HashAlgorithm:
    """Return *hash_algorithm* if CloudFront knows it, else raise PolicyError."""
    if hash_algorithm not in HASH_ALGORITHMS:
        raise PolicyError('hash_algorithm is "SHA1" or "SHA256"', field="hash_algorithm")
    # The text itself: a member of a str enumeration would print as its name.
    return HASH_ALGORITHMS[HASH_ALGORITHMS.index(hash_algorithm)]


def _close(awaitable: object) -> None:
    # A coroutine that nobody awaits would warn of it, somewhere else and later.
    if inspect.iscoroutine(awaitable):
        awaitable.close()


def _described(thing: object) -> str:
    """Name what was given in a key's or a signature's place by its type, never by its value."""
    if isinstance(thing, type):
        return f"the class {thing.__name__} itself"
    if isinstance(thing, bytes):
        return "no bytes at all"
    return type(thing).__name__


def _is_bare(key: PrivateKey | AsyncPrivateKey, signature: bytes) -> bool:
    """Tell r and s of P-256 from DER of so many bytes, and from RSA of 512 bits, as tests have."""
    is_der = signature[:2] == bytes((0x30, _BARE - 2))
    is_rsa = str(getattr(key, "algorithm", "")).startswith("RSA")
    return len(signature) == _BARE and not is_der and not is_rsa


def _message(policy: Policy) -> bytes:
    if not isinstance(policy, Policy):
        raise PolicyError(f"sign takes a Policy, not {type(policy).__name__}")
    return policy.to_json().encode("ascii")


def choose_hash_algorithm(
    key: PrivateKey | AsyncPrivateKey, wanted: str | None = None
) -> HashAlgorithm:
    """Return *wanted* if *key* signs with it, else raise PolicyError; None takes the key's own."""
    known = get_hash_algorithms(key)
    if wanted is None:
        return known[0]
    algorithm = check_hash_algorithm(wanted)
    if algorithm not in known:
        raise PolicyError(
            f"this key signs with {' or '.join(known)} alone; "
            f'leave hash_algorithm out, or give "{known[0]}"',
            field="hash_algorithm",
        )
    return algorithm

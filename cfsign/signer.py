"""Signing: a policy and a private key into what opens a URL."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import time
from typing import TypeVar

from cfsign.cookies import SignedCookies
from cfsign.encoding import encode
from cfsign.errors import PolicyError, SigningKeyError
from cfsign.key_pair_id import check_key_pair_id
from cfsign.keys import (
    HASH_ALGORITHMS,
    AsyncPrivateKey,
    HashAlgorithm,
    PrivateKey,
    Source,
    Unpicklable,
    hash_algorithms,
    holds_lock,
    is_async,
    is_blocking,
    resolve_private_key,
)
from cfsign.policy import Address, Policy, check_conditions, policy_json
from cfsign.resource import MAX_URL_BYTES, check_length, check_several, check_url
from cfsign.signed_policy import HASH_MARKERS, SignedPolicy, check_covered
from cfsign.times import Lifetime, Moment, expiry
from cfsign.workers import check_workers, in_order

Item = TypeVar("Item")
Result = TypeVar("Result")

#: How many URLs a worker takes at a time, so that handing them over costs next to nothing.
_CHUNK = 64

# The bytes of P-256's r and s, 32 each, without the DER around them. A signature that is longer is
# taken as it is, since each look costs every URL.
_BARE = 64


class BaseSigner(ABC):
    """All that signing is, but for the key: a signer has one, a key ring several."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        # Whatever a class, or a mixin in it, does in a `sign` of its own, it does for every URL.
        first = next(base for base in cls.__mro__ if vars(base).keys() & {"sign", "_canned_url"})
        if "_canned_url" not in vars(first):
            cls._canned_url = BaseSigner._canned_url  # type: ignore[method-assign]

    @property
    @abstractmethod
    def is_async(self) -> bool:
        """Whether it signs by `sign_async` alone, since its key is an asynchronous one."""

    def current(self) -> BaseSigner:
        """
        Return the signer whose key signs now: itself, where there is but one.

        What is kept for an `expiry_step`, or signed by several workers, is signed by this one. So a
        subclass whose `sign` does more than a ring's returns itself here too.
        """
        return self

    async def current_async(self) -> BaseSigner:
        """Do as `current` does, without ever holding up the event loop."""
        return self.current()

    @abstractmethod
    def sign(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* just as it stands: no clock is read, an expiry that has passed is signed too.

        Raises:
            PolicyError: It is no Policy.
            SigningKeyError: The key cannot sign; `KeyUnavailableError`: not now.
        """

    @abstractmethod
    async def sign_async(self, policy: Policy) -> SignedPolicy:
        """Sign *policy* as `sign` does, without ever holding up the event loop."""

    def sign_url(
        self,
        url: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        resource: str | None = None,
    ) -> str:
        """
        Sign one URL; the bytes that are signed are the bytes that are returned.

        Args:
            url: The URL as it goes on the wire, percent-encoded, without wildcards.
            expires_in: A lifetime from now: a timedelta or whole seconds; or
            expires_at: the moment itself: an aware datetime or epoch seconds.
            starts_at: The moment until which the edge denies; makes the policy custom.
            ip_address: The viewer's IPv4 address or network; makes the policy custom.
            resource: What the policy names instead of the URL, such as a pattern that covers it.

        Raises:
            ResourceError: The URL cannot go on the wire as it stands, or is not covered.
            PolicyError: A time or the address is not one that CloudFront takes.
            SigningKeyError: The key cannot sign.
        """
        url = check_url(url)
        moment = expiry(expires_in, expires_at, time())
        if resource is None and starts_at is None and ip_address is None:
            return self._canned_url(url, moment)
        policy = Policy(
            url if resource is None else resource,
            moment,
            starts_at=starts_at,
            ip_address=ip_address,
        )
        check_covered(policy, url)
        return self.sign(policy).url(url)

    def _canned_url(self, url: str, expires_at: int) -> str:
        """Sign a checked URL until a checked moment, and nothing more."""
        return self.sign(Policy(url, expires_at)).url(url)

    def sign_urls(
        self,
        urls: Iterable[str],
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        resource: str | None = None,
        workers: int = 1,
    ) -> Iterator[str]:
        """
        Sign each of *urls*, lazily and in order; all expire at the same moment.

        With `resource`, one signature serves them all. The other arguments, and the errors, are
        those of `sign_url`; the times are checked at the call, each URL when its turn comes.

        Several workers sign at once: in threads, or, where the key would hold Python's lock (that
        of the `rsa` package, or of `cryptography` before version 47), in processes. They read some
        hundred URLs ahead. A key ring then signs all with the key whose turn it is at the call.

        Raises:
            PolicyError: Also if `workers` is no whole number of at least 1.
            ResourceError: Also if *urls* is one text, which is told at the call.
        """
        check_workers(workers)
        several = check_several(urls, "sign_url")
        moment = expiry(expires_in, expires_at, time())
        if resource is not None:
            policy = Policy(resource, moment, starts_at=starts_at, ip_address=ip_address)
            return self.sign(policy).urls(several)
        start, network = check_conditions(moment, starts_at, ip_address)

        def canned(signer: BaseSigner, url: str) -> str:
            return signer._canned_url(check_url(url), moment)

        def custom(signer: BaseSigner, url: str) -> str:
            policy = Policy(check_url(url), moment, starts_at=start, ip_address=network)
            return signer.sign(policy).url(url)

        signed_by = canned if start is None and network is None else custom
        if workers > 1:
            return self.current().in_workers(signed_by, several, workers, chunk=_CHUNK)
        return (signed_by(self, url) for url in several)

    def in_workers(
        self,
        work: Callable[[BaseSigner, Item], Result],
        items: Iterable[Item],
        workers: int,
        *,
        chunk: int = 1,
    ) -> Iterator[Result]:
        """
        Yield `work(signer, item)` for each item, as `cfsign.workers.in_order` does.

        The signer is this one, or one that signs alike.
        """
        return in_order(partial(work, self), items, workers, chunk=chunk)

    def sign_cookies(
        self,
        resource: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedCookies:
        """
        Sign cookies that open *resource*, a URL or a pattern such as `https://HOST/videos/42/*`.

        The other arguments, and the errors, are those of `sign_url`.
        """
        moment = expiry(expires_in, expires_at, time())
        policy = Policy(resource, moment, starts_at=starts_at, ip_address=ip_address)
        return self.sign(policy).cookies()


class Signer(Unpicklable, BaseSigner):
    """
    Signs with one private key, as the public key that CloudFront knows by `key_pair_id`.

    Attributes:
        key_pair_id: CloudFront's id of the public key.
        hash_algorithm: "SHA1", CloudFront's default, or "SHA256".
    """

    __slots__ = ("_key", "hash_algorithm", "key_pair_id")

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
        self.key_pair_id = check_key_pair_id(key_pair_id)
        self._key = resolve_private_key(private_key)
        self.hash_algorithm = choose_hash_algorithm(self._key, hash_algorithm)

    def __repr__(self) -> str:
        return f"<Signer {self.key_pair_id} {self.hash_algorithm}>"

    @property
    def is_async(self) -> bool:
        """Whether it signs by `sign_async` alone, since its key is an asynchronous one."""
        return is_async(self._key)

    def sign(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* just as it stands, whatever the clock says.

        Raises:
            PolicyError: It is no Policy.
            SigningKeyError: The key cannot sign, or is an asynchronous one.
        """
        signature: object = self._key.sign(_message(policy), self.hash_algorithm)
        if type(signature) is not bytes or len(signature) <= _BARE:
            signature = self._checked(signature)
        return SignedPolicy(policy, self.key_pair_id, encode(signature), self.hash_algorithm)

    def _canned_url(self, url: str, expires_at: int) -> str:
        """Do as any signer does, but without a Policy and a SignedPolicy for each URL."""
        digits = f"{expires_at}"  # made once for both the policy and the URL, to save time
        message = policy_json(url, digits).encode()
        signature: object = self._key.sign(message, self.hash_algorithm)
        if type(signature) is not bytes or len(signature) <= _BARE:
            signature = self._checked(signature)
        signed = (
            f"{url}{'&' if '?' in url else '?'}Expires={digits}&Signature={encode(signature)}"
            f"&Key-Pair-Id={self.key_pair_id}{HASH_MARKERS[self.hash_algorithm]}"
        )
        return signed if len(signed) <= MAX_URL_BYTES else check_length(signed)

    async def sign_async(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* as `sign` does, without holding up the event loop.

        An asynchronous key is awaited, and one that blocks signs in a thread.
        """
        message = _message(policy)
        signature: object
        if is_blocking(self._key) and not is_async(self._key):
            import asyncio  # here, where there is a loop already: `import cfsign` stays fast

            signature = await asyncio.to_thread(self._key.sign, message, self.hash_algorithm)
        else:
            signature = self._key.sign(message, self.hash_algorithm)
        if not isinstance(signature, bytes) and inspect.isawaitable(signature):
            signature = await signature
        if type(signature) is not bytes or len(signature) <= _BARE:
            signature = self._checked(signature)
        return SignedPolicy(policy, self.key_pair_id, encode(signature), self.hash_algorithm)

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
        if workers == 1 or type(self) is not Signer or not holds_lock(self._key):
            yield from super().in_workers(work, items, workers, chunk=chunk)
            return
        from cfsign.keys._children import ChildKeys  # the only one who needs processes

        key = ChildKeys(self._key, workers)
        try:
            signer = Signer(self.key_pair_id, key, hash_algorithm=self.hash_algorithm)
            yield from in_order(partial(work, signer), items, workers, chunk=chunk)
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
                "the private key signs asynchronously; await sign_async, or use an async view"
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
    return hash_algorithm


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
    known = hash_algorithms(key)
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

"""The interface shared by `Signer` and `KeyRing`: sign policies, URLs and cookies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import time
from typing import TYPE_CHECKING, TypeVar, Unpack

from cfsign.errors import CfsignError, PolicyError
from cfsign.keys import is_gil_bound
from cfsign.keys.protocol import GilBoundKey
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.policy import Conditions, Policy, build_policy, check_conditions, policy_text
from cfsign.signing.signed_policy import SignedPolicy, add_query, build_query, check_match
from cfsign.signing.url import check_url, check_urls, warn_of_s3
from cfsign.signing.workers import check_workers, map_in_order
from cfsign.utils.secret import forget_frames, hide_arguments

if TYPE_CHECKING:
    from cfsign.signing.signer import Signer

Item = TypeVar("Item")
Result = TypeVar("Result")

# URLs that a worker takes at once, so that passing them on costs little.
_CHUNK = 64

# The same for a worker that waits for a process. A signature takes milliseconds there, so with
# larger chunks the other workers would wait for the last one.
_SLOW_CHUNK = 4


class BaseSigner(ABC):
    """The interface shared by `Signer` and `KeyRing`."""

    __slots__ = ()

    @property
    @abstractmethod
    def is_async(self) -> bool:
        """True if a key is an `AsyncPrivateKey`, so that only the async methods can sign."""

    @abstractmethod
    def current(self) -> Signer:
        """Return the signer with the key that signs now."""

    async def current_async(self) -> Signer:
        """Async version of `current`."""
        return self.current()

    @hide_arguments
    def sign_policy(self, policy: Policy) -> SignedPolicy:
        """
        Sign a policy. No clock is read: a policy that has expired is signed, too.

        Raises:
            PolicyError: *policy* is not a Policy.
            SigningKeyError: The key cannot sign.
            KeyUnavailableError: The key is temporarily unable to sign.
        """
        signer = self.current()
        signature = signer._sign(_build_message(policy))
        return SignedPolicy(policy, signature, signer.key_pair_id, signer.hash_algorithm)

    @hide_arguments
    async def sign_policy_async(self, policy: Policy) -> SignedPolicy:
        """
        Async version of `sign_policy`.

        An asynchronous key is awaited. A key that blocks signs in a thread.
        """
        signer = await self.current_async()
        signature = await signer._sign_async(_build_message(policy))
        return SignedPolicy(policy, signature, signer.key_pair_id, signer.hash_algorithm)

    def sign_url(
        self, url: str, *, pattern: str | None = None, **conditions: Unpack[Conditions]
    ) -> str:
        """
        Sign one URL. The URL is returned byte for byte, with the signature after its query.

        A URL of S3 is signed with a `CfsignWarning`: S3 does not check CloudFront's signatures.

        Args:
            url: The URL as it is sent: percent-encoded, without wildcards.
            pattern: A URL pattern to be signed instead, which must match the URL.
            conditions: When and for whom the URL works; see `Conditions`.

        Raises:
            ResourceError: A browser would change the URL, or the pattern does not match it.
            PolicyError: CloudFront does not accept a time or the address.
            SigningKeyError: The key cannot sign.
        """
        # As `hide_arguments` does, which would take a tenth of our own time.
        try:
            return self._sign_url(url, pattern, conditions, time())
        except CfsignError as caught:
            error = forget_frames(caught)
            del url, pattern, conditions
        raise error

    @hide_arguments
    async def sign_url_async(
        self, url: str, *, pattern: str | None = None, **conditions: Unpack[Conditions]
    ) -> str:
        """Async version of `sign_url`."""
        url, now = check_url(url), time()
        expires_at = _get_plain_expiry(pattern, conditions, now)
        if expires_at is None:
            policy = _build_matching_policy(url, pattern, conditions, now)
            return (await self.sign_policy_async(policy)).url(url)
        warn_of_s3(url)
        signer = await self.current_async()
        return add_query(
            url,
            build_query(
                f"Expires={expires_at}",
                await signer._sign_async(policy_text(url, expires_at).encode()),
                signer._key_pair_id,
                signer._hash_algorithm,
            ),
        )

    def _sign_url(self, url: str, pattern: str | None, conditions: Conditions, now: float) -> str:
        url = check_url(url)
        expires_at = _get_plain_expiry(pattern, conditions, now)
        if expires_at is None:
            return self.sign_policy(_build_matching_policy(url, pattern, conditions, now)).url(url)
        # The short branch for the most common case does the same steps without a Policy and a
        # SignedPolicy: this halves our part of the time.
        warn_of_s3(url)
        signer = self.current()
        # Nothing of the signature is in a variable: add_query may raise.
        return add_query(
            url,
            build_query(
                f"Expires={expires_at}",
                signer._sign(policy_text(url, expires_at).encode()),
                signer._key_pair_id,
                signer._hash_algorithm,
            ),
        )

    @hide_arguments
    def sign_urls(
        self,
        urls: Iterable[str],
        *,
        pattern: str | None = None,
        workers: int = 1,
        **conditions: Unpack[Conditions],
    ) -> Iterator[str]:
        """
        Sign many URLs, lazily and in order. All expire at the same time, counted from the call.

        With a pattern, one signature is made for all of them. Otherwise several workers can sign at
        once: in threads, or in processes if the key holds Python's lock (the `rsa` package, and
        `cryptography` before version 47). They read up to a few hundred URLs ahead. With several
        workers, a key ring signs all URLs with the key that is current at the call.

        Args:
            urls: URLs as for `sign_url`; each is checked when it is signed.
            pattern: As for `sign_url`.
            workers: The number of workers, at least 1.
            conditions: As for `sign_url`; checked at the call.

        Raises:
            ResourceError: As for `sign_url`. A single text as *urls* raises immediately.
            PolicyError: As for `sign_url`, or `workers` is not a whole number of at least 1.
            SigningKeyError: The key cannot sign.
        """
        check_workers(workers)
        several = check_urls(urls, "sign_url")
        now = time()
        if pattern is not None:
            return self.sign_policy(build_policy(pattern, conditions, now)).urls(several)
        expires_at, starts_at, ip_address = check_conditions(conditions, now)
        checked = Conditions(expires_at=expires_at, starts_at=starts_at, ip_address=ip_address)

        @hide_arguments
        def sign(signer: BaseSigner, url: str) -> str:
            return signer._sign_url(url, None, checked, now)

        return self.map_in_workers(sign, several, workers, chunk=_CHUNK)

    def map_in_workers(
        self,
        work: Callable[[BaseSigner, Item], Result],
        items: Iterable[Item],
        workers: int,
        *,
        chunk: int = 1,
    ) -> Iterator[Result]:
        """
        Yield `work(signer, item)` for each item, as `workers.map_in_order` does.

        One worker passes this signer. Several pass the signer that is current at the call, or one
        that signs with the same key in child processes.
        """
        if workers == 1:
            return map_in_order(partial(work, self), items, workers)
        signer = self.current()
        key = signer._key
        if is_gil_bound(key):
            return _map_in_processes(signer, key, work, items, workers, min(chunk, _SLOW_CHUNK))
        return map_in_order(partial(work, signer), items, workers, chunk=chunk)

    @hide_arguments
    def sign_cookies(self, pattern: str, **conditions: Unpack[Conditions]) -> SignedCookies:
        """
        Sign cookies for a URL, or for a pattern such as `https://HOST/videos/42/*`.

        The conditions and errors are the same as for `sign_url`.
        """
        return self.sign_policy(build_policy(pattern, conditions, time())).cookies()


def _get_plain_expiry(pattern: str | None, conditions: Conditions, now: float) -> int | None:
    """Return the expiry in epoch seconds if it is the only condition of a URL, else None."""
    if pattern is not None:
        return None
    expires_at, starts_at, ip_address = check_conditions(conditions, now)
    return expires_at if starts_at is None and ip_address is None else None


def _build_matching_policy(
    url: str, pattern: str | None, conditions: Conditions, now: float
) -> Policy:
    """Return the policy for a checked URL, or for a pattern that must match it."""
    policy = build_policy(url if pattern is None else pattern, conditions, now)
    check_match(policy.resource, url)
    return policy


def _map_in_processes(
    signer: Signer,
    key: GilBoundKey,
    work: Callable[[BaseSigner, Item], Result],
    items: Iterable[Item],
    workers: int,
    chunk: int,
) -> Iterator[Result]:
    # Imported only where processes are needed: `import cfsign` stays fast.
    from cfsign.keys.child_processes import ChildKeys

    child_keys = ChildKeys(key, workers)
    try:
        copy = signer._with_key(child_keys)
        yield from map_in_order(partial(work, copy), items, workers, chunk=chunk)
    finally:
        child_keys.close()


def _build_message(policy: Policy) -> bytes:
    if not isinstance(policy, Policy):
        raise PolicyError(f"sign_policy takes a Policy, got {type(policy).__name__}")
    return policy.to_json().encode("ascii")

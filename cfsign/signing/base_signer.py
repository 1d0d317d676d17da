"""What signing is, whatever the key: a policy, signed, is what opens a URL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from time import time
from typing import TypeVar

from cfsign.signing.cookies import SignedCookies
from cfsign.signing.policy import Address, Policy, check_conditions
from cfsign.signing.signed_policy import SignedPolicy, check_covered
from cfsign.signing.times import Lifetime, Moment, expiry
from cfsign.signing.url import check_several, check_url
from cfsign.signing.workers import check_workers, in_order

Item = TypeVar("Item")
Result = TypeVar("Result")

#: How many URLs a worker takes at a time, so that handing them over costs next to nothing.
_CHUNK = 64


class BaseSigner(ABC):
    """All that signing is, but for the key: a signer has one, a key ring several."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        # Whatever a class, or a mixin in it, does in a `sign_policy` of its own, it does for every URL.
        for own, canned in (
            ("sign_policy", "_canned_url"),
            ("sign_policy_async", "_canned_url_async"),
        ):
            first = next(base for base in cls.__mro__ if vars(base).keys() & {own, canned})
            if canned not in vars(first):
                setattr(cls, canned, vars(BaseSigner)[canned])

    @property
    @abstractmethod
    def is_async(self) -> bool:
        """Whether it signs by `sign_policy_async` alone, since its key is an asynchronous one."""

    def current(self) -> BaseSigner:
        """
        Return the signer whose key signs now: itself, where there is but one.

        What is kept for an `expiry_step`, or signed by several workers, is signed by this one. So a
        subclass whose `sign_policy` does more than a ring's returns itself here too.
        """
        return self

    async def current_async(self) -> BaseSigner:
        """Do as `current` does, without ever holding up the event loop."""
        return self.current()

    @abstractmethod
    def sign_policy(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* just as it stands: no clock is read, an expiry that has passed is signed too.

        Raises:
            PolicyError: It is no Policy.
            SigningKeyError: The key cannot sign; `KeyUnavailableError`: not now.
        """

    @abstractmethod
    async def sign_policy_async(self, policy: Policy) -> SignedPolicy:
        """Sign *policy* as `sign_policy` does, without ever holding up the event loop."""

    def sign_url(
        self,
        url: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        pattern: str | None = None,
    ) -> str:
        """
        Sign one URL; the bytes that are signed are the bytes that are returned.

        Args:
            url: The URL as it goes on the wire, percent-encoded, without wildcards.
            expires_in: A lifetime from now: a timedelta or whole seconds; or
            expires_at: the moment itself: an aware datetime or epoch seconds.
            starts_at: The moment until which the edge denies; makes the policy custom.
            ip_address: The viewer's IPv4 address or network; makes the policy custom.
            pattern: What the policy names instead of the URL, such as a pattern that covers it.

        Raises:
            ResourceError: The URL cannot go on the wire as it stands, or is not covered.
            PolicyError: A time or the address is not one that CloudFront takes.
            SigningKeyError: The key cannot sign.
        """
        url = check_url(url)
        moment = expiry(expires_in, expires_at, time())
        if pattern is None and starts_at is None and ip_address is None:
            return self._canned_url(url, moment)
        return self.sign_policy(_policy_for(url, pattern, moment, starts_at, ip_address)).url(url)

    async def sign_url_async(
        self,
        url: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        pattern: str | None = None,
    ) -> str:
        """Do as `sign_url` does, without ever holding up the event loop for a key that waits."""
        url = check_url(url)
        moment = expiry(expires_in, expires_at, time())
        if pattern is None and starts_at is None and ip_address is None:
            return await self._canned_url_async(url, moment)
        policy = _policy_for(url, pattern, moment, starts_at, ip_address)
        return (await self.sign_policy_async(policy)).url(url)

    def _canned_url(self, url: str, expires_at: int) -> str:
        """Sign a checked URL until a checked moment, and nothing more."""
        return self.sign_policy(Policy(url, expires_at)).url(url)

    async def _canned_url_async(self, url: str, expires_at: int) -> str:
        return (await self.sign_policy_async(Policy(url, expires_at))).url(url)

    def sign_urls(
        self,
        urls: Iterable[str],
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
        pattern: str | None = None,
        workers: int = 1,
    ) -> Iterator[str]:
        """
        Sign each of *urls*, lazily and in order; all expire at the same moment.

        With `pattern`, one signature serves them all. The other arguments, and the errors, are
        those of `sign_url`; the times are checked at the call, each URL when its turn comes.

        Several workers sign at once: in threads, or, where the key would hold Python's lock (that
        of the `rsa` package, or of `cryptography` before version 47), in processes. They read at
        most some hundred URLs ahead. A key ring then signs all with the key whose turn it is at
        the call.

        Raises:
            PolicyError: Also if `workers` is no whole number of at least 1.
            ResourceError: Also if *urls* is one text, which is told at the call.
        """
        check_workers(workers)
        several = check_several(urls, "sign_url")
        moment = expiry(expires_in, expires_at, time())
        if pattern is not None:
            policy = Policy(pattern, moment, starts_at=starts_at, ip_address=ip_address)
            return self.sign_policy(policy).urls(several)
        start, network = check_conditions(moment, starts_at, ip_address)

        def canned(signer: BaseSigner, url: str) -> str:
            return signer._canned_url(check_url(url), moment)

        def custom(signer: BaseSigner, url: str) -> str:
            policy = Policy(check_url(url), moment, starts_at=start, ip_address=network)
            return signer.sign_policy(policy).url(url)

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
        Yield `work(signer, item)` for each item, as `cfsign.signing.workers.in_order` does.

        The signer is this one, or one that signs alike.
        """
        return in_order(partial(work, self), items, workers, chunk=chunk)

    def sign_cookies(
        self,
        pattern: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedCookies:
        """
        Sign cookies that open *pattern*, a URL or a pattern such as `https://HOST/videos/42/*`.

        The other arguments, and the errors, are those of `sign_url`.
        """
        moment = expiry(expires_in, expires_at, time())
        policy = Policy(pattern, moment, starts_at=starts_at, ip_address=ip_address)
        return self.sign_policy(policy).cookies()


def _policy_for(
    url: str,
    pattern: str | None,
    expires_at: int,
    starts_at: Moment | None,
    ip_address: Address | None,
) -> Policy:
    """Return the policy for *url*, of a pattern if one is named, which then covers it."""
    named = url if pattern is None else pattern
    policy = Policy(named, expires_at, starts_at=starts_at, ip_address=ip_address)
    check_covered(policy, url)
    return policy

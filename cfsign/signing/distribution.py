"""A distribution: its domain, the signer that it trusts, and how long what is signed lasts."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cfsign.errors import ConfigurationError, PolicyError, ResourceError
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.cache import DEFAULT_BYTES, SignedPolicies, Terms, check_cache_bytes
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.expiry_step import check_jitter, round_up
from cfsign.signing.path import Query, encode_path, encode_query
from cfsign.signing.pattern import covers
from cfsign.signing.policy import Address, Policy
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.times import LATEST, Lifetime, Moment, expiry, standing_lifetime
from cfsign.signing.url import check_domain, check_length, check_url

if TYPE_CHECKING:
    from cfsign.config.configuration import Configuration


class Distribution:
    """
    Signs plain paths of one distribution.

    Attributes:
        domain: Scheme and host, such as `https://media.example.com`, without a slash at the end.
        signer: The signer, or key ring, whose public keys the distribution trusts.
        expires_in: How long a signature lasts where nothing else is said, in seconds.
        expiry_step: Where nothing else is said, expiries are rounded up to a multiple of this many
            seconds, or None. What is signed again within a step comes out the same, so that caches
            can keep what it opens.
        expiry_jitter: By less than how many seconds the steps of two resources differ, or None for
            not at all. A hash of the resource says by how many, so that not all URLs change in the
            same second, and each does in the same second everywhere.
        cache_bytes: How many bytes of what was signed for a step are kept, to be handed out again
            without another signature.
    """

    __slots__ = (
        "_signed_policies",
        "cache_bytes",
        "domain",
        "expires_in",
        "expiry_jitter",
        "expiry_step",
        "signer",
    )

    def __init__(
        self,
        domain: str,
        signer: BaseSigner,
        *,
        expires_in: Lifetime = 60,
        expiry_step: Lifetime | None = None,
        expiry_jitter: Lifetime | None = None,
        cache_bytes: int = DEFAULT_BYTES,
    ) -> None:
        """
        Take a distribution's domain and signer.

        Args:
            domain: Scheme and host.
            signer: A Signer or a KeyRing.
            expires_in: A lifetime: a timedelta or whole seconds.
            expiry_step: The step of expiries, likewise; None rounds nothing.
            expiry_jitter: What spreads the steps, likewise; at most a step, over which it spreads
                them evenly.
            cache_bytes: A bound for what is kept of a step; 0 keeps nothing.

        Raises:
            ConfigurationError: The domain has a path or no scheme, or the signer is none, or
                `cache_bytes` is no number of bytes.
            PolicyError: A lifetime is not positive, or ends past January 2038; or the jitter is
                longer than the step.
        """
        try:
            self.domain = check_domain(domain)
        except ResourceError as error:
            raise ConfigurationError(f"domain: {error}") from None
        if not isinstance(signer, BaseSigner):
            raise ConfigurationError(
                f"signer: a Signer(key_pair_id, private_key) goes here, not {type(signer).__name__}"
            )
        self.signer = signer
        now = int(time.time())
        self.expires_in = standing_lifetime(expires_in, "expires_in", now)
        self.expiry_step = (
            None if expiry_step is None else standing_lifetime(expiry_step, "expiry_step", now)
        )
        self.expiry_jitter = (
            None if expiry_jitter is None else check_jitter(expiry_jitter, self.expiry_step)
        )
        self.cache_bytes = check_cache_bytes(cache_bytes)
        # Without a step nothing comes again.
        self._signed_policies = (
            None if self.expiry_step is None else SignedPolicies(self.cache_bytes)
        )

    def __repr__(self) -> str:
        return f"<Distribution {self.domain} {self.signer!r}>"

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any]) -> Distribution:
        """
        Make one from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, as in a site's settings.

        Raises:
            ConfigurationError: Every mistake in the settings, at once.
        """
        from cfsign.config.configuration import Configuration  # only who has settings waits for it

        return cls.from_configuration(Configuration.from_mapping(mapping))

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] = os.environ, prefix: str = "CLOUDFRONT_"
    ) -> Distribution:
        """
        Make one from the environment.

        Behind *prefix* are read DOMAIN, KEY_PAIR_ID, PRIVATE_KEY or PRIVATE_KEY_FILE, EXPIRES_IN,
        PASSWORD, HASH_ALGORITHM, EXPIRY_STEP, EXPIRY_JITTER and CACHE_BYTES; the first three must
        be there. KEY_RING_FILE, and REFRESH_EVERY with it, go in the place of all that is one key's.

        Raises:
            ConfigurationError: Every mistake in the variables, at once.
        """
        from cfsign.config.configuration import Configuration  # as above

        return cls.from_configuration(Configuration.from_env(environ, prefix))

    @classmethod
    def from_configuration(cls, configuration: Configuration) -> Distribution:
        """Make one from settings that were checked before."""
        return cls(
            configuration.domain,
            configuration.signer,
            expires_in=configuration.expires_in,
            expiry_step=configuration.expiry_step,
            expiry_jitter=configuration.expiry_jitter,
            cache_bytes=configuration.cache_bytes,
        )

    def unsigned_url(self, path: str, query: Query | None = None) -> str:
        """
        Return the unsigned URL of *path*, percent-encoded.

        Args:
            path: Names separated by `/`, as the files are called: not encoded yet.
            query: Text that is encoded already, or names and values that are not.

        Raises:
            ResourceError: The path or the query names nothing that may be signed.
        """
        text = encode_query(query)
        return check_url(f"{self.domain}{encode_path(path)}{'?' if text else ''}{text}")

    def sign_path(
        self,
        path: str,
        *,
        query: Query | None = None,
        pattern: str | None = None,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> str:
        """
        Return the signed URL of *path*; it lasts `self.expires_in` seconds if nothing else is said.

        With *pattern*, a pattern of paths such as `videos/42/*`, the URL opens all that the
        pattern matches; where there is an `expiry_step`, one signature serves all those URLs for a
        step. The pattern is that of `cookies`, the path and the query are those of `url`, the other
        arguments and the errors those of `Signer.sign_url`.
        """
        url = self.unsigned_url(path, query)
        if pattern is None:
            return self.sign_url(
                url,
                expires_in=expires_in,
                expires_at=expires_at,
                starts_at=starts_at,
                ip_address=ip_address,
            )
        whole = self._pattern(pattern)
        if not covers(whole, url):
            raise ResourceError(
                "the pattern does not cover the path; name one that does, such as the path's "
                "folder and `/*`, or leave pattern out"
            )
        return self.sign_resource(
            whole,
            expires_in=expires_in,
            expires_at=expires_at,
            starts_at=starts_at,
            ip_address=ip_address,
        ).url(url)

    def sign_cookies(
        self,
        *,
        pattern: str,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedCookies:
        """
        Return the cookies that open all that *pattern* matches, such as `videos/42/*`.

        End a prefix with `/` before its `*`: `user1*` opens `user10/` as well. Never put a name
        that a user chose into a pattern: a `*` in it would be a wildcard.

        The other arguments and the errors are those of `Signer.sign_cookies`.
        """
        return self.sign_resource(
            self._pattern(pattern),
            expires_in=expires_in,
            expires_at=expires_at,
            starts_at=starts_at,
            ip_address=ip_address,
        ).cookies()

    def sign_url(
        self,
        url: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> str:
        """
        Sign a whole URL, alone, as `sign_resource` does.

        The arguments and the errors are those of `Signer.sign_url`.
        """
        if self._signs_plainly and starts_at is None and ip_address is None:
            url = check_url(url)
            return self.signer._canned_url(url, self._expiry(url, expires_in, expires_at))
        return self.sign_resource(
            url,
            expires_in=expires_in,
            expires_at=expires_at,
            starts_at=starts_at,
            ip_address=ip_address,
        ).url(url)

    async def sign_url_async(
        self,
        url: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> str:
        """Do as `sign_url` does, without ever holding up the event loop."""
        if self._signs_plainly and starts_at is None and ip_address is None:
            url = check_url(url)
            moment = self._expiry(url, expires_in, expires_at)
            return await self.signer._canned_url_async(url, moment)
        signed = await self.sign_resource_async(
            url,
            expires_in=expires_in,
            expires_at=expires_at,
            starts_at=starts_at,
            ip_address=ip_address,
        )
        return signed.url(url)

    def sign_resource(
        self,
        resource: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedPolicy:
        """
        Sign a whole URL, or a pattern of URLs, by this distribution's rules for the expiry.

        Where there is an `expiry_step`, what it signed for the step is handed out again.
        """
        if self._signed_policies is not None and expires_in is None and expires_at is None:
            terms = self._terms(resource, starts_at, ip_address)
            return self._signed_policies.sign(self.signer.current(), terms)
        return self.signer.sign_policy(
            self.policy(
                resource,
                expires_in=expires_in,
                expires_at=expires_at,
                starts_at=starts_at,
                ip_address=ip_address,
            )
        )

    async def sign_resource_async(
        self,
        resource: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedPolicy:
        """Do as `sign_resource` does, without ever holding up the event loop."""
        if self._signed_policies is not None and expires_in is None and expires_at is None:
            terms = self._terms(resource, starts_at, ip_address)
            return await self._signed_policies.sign_async(await self.signer.current_async(), terms)
        return await self.signer.sign_policy_async(
            self.policy(
                resource,
                expires_in=expires_in,
                expires_at=expires_at,
                starts_at=starts_at,
                ip_address=ip_address,
            )
        )

    def policy(
        self,
        resource: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> Policy:
        """Return the policy that `sign_resource` signs."""
        moment = self._expiry(resource, expires_in, expires_at)
        return Policy(resource, moment, starts_at=starts_at, ip_address=ip_address)

    def redirect_max_age(self, signed_policy: SignedPolicy, now: float | None = None) -> int:
        """
        Tell how long what is signed for a viewer may be handed out again, as it is.

        A redirect that a browser keeps for so long leads nobody to a URL that has less than
        `self.expires_in` left, or is another than this distribution would give.

        Args:
            signed_policy: What this distribution signed.
            now: Epoch seconds; None reads the clock.

        Returns:
            Whole seconds; 0 without an `expiry_step`, or where the policy has a life of its own.

        Raises:
            PolicyError: It is no signed policy: a URL, for one.
        """
        if not isinstance(signed_policy, SignedPolicy):
            raise PolicyError(
                "redirect_max_age takes what sign_resource returns, a SignedPolicy, "
                f"not {type(signed_policy).__name__}"
            )
        now = time.time() if now is None else now
        end, resource = signed_policy.policy.expires_at, signed_policy.policy.resource
        if self.expiry_step is None or end != self._own_expiry(resource, int(now)):
            return 0
        # A second that has begun is over.
        return max(end - self.expires_in - math.ceil(now), 0)

    @property
    def _signs_plainly(self) -> bool:
        # What a subclass does in a `policy` or `sign_resource` of its own, it does for every URL.
        return self.expiry_step is None and type(self) is Distribution

    def _pattern(self, path_pattern: str) -> str:
        return self.domain + encode_path(path_pattern, pattern=True)

    def _terms(self, resource: str, starts_at: Moment | None, ip_address: Address | None) -> Terms:
        """Return the terms of a policy with this distribution's own life, unchecked if plain."""
        if (
            type(resource) is str
            and (starts_at is None or type(starts_at) is int)
            and (ip_address is None or type(ip_address) is str)
        ):
            return resource, self._own_expiry(resource, int(time.time())), starts_at, ip_address
        policy = self.policy(resource, starts_at=starts_at, ip_address=ip_address)
        return policy.resource, policy.expires_at, policy.starts_at, policy.ip_address

    def _expiry(self, resource: str, expires_in: Lifetime | None, expires_at: Moment | None) -> int:
        now = int(time.time())
        if expires_in is None and expires_at is None:
            return self._own_expiry(resource, now)
        # Kept as it is, since who asks for two seconds means two seconds.
        return expiry(expires_in, expires_at, now)

    def _own_expiry(self, resource: str, now: int) -> int:
        moment = now + self.expires_in
        if moment > LATEST:
            expiry(self.expires_in, None, now)  # which says so
        if self.expiry_step is None:
            return moment
        if self.expiry_jitter is not None:
            resource = check_length(resource)  # by whose text it is spread
        # Up, never down: the life is at least the distribution's.
        return round_up(moment, resource, self.expiry_step, self.expiry_jitter)

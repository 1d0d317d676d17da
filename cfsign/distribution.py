"""A distribution: its domain, the signer that it trusts, and how long what is signed lasts."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cfsign.cookies import SignedCookies
from cfsign.errors import ConfigurationError, ResourceError
from cfsign.path import Query, encode_path, encode_query
from cfsign.policy import Address, Policy
from cfsign.resource import check_domain, check_url
from cfsign.signed_policy import SignedPolicy
from cfsign.signer import BaseSigner
from cfsign.times import LATEST, Lifetime, Moment, expiry, standing_lifetime

if TYPE_CHECKING:
    from cfsign.configuration import Configuration


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
    """

    __slots__ = ("domain", "expires_in", "expiry_step", "signer")

    def __init__(
        self,
        domain: str,
        signer: BaseSigner,
        *,
        expires_in: Lifetime = 60,
        expiry_step: Lifetime | None = None,
    ) -> None:
        """
        Take a distribution's domain and signer.

        Raises:
            ConfigurationError: The domain has a path or no scheme, or the signer is none.
            PolicyError: A lifetime is not positive, or ends past January 2038.
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

    def __repr__(self) -> str:
        return f"<Distribution {self.domain} {self.signer!r}>"

    @classmethod
    def from_config(cls, mapping: Mapping[str, Any]) -> Distribution:
        """
        Make one from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, as in a site's settings.

        Raises:
            ConfigurationError: Every mistake in the settings, at once.
        """
        from cfsign.configuration import Configuration  # only who has settings waits for it

        return cls.from_configuration(Configuration.from_mapping(mapping))

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] = os.environ, prefix: str = "CLOUDFRONT_"
    ) -> Distribution:
        """
        Make one from the environment.

        Behind *prefix* are read DOMAIN, KEY_PAIR_ID, PRIVATE_KEY or PRIVATE_KEY_FILE, EXPIRES,
        PASSWORD, HASH_ALGORITHM and EXPIRY_STEP; the first three must be there. KEY_RING_FILE, and
        CHECK_EVERY with it, go in the place of all that is one key's.

        Raises:
            ConfigurationError: Every mistake in the variables, at once.
        """
        from cfsign.configuration import Configuration  # as above

        return cls.from_configuration(Configuration.from_env(environ, prefix))

    @classmethod
    def from_configuration(cls, configuration: Configuration) -> Distribution:
        """Make one from settings that were checked before."""
        return cls(
            configuration.domain,
            configuration.signer,
            expires_in=configuration.expires,
            expiry_step=configuration.expiry_step,
        )

    def url(self, path: str, query: Query | None = None) -> str:
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

    def sign(
        self,
        path: str,
        *,
        query: Query | None = None,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> str:
        """
        Return the signed URL of *path*; it lasts `self.expires_in` seconds if nothing else is said.

        The path and the query are those of `url`, the other arguments and the errors those of
        `Signer.sign_url`.
        """
        url = self.url(path, query)
        return self.sign_resource(
            url,
            expires_in=expires_in,
            expires_at=expires_at,
            starts_at=starts_at,
            ip_address=ip_address,
        ).url(url)

    def cookies(
        self,
        path_pattern: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedCookies:
        """
        Return the cookies that open all that *path_pattern* matches, such as `videos/42/*`.

        End a prefix with `/` before its `*`: `user1*` opens `user10/` as well. Never put a name
        that a user chose into a pattern: a `*` in it would be a wildcard.

        The other arguments and the errors are those of `Signer.sign_cookies`.
        """
        return self.sign_resource(
            self.domain + encode_path(path_pattern, pattern=True),
            expires_in=expires_in,
            expires_at=expires_at,
            starts_at=starts_at,
            ip_address=ip_address,
        ).cookies()

    def sign_resource(
        self,
        resource: str,
        *,
        expires_in: Lifetime | None = None,
        expires_at: Moment | None = None,
        starts_at: Moment | None = None,
        ip_address: Address | None = None,
    ) -> SignedPolicy:
        """Sign a whole URL, or a pattern of URLs, by this distribution's rules for the expiry."""
        return self.signer.sign(
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
        """Do as `sign_resource` does, without ever holding up the event loop for a key that waits."""
        return await self.signer.sign_async(
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
        own_lifetime = expires_in is None and expires_at is None
        if own_lifetime:
            expires_in = self.expires_in
        moment = expiry(expires_in, expires_at, int(time.time()))
        if own_lifetime and self.expiry_step is not None:
            # Up, never down: the life is at least the distribution's. One that was asked for is
            # kept as it is, since who asks for two seconds means two seconds.
            moment = min(-(-moment // self.expiry_step) * self.expiry_step, LATEST)
        return Policy(resource, moment, starts_at=starts_at, ip_address=ip_address)

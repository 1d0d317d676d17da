"""A distribution: its domain, its signer, and the default expiry of what is signed."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

from cfsign.errors import CfsignError, ConfigurationError, PolicyError, ResourceError
from cfsign.signing.address import warn_of_private_address
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.cache import (
    DEFAULT_BYTES,
    SignedPolicies,
    Terms,
    check_cache_bytes,
    to_policy,
)
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.encoding import Query
from cfsign.signing.policy import Conditions, Policy, check_conditions
from cfsign.signing.resources import (
    build_folder_pattern,
    build_pattern,
    build_url,
    build_url_and_pattern,
    check_own_url,
)
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.times import (
    Duration,
    check_duration,
    check_jitter,
    round_up_expiry,
)
from cfsign.signing.url import check_domain, check_length
from cfsign.utils.secret import forget_frames, hide, hide_arguments

if TYPE_CHECKING:
    from cfsign.config.configuration import Configuration


class Distribution:
    """
    Signs plain paths of one CloudFront distribution.

    Attributes:
        domain: Scheme and host, such as `https://media.example.com`, without a trailing slash.
        signer: A `Signer` or `KeyRing` whose public keys the distribution trusts.
        expires_in: The default duration of a signature, in seconds.
        expiry_step: The default expiry is rounded up to a multiple of this many seconds, so that
            URLs stay the same within a step and caches can keep the files. None: no rounding.
        expiry_jitter: Spread the expiry times of different files over up to this many seconds, so
            their URLs do not all change at once. The offset is a hash of the URL, the same in
            every process. None: no offset.
        cache_bytes: The most memory for cached signatures, in bytes. Only signatures with the
            default expiry and an `expiry_step` are cached.
    """

    __slots__ = (
        "_cache",
        "cache_bytes",
        "domain",
        "expires_in",
        "expiry_jitter",
        "expiry_step",
        "signer",
    )

    @hide_arguments
    def __init__(
        self,
        domain: str,
        signer: BaseSigner,
        *,
        expires_in: Duration = 60,
        expiry_step: Duration | None = None,
        expiry_jitter: Duration | None = None,
        cache_bytes: int = DEFAULT_BYTES,
    ) -> None:
        """
        Check and store the settings.

        Args:
            domain: Scheme and host.
            signer: A Signer or a KeyRing.
            expires_in: A timedelta or whole seconds.
            expiry_step: A timedelta or whole seconds, or None.
            expiry_jitter: A timedelta or whole seconds, at most `expiry_step`; or None. The step
                itself spreads the expiries evenly.
            cache_bytes: A number of bytes; 0 for no cache.

        Raises:
            ConfigurationError: The domain has a path or no scheme, `signer` is not a signer, or
                `cache_bytes` is not a number of bytes.
            PolicyError: A duration is not positive or ends after April 2262, or the jitter is
                longer than the step.
        """
        try:
            self.domain = check_domain(domain)
        except ResourceError as error:
            raise ConfigurationError(error.message, hint=error.hint, setting="domain") from None
        if not isinstance(signer, BaseSigner):
            raise ConfigurationError(
                f"must be a Signer or a KeyRing, got {type(signer).__name__}",
                hint="use Signer(key_pair_id, private_key)",
                setting="signer",
            )
        self.signer = signer
        now = time.time()
        self.expires_in = check_duration(expires_in, "expires_in", now)
        self.expiry_step = (
            None if expiry_step is None else check_duration(expiry_step, "expiry_step", now)
        )
        self.expiry_jitter = (
            None if expiry_jitter is None else check_jitter(expiry_jitter, self.expiry_step)
        )
        self.cache_bytes = check_cache_bytes(cache_bytes)
        # Without a step, each second has a new policy.
        self._cache = None if self.expiry_step is None else SignedPolicies(self.cache_bytes)

    def __repr__(self) -> str:
        if not hasattr(self, "signer"):  # in the report of an error of __init__
            return "<Distribution, not checked yet>"
        return f"<Distribution {self.domain} {self.signer!r}>"

    @classmethod
    @hide_arguments
    def from_config(cls, mapping: Mapping[str, Any]) -> Distribution:
        """
        Create a distribution from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG` in *mapping*.

        Raises:
            ConfigurationError: A setting is wrong. Lists all problems.
        """
        from cfsign.config.configuration import Configuration  # only settings need it

        hidden: Any = hide(mapping)
        del mapping
        return cls.from_configuration(Configuration.from_mapping(hidden))

    @classmethod
    @hide_arguments
    def from_env(
        cls, environ: Mapping[str, str] = os.environ, prefix: str = "CLOUDFRONT_"
    ) -> Distribution:
        """
        Create a distribution from environment variables.

        Required: DOMAIN, KEY_PAIR_ID and PRIVATE_KEY or PRIVATE_KEY_FILE, each after *prefix*.
        Optional: EXPIRES_IN, PASSWORD, HASH_ALGORITHM, EXPIRY_STEP, EXPIRY_JITTER and CACHE_BYTES.
        KEY_RING_FILE, with REFRESH_EVERY, replaces the variables of a single key.

        Raises:
            ConfigurationError: A variable is wrong. Lists all problems.
        """
        from cfsign.config.configuration import Configuration  # as above

        hidden: Any = hide(environ)
        del environ
        return cls.from_configuration(Configuration.from_env(hidden, prefix))

    @classmethod
    def from_configuration(cls, configuration: Configuration) -> Distribution:
        """Create a distribution from checked settings."""
        return cls(
            configuration.domain,
            configuration.signer,
            expires_in=configuration.expires_in,
            expiry_step=configuration.expiry_step,
            expiry_jitter=configuration.expiry_jitter,
            cache_bytes=configuration.cache_bytes,
        )

    @hide_arguments
    def unsigned_url(self, path: str, query: Query | None = None) -> str:
        """
        Return the unsigned URL of a path, percent-encoded.

        Args:
            path: File and folder names separated by `/`, not encoded. It may end in `/`; `""` is
                the root.
            query: Encoded text, or names and values that are not encoded.

        Raises:
            ResourceError: The path or the query cannot be signed.
        """
        return build_url(self.domain, path, query)

    def sign_path(
        self,
        path: str,
        *,
        query: Query | None = None,
        download_name: str | None = None,
        folder: str | None = None,
        pattern: str | None = None,
        **conditions: Unpack[Conditions],
    ) -> str:
        """
        Return the signed URL of a path.

        Args:
            path: As for `unsigned_url`.
            query: As for `unsigned_url`.
            download_name: The name under which browsers save the file, from S3 as the origin. It
                becomes the parameter `response-content-disposition`. Not together with `folder`
                or `pattern`, with which anyone could change it.
            folder: A folder that the path lies in. The signature then opens everything below it,
                with any query; see `sign_folder`. With an `expiry_step` it is made once for all
                its files.
            pattern: A pattern of paths that must match the path, such as `videos/*.ts`, to be
                signed instead; see `sign_cookies`. Not together with `folder`.
            conditions: When and for whom the URL works; by default it expires after `expires_in`.

        Raises:
            ResourceError: The path, the query or the download name cannot be signed, the path is
                not inside the folder, or the pattern does not match it.
            PolicyError: CloudFront does not accept a time or the address.
            SigningKeyError: The key cannot sign.
        """
        # As `hide_arguments` does, which would take a tenth of our own time.
        try:
            return self._sign_url(
                *build_url_and_pattern(self.domain, path, query, download_name, folder, pattern),
                conditions,
            )
        except CfsignError as caught:
            error = forget_frames(caught)
            del path, query, download_name, folder, pattern, conditions
        raise error

    @hide_arguments
    async def sign_path_async(
        self,
        path: str,
        *,
        query: Query | None = None,
        download_name: str | None = None,
        folder: str | None = None,
        pattern: str | None = None,
        **conditions: Unpack[Conditions],
    ) -> str:
        """Async version of `sign_path`."""
        url, whole_pattern = build_url_and_pattern(
            self.domain, path, query, download_name, folder, pattern
        )
        return await self._sign_url_async(url, whole_pattern, conditions)

    @hide_arguments
    def sign_url(self, url: str, **conditions: Unpack[Conditions]) -> str:
        """
        Sign a whole URL of this distribution, with its default expiry.

        The arguments and errors are the same as for `Signer.sign_url`. A URL with another scheme
        or host is a `ResourceError`.
        """
        return self._sign_url(check_own_url(self.domain, url), None, conditions)

    @hide_arguments
    async def sign_url_async(self, url: str, **conditions: Unpack[Conditions]) -> str:
        """Async version of `sign_url`."""
        return await self._sign_url_async(check_own_url(self.domain, url), None, conditions)

    @hide_arguments
    def sign_folder(self, folder: str, **conditions: Unpack[Conditions]) -> SignedPolicy:
        """
        Sign everything below a folder, with any query.

        Args:
            folder: A plain path, such as "videos/42"; "/" opens the whole distribution. A `*` in it
                is part of a name, not a wildcard.
            conditions: As for `sign_path`.

        Raises:
            ResourceError: The folder is empty, absolute, or cannot be signed.
            PolicyError: CloudFront does not accept a time or the address.
            SigningKeyError: The key cannot sign.
        """
        return self.sign_resource(self.folder_pattern(folder), **conditions)

    @hide_arguments
    async def sign_folder_async(
        self, folder: str, **conditions: Unpack[Conditions]
    ) -> SignedPolicy:
        """Async version of `sign_folder`."""
        return await self.sign_resource_async(self.folder_pattern(folder), **conditions)

    @hide_arguments
    def sign_cookies(
        self,
        *,
        folder: str | None = None,
        pattern: str | None = None,
        **conditions: Unpack[Conditions],
    ) -> SignedCookies:
        """
        Return cookies for a folder, or for every path that a pattern matches.

        Args:
            folder: As for `sign_folder`. Either this or `pattern` is required.
            pattern: A plain path with `*` as the wildcard, such as `videos/*.ts`. End a prefix
                with `/` before the `*`: `user1*` also matches `user10/`. Never put a name that a
                user chose into a pattern: a `*` in it would be a wildcard.
            conditions: As for `sign_path`.

        Raises:
            ResourceError: The folder or the pattern cannot be signed, or both or neither are given.
            PolicyError: CloudFront does not accept a time or the address.
            SigningKeyError: The key cannot sign.
        """
        resource = build_pattern(self.domain, folder, pattern)
        return self.sign_resource(resource, **conditions).cookies()

    @hide_arguments
    async def sign_cookies_async(
        self,
        *,
        folder: str | None = None,
        pattern: str | None = None,
        **conditions: Unpack[Conditions],
    ) -> SignedCookies:
        """Async version of `sign_cookies`."""
        resource = build_pattern(self.domain, folder, pattern)
        return (await self.sign_resource_async(resource, **conditions)).cookies()

    @hide_arguments
    def folder_pattern(self, folder: str) -> str:
        """
        Return the pattern of all URLs below a folder; `sign_folder` signs it.

        Raises:
            ResourceError: As for `sign_folder`.
        """
        return build_folder_pattern(self.domain, folder)

    def sign_resource(self, resource: str, **conditions: Unpack[Conditions]) -> SignedPolicy:
        """
        Sign a whole URL, or a pattern of URLs, with this distribution's default expiry.

        With an `expiry_step`, a signature that was made in the same step is returned again.

        Raises:
            ResourceError: The resource cannot be signed.
            PolicyError: CloudFront does not accept a time or the address.
            SigningKeyError: The key cannot sign.
        """
        # As `hide_arguments` does, which would take a tenth of our own time.
        try:
            return self._sign_resource(resource, conditions)
        except CfsignError as caught:
            error = forget_frames(caught)
            del resource, conditions
        raise error

    @hide_arguments
    async def sign_resource_async(
        self, resource: str, **conditions: Unpack[Conditions]
    ) -> SignedPolicy:
        """Async version of `sign_resource`."""
        terms = self._build_terms(resource, conditions)
        if self._cache is None or _has_expiry(conditions):
            return await self.signer.sign_policy_async(to_policy(terms))
        return await self._cache.sign_async(await self.signer.current_async(), terms)

    @hide_arguments
    def build_policy(self, resource: str, **conditions: Unpack[Conditions]) -> Policy:
        """Return the policy that `sign_resource` would sign now; it raises the same errors."""
        return to_policy(self._build_terms(resource, conditions))

    @hide_arguments
    def redirect_max_age(self, signed_policy: SignedPolicy) -> int:
        """
        Return how many seconds a redirect to a signed URL may be cached.

        Until then the URL stays the same and has at least `expires_in` left.

        Args:
            signed_policy: A result of `sign_resource`.

        Returns:
            Whole seconds; 0 without an `expiry_step`, or if the policy has its own expiry.

        Raises:
            PolicyError: The argument is not a SignedPolicy.
        """
        if not isinstance(signed_policy, SignedPolicy):
            raise PolicyError(
                "redirect_max_age takes the SignedPolicy that sign_resource returns, "
                f"got {type(signed_policy).__name__}"
            )
        now = time.time()
        policy = signed_policy.policy
        default = self._with_expiry(policy.resource, {}, now).get("expires_at")
        if self.expiry_step is None or policy.expires_at != default:
            return 0
        # Rounded down: a second that has begun does not count.
        return max(policy.expires_at - self.expires_in - math.ceil(now), 0)

    def _sign_resource(self, resource: str, conditions: Conditions) -> SignedPolicy:
        terms = self._build_terms(resource, conditions)
        if self._cache is None or _has_expiry(conditions):
            return self.signer.sign_policy(to_policy(terms))
        return self._cache.sign(self.signer.current(), terms)

    def _sign_url(self, url: str, pattern: str | None, conditions: Conditions) -> str:
        if self._cache is None:
            now = time.time()
            conditions = self._with_expiry(pattern or url, conditions, now)
            return self.signer._sign_url(url, pattern, conditions, now)
        return self._sign_resource(pattern or url, conditions).url(url)

    async def _sign_url_async(self, url: str, pattern: str | None, conditions: Conditions) -> str:
        if self._cache is None:
            conditions = self._with_expiry(pattern or url, conditions, time.time())
            return await self.signer.sign_url_async(url, pattern=pattern, **conditions)
        return (await self.sign_resource_async(pattern or url, **conditions)).url(url)

    def _build_terms(self, resource: str, conditions: Conditions) -> Terms:
        now = time.time()
        resource = check_length(resource)
        if conditions.get("ip_address") is not None:
            warn_of_private_address(self.domain, conditions.get("ip_address"))
        return resource, *check_conditions(self._with_expiry(resource, conditions, now), now)

    def _with_expiry(self, resource: str, conditions: Conditions, now: float) -> Conditions:
        """Return *conditions* with the default expiry, unless they have their own."""
        if _has_expiry(conditions):
            return conditions
        if self.expiry_step is None:
            return {**conditions, "expires_in": self.expires_in}
        expires_at = int(now) + self.expires_in
        # Rounded up, never down, so that at least `expires_in` is left.
        expires_at = round_up_expiry(expires_at, resource, self.expiry_step, self.expiry_jitter)
        return {**conditions, "expires_at": expires_at}


def _has_expiry(conditions: Conditions) -> bool:
    return conditions.get("expires_in") is not None or conditions.get("expires_at") is not None

"""
Signed cookies that open folders, for login, logout and the pages in between.

AWS, "Use signed cookies"; W3C Clear Site Data.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Unpack

from cfsign.config.fields import get_host
from cfsign.errors import ConfigurationError, ResourceError
from cfsign.limits import COOKIES, MAX_COOKIE_ATTRIBUTE_BYTES, is_loopback
from cfsign.signing.cookie_rules import check_cookie_options, find_cookie_problems
from cfsign.signing.cookies import SignedCookies
from cfsign.signing.distribution import Distribution
from cfsign.signing.folder import encode_folder
from cfsign.signing.policy import Conditions
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.signer import Signer
from cfsign.signing.times import check_duration
from cfsign.utils.secret import hide_arguments
from cfsign.views.construction import check_distribution
from cfsign.views.received_cookies import hide_cookies, is_fresh, read_path
from cfsign.views.response import Headers
from cfsign.views.site_check import CheckedSites, check_site

_logger = logging.getLogger("cfsign")


class FolderCookies:
    """
    Builds the response headers that open a folder for a browser, and close it again.

    A response may open several folders: send all their headers. Folders must not be nested:
    browsers send the cookies of both to the inner one, and CloudFront refuses them.

    Send these headers only in responses that no shared cache stores.

    Attributes:
        distribution: The distribution that serves the files.
        domain: The `Domain` of the cookies: one that the site and the distribution share. "": the
            two have the same host. None: the same, and a warning is logged.
        path: The `Path` of the cookies, encoded. None: that of each folder. `"/"`: one set of
            cookies for the whole site, so that opening a folder closes the one before.
        samesite: "Strict", "Lax", "None", or None for the browser's default.
        partitioned: True for a player in another site's iframe, with `samesite="None"`.
        persistent: True: browsers delete the cookies when the policy ends. Otherwise they keep
            them until they are closed.
        expires_in: How long the cookies work by default: a timedelta or whole seconds. None: the
            `expires_in` of the distribution, which for URLs is short.
    """

    __slots__ = (
        "_checked_sites",
        "distribution",
        "domain",
        "expires_in",
        "partitioned",
        "path",
        "persistent",
        "samesite",
    )

    @hide_arguments
    def __init__(
        self,
        distribution: Distribution,
        *,
        domain: str | None = None,
        path: str | None = None,
        samesite: str | None = None,
        partitioned: bool = False,
        persistent: bool = True,
        expires_in: int | timedelta | None = None,
    ) -> None:
        """
        Check and store the options.

        Raises:
            ConfigurationError: Browsers would drop the cookies or never send them to the
                distribution.
            PolicyError: `expires_in` is not a duration.
        """
        self.distribution = check_distribution("FolderCookies", distribution)
        del distribution  # it may be the settings
        check_cookie_options(domain, samesite, partitioned, path, prefix="")
        host = self.distribution.domain
        problems = list(find_cookie_problems(host, domain, samesite, partitioned, prefix=""))
        if problems:
            raise ConfigurationError(problems)
        # Each client chooses the Host header, so the number of hosts is limited.
        self._checked_sites: CheckedSites = {}
        self.domain = domain
        self.path = path
        self.samesite = samesite
        self.partitioned = partitioned
        self.persistent = persistent
        self.expires_in = (
            None
            if expires_in is None
            else check_duration(expires_in, "expires_in", int(time.time()))
        )
        if domain is None:
            warn_of_missing_domain(host, "domain")

    def __repr__(self) -> str:
        if not hasattr(self, "expires_in"):  # in the report of an error of __init__
            return "<FolderCookies, not checked yet>"
        return f"<FolderCookies {self.distribution.domain}>"

    @hide_arguments
    def grant_headers(self, folder: str, **conditions: Unpack[Conditions]) -> Headers:
        """
        Return the headers that open a folder: names and values, to be added to a response.

        They also clear CloudFront's cookies of another form, which would not go together.

        Args:
            folder: A plain path, such as "videos/42"; "/" opens the whole distribution.
            conditions: When and for whom the cookies work; by default they expire after
                `expires_in`.

        Raises:
            ResourceError: The folder cannot be signed.
            PolicyError: CloudFront does not accept a time or the address.
            ConfigurationError: The folder's path is too long for a cookie, or not below `path`.
            SigningKeyError: The key cannot sign.
        """
        conditions = self._add_default(conditions)
        return self.build_headers(self.distribution.sign_folder(folder, **conditions))

    @hide_arguments
    async def grant_headers_async(self, folder: str, **conditions: Unpack[Conditions]) -> Headers:
        """Async version of `grant_headers`."""
        conditions = self._add_default(conditions)
        return self.build_headers(await self.distribution.sign_folder_async(folder, **conditions))

    @hide_arguments
    def revoke_headers(self, folder: str) -> Headers:
        """
        Return the headers that delete the cookies of a folder from the browser.

        A copy of the cookies works until it expires: CloudFront cannot revoke a signature.

        Raises:
            ResourceError: The folder cannot be signed.
        """
        path = encode_folder(folder)  # checks it
        return self._build_clearing_headers(path if self.path is None else self.path)

    @hide_arguments
    def clear_headers(self, cookies: Mapping[str, str]) -> Headers:
        """
        Return the headers that delete the signed cookies of a request, or () if it has none.

        If `path` is None, the folder is read from the policy in the cookies. Anyone can send any
        cookies, and can delete only their own.

        Args:
            cookies: The cookies of the request, by name.

        Raises:
            ConfigurationError: *cookies* is not a mapping.
        """
        hidden = hide_cookies(cookies)
        if not any(name in hidden.reveal() for name in COOKIES):
            return ()
        path = self.path
        if path is None:
            policy = hidden.reveal().get("CloudFront-Policy", "")
            path = read_path(policy, self.distribution.domain)
        return () if path is None else self._build_clearing_headers(path)

    def revoke_all_headers(self) -> Headers:
        """
        Return the header that deletes all cookies of the site from the browser.

        That includes the site's own session and the cookies of every host below the same
        registered domain. Browsers obey it over https only. `revoke_headers` does neither.
        """
        return (("Clear-Site-Data", '"cookies"'),)

    @hide_arguments
    def renew_headers(
        self, folder: str, cookies: Mapping[str, str], **conditions: Unpack[Conditions]
    ) -> Headers:
        """
        Return the headers that open a folder again, or () while that is not needed.

        It is needed unless *cookies* are those of this folder and key, with the same conditions and
        more than half of their duration left. Call it only for a user who may open the folder:
        anyone can send any cookies, so they decide when to renew, never whether to.

        Browsers send the cookies of a folder to that path only. The site's pages see them with
        `path="/"`; with another path each call renews.

        Args:
            folder: As for `grant_headers`.
            cookies: The cookies of the request, by name.
            conditions: As for `grant_headers`.

        Raises:
            ResourceError: As for `grant_headers`, and so for the other errors.
            ConfigurationError: Also if *cookies* is not a mapping.
        """
        hidden = hide_cookies(cookies)
        del cookies  # a key may raise an error of any kind
        signer = self.distribution.signer.current()
        if self._is_fresh(hidden.reveal(), folder, conditions, signer):
            return ()
        return self.grant_headers(folder, **conditions)

    @hide_arguments
    async def renew_headers_async(
        self, folder: str, cookies: Mapping[str, str], **conditions: Unpack[Conditions]
    ) -> Headers:
        """Async version of `renew_headers`."""
        hidden = hide_cookies(cookies)
        del cookies  # as above
        signer = await self.distribution.signer.current_async()
        if self._is_fresh(hidden.reveal(), folder, conditions, signer):
            return ()
        return await self.grant_headers_async(folder, **conditions)

    def check_site(self, scheme: str, host: str) -> None:
        """
        Log a warning if browsers do not send this site's cookies to the distribution.

        Each host is checked once.

        Args:
            scheme: The scheme of the request, "http" or "https".
            host: The host of the request, with or without a port.
        """
        domain = self.distribution.domain
        check_site(domain, self.domain, scheme, host, self._checked_sites, setting="domain")

    def build_headers(self, signed_policy: SignedPolicy) -> Headers:
        """
        Return the headers that set the cookies of a folder's policy and clear all others.

        Raises:
            ConfigurationError: The folder's path is too long for a cookie, or not below `path`.
        """
        folder_url = signed_policy.policy.resource.removesuffix("*")
        values = signed_policy.cookies().replace_headers(
            self.domain or None,
            folder_url.removeprefix(self.distribution.domain) if self.path is None else self.path,
            self._is_secure,
            samesite=self.samesite,
            partitioned=self.partitioned,
            persistent=self.persistent,
        )
        return tuple(("Set-Cookie", value) for value in values)

    def check_length(self, pattern: str) -> None:
        """Raise ResourceError if a folder's *pattern* is too long for the `Path` of a cookie."""
        length = len(pattern) - len(f"{self.distribution.domain}*")
        if length > MAX_COOKIE_ATTRIBUTE_BYTES:
            raise ResourceError(
                f"the path of the folder is {length} bytes long; a cookie's Path may have "
                f"{MAX_COOKIE_ATTRIBUTE_BYTES}"
            )

    def _build_clearing_headers(self, path: str) -> Headers:
        values = SignedCookies.clear_headers(
            self.domain or None,
            path,
            self._is_secure,
            samesite=self.samesite,
            partitioned=self.partitioned,
        )
        return tuple(("Set-Cookie", value) for value in values)

    def _add_default(self, conditions: Conditions) -> Conditions:
        """Return *conditions* with the default duration, unless they have an end."""
        has_end = any(conditions.get(name) is not None for name in ("expires_in", "expires_at"))
        if self.expires_in is None or has_end:
            return conditions
        return {**conditions, "expires_in": self.expires_in}

    @property
    def _is_secure(self) -> bool:
        return self.distribution.domain.startswith("https:")

    def _is_fresh(
        self, cookies: Mapping[str, str], folder: str, conditions: Conditions, signer: Signer
    ) -> bool:
        resource = self.distribution.folder_pattern(folder)
        new = self.distribution.build_policy(resource, **self._add_default(conditions))
        return is_fresh(cookies, new, signer)


@functools.cache  # log once per domain: handlers may be built often
def warn_of_missing_domain(domain: str, setting: str = "cookie_domain") -> None:
    """
    Log that the cookies of a distribution have no `Domain`, unless it is on this machine.

    Args:
        domain: Scheme and host of the distribution.
        setting: The name of the option that sets it.
    """
    host = get_host(domain)
    if is_loopback(host):
        return
    _logger.warning(
        "%s is not set, so browsers send the cookies to %s only if the site has the same host; "
        'set %s to a domain that both share, or to "" if they are one host',
        setting,
        host,
        setting,
    )

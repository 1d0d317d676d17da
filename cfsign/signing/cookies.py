"""
Signed cookies, and the headers that set and clear them.

AWS, "Set signed cookies using a canned policy" and "... using a custom policy"; RFC 6265.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from cfsign.errors import ConfigurationError
from cfsign.limits import COOKIE_PREFIX, COOKIES
from cfsign.signing.cookie_rules import check_attributes, find_mismatches, find_oversized
from cfsign.utils.secret import hide_arguments


class SignedCookies(Mapping[str, str]):
    """The cookies that give access to a resource: a mapping of CloudFront's names to values."""

    __slots__ = ("_expires_at", "_resource", "_values")

    def __init__(
        self, params: Mapping[str, str], resource: str = "", expires_at: int | None = None
    ) -> None:
        """
        Build the cookies.

        Args:
            params: The query parameters of a signed policy.
            resource: The policy's resource, or "" if it is not known.
            expires_at: When the policy ends, in epoch seconds. None: it is not known, and the
                cookies are session cookies.
        """
        self._values = {COOKIE_PREFIX + name: value for name, value in params.items()}
        self._resource = resource
        self._expires_at = expires_at

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<SignedCookies {self['CloudFront-Key-Pair-Id']}: {', '.join(self)}>"

    # Sentry prints the items of a mapping instead of its repr.
    __sentry_repr__ = __repr__

    @hide_arguments
    def set_cookie_headers(
        self,
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
        partitioned: bool = False,
        persistent: bool = True,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers, one for each cookie.

        Args:
            domain: The domain that the site and the distribution's domain name (CNAME) share.
                None: the host that sends the response.
            path: Browsers send the cookies for paths with this prefix. Encoded, without wildcards.
            secure: True: browsers send the cookies over https only.
            httponly: True: scripts cannot read the cookies.
            samesite: "Strict", "Lax", "None", or None for the browser's default.
            partitioned: True: browsers keep the cookies for each embedding site separately. A
                player in another site's iframe needs this, and `samesite="None"`.
            persistent: True: browsers delete the cookies when the policy ends. Otherwise they keep
                them until they are closed, and they keep few: 180 for a domain, so a site that
                opens many folders would lose its own.

        Raises:
            ConfigurationError: A browser would drop or misread an attribute, or would never send
                the cookies to their resource.
        """
        attributes = self._build_attributes(
            domain, path, secure, httponly, samesite, partitioned, persistent
        )
        return [_build_header(name, value, attributes) for name, value in self.items()]

    @hide_arguments
    def replace_headers(
        self,
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
        partitioned: bool = False,
        persistent: bool = True,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers that set these cookies and clear the others.

        Cookies that an earlier response set stay in the browser. CloudFront denies requests that
        mix cookies of a canned and a custom policy, or of two hash algorithms.

        The arguments and errors are the same as for `set_cookie_headers`.
        """
        attributes = self._build_attributes(
            domain, path, secure, httponly, samesite, partitioned, persistent
        )
        return [
            _build_header(name, self[name], attributes)
            if name in self
            else _build_clearing_header(name, attributes)
            for name in COOKIES
        ]

    def _build_attributes(
        self,
        domain: str | None,
        path: str,
        secure: bool,
        httponly: bool,
        samesite: str | None,
        partitioned: bool,
        persistent: bool,
    ) -> dict[str, object]:
        attributes = check_attributes(domain, path, secure, httponly, samesite, partitioned)
        problems = [*find_mismatches(self._resource, domain, path), *find_oversized(self)]
        if problems:
            raise ConfigurationError(problems)
        if persistent and self._expires_at is not None:
            attributes["max-age"] = max(self._expires_at - int(time.time()), 0)
        return attributes

    @staticmethod
    @hide_arguments
    def clear_headers(
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers that clear all of CloudFront's cookies.

        The arguments must be those that set the cookies, also `partitioned`: otherwise browsers
        clear other cookies, or none. The signature stays valid until it
        expires: clearing only removes the cookies from this browser.

        Raises:
            ConfigurationError: A browser would drop or misread an attribute.
        """
        attributes = check_attributes(domain, path, secure, httponly, samesite, partitioned)
        return [_build_clearing_header(name, attributes) for name in COOKIES]


def _build_clearing_header(name: str, attributes: Mapping[str, object]) -> str:
    expired = {"max-age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"}
    return _build_header(name, "", {**attributes, **expired})


def _build_header(name: str, value: str, attributes: Mapping[str, object]) -> str:
    from http.cookies import Morsel  # imported only where cookies are set: it takes milliseconds

    morsel: Morsel[str] = Morsel()
    morsel.set(name, value, value)
    # Python knows `Partitioned` from 3.14 on.
    known = {name: value for name, value in attributes.items() if name != "partitioned"}
    morsel.update(known)  # type: ignore[arg-type]  # typeshed narrows the values to str
    return morsel.OutputString() + ("; Partitioned" if attributes["partitioned"] else "")

"""
Signed cookies, and the headers that set and clear them.

AWS, "Set signed cookies using a canned policy" and "... using a custom policy"; RFC 6265.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cfsign.errors import ConfigurationError, Problem
from cfsign.limits import COOKIE_PREFIX, COOKIES, is_loopback
from cfsign.signing.url import split_scheme

_SAME_SITE = (None, "Strict", "Lax", "None")
_DOMAIN = r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
_PATH = r"/[!-:<-~]*"
# Domains whose cookies browsers refuse: the end of an IP address, top-level domains, and the names
# below a country's that registries are known to reserve. It lists less than `url.is_broad` warns
# of, because `bbc.uk`, which looks like one, may set its own cookies.
_PUBLIC_DOMAIN = r"[0-9.]+|[^.]+|(ac|co|com|edu|gov|net|org)\.[a-z]{2}"


class SignedCookies(Mapping[str, str]):
    """The cookies that give access to a resource: a mapping of CloudFront's names to values."""

    __slots__ = ("_resource", "_values")

    def __init__(self, params: Mapping[str, str], resource: str = "") -> None:
        """
        Build the cookies.

        Args:
            params: The query parameters of a signed policy.
            resource: The policy's resource, or "" if it is not known.
        """
        self._values = {COOKIE_PREFIX + name: value for name, value in params.items()}
        self._resource = resource

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

    def set_cookie_headers(
        self,
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers, one for each cookie.

        They are session cookies: CloudFront checks the time in the policy only.

        Args:
            domain: The domain that the site and the distribution's domain name (CNAME) share.
                None: the host that sends the response.
            path: Browsers send the cookies for paths with this prefix. Encoded, without wildcards.
            secure: True: browsers send the cookies over https only.
            httponly: True: scripts cannot read the cookies.
            samesite: "Strict", "Lax", "None", or None for the browser's default.

        Raises:
            ConfigurationError: A browser would drop or misread an attribute, or would never send
                the cookies to their resource.
        """
        attributes = self._build_attributes(domain, path, secure, httponly, samesite)
        return [_build_header(name, value, attributes) for name, value in self.items()]

    def replace_headers(
        self,
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers that set these cookies and clear the others.

        Cookies that an earlier response set stay in the browser. CloudFront denies requests that
        mix cookies of a canned and a custom policy, or of two hash algorithms.

        The arguments and errors are the same as for `set_cookie_headers`.
        """
        attributes = self._build_attributes(domain, path, secure, httponly, samesite)
        return [
            _build_header(name, self[name], attributes)
            if name in self
            else _build_clearing_header(name, attributes)
            for name in COOKIES
        ]

    def _build_attributes(
        self, domain: str | None, path: str, secure: bool, httponly: bool, samesite: str | None
    ) -> dict[str, object]:
        attributes = _check_attributes(domain, path, secure, httponly, samesite)
        problems = list(_find_mismatches(self._resource, domain, path))
        if problems:
            raise ConfigurationError(problems)
        return attributes

    @staticmethod
    def clear_headers(
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers that clear all of CloudFront's cookies.

        The arguments must be those that set the cookies. The signature stays valid until it
        expires: clearing only removes the cookies from this browser.

        Raises:
            ConfigurationError: A browser would drop or misread an attribute.
        """
        attributes = _check_attributes(domain, path, secure, httponly, samesite)
        return [_build_clearing_header(name, attributes) for name in COOKIES]


def check_cookie_options(cookie_domain: object, cookie_samesite: object) -> None:
    """Raise ConfigurationError unless cookies can have this domain and SameSite."""
    _check_attributes(cookie_domain, "/", True, True, cookie_samesite, prefix="cookie_")


def find_cookie_problems(
    domain: str, cookie_domain: str | None, cookie_samesite: str | None
) -> Iterator[Problem]:
    """Yield the reasons why browsers would not send a site's cookies to a distribution's domain."""
    scheme, _, authority = domain.partition("://")
    if cookie_domain:
        yield from _find_domain_problems(
            "cookie_domain", cookie_domain, authority.partition(":")[0]
        )
    if cookie_samesite == "None" and scheme == "http":
        yield Problem(
            "cookie_samesite",
            'browsers drop cookies with SameSite "None" over http',
            "use https for the distribution, or another cookie_samesite",
        )


def find_site_problems(
    domain: str, cookie_domain: str | None, site_scheme: str, site_host: str
) -> Iterator[Problem]:
    """
    Yield the reasons why a browser drops a site's cookies or does not send them to a distribution.

    Args:
        domain: Scheme and host of the distribution.
        cookie_domain: The `Domain` of the cookies; None or "" for the host of the site.
        site_scheme: The scheme of the site's request.
        site_host: The host of the site's request, in lower case, without a port.

    RFC 6265, section 5.3; for `Secure`, RFC 6265bis, section 5.7.
    """
    scheme, _, authority = domain.partition("://")
    host = authority.partition(":")[0]
    name = (cookie_domain or "").lower().removeprefix(".")
    hint = _hint_shared_domain(site_host, host)
    if name and not f".{site_host}".endswith(f".{name}"):
        message = f"browsers drop cookies for {name} that {site_host} sets"
        yield Problem("", message, hint)
    elif not name and site_host != host:
        message = f"browsers send the cookies back to {site_host} only, not to {host}"
        yield Problem("", message, hint)
    # Chrome and Firefox accept them from this machine.
    if scheme == "https" and site_scheme == "http" and not is_loopback(site_host):
        yield Problem(
            "",
            f"browsers drop Secure cookies that http://{site_host} sets",
            "serve the site over https; if a proxy does, configure the framework to read the "
            "proxy's X-Forwarded-Proto header",
        )


def _hint_shared_domain(site_host: str, host: str) -> str:
    if is_loopback(site_host) and is_loopback(host):
        return f"use one name for both: open the site as {host}, or the edge as {site_host}"
    labels: list[str] = []
    for one, other in zip(reversed(site_host.split(".")), reversed(host.split(".")), strict=False):
        if one != other:
            break
        labels.insert(0, one)
    shared = ".".join(labels)
    if shared == "cloudfront.net" or re.fullmatch(rf"{_PUBLIC_DOMAIN}|", shared):
        return "give the distribution a domain name (CNAME) that shares a parent with the site"
    return f'set cookie_domain to "{shared}"'


def _find_domain_problems(setting: str, domain: str, host: str) -> Iterator[Problem]:
    """Yield why browsers send *host* no cookies of *domain* (RFC 6265, 5.1.3 and 5.3)."""
    name = domain.lower().removeprefix(".")
    if f".{host}".endswith(f".{name}"):
        if name == host or not re.fullmatch(_PUBLIC_DOMAIN, name):
            return
        message = f"browsers refuse cookies for {domain}, because anyone can have a host below it"
    else:
        message = f"{domain} is not a parent of {host}, so browsers do not send the cookies there"
    hint = "use the domain that the site and the distribution share"
    if host.endswith(".cloudfront.net"):
        hint = "give the distribution a domain name (CNAME) that shares a parent with the site"
    yield Problem(setting, message, hint)


def _find_mismatches(resource: str, domain: str | None, path: str) -> Iterator[Problem]:
    """Yield why browsers never send the cookies to *resource*, up to its first wildcard."""
    authority, slash, rest = split_scheme(resource)[1].partition("/")
    if domain is not None and authority and "*" not in authority:
        yield from _find_domain_problems("domain", domain, authority.partition(":")[0])
    literal = re.split(r"[*?]", slash + rest, maxsplit=1)[0]
    if not literal.startswith(path) and not path.startswith(literal):
        yield Problem(
            "path",
            f"browsers send cookies for {path} to none of their files, which are below {literal}",
            f"use {literal}, or a prefix of it",
        )


def _check_attributes(
    domain: object,
    path: object,
    secure: object,
    httponly: object,
    samesite: object,
    prefix: str = "",
) -> dict[str, object]:
    """Return a cookie's attributes; *prefix* is that of the settings' names in an error."""
    problems = []
    if domain is not None and (not isinstance(domain, str) or not re.fullmatch(_DOMAIN, domain)):
        problems.append(Problem(f"{prefix}domain", "must be a host name, such as example.com"))
    elif domain is not None and re.search(r"(\A|\.)cloudfront\.net\Z", domain):
        problems.append(
            Problem(
                f"{prefix}domain",
                "browsers refuse cookies for cloudfront.net",
                "give the distribution a domain name (CNAME) that shares a parent with the site, "
                "and use that parent",
            )
        )
    if not isinstance(path, str) or not re.fullmatch(_PATH, path) or "*" in path:
        problems.append(
            Problem(f"{prefix}path", "must be the encoded prefix of a URL path, without `*` or `;`")
        )
    if samesite not in _SAME_SITE:
        problems.append(Problem(f"{prefix}samesite", 'must be "Strict", "Lax", "None" or None'))
    if samesite == "None" and not secure:
        problems.append(
            Problem(
                f"{prefix}samesite",
                'browsers drop cookies with SameSite "None" that are not secure',
                "set secure=True",
            )
        )
    if problems:
        raise ConfigurationError(problems)
    return {
        "domain": domain or "",
        "path": path,
        "secure": bool(secure),
        "httponly": bool(httponly),
        "samesite": samesite or "",
    }


def _build_clearing_header(name: str, attributes: Mapping[str, object]) -> str:
    expired = {"max-age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"}
    return _build_header(name, "", {**attributes, **expired})


def _build_header(name: str, value: str, attributes: Mapping[str, object]) -> str:
    from http.cookies import Morsel  # imported only where cookies are set: it takes milliseconds

    morsel: Morsel[str] = Morsel()
    morsel.set(name, value, value)
    morsel.update(attributes)  # type: ignore[arg-type]  # typeshed narrows the values to str
    return morsel.OutputString()

"""
Signed cookies: their names, their values, and the headers that set and clear them.

AWS, "Set signed cookies using a canned policy" and "... using a custom policy"; RFC 6265.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cfsign.errors import ConfigurationError
from cfsign.limits import COOKIE_PREFIX, COOKIES
from cfsign.signing.url import split_scheme

_SAME_SITE = (None, "Strict", "Lax", "None")
_DOMAIN = r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"
_PATH = r"/[!-:<-~]*"
# What no browser takes a cookie for, unless it is the host itself: the end of an address, a
# top-level domain, and below a country's the names that registries are known to keep for it. Less
# than `resource.is_broad` warns of: `bbc.uk`, which looks like one, may set its own cookies.
_PUBLIC = r"[0-9.]+|[^.]+|(ac|co|com|edu|gov|net|org)\.[a-z]{2}"


class SignedCookies(Mapping[str, str]):
    """The cookies that open a resource: a mapping of CloudFront's names to values."""

    __slots__ = ("_resource", "_values")

    def __init__(self, params: Mapping[str, str], resource: str = "") -> None:
        """Take the query parameters of a signed policy, and its resource if that is known."""
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

    def set_cookie_headers(
        self,
        domain: str | None = None,
        path: str = "/",
        secure: bool = True,
        httponly: bool = True,
        samesite: str | None = None,
    ) -> list[str]:
        """
        Return the values of the `Set-Cookie` headers, one a cookie.

        They are session cookies: the edge goes by the time in the policy, not by the browser's.

        Args:
            domain: The domain that the site and the distribution's own domain name (CNAME) share;
                None for the host that answers alone.
            path: The URL path below which the browser sends them; a prefix, without wildcard.
            secure: Send them over https only.
            httponly: Hide them from scripts.
            samesite: "Strict", "Lax", "None", or None to leave it to the browser.

        Raises:
            ConfigurationError: An attribute that a browser would drop or misread, or with which it
                would never send the cookies to what they open.
        """
        attributes = self._attributes(domain, path, secure, httponly, samesite)
        return [_header(name, value, attributes) for name, value in self.items()]

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

        CloudFront cookies of another form that were set for the same domain and path before
        (canned where these are custom, with a hash algorithm where these have none) would stay in
        the browser beside these, and the edge denies the mixture. The arguments, and the errors,
        are those of `set_cookie_headers`.
        """
        attributes = self._attributes(domain, path, secure, httponly, samesite)
        return [
            _header(name, self[name], attributes) if name in self else _clearing(name, attributes)
            for name in COOKIES
        ]

    def _attributes(
        self, domain: str | None, path: str, secure: bool, httponly: bool, samesite: str | None
    ) -> dict[str, object]:
        attributes = _attributes(domain, path, secure, httponly, samesite)
        problems = list(_astray(self._resource, domain, path))
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

        The arguments must be those that the cookies were set with, and may fail alike. What was
        signed stays valid until it expires; clearing only makes this browser forget it.
        """
        attributes = _attributes(domain, path, secure, httponly, samesite)
        return [_clearing(name, attributes) for name in COOKIES]


def unreachable(domain: str, cookie_domain: str | None, samesite: str | None) -> Iterator[str]:
    """Say why cookies of the site would not reach *domain*'s files."""
    scheme, _, authority = domain.partition("://")
    problem = domain_problem(cookie_domain, authority.partition(":")[0]) if cookie_domain else ""
    if problem:
        yield problem
    if samesite == "None" and scheme == "http":
        yield 'cookie_samesite "None" needs an https distribution, or browsers drop the cookies'


def check_attributes(domain: object, samesite: object) -> None:
    """Raise ConfigurationError unless cookies can have this domain and SameSite."""
    _attributes(domain, "/", True, True, samesite)


def domain_problem(domain: str, host: str) -> str:
    """Say why browsers send *host* no cookies of *domain*, or "" (RFC 6265, 5.1.3 and 5.3)."""
    name = domain.lower().removeprefix(".")
    if f".{host}".endswith(f".{name}"):
        if name == host or not re.fullmatch(_PUBLIC, name):
            return ""
        what = f"browsers take no cookie for {domain}, below which anybody may have a host"
    else:
        what = f"{domain} is no parent of {host}, so browsers send the cookies elsewhere"
    if host.endswith(".cloudfront.net"):
        return (
            f"the cookies' domain: {what}; give the distribution a domain name of your own that "
            "shares a parent with the site"
        )
    return f"the cookies' domain: {what}; give the one that the site and the distribution share"


def _astray(resource: str, domain: str | None, path: str) -> Iterator[str]:
    """Say why browsers never send the cookies to *resource*, where no wildcard leaves it open."""
    authority, slash, rest = split_scheme(resource)[1].partition("/")
    if domain is not None and authority and "*" not in authority:
        problem = domain_problem(domain, authority.partition(":")[0])
        if problem:
            yield problem
    literal = re.split(r"[*?]", slash + rest, maxsplit=1)[0]
    if not literal.startswith(path) and not path.startswith(literal):
        yield f"the cookies' path {path} holds nothing of what they open, which is below {literal}"


def _attributes(
    domain: object, path: object, secure: object, httponly: object, samesite: object
) -> dict[str, object]:
    problems = []
    if domain is not None and (not isinstance(domain, str) or not re.fullmatch(_DOMAIN, domain)):
        problems.append("a cookie's domain is a host name alone, such as example.com")
    elif domain is not None and re.search(r"(\A|\.)cloudfront\.net\Z", domain):
        problems.append(
            "browsers take no cookie for cloudfront.net; give the distribution a domain name of "
            "your own, and the cookie the part that it shares with the site"
        )
    if not isinstance(path, str) or not re.fullmatch(_PATH, path) or "*" in path:
        problems.append("a cookie's path is a URL path, encoded, and a prefix: no `*` and no `;`")
    if samesite not in _SAME_SITE:
        problems.append('samesite is "Strict", "Lax", "None" or None')
    if samesite == "None" and not secure:
        problems.append('samesite="None" needs secure=True, or browsers drop the cookie')
    if problems:
        raise ConfigurationError(problems)
    return {
        "domain": domain or "",
        "path": path,
        "secure": bool(secure),
        "httponly": bool(httponly),
        "samesite": samesite or "",
    }


def _clearing(name: str, attributes: Mapping[str, object]) -> str:
    over = {"max-age": 0, "expires": "Thu, 01 Jan 1970 00:00:00 GMT"}
    return _header(name, "", {**attributes, **over})


def _header(name: str, value: str, attributes: Mapping[str, object]) -> str:
    from http.cookies import Morsel  # only who sets cookies waits for it

    morsel: Morsel[str] = Morsel()
    morsel.set(name, value, value)
    morsel.update(attributes)  # type: ignore[arg-type]  # typeshed narrows the values to str
    return morsel.OutputString()

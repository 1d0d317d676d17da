"""
Check which cookies browsers accept, and to which hosts they send them.

RFC 6265, sections 5.1.3, 5.1.4 and 5.3; RFC 6265bis, section 5.6; CHIPS for `Partitioned`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from cfsign.errors import ConfigurationError, Problem
from cfsign.limits import MAX_COOKIE_ATTRIBUTE_BYTES, MAX_COOKIE_BYTES, is_loopback
from cfsign.signing.url import split_scheme
from cfsign.utils.description import describe_name, describe_value

_SAME_SITE = (None, "Strict", "Lax", "None")
# A name between dots has at most 63 characters (RFC 1035, section 2.3.4). So a long secret in the
# wrong place is not taken for a domain, which errors show.
_DOMAIN = r"\.?[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*"
_PATH = r"/[!-:<-~]*"
# Domains whose cookies browsers refuse: the end of an IP address, top-level domains, and the names
# below a country's that registries are known to reserve. It lists less than `url.is_broad` warns
# of, because `bbc.uk`, which looks like one, may set its own cookies.
_PUBLIC_DOMAIN = r"[0-9.]+|[^.]+|(ac|co|com|edu|gov|net|org)\.[a-z]{2}"


def _normalize_samesite(samesite: object) -> object:
    """Return "Strict", "Lax" or "None" for these words in any case (RFC 6265bis)."""
    if isinstance(samesite, str) and samesite.capitalize() in _SAME_SITE:
        return samesite.capitalize()
    return samesite


def check_attributes(
    domain: object,
    path: object,
    secure: object,
    httponly: object,
    samesite: object,
    partitioned: object,
    prefix: str = "",
) -> dict[str, object]:
    """Return a cookie's attributes; *prefix* is that of the settings' names in an error."""
    samesite = _normalize_samesite(samesite)
    problems = []
    if domain is not None and (not isinstance(domain, str) or not re.fullmatch(_DOMAIN, domain)):
        shown = describe_name(domain) if isinstance(domain, str) else type(domain).__name__
        problems.append(
            Problem(f"{prefix}domain", f"must be a host name, such as example.com, got {shown}")
        )
    elif domain is not None and re.search(r"(\A|\.)cloudfront\.net\Z", domain, re.IGNORECASE):
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
            Problem(
                f"{prefix}path",
                "must be the encoded prefix of a URL path, without `*` or `;`, "
                f"got {describe_value(path)}",
                "start it with `/`, and encode it as in a URL",
            )
        )
    elif len(path) > MAX_COOKIE_ATTRIBUTE_BYTES:
        problems.append(
            Problem(
                f"{prefix}path",
                f"browsers ignore a Path of more than {MAX_COOKIE_ATTRIBUTE_BYTES} bytes, "
                f"got {len(path)}",
                'use the path of a folder above, or "/"',
            )
        )
    if samesite not in _SAME_SITE:
        shown = describe_value(samesite)
        problems.append(
            Problem(f"{prefix}samesite", f'must be "Strict", "Lax", "None" or None, got {shown}')
        )
    if samesite == "None" and not secure:
        problems.append(
            Problem(
                f"{prefix}samesite",
                'browsers drop cookies with SameSite "None" that are not secure',
                "set secure=True",
            )
        )
    if partitioned and not secure:
        problems.append(
            Problem(
                f"{prefix}partitioned",
                "browsers drop Partitioned cookies that are not secure",
                "set secure=True",
            )
        )
    if problems:
        raise ConfigurationError(problems)
    # Plain str: a member of a str enumeration would be formatted as its name.
    return {
        "domain": "" if domain is None else str.__str__(domain),
        "path": str.__str__(path),
        "secure": bool(secure),
        "httponly": bool(httponly),
        "samesite": samesite or "",
        "partitioned": bool(partitioned),
    }


def find_oversized(cookies: Mapping[str, str]) -> Iterator[Problem]:
    """Yield which cookies are too long for browsers."""
    for name, value in cookies.items():
        size = len(name) + len(value)
        if size > MAX_COOKIE_BYTES:
            yield Problem(
                "",
                f"the cookie {name} is {size} bytes long; browsers drop it from "
                f"{MAX_COOKIE_BYTES + 1} bytes",
                "sign a folder or a pattern with a shorter path",
            )


def find_mismatches(resource: str, domain: str | None, path: str) -> Iterator[Problem]:
    """Yield why browsers send the cookies to no URL that *resource* matches."""
    authority, slash, rest = split_scheme(resource)[1].partition("/")
    if domain is not None and authority and "*" not in authority:
        yield from _find_domain_problems("domain", domain, authority.partition(":")[0])
    literal = re.split(r"[*?]", slash + rest, maxsplit=1)[0]
    if not literal.startswith(path) and not path.startswith(literal):
        yield Problem(
            "path",
            f"browsers do not send cookies for {path} with requests for {literal}",
            f"use {literal}, or a prefix of it",
        )


def check_cookie_options(
    domain: object = None,
    samesite: object = None,
    partitioned: object = False,
    path: object = None,
    prefix: str = "cookie_",
) -> None:
    """
    Raise ConfigurationError unless cookies can have these attributes; None is not set.

    Args:
        domain: Their `Domain`; "" for the host of the site.
        samesite: Their `SameSite`.
        partitioned: True for `Partitioned`.
        path: Their `Path`.
        prefix: What the names of the settings start with, for the error.
    """
    path = "/" if path is None else path
    check_attributes(domain or None, path, True, True, samesite, partitioned, prefix=prefix)


def find_cookie_problems(
    domain: str,
    cookie_domain: str | None,
    samesite: str | None,
    partitioned: bool = False,
    prefix: str = "cookie_",
) -> Iterator[Problem]:
    """
    Yield the reasons why browsers would not send a site's cookies to a distribution.

    Args:
        domain: Scheme and host of the distribution.
        cookie_domain: The `Domain` of the cookies; None or "" for the host of the site.
        samesite: Their `SameSite`.
        partitioned: True for `Partitioned`.
        prefix: What the names of the settings start with, for the error.
    """
    scheme, _, authority = domain.partition("://")
    if cookie_domain:
        yield from _find_domain_problems(
            f"{prefix}domain", cookie_domain, authority.partition(":")[0]
        )
    if _normalize_samesite(samesite) == "None" and scheme == "http":
        yield Problem(
            f"{prefix}samesite",
            'browsers drop cookies with SameSite "None" over http',
            f"use https for the distribution, or another {prefix}samesite",
        )
    if partitioned and scheme == "http":
        yield Problem(
            f"{prefix}partitioned",
            "browsers drop Partitioned cookies over http",
            f"use https for the distribution, or remove {prefix}partitioned",
        )


def find_site_problems(
    domain: str,
    cookie_domain: str | None,
    site_scheme: str,
    site_host: str,
    setting: str = "cookie_domain",
) -> Iterator[Problem]:
    """
    Yield the reasons why a browser drops a site's cookies or does not send them to a distribution.

    Args:
        domain: Scheme and host of the distribution.
        cookie_domain: The `Domain` of the cookies; None or "" for the host of the site.
        site_scheme: The scheme of the site's request.
        site_host: The host of the site's request, in lower case, without a port.
        setting: The name of the option *cookie_domain*, for the hint.

    RFC 6265, section 5.3; for `Secure`, RFC 6265bis, section 5.7.
    """
    scheme, _, authority = domain.partition("://")
    host = authority.partition(":")[0]
    name = (cookie_domain or "").lower().removeprefix(".")
    hint = _hint_shared_domain(site_host, host, setting)
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


def _hint_shared_domain(site_host: str, host: str, setting: str) -> str:
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
    return f'set {setting} to "{shared}"'


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

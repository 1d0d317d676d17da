"""
Delivery: from what `authorize` returned to what the viewer gets, the same for every framework.

An adapter asks `refusal` before and `answer` after the site's own rule, and copies what comes back.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import parse_qsl, quote, urlencode

from cfsign.configuration import Configuration, check_allowed_statuses, check_code, check_headers
from cfsign.cookies import check_attributes
from cfsign.decision import ALLOWED_STATUSES, Allow, Deny, decide
from cfsign.distribution import Distribution
from cfsign.errors import ConfigurationError, ResourceError
from cfsign.redirect import Answer, redirect, signed_json
from cfsign.resource import RESERVED, check_url, split_location

Mode = Literal["redirect", "json", "cookies"]

_MODES = ("redirect", "json", "cookies")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    How a site answers those whom it allows; it is compared by value, and has no hash.

    Attributes:
        delivery: "redirect" to the signed URL; "json" with the URL in it; or "cookies" that open
            the resource's whole folder, and a redirect to its plain URL. What was set for that
            folder before is replaced. Have no folder with cookies inside another one: browsers
            send both sets to the inner folder (RFC 6265, section 5.4), which the edge denies, and
            no header on an answer about one folder can tell what was set for the other.
        code: The redirect's status: 302, 303 or 307.
        headers: Headers for the answer; `Cache-Control: no-store` is there unless one is given.
        forward_query: Names of query parameters copied from the request into the signed URL.
        allowed_statuses: What `authorize` may return for a yes.
        cookie_domain: The domain that the site and the distribution share, for cookies; None or ""
            where both are one host.
        cookie_samesite: "Strict", "Lax", "None", or None to leave it to the browser.

    Raises:
        ConfigurationError: An option has a value that cannot work.
    """

    delivery: Mode = "redirect"
    code: int = 303
    headers: Mapping[str, str] = field(default_factory=dict)
    forward_query: tuple[str, ...] = ()
    allowed_statuses: Collection[int] = ALLOWED_STATUSES
    cookie_domain: str | None = None
    cookie_samesite: str | None = None

    # Without this line there would be one, which fails on the mapping in it.
    __hash__ = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Check every option."""
        keep = object.__setattr__
        if self.delivery not in _MODES:
            raise ConfigurationError(f"delivery is one of {', '.join(map(repr, _MODES))}")
        keep(self, "code", check_code(self.code))
        keep(self, "headers", check_headers(self.headers))
        keep(self, "forward_query", _check_forward_query(self.forward_query))
        keep(self, "allowed_statuses", check_allowed_statuses(self.allowed_statuses))
        if self.cookie_domain == "":
            keep(self, "cookie_domain", None)
        check_attributes(self.cookie_domain, self.cookie_samesite)

    def __reduce__(self) -> tuple[Callable[[], Delivery], tuple[()]]:
        """Be pickled and copied by value; what keeps the headers read-only cannot be."""
        options = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return functools.partial(type(self), **options | {"headers": dict(self.headers)}), ()

    @classmethod
    def from_configuration(cls, configuration: Configuration) -> Delivery:
        """Take the redirect's status and headers and the statuses that allow from the settings."""
        return cls(
            code=configuration.code,
            headers=configuration.headers,
            allowed_statuses=configuration.allowed_statuses,
        )

    @classmethod
    def options_of(cls, view: object) -> dict[str, Any]:
        """Return the options that *view*, or its class, states as attributes; None states none."""
        stated = {name: getattr(view, name, None) for name in cls.__dataclass_fields__}
        return {name: value for name, value in stated.items() if value is not None}

    def replace(self, **options: Any) -> Delivery:
        """Return one that differs in *options*."""
        return dataclasses.replace(self, **options)

    def check(self, distribution: Distribution) -> Delivery:
        """
        Return itself if what it delivers can reach *distribution*; ask when both are first known.

        Raises:
            ConfigurationError: Cookies that a browser would not keep, or never send there.
        """
        if self.delivery == "cookies":
            problems = list(_unreachable(distribution, self.cookie_domain, self.cookie_samesite))
            if problems:
                raise ConfigurationError(problems)
        return self

    def refusal(self, distribution: Distribution, resource: str) -> Deny | None:
        """
        Return a 404 for a resource that no file can have for a name, before anybody is asked.

        So the site's own rule never sees `../`, a NUL or an empty name; nor a `/` in front, by
        which a viewer could spell a name that the rule knows so that it does not know it.
        """
        if resource.startswith("/"):
            return Deny(404)
        try:
            distribution.url(resource)
        except ResourceError:
            return Deny(404)
        return None

    def answer(
        self,
        distribution: Distribution,
        resource: str,
        result: object,
        query_string: str | bytes = "",
        *,
        location: str = "",
    ) -> Answer | Deny:
        """
        Decide, and for a yes sign.

        Args:
            distribution: Whose resource it is.
            resource: The plain path, as the framework's router gives it.
            result: What `authorize` returned.
            query_string: The request's own query, as it came: ASGI's bytes, or WSGI's text, in
                which a character stands for a byte (PEP 3333).
            location: A URL to sign in place of the resource's.

        Returns:
            The answer; or a Deny, also where the URL is too long to be signed.

        Raises:
            DecisionError: The result is not understood. Nothing was signed.
            PolicyError: An Allow holds a time or an address that CloudFront does not take.
            SigningKeyError: The key cannot sign.
        """
        decision = decide(result, self.allowed_statuses)
        if isinstance(decision, Deny):
            return decision
        try:
            if location:
                url = check_url(location)
            else:
                url = distribution.url(resource, self._forwarded(query_string))
            return self._deliver(distribution, url, decision)
        except ResourceError:
            return Deny(404)

    def _deliver(self, distribution: Distribution, url: str, allow: Allow) -> Answer:
        cookies = self.delivery == "cookies"
        domain, _ = split_location(url)
        target = _folder(domain, url) if cookies else url
        signed = distribution.sign_resource(
            target,
            expires_in=allow.expires_in,
            expires_at=allow.expires_at,
            starts_at=allow.starts_at,
            ip_address=allow.ip_address,
        )
        if self.delivery == "json":
            return signed_json(signed.url(url), signed.policy.expires_at, self.headers)
        if self.delivery == "redirect":
            return redirect(signed.url(url), self.code, self.headers)
        set_cookie = signed.cookies().replace_headers(
            self.cookie_domain,
            _cookie_path(domain, target),
            secure=domain.startswith("https:"),
            samesite=self.cookie_samesite,
        )
        return redirect(url, self.code, self.headers, set_cookie)

    def _forwarded(self, query_string: str | bytes) -> str:
        """Return what is forwarded: the viewer's own bytes, in the spelling of `encode_path`."""
        if not self.forward_query or not query_string:
            return ""
        # A character a byte, so that what is not UTF-8 comes through too.
        text = query_string if isinstance(query_string, str) else query_string.decode("latin-1")
        names = {name.encode() for name in self.forward_query}
        try:
            pairs = [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in parse_qsl(text, keep_blank_values=True, encoding="latin-1")
            ]
        except UnicodeEncodeError:
            raise ResourceError("a query is bytes, or text with a character a byte") from None
        return urlencode([pair for pair in pairs if pair[0] in names], quote_via=quote)


def _check_forward_query(names: object) -> tuple[str, ...]:
    if not isinstance(names, tuple | list | set | frozenset) or not all(
        isinstance(name, str) and name and name.isprintable() for name in names
    ):
        raise ConfigurationError("forward_query is a tuple of names of query parameters")
    reserved = RESERVED.intersection(names)
    if reserved:
        raise ConfigurationError(
            f"forward_query names {', '.join(sorted(reserved))}, which CloudFront takes for its own"
        )
    return tuple(names)


def _unreachable(
    distribution: Distribution, cookie_domain: str | None, samesite: str | None
) -> Iterator[str]:
    """Say why cookies of the site would not reach the distribution (RFC 6265, section 5.1.3)."""
    scheme, _, authority = distribution.domain.partition("://")
    host = authority.partition(":")[0]
    if host.endswith(".cloudfront.net"):
        yield (
            f"the site's cookies never reach {host}; give the distribution a domain name of your "
            "own that shares a parent with the site"
        )
    elif cookie_domain and not f".{host}".endswith(f".{cookie_domain.lower().removeprefix('.')}"):
        yield (
            f"cookie_domain {cookie_domain} is no parent of {host}, so browsers send the cookies "
            "elsewhere; give the domain that the site and the distribution share"
        )
    if samesite == "None" and scheme == "http":
        yield 'cookie_samesite "None" needs an https distribution, or browsers drop the cookies'


def _folder(domain: str, url: str) -> str:
    """Return the pattern of all that lies beside *url*; at the top, where that is all, *url*."""
    folder = url.partition("?")[0].rpartition("/")[0]
    return url if folder == domain else f"{folder}/*"


def _cookie_path(domain: str, target: str) -> str:
    """Return the prefix for which the browser sends the cookies (RFC 6265, section 5.1.4)."""
    return target.partition("?")[0].removeprefix(domain).removesuffix("*")

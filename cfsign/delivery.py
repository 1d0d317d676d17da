"""
Delivery: from what `authorize` returned to what the viewer gets, the same for every framework.

An adapter asks `refusal` before and `answer` after the site's own rule, and copies what comes back.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from cfsign.cookies import unreachable
from cfsign.decision import Deny, decide
from cfsign.distribution import Distribution
from cfsign.errors import ConfigurationError, KeyUnavailableError, ResourceError
from cfsign.options import DeliveryOptions
from cfsign.policy import Policy
from cfsign.redirect import Answer, redirect, signed_json
from cfsign.resource import check_url, split_location
from cfsign.signed_policy import SignedPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(DeliveryOptions):
    """How a site answers those whom it allows, by its options; see `DeliveryOptions` for them."""

    __hash__ = None  # as for the options: it holds a mapping

    def check(self, distribution: Distribution, *, awaits: bool = True) -> Delivery:
        """
        Return itself if it can deliver what is *distribution*'s; ask when both are first known.

        Args:
            distribution: The distribution.
            awaits: Whether `answer_async` is called, and not `answer`.

        Whether the site is served under the distribution's host is not known here: cookies without
        a domain, which go to the site's own host alone, are a warning in the log `cfsign`.

        Raises:
            ConfigurationError: Cookies that a browser would not keep, or never send there; or a key
                that nothing awaits.
        """
        problems: list[str] = []
        if self.delivery == "cookies":
            problems += unreachable(distribution.domain, self.cookie_domain, self.cookie_samesite)
        if distribution.signer.is_async and not awaits:
            problems.append(
                "the private key signs asynchronously, and this view awaits nothing; make the view "
                "an asynchronous one, or give a key with a plain sign"
            )
        if problems:
            raise ConfigurationError(problems)
        if self.delivery == "cookies" and self.cookie_domain is None:
            _tell_of_own_host(distribution.domain)
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
            The answer; or a Deny, also of 404 where the URL is too long to be signed, and of 503
            where a key that is kept elsewhere cannot be reached.

        Raises:
            DecisionError: The result is not understood. Nothing was signed.
            PolicyError: An Allow holds a time or an address that CloudFront does not take.
            SigningKeyError: The key cannot sign.
        """
        try:
            prepared = self._prepare(distribution, resource, result, query_string, location)
            if isinstance(prepared, Deny):
                return prepared
            return self._deliver(prepared, distribution.signer.sign(prepared.policy))
        except (ResourceError, KeyUnavailableError) as error:
            return _refused(error)

    async def answer_async(
        self,
        distribution: Distribution,
        resource: str,
        result: object,
        query_string: str | bytes = "",
        *,
        location: str = "",
    ) -> Answer | Deny:
        """Do as `answer` does, without ever holding up the event loop for a key that waits."""
        try:
            prepared = self._prepare(distribution, resource, result, query_string, location)
            if isinstance(prepared, Deny):
                return prepared
            signed = await distribution.signer.sign_async(prepared.policy)
            return self._deliver(prepared, signed)
        except (ResourceError, KeyUnavailableError) as error:
            return _refused(error)

    def _prepare(
        self,
        distribution: Distribution,
        resource: str,
        result: object,
        query_string: str | bytes,
        location: str,
    ) -> Deny | _Prepared:
        decision = decide(result, self.allowed_statuses)
        if isinstance(decision, Deny):
            return decision
        if location:
            url = check_url(location)
        else:
            url = distribution.url(resource, self._forwarded(query_string))
        domain, _ = split_location(url)
        policy = distribution.policy(
            _folder(domain, url) if self.delivery == "cookies" else url,
            expires_in=decision.expires_in,
            expires_at=decision.expires_at,
            starts_at=decision.starts_at,
            ip_address=decision.ip_address,
        )
        return _Prepared(domain, url, policy)

    def _deliver(self, prepared: _Prepared, signed: SignedPolicy) -> Answer:
        url = prepared.url
        if self.delivery == "json":
            return signed_json(signed.url(url), signed.policy.expires_at, self.headers)
        if self.delivery == "redirect":
            return redirect(signed.url(url), self.code, self.headers)
        set_cookie = signed.cookies().replace_headers(
            self.cookie_domain or None,
            _cookie_path(prepared.domain, signed.policy.resource),
            secure=prepared.domain.startswith("https:"),
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


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A yes, all but signed."""

    domain: str
    url: str
    policy: Policy


def _refused(error: ResourceError | KeyUnavailableError) -> Deny:
    if isinstance(error, ResourceError):
        return Deny(404)
    import logging  # only where something is to be said: `import cfsign` stays fast

    logging.getLogger("cfsign").error("answered with 503, nothing signed: %s", error)
    return Deny(503)


@functools.cache  # once for each host: a view may be checked at every request
def _tell_of_own_host(domain: str) -> None:
    host = domain.partition("://")[2].partition(":")[0]
    if f".{host}".endswith(".localhost") or host.startswith("127."):
        return
    import logging  # only where something is to be said: `import cfsign` stays fast

    logging.getLogger("cfsign").warning(
        "cookies go to the site's own host alone, and reach %s only if the site is served under "
        'that very host; else set cookie_domain to the domain that both share, or to "" to say '
        "that they are one host",
        host,
    )


def _folder(domain: str, url: str) -> str:
    """Return the pattern of all that lies beside *url*; at the top, where that is all, *url*."""
    folder = url.partition("?")[0].rpartition("/")[0]
    return url if folder == domain else f"{folder}/*"


def _cookie_path(domain: str, target: str) -> str:
    """Return the prefix for which the browser sends the cookies (RFC 6265, section 5.1.4)."""
    return target.partition("?")[0].removeprefix(domain).removesuffix("*")

"""
The desk: where viewers ask for one distribution's files, and are answered in one way.

An adapter asks `Desk.asked` before the site's own rule, and what that gives for its `answer` after
it. So nothing is answered that was not asked for, and nothing is signed that was not decided on.
"""

from __future__ import annotations

from typing import Any

from cfsign.config.headers import kept_for, with_cache_control
from cfsign.errors import KeyUnavailableError, ResourceError
from cfsign.signing.distribution import Distribution
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.url import check_url, split_location
from cfsign.views.decision import PLAIN, Allow, Deny, decide
from cfsign.views.forwarding import forwarded
from cfsign.views.options import DeliveryOptions
from cfsign.views.response import Answer, Headers, redirect, signed_json


class Desk:
    """
    Where a distribution's files are asked for; what does not change is made once, here.

    Attributes:
        distribution: The distribution.
        options: How those are answered whom the site allows.
        location: A whole URL that stands for whatever is asked for, or "".
        headers: The headers of each answer that is not to be kept.
        sends_url_alone: Whether all that an answer needs of what is signed is the URL.
    """

    __slots__ = ("distribution", "headers", "location", "options", "sends_url_alone")

    def __init__(
        self, distribution: Distribution, options: DeliveryOptions, location: str = ""
    ) -> None:
        self.distribution = distribution
        self.options = options
        self.location = location
        # A cache that kept an answer would hand one viewer's URL to the next, or one that is over.
        self.headers: Headers = tuple(with_cache_control(options.headers).items())
        self.sends_url_alone = options.delivery == "redirect" and not options.cache_redirect

    def __repr__(self) -> str:
        return f"<Desk {self.distribution.domain} {self.options.delivery}>"

    @property
    def is_async(self) -> bool:
        """Whether `Asked.answer_async` alone can sign, since the key is an asynchronous one."""
        return self.distribution.signer.is_async

    def replace(self, **options: Any) -> Desk:
        """Return one whose options differ in these."""
        return Desk(self.distribution, self.options.replace(**options), self.location)

    def asked(self, resource: str, query_string: str | bytes = "") -> Asked | Deny:
        """
        Take what a viewer asks for, before the site's own rule is asked whether they may have it.

        Args:
            resource: The plain path, as the framework's router gives it.
            query_string: The request's own query, as it came; see `forwarded`.

        Returns:
            What answers; or a Deny of 404 for what no file can have for a name. So the rule never
            sees `../`, a NUL or an empty name; nor a `/` in front, by which a viewer could spell a
            name that the rule knows so that it does not know it.
        """
        try:
            return Asked(self, self._url(resource, query_string))
        except ResourceError:
            return Deny(404)

    def _url(self, resource: str, query_string: str | bytes) -> str:
        if self.location:
            return check_url(self.location)
        if resource.startswith("/"):
            raise ResourceError("the path begins with a `/`; name the file itself")
        names = self.options.forward_query
        query = forwarded(query_string, names) if names else None
        return self.distribution.unsigned_url(resource, query)


class Asked:
    """A file that a viewer asked for, by its URL; nothing is decided or signed yet."""

    __slots__ = ("_desk", "_url")

    def __init__(self, desk: Desk, url: str) -> None:
        self._desk = desk
        self._url = url

    def __repr__(self) -> str:
        return f"<Asked {self._url}>"

    def answer(self, result: object) -> Answer | Deny:
        """
        Decide, and for a yes sign.

        Args:
            result: What `authorize` returned.

        Returns:
            The answer; or a Deny, also of 404 where the URL is too long to be signed, and of 503
            where a key that is kept elsewhere cannot be reached.

        Raises:
            DecisionError: The result is not understood. Nothing was signed.
            PolicyError: An Allow holds a time or an address that CloudFront does not take.
            SigningKeyError: The key cannot sign.
        """
        desk = self._desk
        decision = decide(result, desk.options.allowed_statuses)
        if isinstance(decision, Deny):
            return decision
        try:
            if desk.sends_url_alone:
                url = desk.distribution.sign_url(self._url, **_conditions(decision))
                return redirect(url, desk.options.code, desk.headers)
            signed = desk.distribution.sign_resource(self._opened(), **_conditions(decision))
            return self._deliver(decision, signed)
        except (ResourceError, KeyUnavailableError) as error:
            return _refused(error)

    async def answer_async(self, result: object) -> Answer | Deny:
        """Do as `answer` does, without ever holding up the event loop for a key that waits."""
        desk = self._desk
        decision = decide(result, desk.options.allowed_statuses)
        if isinstance(decision, Deny):
            return decision
        try:
            if desk.sends_url_alone:
                url = await desk.distribution.sign_url_async(self._url, **_conditions(decision))
                return redirect(url, desk.options.code, desk.headers)
            signed = await desk.distribution.sign_resource_async(
                self._opened(), **_conditions(decision)
            )
            return self._deliver(decision, signed)
        except (ResourceError, KeyUnavailableError) as error:
            return _refused(error)

    def _opened(self) -> str:
        """Return what is signed: the URL; or for cookies the pattern of all that lies beside it."""
        if self._desk.options.delivery != "cookies":
            return self._url
        domain, _ = split_location(self._url)
        folder = self._url.partition("?")[0].rpartition("/")[0]
        # At the top, where the folder would be all that there is, it is the file alone.
        return self._url if folder == domain else f"{folder}/*"

    def _deliver(self, allow: Allow, signed: SignedPolicy) -> Answer:
        desk, options = self._desk, self._desk.options
        if options.delivery == "cookies":
            cookies = self._set_cookie_headers(signed)
            return redirect(self._url, options.code, desk.headers, cookies)
        headers = desk.headers
        if options.cache_redirect and allow == PLAIN:
            seconds = desk.distribution.redirect_max_age(signed)
            headers = kept_for(seconds, options.headers) if seconds else headers
        url = signed.url(self._url)
        if options.delivery == "json":
            return signed_json(url, signed.policy.expires_at, headers)
        return redirect(url, options.code, headers)

    def _set_cookie_headers(self, signed: SignedPolicy) -> list[str]:
        options = self._desk.options
        domain, _ = split_location(self._url)
        return signed.cookies().replace_headers(
            options.cookie_domain or None,
            # The prefix for which the browser sends them (RFC 6265, section 5.1.4).
            signed.policy.resource.partition("?")[0].removeprefix(domain).removesuffix("*"),
            secure=domain.startswith("https:"),
            samesite=options.cookie_samesite,
        )


def _refused(error: ResourceError | KeyUnavailableError) -> Deny:
    if isinstance(error, ResourceError):
        return Deny(404)
    import logging  # only where something is to be said: `import cfsign` stays fast

    logging.getLogger("cfsign").error("answered with 503, nothing signed: %s", error)
    return Deny(503)


def _conditions(allow: Allow) -> dict[str, Any]:
    if allow is PLAIN:  # as most are
        return {}
    return {
        "expires_in": allow.expires_in,
        "expires_at": allow.expires_at,
        "starts_at": allow.starts_at,
        "ip_address": allow.ip_address,
    }

"""Delivery: how a site answers those whom it allows, and whether it can, the same everywhere."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cfsign.errors import ConfigurationError
from cfsign.signing.cookies import unreachable
from cfsign.signing.distribution import Distribution
from cfsign.views.decision import Deny
from cfsign.views.handler import Desk
from cfsign.views.options import DeliveryOptions
from cfsign.views.response import Answer


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
            ConfigurationError: Cookies that a browser would not keep, or never send there; a
                redirect that is never the same twice, and is to be kept; or a key that nothing
                awaits.
        """
        problems: list[str] = []
        if self.delivery == "cookies":
            problems += unreachable(distribution.domain, self.cookie_domain, self.cookie_samesite)
        if self.cache_redirect and distribution.expiry_step is None:
            problems.append(
                "cache_redirect needs an expiry_step, such as 300 seconds: without one each "
                "redirect is another, and none may be kept"
            )
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
        Answer at once, where the site's own rule was asked already; see `Asked.answer`.

        Args:
            distribution: Whose resource it is.
            resource: The plain path.
            result: What `authorize` returned.
            query_string: The request's own query, as it came.
            location: A URL to sign in place of the resource's.
        """
        asked = Desk(distribution, self, location).asked(resource, query_string)
        return asked if isinstance(asked, Deny) else asked.answer(result)

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
        asked = Desk(distribution, self, location).asked(resource, query_string)
        return asked if isinstance(asked, Deny) else await asked.answer_async(result)


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

"""
The handlers of one view: one for each distribution that its requests may need.

A view with `distribution_for` chooses the distribution of each request. Nothing of the request is
used as a domain: the site's table, or its settings, decide.
"""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from cfsign.config.site_settings import DEFAULT
from cfsign.errors import DecisionError
from cfsign.signing.distribution import Distribution
from cfsign.utils.secret import Secret, hide
from cfsign.views.decision import Deny
from cfsign.views.distributions import check_choice
from cfsign.views.framework import Framework
from cfsign.views.handler import ViewHandler
from cfsign.views.observation import order_observers
from cfsign.views.option_attributes import ViewHooks
from cfsign.views.options import ViewOptions
from cfsign.views.resource import Refusal

if TYPE_CHECKING:
    from cfsign.views.site_config import SiteConfig

_logger = logging.getLogger("cfsign")

#: The most handlers that a view keeps. A site with more distributions builds some of them again.
MAX_HANDLERS = 1000


class ViewHandlers:
    """
    The handlers of one view.

    Attributes:
        distribution: The view's option, an alias or a `Distribution`.
        fixed: The handler for every request; None if `choose` must be called.

    Raises:
        ConfigurationError: The view's options cannot work with its distribution; or, for a view
            with `distribution_for`, with one of the site's distributions.
    """

    __slots__ = ("_get_handler", "_options", "_site_config", "distribution", "fixed")

    def __init__(
        self,
        site_config: SiteConfig,
        view: object,
        options: Mapping[str, Any],
        *,
        can_await: bool = True,
    ) -> None:
        """
        Build the handlers that are known now.

        Args:
            site_config: The site's distributions and options.
            view: The view or its class. If it overrides `distribution_for`, `fixed` is None.
            options: The view's options, which override the site's.
            can_await: False if the view cannot call `ViewHandler.handle_async`.
        """
        self._site_config = site_config
        others = dict(options)
        self.distribution = check_choice(others.pop("distribution", DEFAULT))
        self._options = others

        # Without a reference to self: a cycle would keep the handlers of each of Django's views.
        def build(distribution: str | Distribution) -> ViewHandler:
            site_handler = site_config.get_site_handler(distribution)
            return site_handler.replace(can_await=can_await, **others)

        # Bounded: `distribution_for` may make an object for each request.
        self._get_handler = functools.lru_cache(MAX_HANDLERS)(build)
        self.fixed: ViewHandler | None = None
        if has_distribution_for(view):
            for alias in site_config.distributions:
                self._get_handler(alias)
        else:
            self.fixed = self._get_handler(self.distribution)

    @property
    def default(self) -> ViewHandler:
        """The handler for the view's option `distribution`; raises `ConfigurationError`."""
        return self.fixed or self._get_handler(self.distribution)

    def choose(self, distribution_for: Callable[[Any], object], request: Any) -> ViewHandler:
        """
        Return the handler for a request, before `authorize` is called.

        Args:
            distribution_for: Returns an alias, a `Distribution`, a `Deny`, or None for a request
                that belongs to no distribution.
            request: The framework's request.

        Returns:
            The handler. For an unknown alias and for None, it answers with 404. If
            *distribution_for* raises, or returns anything else, it raises that error.
        """
        try:
            return self._find_handler(hide(distribution_for(request)))
        except Exception as error:  # raised again by the handler, which also reports it
            return self._refuse(error)

    async def choose_async(
        self, distribution_for: Callable[[Any], object | Awaitable[object]], request: Any
    ) -> ViewHandler:
        """Async version of `choose`; *distribution_for* may be async or not."""
        try:
            result = hide(distribution_for(request))
            if inspect.isawaitable(result.reveal()):
                result = hide(await result.reveal())
            return self._find_handler(result)
        except Exception as error:  # raised again by the handler, which also reports it
            return self._refuse(error)

    def _find_handler(self, result: Secret[Any]) -> ViewHandler:
        choice = result.reveal()
        if isinstance(choice, Distribution):
            return self._get_handler(choice)
        if isinstance(choice, str):
            if choice in self._site_config.distributions:
                return self._get_handler(choice)
            _logger.info("answered with 404: distribution_for returned an unknown alias")
            return self._refuse(Deny(404))
        if choice is None:
            _logger.info("answered with 404: distribution_for returned None")
            return self._refuse(Deny(404))
        if isinstance(choice, Deny):
            return self._refuse(choice)
        if inspect.iscoroutine(choice):
            choice.close()  # otherwise Python warns that it was never awaited
        kind = type(choice).__name__
        del choice  # it may be the settings
        raise DecisionError(
            f"distribution_for returned a {kind}",
            hint="return an alias, a Distribution, or None for an unknown host",
        )

    @property
    def options(self) -> ViewOptions:
        """The view's options, where they do not depend on the request."""
        if self.fixed is not None:
            return self.fixed.options
        known = self._site_config.distributions
        options = self._site_config.options if DEFAULT in known else ViewOptions()
        return options.replace(**self._options)

    def _refuse(self, refusal: Refusal) -> ViewHandler:
        return RefusingHandler(self.options, self._site_config.framework, refusal)


class RefusingHandler(ViewHandler):
    """The handler of a request that has no distribution. It never calls `authorize`."""

    __slots__ = ("_refusal",)

    def __init__(self, options: ViewOptions, framework: Framework, refusal: Refusal) -> None:
        """
        Store what the observers need.

        Args:
            options: The view's options.
            framework: What the handler needs to know of the framework.
            refusal: The answer, or the error that `handle` raises.
        """
        self.options = options
        self.framework = framework
        self.observers = order_observers(options.observers)
        self.location = ""
        self._refusal = refusal

    def __repr__(self) -> str:
        return f"<RefusingHandler {type(self._refusal).__name__}>"

    @property
    def domain(self) -> str | None:
        """None: the request has no distribution."""
        return None

    @property
    def has_async_key(self) -> bool:
        """False: there is no key."""
        return False

    @property
    def sets_cookies(self) -> bool:
        """False, although the options may say so."""
        return False

    def validate(self, resource: str | Refusal, query_string: str | bytes = "") -> Any:
        """Return why the request is refused, also if `resource_for` refused it."""
        return self._refusal

    def file_request(self, resource: str, query_string: str | bytes = "") -> Any:
        """Return why the request is refused."""
        return self._refusal


def has_distribution_for(view: object) -> bool:
    """Return True if *view*, an object or a class, overrides `distribution_for`."""
    method = getattr(view, "distribution_for", None)
    function = getattr(method, "__func__", method)
    return function is not None and function is not ViewHooks.distribution_for

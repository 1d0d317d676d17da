"""The configuration of one site: its distribution, its options and the handlers of its views."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from cfsign.config.configuration import Configuration
from cfsign.errors import ConfigurationError, Problem
from cfsign.signing.distribution import Distribution
from cfsign.signing.url import split_location
from cfsign.utils.description import describe_name
from cfsign.utils.secret import hide, hide_arguments
from cfsign.views.events import Observer
from cfsign.views.handler import ViewHandler
from cfsign.views.options import ViewOptions
from cfsign.views.recorder import NO_FRAMEWORK, Framework


class SiteConfig:
    """
    A site's distribution and the options that its views share.

    Attributes:
        distribution: The distribution that serves the site's files.
        options: The site's options. Those of a view override them.
        default_handler: The handler for a view that sets no options.

    Raises:
        ConfigurationError: The options cannot work with the distribution.
    """

    __slots__ = ("_cookie_handler", "_handlers", "default_handler", "distribution", "options")

    @hide_arguments
    def __init__(
        self,
        distribution: Distribution,
        options: ViewOptions | None = None,
        *,
        location: str = "",
        observers: Iterable[Observer] = (),
        framework: Framework = NO_FRAMEWORK,
    ) -> None:
        """
        Check that *options* work with *distribution*.

        Args:
            distribution: The distribution that serves the site's files.
            options: The site's options. None: the defaults.
            location: A URL of the distribution to sign for every request; "" signs the requested
                file.
            observers: Called as `observer(event, request)` with the `AccessEvent` of each request.
            framework: What the handlers need to know of the framework.
        """
        self.distribution = distribution
        self.default_handler = ViewHandler(
            distribution,
            options or ViewOptions(),
            location=location,
            observers=observers,
            framework=framework,
        )
        self.options = self.default_handler.options
        self._cookie_handler: ViewHandler | None = None
        # Weak keys: Django makes a view for each request, and must be able to free it.
        self._handlers: WeakKeyDictionary[object, ViewHandler] = WeakKeyDictionary()

    def __repr__(self) -> str:
        if not hasattr(self, "_handlers"):  # in the report of an error of __init__
            return "<SiteConfig, not checked yet>"
        return f"<SiteConfig {self.distribution.domain}>"

    @classmethod
    @hide_arguments
    def from_config(
        cls,
        mapping: Mapping[str, Any],
        *,
        location: str = "",
        framework: Framework = NO_FRAMEWORK,
    ) -> SiteConfig:
        """
        Load the settings `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.

        Args:
            mapping: The site's settings, such as `app.config` of Flask.
            location: A domain or URL that replaces `CLOUDFRONT_DOMAIN`, or a path below
                `CLOUDFRONT_DOMAIN` that starts with `/`. If it has a path, it is signed for every
                request.
            framework: What the handlers need to know of the framework.

        Raises:
            ConfigurationError: The settings are wrong. Lists all problems.
            ResourceError: The location is neither a domain nor a URL that may be signed.
        """
        hidden: Any = hide(mapping)
        del mapping
        is_path = location.startswith("/")
        if location and not is_path:
            domain, location = split_location(location)
            hidden = hide({**hidden.reveal(), "CLOUDFRONT_DOMAIN": domain})
        configuration = Configuration.from_mapping(hidden)
        distribution = Distribution.from_configuration(configuration)
        if is_path:
            location = distribution.domain + location
        options = ViewOptions(**configuration.view_options)
        return cls(distribution, options, location=location, framework=framework)

    def handler(
        self, view: object, cache_key: object = None, *, can_await: bool = True
    ) -> ViewHandler:
        """
        Return the handler for *view*, with the view's options merged over the site's.

        Args:
            view: The view. Its attributes that are options and not None override the site's.
            cache_key: The handler is built once for each *cache_key*, and freed with it. The
                default is *view*.
            can_await: False if the view cannot call `ViewHandler.handle_async`.

        Raises:
            ConfigurationError: An option is wrong, or cannot work with the distribution.
        """
        key = view if cache_key is None else cache_key
        handler = self._handlers.get(key)
        if handler is None:
            options = ViewOptions.read_attributes(view)
            handler = self.default_handler.replace(can_await=can_await, **options)
            self._handlers[key] = handler
        return handler

    def cookie_handler(self, distribution: str = "default") -> ViewHandler:
        """
        Return a handler whose `cookies` grant and revoke folders, and whose `check_site` works.

        Args:
            distribution: The alias of the distribution.

        Raises:
            ConfigurationError: The alias is unknown, or browsers would not send cookies with the
                site's options to the distribution.
        """
        if distribution != "default":
            raise ConfigurationError(
                f"there is no distribution {describe_name(distribution)}", hint='use "default"'
            )
        if self._cookie_handler is None:
            self._cookie_handler = self.default_handler.replace(
                delivery="cookies", cache_redirect=False
            )
        return self._cookie_handler

    def find_view_problems(self, view: object, *, can_await: bool = True) -> list[Problem]:
        """
        Return why a view cannot work with these settings; an empty list if it can.

        Args:
            view: The view's class, or a view.
            can_await: As for `handler`.
        """
        try:
            self.handler(view, can_await=can_await)
        except ConfigurationError as error:
            name = (view if isinstance(view, type) else type(view)).__qualname__
            return [replace(problem, setting=name, rule="view") for problem in error.problems]
        return []

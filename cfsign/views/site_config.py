"""The configuration of one site: its distributions, its options and the handlers of its views."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast
from weakref import WeakKeyDictionary

from cfsign.config.configuration import Configuration
from cfsign.config.settings import DISTRIBUTIONS, PREFIX
from cfsign.config.site_settings import DEFAULT, SiteSettings
from cfsign.errors import ConfigurationError, Problem
from cfsign.signing.distribution import Distribution
from cfsign.signing.url import split_location
from cfsign.utils.secret import hide, hide_arguments
from cfsign.views.distributions import Distributions
from cfsign.views.events import Observer
from cfsign.views.folder_cookies import FolderCookies
from cfsign.views.framework import NO_FRAMEWORK, Framework
from cfsign.views.handler import ViewHandler
from cfsign.views.options import ViewOptions
from cfsign.views.view_handlers import ViewHandlers


class SiteConfig:
    """
    A site's distributions and the options that its views share.

    Attributes:
        distributions: The distributions that serve the site's files, by alias.
        framework: What the handlers need to know of the framework.
        selected: The alias or the `Distribution` that `select` has set, or None.

    Raises:
        ConfigurationError: The options cannot work with a distribution.
    """

    __slots__ = (
        "_cookie_handlers",
        "_handlers",
        "_site_handlers",
        "distributions",
        "framework",
        "selected",
    )

    @hide_arguments
    def __init__(
        self,
        distribution: Distribution | Mapping[str, Distribution],
        options: ViewOptions | None = None,
        *,
        location: str = "",
        observers: Iterable[Observer] = (),
        framework: Framework = NO_FRAMEWORK,
    ) -> None:
        """
        Check that *options* work with each distribution.

        Args:
            distribution: The distribution that serves the site's files, with the alias `default`;
                or a mapping of aliases to distributions.
            options: The site's options. None: the defaults.
            location: A URL of the distribution to sign for every request; "" signs the requested
                file.
            observers: Called as `observer(event, request)` with the `AccessEvent` of each request.
            framework: What the handlers need to know of the framework.
        """
        by_alias = distribution if isinstance(distribution, Mapping) else {DEFAULT: distribution}
        handlers = {
            alias: ViewHandler(
                each,
                options or ViewOptions(),
                location=location,
                observers=observers,
                framework=framework,
            )
            for alias, each in by_alias.items()
        }
        self._set_up(handlers, framework)

    def __repr__(self) -> str:
        if not hasattr(self, "_handlers"):  # in the report of an error of __init__
            return "<SiteConfig, not checked yet>"
        return f"<SiteConfig {', '.join(each.domain for each in self.distributions.values())}>"

    def _set_up(self, handlers: dict[str, ViewHandler], framework: Framework) -> None:
        self._site_handlers = handlers
        self.distributions = Distributions(
            {alias: handler.distribution for alias, handler in handlers.items()}
        )
        self.framework = framework
        self._cookie_handlers: dict[str, ViewHandler] = {}
        self.selected: str | Distribution | None = None
        # Weak keys: Django makes a view for each request, and must be able to free it.
        self._handlers: WeakKeyDictionary[object, ViewHandlers] = WeakKeyDictionary()

    @classmethod
    @hide_arguments
    def from_config(
        cls,
        mapping: Mapping[str, Any],
        *,
        environ: Mapping[str, str] | None = None,
        location: str = "",
        framework: Framework = NO_FRAMEWORK,
    ) -> SiteConfig:
        """
        Load `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, or `CLOUDFRONT_DISTRIBUTIONS`.

        The first two are the distribution with the alias `default`.

        Args:
            mapping: The site's settings, such as `app.config` of Flask.
            environ: Environment variables to load if *mapping* has none of the settings. The log
                says which are used.
            location: A domain or URL that replaces `CLOUDFRONT_DOMAIN`, or a path below
                `CLOUDFRONT_DOMAIN` that starts with `/`. If it has a path, it is signed for every
                request.
            framework: What the handlers need to know of the framework.

        Raises:
            ConfigurationError: The settings are wrong. Lists all problems.
            ResourceError: The location is neither a domain nor a URL that may be signed.
        """
        hidden: Any = hide(mapping)
        hidden_environ: Any = None if environ is None else hide(environ)
        del mapping, environ
        if location and not location.startswith("/"):
            domain, location = split_location(location)
            hidden = hide({**hidden.reveal(), "CLOUDFRONT_DOMAIN": domain})
        site_settings = SiteSettings.read(hidden, hidden_environ)
        configurations = Configuration.from_site(site_settings)
        site_config = cls.from_configurations(
            configurations, location=location, framework=framework
        )
        if hidden_environ is not None:
            site_settings.log_source()
        return site_config

    @classmethod
    @hide_arguments
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        prefix: str = PREFIX,
        *,
        framework: Framework = NO_FRAMEWORK,
    ) -> SiteConfig:
        """
        Load the distribution `default` from environment variables.

        Raises:
            ConfigurationError: A variable is wrong. Lists all problems.
        """
        hidden: Any = hide(environ)
        del environ
        configuration = Configuration.from_env(hidden, prefix)
        return cls.from_configurations({DEFAULT: configuration}, framework=framework)

    @classmethod
    def from_configurations(
        cls,
        configurations: Mapping[str, Configuration],
        *,
        location: str = "",
        framework: Framework = NO_FRAMEWORK,
    ) -> SiteConfig:
        """Build from checked settings, by alias; raises as `from_config`."""
        # An audit log of the site must not miss the requests for another distribution.
        default = configurations.get(DEFAULT)
        shared = {} if default is None else default.view_options
        observers = {name: shared[name] for name in ("observers",) if name in shared}
        handlers, problems = {}, []
        for alias, configuration in configurations.items():
            try:
                distribution = Distribution.from_configuration(configuration)
                url = distribution.domain + location if location.startswith("/") else location
                options = ViewOptions(**{**observers, **configuration.view_options})
                handlers[alias] = ViewHandler(
                    distribution, options, location=url, framework=framework
                )
            except ConfigurationError as error:
                problems += [_add_alias(problem, alias) for problem in error.problems]
        if problems:
            raise ConfigurationError(problems)
        site_config = cls.__new__(cls)
        site_config._set_up(handlers, framework)
        return site_config

    def select(self, distribution: str | Distribution | None) -> SiteConfig:
        """
        Return a copy whose views ignore their own attribute, and use *distribution*.

        Args:
            distribution: An alias or a `Distribution`; None for no change.

        Raises:
            ConfigurationError: The alias is unknown, or it is neither an alias nor a distribution.
        """
        if distribution is not None:
            self.distributions.choose(distribution)
        copy = self.with_framework(self.framework)
        copy.selected = distribution
        return copy

    def with_framework(self, framework: Framework) -> SiteConfig:
        """Return a copy for *framework*."""
        handlers = {
            alias: ViewHandler(
                each.distribution, each.options, location=each.location, framework=framework
            )
            for alias, each in self._site_handlers.items()
        }
        copy = type(self).__new__(type(self))
        copy._set_up(handlers, framework)
        copy.selected = self.selected
        return copy

    @property
    def distribution(self) -> Distribution:
        """The distribution `default`; raises `ConfigurationError` if the site has no such alias."""
        return self.distributions[DEFAULT]

    @property
    def default_handler(self) -> ViewHandler:
        """The handler for a view that sets no options; raises as `distribution`."""
        return self.get_site_handler(DEFAULT)

    @property
    def options(self) -> ViewOptions:
        """The site's options, those of `default`; those of a view override them."""
        return self.default_handler.options

    def get_site_handler(self, distribution: str | Distribution) -> ViewHandler:
        """
        Return the handler with the site's options for *distribution*, an alias or an object.

        An object that is not in the settings gets the options of `default`.

        Raises:
            ConfigurationError: The alias is unknown, or the options cannot work with the object.
        """
        chosen = self.distributions.choose(distribution)
        for handler in self._site_handlers.values():
            if handler.distribution is chosen:
                return handler
        options = self._site_handlers[DEFAULT].options if DEFAULT in self.distributions else None
        return ViewHandler(chosen, options or ViewOptions(), framework=self.framework)

    def handlers(
        self, view: object, cache_key: object = None, *, can_await: bool = True
    ) -> ViewHandlers:
        """
        Return the handlers for *view*, with the view's options merged over the site's.

        Args:
            view: The view. Its attributes that are options and not None override the site's.
            cache_key: The handlers are built once for each *cache_key*, and freed with it. The
                default is *view*.
            can_await: False if the view cannot call `ViewHandler.handle_async`.

        Raises:
            ConfigurationError: An option is wrong, or cannot work with the distribution.
        """
        key = view if cache_key is None else cache_key
        handlers = self._handlers.get(key)
        if handlers is None:
            options = ViewOptions.read_attributes(view)
            handlers = ViewHandlers(self, view, options, can_await=can_await)
            self._handlers[key] = handlers
        return handlers

    def handler(
        self, view: object, cache_key: object = None, *, can_await: bool = True
    ) -> ViewHandler:
        """Return the handler of a view whose requests all use one distribution."""
        return self.handlers(view, cache_key, can_await=can_await).default

    def cookie_handler(self, distribution: str = DEFAULT) -> ViewHandler:
        """
        Return a handler whose `cookies` grant and revoke folders, and whose `check_site` works.

        Args:
            distribution: The alias of the distribution.

        Raises:
            ConfigurationError: The alias is unknown, or browsers would not send cookies with the
                site's options to the distribution.
        """
        handler = self._cookie_handlers.get(distribution)
        if handler is None:
            site_handler = self.get_site_handler(self.distributions.choose(distribution))
            handler = site_handler.replace(delivery="cookies", cache_redirect=False)
            if isinstance(distribution, str):  # aliases are few
                self._cookie_handlers[distribution] = handler
        return handler

    def folder_cookies(
        self, distribution: str = "default", *, scheme: str = "", host: str = ""
    ) -> FolderCookies:
        """
        Return what grants and revokes folders with the site's options.

        Args:
            distribution: The alias of the distribution.
            scheme: The scheme of the site's request, "http" or "https".
            host: The host of the site's request, or "". A warning is logged if browsers do not
                send its cookies to the distribution.

        Raises:
            ConfigurationError: As for `cookie_handler`.
        """
        handler = self.cookie_handler(distribution)
        if host:
            handler.check_site(scheme, host)
        return cast(FolderCookies, handler.cookies)  # its delivery is "cookies"

    def find_view_problems(self, view: object, *, can_await: bool = True) -> list[Problem]:
        """
        Return why a view cannot work with these settings; an empty list if it can.

        Args:
            view: The view's class, or a view.
            can_await: As for `handlers`.
        """
        try:
            self.handlers(view, can_await=can_await)
        except ConfigurationError as error:
            name = (view if isinstance(view, type) else type(view)).__qualname__
            return [replace(problem, setting=name, rule="view") for problem in error.problems]
        return []


def _add_alias(problem: Problem, alias: str) -> Problem:
    """Return *problem* with the alias in the name of its setting, except for `default`."""
    if alias == DEFAULT:
        return problem
    label = f'{DISTRIBUTIONS}["{alias}"]'
    name = f'{label}["{problem.setting}"]' if problem.setting else label
    return replace(problem, setting=name)

"""The Flask extension: the settings of one application."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app

from cfsign import ConfigurationError, Distribution, Problem
from cfsign.views import Distributions, OptionAttributes, SiteConfig, check_route
from cfsign_flask.responses import FRAMEWORK

if TYPE_CHECKING:
    from werkzeug.routing import Rule

NAME = "cloudfront"

_logger = logging.getLogger("cfsign")


class CloudFront:
    """
    Reads the settings, and adds `cloudfront_url` to templates.

    The settings are `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, or `CLOUDFRONT_DISTRIBUTIONS` for
    several distributions. If the application sets none of them, it reads environment variables.

    Use `CloudFront(app)`, or `CloudFront()` and later `init_app(app)`. The application's
    `SiteConfig` is stored in `app.extensions["cloudfront"]`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """
        Load the settings and the key, and check the views.

        Views that get their URL rule later are checked then. A route without the variable
        `resource` is logged only, because a `url_value_preprocessor` may add the variable.

        Raises:
            ConfigurationError: A setting is wrong, or a view cannot work with the settings. Lists
                all problems.
        """
        site_config = SiteConfig.from_config(app.config, environ=os.environ, framework=FRAMEWORK)
        views = app.view_functions.values()
        problems = [each for view in views for each in _find_problems(view, site_config)]
        if problems:
            raise ConfigurationError(problems)
        _log_problems(_find_route_problems(app, app.url_map.iter_rules()))
        if NAME not in app.extensions:
            _check_later_views(app)
        app.extensions[NAME] = site_config
        app.jinja_env.globals["cloudfront_url"] = cloudfront_url

    @property
    def distribution(self) -> Distribution:
        """The current application's distribution `default`, to sign with directly."""
        return get_site_config(current_app).distribution

    @property
    def distributions(self) -> Distributions:
        """The current application's distributions, by alias."""
        return get_site_config(current_app).distributions


def get_site_config(app: Flask) -> SiteConfig:
    """Return the settings of *app*; raises `ConfigurationError` without the extension."""
    config: SiteConfig | None = app.extensions.get(NAME)
    if config is None:
        raise ConfigurationError(
            "the application has no CloudFront extension",
            hint="call CloudFront(app) where the application is made",
        )
    return config


def find_view_problems(app: Flask, site_config: SiteConfig) -> list[Problem]:
    """Return why views of *app* cannot work with *site_config*; an empty list if all can."""
    views = app.view_functions.values()
    problems = [each for view in views for each in _find_problems(view, site_config)]
    return [*problems, *_find_route_problems(app, app.url_map.iter_rules())]


def _find_problems(view_function: Any, site_config: SiteConfig) -> list[Problem]:
    view = getattr(view_function, "view_class", object)
    return site_config.find_view_problems(view) if issubclass(view, OptionAttributes) else []


def _find_route_problems(app: Flask, rules: Iterable[Rule]) -> Iterator[Problem]:
    """Yield a problem for each of *rules* that gives a view no file."""
    if app.url_value_preprocessors:
        return
    for rule in rules:
        view = getattr(app.view_functions.get(rule.endpoint), "view_class", object)
        if issubclass(view, OptionAttributes):
            try:
                check_route(view, rule.arguments, ("dispatch_request", "get", "resource_for"))
            except ConfigurationError as error:
                yield from (replace(each, setting=view.__qualname__) for each in error.problems)


def _log_problems(problems: Iterable[Problem]) -> None:
    for problem in problems:
        _logger.error("%s", problem)


def _check_later_views(app: Flask) -> None:
    """Check each view when it gets its URL rule; Flask has no event for that."""
    add_url_rule = app.add_url_rule

    @functools.wraps(add_url_rule)
    def add_checked_url_rule(
        rule: str, endpoint: str | None = None, view_func: Any = None, *args: Any, **options: Any
    ) -> None:
        problems = _find_problems(view_func, get_site_config(app))
        if problems:
            raise ConfigurationError(problems)
        add_url_rule(rule, endpoint, view_func, *args, **options)
        if hasattr(view_func, "view_class"):
            added = [each for each in app.url_map.iter_rules() if each.rule == rule]
            _log_problems(_find_route_problems(app, added))

    app.add_url_rule = add_checked_url_rule  # type: ignore[method-assign]


def cloudfront_url(
    path: str, *, distribution: str | Distribution = "default", **arguments: Any
) -> str:
    """
    Return the signed URL of *path*; a template global.

    Args:
        path: The plain path of the file.
        distribution: The alias of a distribution, or a `Distribution`.
        arguments: The arguments of `Distribution.sign_path`.
    """
    distributions = get_site_config(current_app).distributions
    return distributions.choose(distribution).sign_path(path, **arguments)

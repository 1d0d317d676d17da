"""The Flask extension: the settings of one application."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar, Unpack
from weakref import WeakSet

from flask import Flask, current_app, g, has_request_context, request, url_for
from werkzeug.wrappers import Response

from cfsign import Conditions, ConfigurationError, Distribution, Problem
from cfsign.config import hide_arguments
from cfsign.views import (
    Distributions,
    FolderCookies,
    FolderFor,
    OptionAttributes,
    PageUrls,
    SiteConfig,
    check_route,
)
from cfsign_flask.folders import (
    add_headers,
    build_grant_headers,
    check_response,
    install_renewal,
)
from cfsign_flask.responses import FRAMEWORK

if TYPE_CHECKING:
    from werkzeug.routing import Rule

NAME = "cloudfront"
# The name in `flask.g`, which Flask makes for each request.
_PAGE_URLS = "_cloudfront_page_urls"

AnyResponse = TypeVar("AnyResponse", bound=Response)

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
        self._apps: WeakSet[Flask] = WeakSet()
        self._renewal: tuple[FolderFor, str] | None = None
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
        self._apps.add(app)
        self._install_renewal(app)

    @property
    def distribution(self) -> Distribution:
        """The current application's distribution `default`, to sign with directly."""
        return get_site_config(current_app).distribution

    @property
    def distributions(self) -> Distributions:
        """The current application's distributions, by alias."""
        return get_site_config(current_app).distributions

    @hide_arguments
    def grant_folder(
        self,
        response: AnyResponse,
        folder: str,
        *,
        distribution: str = "default",
        **conditions: Unpack[Conditions],
    ) -> AnyResponse:
        """
        Set the cookies that open everything below a folder, such as after a login.

        Check first that the user may have the whole folder. The settings `cookie_*` apply. A
        response can open several folders that are not nested, unless `cookie_path` is set. Its
        `Cache-Control` becomes `private` if a shared cache could store it.

        Args:
            response: A response of Flask.
            folder: A plain path, such as "videos/42"; "/" opens the whole distribution.
            distribution: The alias of the distribution.
            conditions: When and for whom the cookies work; by default, for `cookie_expires_in`.

        Returns:
            *response*.

        Raises:
            ConfigurationError: *response* is something else, browsers would not send cookies with
                these settings to the distribution, or the folder's path is too long for a cookie.
            ResourceError: The folder cannot be signed.
            PolicyError: CloudFront does not accept a time or the address.
            SigningKeyError: The key cannot sign.
        """
        check_response(response)
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # of the proxy, not the app
        cookies = _get_cookies(app, distribution)
        add_headers(response, build_grant_headers(app, cookies, folder, conditions))
        return response

    @hide_arguments
    def revoke_folder(
        self, response: AnyResponse, folder: str, *, distribution: str = "default"
    ) -> AnyResponse:
        """
        Delete the cookies of a folder from the browser, such as after a logout.

        A copy of the cookies works until it expires: CloudFront cannot revoke a signature.

        Args:
            response: A response of Flask.
            folder: A plain path, as for `grant_folder`. With `cookie_path = "/"`, any folder
                deletes the one set of cookies.
            distribution: The alias of the distribution.

        Returns:
            *response*.

        Raises:
            ConfigurationError: As for `grant_folder`.
            ResourceError: The folder cannot be signed.
        """
        check_response(response)
        add_headers(response, _get_cookies(current_app, distribution).revoke_headers(folder))
        return response

    @hide_arguments
    def revoke_all(self, response: AnyResponse) -> AnyResponse:
        """
        Delete all cookies of the site from the browser, by `Clear-Site-Data`.

        That includes the site's own session and the cookies of every host below the same
        registered domain. Browsers obey it over https only. `revoke_folder` does neither.

        Args:
            response: A response of Flask.

        Returns:
            *response*.
        """
        check_response(response)
        response.headers["Clear-Site-Data"] = '"cookies"'
        return response

    def renew_folders(self, folder_for: FolderFor, *, distribution: str = "default") -> FolderFor:
        """
        After each request, renew the cookies of the folder that the user may open.

        Also a decorator: `@cloudfront.renew_folders`. Call it before the first request. Set
        `cookie_path` to "/", so that the site's pages see the cookies.

        Args:
            folder_for: Takes Flask's request. Returns a folder, an `Allow` with a folder, or None,
                which deletes the cookies. It is called after the view. If it raises, the error is
                logged and nothing is renewed. It may be async, as views may be.
            distribution: The alias of the distribution.

        Returns:
            *folder_for*.

        Raises:
            ConfigurationError: *folder_for* is not a function, or browsers would not send cookies
                with these settings to the distribution. With `init_app`, raised there.
        """
        self._renewal = folder_for, distribution
        for app in self._apps:
            self._install_renewal(app)
        return folder_for

    def _install_renewal(self, app: Flask) -> None:
        if self._renewal is not None:
            folder_for, distribution = self._renewal
            site_config = get_site_config(app)
            cookies = site_config.folder_cookies(distribution)
            check_site = site_config.cookie_handler(distribution).check_site
            install_renewal(app, cookies, folder_for, check_site)


def _get_cookies(app: Flask, distribution: str) -> FolderCookies:
    site_config = get_site_config(app)
    if not has_request_context():
        return site_config.folder_cookies(distribution)
    return site_config.folder_cookies(distribution, scheme=request.scheme, host=request.host)


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

    app.add_url_rule = add_checked_url_rule  # type: ignore[method-assign]  # on one app


def cloudfront_url(path: str, *, view: str | None = None, **arguments: Any) -> str:
    """
    Return the URL of a file for a page, signed or that of a view; a template global.

    Args:
        path: The plain path of the file.
        distribution: The alias of a distribution, or a `Distribution`; the default is "default".
        view: The name of a route of the site. The URL is then that of the view for the file, which
            is signed only when the link is opened, and *arguments* are the route's other variables.
        arguments: The arguments of `Distribution.sign_path`. All URLs of a page with the same
            `folder` have one signature.

    Raises:
        ConfigurationError: The alias is unknown, or *view* is combined with how to sign.
        CfsignError: As `Distribution.sign_path`.
    """
    page_urls: PageUrls = g.setdefault(_PAGE_URLS, PageUrls())
    distributions = get_site_config(current_app).distributions
    return page_urls.build(distributions, url_for, path, view, arguments)

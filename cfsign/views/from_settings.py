"""Views that are made from settings, in the frameworks whose views take a distribution."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Self

from cfsign.signing.distribution import Distribution
from cfsign.utils.secret import Secret, hide, hide_arguments
from cfsign.views.construction import check_distribution
from cfsign.views.framework import Framework
from cfsign.views.options import ViewOptions
from cfsign.views.site_config import SiteConfig
from cfsign.views.view_handlers import ViewHandlers, has_distribution_for


class FromSettings:
    """Constructors that read the settings, for a view whose `__init__` takes a distribution."""

    @classmethod
    @hide_arguments
    def from_config(cls, mapping: Mapping[str, Any], **options: Any) -> Self:
        """
        Build from `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, or `CLOUDFRONT_DISTRIBUTIONS`.

        Raises:
            ConfigurationError: A setting or an option is wrong. Lists all problems.
        """
        hidden: Any = hide(mapping)
        del mapping
        return cls(**read_config(hidden, options))

    @classmethod
    @hide_arguments
    def from_env(
        cls,
        environ: Mapping[str, str] = os.environ,
        prefix: str = "CLOUDFRONT_",
        **options: Any,
    ) -> Self:
        """
        Build from environment variables, as `Distribution.from_env` does.

        Raises:
            ConfigurationError: A variable or an option is wrong. Lists all problems.
        """
        hidden: Any = hide(environ)
        del environ
        return cls(**read_env(hidden, prefix, options))


def read_config(mapping: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the arguments of a view, from the settings in *mapping*.

    Args:
        mapping: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, or `CLOUDFRONT_DISTRIBUTIONS`.
        options: Options by name; `distribution` may be an alias.

    Returns:
        `distribution`, a `SiteConfig`, and the other options.

    Raises:
        ConfigurationError: A setting is wrong, or an option is unknown. Lists all problems.
    """
    hidden: Any = hide(mapping)
    del mapping
    return _add_options(SiteConfig.from_config(hidden), options)


def read_env(environ: Mapping[str, str], prefix: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a view, from environment variables; see `read_config`."""
    hidden: Any = hide(environ)
    del environ
    return _add_options(SiteConfig.from_env(hidden, prefix), options)


def _add_options(site_config: SiteConfig, options: Mapping[str, Any]) -> dict[str, Any]:
    # The hook is not an option. A constructor that takes no function refuses it.
    ViewOptions.check_names(name for name in options if name != "distribution_for")
    given = {name: value for name, value in options.items() if value is not None}
    return {**given, "distribution": site_config.select(given.get("distribution"))}


def build_handlers(
    view: Any,
    distribution: object,
    options: Mapping[str, Any],
    *,
    framework: Framework,
    can_await: bool = True,
    name: str = "",
) -> ViewHandlers:
    """
    Return the handlers of a view that takes a distribution.

    Args:
        view: The view or its class. Its attributes are options.
        distribution: A `Distribution` or a `SiteConfig`, or a `Secret` of one. None, or an alias:
            see the attribute `distribution`.
        options: Options that override the attributes.
        framework: What the handlers need to know of the framework.
        can_await: False if the view cannot await an asynchronous key.
        name: The name of the view, for errors; by default that of its class.

    Raises:
        ConfigurationError: There is no distribution; or an option is wrong, or cannot work with it.
    """
    hidden = hide(distribution)
    del distribution  # it may be the settings
    view_class = view if isinstance(view, type) else type(view)
    name = name or view_class.__name__
    options = dict(options)
    checked = ViewOptions.from_view(view_class, options)
    attributes = ViewOptions.read_attributes(view_class)
    given = {option: getattr(checked, option) for option in {**attributes, **options}}
    choice = given.pop("distribution", None)
    if isinstance(hidden.reveal(), SiteConfig):
        site_config = hidden.reveal().with_framework(framework)
        if site_config.selected is not None:
            choice = site_config.selected
        given["distribution"] = choice or "default"
        return ViewHandlers(site_config, view, given, can_await=can_await)
    found = hidden if hidden.reveal() is not None else Secret(choice)
    if found.reveal() is None and has_distribution_for(view):
        site_config = SiteConfig({}, framework=framework)
    else:
        distribution_found: Distribution = check_distribution(name, found)
        site_config = SiteConfig(distribution_found, framework=framework)
    return ViewHandlers(site_config, view, given, can_await=can_await)

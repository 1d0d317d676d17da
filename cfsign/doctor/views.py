"""
Find the views of a site, and check their options against the settings.

The adapter of the site's framework finds them. It is imported by name: the core imports none.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Mapping
from importlib.util import find_spec

from cfsign.config.configuration import Configuration
from cfsign.doctor.settings import run_site_code
from cfsign.errors import ConfigurationError, Problem
from cfsign.views import SiteConfig

#: Returns why a site's views cannot work with its settings, which are given by alias.
ViewCheck = Callable[[Mapping[str, Configuration]], Iterable[Problem]]


def check_options(
    configurations: Mapping[str, Configuration], check_views: ViewCheck | None
) -> list[Problem]:
    """
    Return the problems of the site's view options, and those that *check_views* finds.

    Args:
        configurations: The settings of each distribution, by alias.
        check_views: A function that checks the site's views, if there are any.
    """
    try:
        if check_views is not None:
            return list(check_views(configurations))
        SiteConfig.from_configurations(configurations)
        return []
    except ConfigurationError as error:
        return list(error.problems)


def make_flask_check(site: object) -> ViewCheck | None:
    """Return the check of a Flask application's views; None if *site* is not an application."""
    if not hasattr(site, "view_functions"):
        return None
    adapter = importlib.import_module("cfsign_flask.extension")

    def check(configurations: Mapping[str, Configuration]) -> list[Problem]:
        # A view of Flask cannot await an observer.
        framework = adapter.FRAMEWORK
        site_config = SiteConfig.from_configurations(configurations, framework=framework)
        return list(adapter.find_view_problems(site, site_config))

    return check


def make_django_check(target: str, site: object) -> ViewCheck | None:
    """
    Return the check of a Django site's views; None if it has no routes.

    Args:
        target: The name of the settings module.
        site: The module.
    """
    if not getattr(site, "ROOT_URLCONF", None) or find_spec("django") is None:
        return None

    def load_and_check(site_config: SiteConfig) -> list[Problem]:
        os.environ["DJANGO_SETTINGS_MODULE"] = target
        importlib.import_module("django").setup()
        adapter = importlib.import_module("cfsign_django.checks")
        return list(adapter.find_view_problems(site_config))

    def check(configurations: Mapping[str, Configuration]) -> list[Problem]:
        site_config = SiteConfig.from_configurations(configurations)
        return run_site_code(target, lambda: load_and_check(site_config))

    return check

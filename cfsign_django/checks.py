"""
System checks: `manage.py check` reports the problems of the settings.

Each check has its own id, so that a site can silence it with SILENCED_SYSTEM_CHECKS.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import URLResolver, get_resolver

from cfsign import CfsignWarning, ConfigurationError, Problem
from cfsign.config import SiteSettings, check_site
from cfsign.views import SiteConfig, check_route
from cfsign_django import conf
from cfsign_django.views import SignedRedirectMixin

#: The number of the check for each rule of `cfsign.config`. Other errors are E005. Other warnings
#: and all notes are shown by `cfsign doctor` only.
_NUMBERS = {
    "domain": "E001",
    "key_pair_id": "E002",
    "private_key": "E003",
    "expires_in": "E004",
    "expiry_step": "E004",
    "expiry_jitter": "E004",
    "plain-http": "W001",
    "slow-backend": "W002",
    "public-key-file": "W003",
}
_SETTING_HINT = "The settings are described in cfsign's README, under Settings."
_VIEW_HINT = "Change the view's class attributes or the arguments of as_view()."
_WARNING_HINT = "If this is intended, silence this check by its id."


def check_settings(**_: Any) -> list[CheckMessage]:
    """Return the errors and warnings of the site's settings and views; none if they are right."""
    with warnings.catch_warnings(record=True) as caught:
        # Recorded, because `python -W error` would turn a warning into a failure of the checks.
        warnings.simplefilter("always", CfsignWarning)
        messages = list(_check_settings())
        if not any(isinstance(message, Error) for message in messages):
            messages += _check_views()
    ours = [warning for warning in caught if issubclass(warning.category, CfsignWarning)]
    for other in caught:
        if other not in ours:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    texts = dict.fromkeys(str(warning.message) for warning in ours)
    return messages + [Warning(text, hint=_WARNING_HINT, id="cfsign_django.W004") for text in texts]


def _check_settings() -> Iterator[CheckMessage]:
    site_settings = SiteSettings.read(conf.read_settings(), os.environ)
    for problem in check_site(site_settings, _public_folders()):
        text = f"{problem.setting}: {problem.message}"
        if problem.level == "error":
            number = _NUMBERS.get(problem.rule, "E005")
            yield Error(text, hint=problem.hint or _SETTING_HINT, id=f"cfsign_django.{number}")
        elif problem.rule in _NUMBERS:
            yield Warning(text, hint=problem.hint, id=f"cfsign_django.{_NUMBERS[problem.rule]}")


def _check_views() -> Iterator[CheckMessage]:
    """Yield the errors of the settings, or else those of the views in all routes."""
    try:
        site_config = conf.site_config()
    except ConfigurationError as error:
        for problem in error.problems:
            text, hint = problem.message, problem.hint or _SETTING_HINT
            yield Error(text, hint=hint, id="cfsign_django.E005")
        return
    for problem in find_view_problems(site_config):
        text, hint = f"{problem.setting}: {problem.message}", problem.hint or _VIEW_HINT
        yield Error(text, hint=hint, id="cfsign_django.E006")


def find_view_problems(site_config: SiteConfig) -> Iterator[Problem]:
    """Yield why views in the site's routes cannot work with *site_config*."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    for function, variables in _find_routes(get_resolver().url_patterns):
        view = function.view_class(**function.view_initkwargs)
        yield from site_config.find_view_problems(view, can_await=view._is_async)
        try:
            check_route(view, variables, ("setup", "dispatch", "get", "resource_for"))
        except ConfigurationError as error:
            name = type(view).__qualname__
            yield from (replace(problem, setting=name) for problem in error.problems)


def _find_routes(
    patterns: Iterable[Any], outer: frozenset[str] = frozenset()
) -> Iterator[tuple[Any, frozenset[str]]]:
    """Yield each of our views with the names of its route's variables."""
    for pattern in patterns:
        match = pattern.pattern.regex
        variables = outer.union(match.groupindex)
        if isinstance(pattern, URLResolver):
            yield from _find_routes(pattern.url_patterns, variables.union(pattern.default_kwargs))
        elif issubclass(getattr(pattern.callback, "view_class", object), SignedRedirectMixin):
            # Without names, the first group of an expression is the first argument: `resource`.
            unnamed = {"resource"} if match.groups and not match.groupindex else set()
            yield pattern.callback, variables.union(pattern.default_args, unnamed)


def _public_folders() -> Iterator[tuple[str, str | Path]]:
    for name in ("STATIC_ROOT", "MEDIA_ROOT"):
        if getattr(settings, name, None):
            yield name, getattr(settings, name)
    for entry in getattr(settings, "STATICFILES_DIRS", ()):
        yield "STATICFILES_DIRS", entry[1] if isinstance(entry, tuple | list) else entry
    for app in apps.get_app_configs():
        yield f"the static folder of {app.label}", Path(app.path, "static")

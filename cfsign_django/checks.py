"""
System checks: what `manage.py check` finds wrong with the settings before a viewer does.

Every check has an id of its own, so that a site can silence it in SILENCED_SYSTEM_CHECKS.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import URLResolver, get_resolver

from cfsign import CfsignWarning, Configuration, ConfigurationError, cautions_of
from cfsign_django import conf
from cfsign_django.views import SignedRedirectMixin

_KEY_HINT = "Give an RSA 2048 private key, PEM or its path: cfsign keygen."
_SETTINGS = {
    "CLOUDFRONT_DOMAIN": (
        "E001",
        'Set CLOUDFRONT_DOMAIN = "https://media.example.com": scheme and host alone.',
    ),
    "key_pair_id": ("E002", "Take the public key's ID in CloudFront, such as K2JCJMDEHXQW5F."),
    "private_key": ("E003", _KEY_HINT),
    "priv_key_string": ("E003", _KEY_HINT),
    "expires": ("E004", "Give a lifetime in seconds, such as 60."),
    "expiry_step": ("E004", "Give a step in seconds, such as 300, or leave it out."),
    "expiry_jitter": ("E004", "Give seconds, at most those of expiry_step, or leave it out."),
}
_OTHERS = ("E005", "The README's table of settings says what CLOUDFRONT_CONFIG takes.")
_VIEW_HINT = "The class's attributes, or what as_view() is given, say how the view delivers."
_WARNED_HINT = "It works; if it is meant so, silence this check by its id."
_CAUTIONS = {"plain http": "W001", "slow backend": "W002", "public key file": "W003"}


def check_settings(**_: Any) -> list[CheckMessage]:
    """Check the settings as a whole; a site that has them right sees nothing."""
    with warnings.catch_warnings(record=True) as caught:
        # Where warnings are errors they would end the checks; here they are what is looked for.
        warnings.simplefilter("always", CfsignWarning)
        messages = list(_messages())
    ours = [warning for warning in caught if issubclass(warning.category, CfsignWarning)]
    for other in caught:
        if other not in ours:
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    texts = dict.fromkeys(str(warning.message) for warning in ours)
    return messages + [Warning(text, hint=_WARNED_HINT, id="cfsign_django.W004") for text in texts]


def _messages() -> Iterator[CheckMessage]:
    stated = conf.read_settings()
    try:
        configuration = Configuration.from_mapping(stated)
    except ConfigurationError as error:
        yield from map(_error, map(str, error.problems))
        return
    yield from _view_errors()
    config = stated["CLOUDFRONT_CONFIG"]
    key = config.get("private_key", config.get("priv_key_string"))
    for caution in cautions_of(configuration, key, _public_folders()):
        number = _CAUTIONS[caution.kind]
        yield Warning(caution.text, hint=caution.mend, id=f"cfsign_django.{number}")


def _error(problem: str) -> Error:
    setting = re.match(r"(?:CLOUDFRONT_CONFIG\[')?(\w+)", problem)
    number, hint = _SETTINGS.get(setting[1] if setting else "", _OTHERS)
    return Error(problem, hint=hint, id=f"cfsign_django.{number}")


def _view_errors() -> Iterator[Error]:
    """Check each view of the site's routes against the distribution that the settings name."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    for view in _signing_views(get_resolver().url_patterns):
        try:
            view.view_class(**view.view_initkwargs)._get_handler()
        except ConfigurationError as error:
            for problem in error.problems:
                text = f"{view.view_class.__qualname__}: {problem}"
                yield Error(text, hint=_VIEW_HINT, id="cfsign_django.E006")


def _signing_views(patterns: Iterable[Any]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _signing_views(pattern.url_patterns)
        elif issubclass(getattr(pattern.callback, "view_class", object), SignedRedirectMixin):
            yield pattern.callback


def _public_folders() -> Iterator[tuple[str, str | Path]]:
    for name in ("STATIC_ROOT", "MEDIA_ROOT"):
        if getattr(settings, name, None):
            yield name, getattr(settings, name)
    for entry in getattr(settings, "STATICFILES_DIRS", ()):
        yield "STATICFILES_DIRS", entry[1] if isinstance(entry, tuple | list) else entry
    for app in apps.get_app_configs():
        yield f"the static folder of {app.label}", Path(app.path, "static")

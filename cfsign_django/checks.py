"""
System checks: what `manage.py check` finds wrong with the settings before a viewer does.

Every check has an id of its own, so that a site can silence it in SILENCED_SYSTEM_CHECKS.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.urls import URLResolver, get_resolver

from cfsign import CfsignWarning, Configuration, ConfigurationError, choose_backend
from cfsign_django import conf
from cfsign_django.views import SignedRedirectMixin

# Where a local edge listens; nothing leaves the machine.
_LOOPBACK = re.compile(r"http://(localhost|127(\.[0-9]+){3})(:[0-9]+)?")

_DOMAIN_HINT = 'Set CLOUDFRONT_DOMAIN = "https://media.example.com": scheme and host alone.'
_VIEW_HINT = "The class's attributes, or what as_view() is given, say how the view delivers."
_OTHER_HINT = "The README's table of settings says what CLOUDFRONT_CONFIG takes."
_WARNED_HINT = "It works; if it is meant so, silence this check by its id."
_HINTS = {
    "key_pair_id": (
        "E002",
        "Take the public key's ID in CloudFront, such as K2JCJMDEHXQW5F.",
    ),
    "private_key": (
        "E003",
        "Give an RSA 2048 private key, PEM or its path: cfsign keygen.",
    ),
    "priv_key_string": (
        "E003",
        "Give an RSA 2048 private key, PEM or its path: cfsign keygen.",
    ),
    "expires": ("E004", "Give a lifetime in seconds, such as 60."),
    "expiry_step": ("E004", "Give a step in seconds, such as 300, or leave it out."),
    "expiry_jitter": ("E004", "Give seconds, at most those of expiry_step, or leave it out."),
}


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
    stated = conf.stated_settings()
    try:
        configuration = Configuration.from_mapping(stated)
    except ConfigurationError as error:
        yield from map(_error, error.problems)
        return
    yield from _view_errors()
    yield from _warnings(configuration, stated["CLOUDFRONT_CONFIG"])


def _view_errors() -> Iterator[Error]:
    """Check each view of the site's routes against the distribution that the settings name."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    for view in _signing_views(get_resolver().url_patterns):
        try:
            conf.delivery(view.view_class(**view.view_initkwargs))
        except ConfigurationError as error:
            for problem in error.problems:
                yield Error(
                    f"{view.view_class.__qualname__}: {problem}",
                    hint=_VIEW_HINT,
                    id="cfsign_django.E006",
                )


def _signing_views(patterns: Iterable[Any]) -> Iterator[Any]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _signing_views(pattern.url_patterns)
        elif issubclass(getattr(pattern.callback, "view_class", object), SignedRedirectMixin):
            yield pattern.callback


def _error(problem: str) -> Error:
    if problem.startswith("CLOUDFRONT_DOMAIN"):
        return Error(problem, hint=_DOMAIN_HINT, id="cfsign_django.E001")
    setting = re.match(r"CLOUDFRONT_CONFIG\['(\w+)'\]", problem)
    number, hint = _HINTS.get(setting[1] if setting else "", ("E005", _OTHER_HINT))
    return Error(problem, hint=hint, id=f"cfsign_django.{number}")


def _warnings(configuration: Configuration, stated: Any) -> Iterator[Warning]:
    domain = configuration.domain
    if domain.startswith("http:") and not _LOOPBACK.fullmatch(domain):
        yield Warning(
            "CLOUDFRONT_DOMAIN is plain http: who listens on the way gets the URL and the file.",
            hint="Write https://, and let the distribution redirect or refuse http.",
            id="cfsign_django.W001",
        )
    if choose_backend() == "rsa":
        yield Warning(
            "URLs are signed by the pure-Python rsa package, at milliseconds each (rsa's own way "
            "takes about 19 ms).",
            hint="pip install cryptography, which takes about 0.2 ms.",
            id="cfsign_django.W002",
        )
    key = stated.get("private_key", stated.get("priv_key_string"))
    if isinstance(key, str | os.PathLike) and "-----BEGIN" not in os.fsdecode(key):
        yield from _public_folders_of(os.path.expanduser(os.fsdecode(key)))


def _public_folders_of(key: str) -> Iterator[Warning]:
    for name, folder in _public_folders():
        if any(
            place.is_relative_to(root) for place in _places_of(key) for root in _places_of(folder)
        ):
            yield Warning(
                f"The private key lies below {name}, whose files the site gives to everybody.",
                hint="Move the key to where only the site's process can read it.",
                id="cfsign_django.W003",
            )


def _places_of(path: str | Path) -> tuple[Path, Path, Path]:
    """Return where *path* is, by any name, and where it leads: file servers follow links."""
    stated = Path(os.path.abspath(path))
    return stated, stated.parent.resolve() / stated.name, Path(path).resolve()


def _public_folders() -> Iterator[tuple[str, str | Path]]:
    for name in ("STATIC_ROOT", "MEDIA_ROOT"):
        if getattr(settings, name, None):
            yield name, getattr(settings, name)
    for entry in getattr(settings, "STATICFILES_DIRS", ()):
        yield "STATICFILES_DIRS", entry[1] if isinstance(entry, tuple | list) else entry
    for app in apps.get_app_configs():
        yield f"the static folder of {app.label}", Path(app.path, "static")

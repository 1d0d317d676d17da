"""The settings, read when they are first needed, and again when a test overrides them."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from cfsign import Distribution, Site

_NAMES = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG")


def stated_settings() -> dict[str, Any]:
    """Return what the site's settings say, unchecked."""
    return {name: getattr(settings, name, None) for name in _NAMES}


@functools.cache
def site() -> Site:
    """Return what the settings come to, the key loaded; raises ConfigurationError."""
    return Site.from_config(stated_settings())


def distribution() -> Distribution:
    """Return the site's distribution, to sign with directly; raises ConfigurationError."""
    return site().distribution


def _forget(*, setting: str, **_: Any) -> None:
    if setting in _NAMES:
        site.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cfsign_django.conf")

"""The site's settings, loaded when first needed, and again when a test overrides them."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from cfsign import Distribution
from cfsign.views import SiteConfig
from cfsign_django.responses import FRAMEWORK

_NAMES = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG")


def read_settings() -> dict[str, Any]:
    """Return the site's settings, unchecked."""
    return {name: getattr(settings, name, None) for name in _NAMES}


@functools.cache
def site_config() -> SiteConfig:
    """Load the settings and the key; raises `ConfigurationError` with all problems."""
    return SiteConfig.from_config(read_settings(), framework=FRAMEWORK)


def distribution() -> Distribution:
    """Return the site's distribution, to sign with directly; raises `ConfigurationError`."""
    return site_config().distribution


def _forget(*, setting: str, **_: Any) -> None:
    if setting in _NAMES:
        site_config.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cfsign_django.conf")

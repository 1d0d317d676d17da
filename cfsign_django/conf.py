"""The site's settings, loaded when first needed, and again when a test overrides them."""

from __future__ import annotations

import functools
import os
from typing import Any

from django.conf import settings
from django.core.signals import setting_changed

from cfsign import Distribution
from cfsign.views import SiteConfig
from cfsign_django.responses import FRAMEWORK

_NAMES = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG", "CLOUDFRONT_DISTRIBUTIONS")


def read_settings() -> dict[str, Any]:
    """Return the site's settings, unchecked."""
    return {name: getattr(settings, name, None) for name in _NAMES}


@functools.cache
def site_config() -> SiteConfig:
    """
    Load the settings and the keys, from the environment if the site sets none.

    Raises:
        ConfigurationError: A setting is wrong. Lists all problems.
    """
    return SiteConfig.from_config(read_settings(), environ=os.environ, framework=FRAMEWORK)


def distribution(alias: str = "default") -> Distribution:
    """
    Return a distribution of the site, to sign with directly.

    Args:
        alias: Its name in `CLOUDFRONT_DISTRIBUTIONS`.

    Raises:
        ConfigurationError: A setting is wrong, or the alias is unknown.
    """
    return site_config().distributions[alias]


def _forget(*, setting: str, **_: Any) -> None:
    if setting in _NAMES:
        site_config.cache_clear()


setting_changed.connect(_forget, dispatch_uid="cfsign_django.conf")

"""The settings, read when they are first needed, and again when a test overrides them."""

from __future__ import annotations

import functools
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.core.signals import setting_changed

from cfsign import Configuration, Delivery, Distribution

_NAMES = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG")

_deliveries: dict[type, Delivery] = {}


def stated_settings() -> dict[str, Any]:
    """Return what the site's settings say, unchecked."""
    return {name: getattr(settings, name, None) for name in _NAMES}


@functools.cache
def configuration() -> Configuration:
    """Return the settings, checked, the key loaded; raises ConfigurationError."""
    return Configuration.from_mapping(stated_settings())


@functools.cache
def distribution() -> Distribution:
    """Return the site's distribution, to sign with directly; raises ConfigurationError."""
    return Distribution.from_configuration(configuration())


def delivery(view: Any) -> Delivery:
    """
    Return how *view* delivers: by the site's settings, but for its own attributes.

    Raises:
        ConfigurationError: The settings, or an option that cannot work with them.
    """
    if vars(view).keys() & Delivery.__dataclass_fields__.keys():  # from as_view(...)
        return _delivery_of(view)
    if type(view) not in _deliveries:
        _deliveries[type(view)] = _delivery_of(view)
    return _deliveries[type(view)]


def _delivery_of(view: Any) -> Delivery:
    stated = Delivery.from_configuration(configuration())
    delivery = stated.replace(**Delivery.options_of(view))
    return delivery.check(distribution(), awaits=iscoroutinefunction(view.get))


def _forget(*, setting: str, **_: Any) -> None:
    if setting in _NAMES:
        configuration.cache_clear()
        distribution.cache_clear()
        _deliveries.clear()


setting_changed.connect(_forget, dispatch_uid="cfsign_django.conf")

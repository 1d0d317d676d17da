"""The extension: one distribution and one way of delivery an application."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app

from cfsign import Configuration, ConfigurationError, Delivery, Distribution

NAME = "cloudfront"


@dataclass(frozen=True, slots=True)
class State:
    """What an application keeps in `app.extensions["cloudfront"]`."""

    distribution: Distribution
    delivery: Delivery
    #: The delivery of each view class, or view, whose options differ from the application's.
    deliveries: WeakKeyDictionary[object, Delivery] = field(default_factory=WeakKeyDictionary)


class CloudFront:
    """
    Reads `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG` and gives templates `cloudfront_url`.

    As with any extension: `CloudFront(app)`, or `CloudFront()` and later `init_app(app)`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """
        Check the settings, load the key, and register with *app*.

        Raises:
            ConfigurationError: Every mistake in the settings, at once.
        """
        configuration = Configuration.from_mapping(app.config)
        app.extensions[NAME] = State(
            Distribution.from_configuration(configuration),
            Delivery.from_configuration(configuration),
        )
        app.jinja_env.globals["cloudfront_url"] = cloudfront_url

    @property
    def distribution(self) -> Distribution:
        """The current application's distribution, to sign with directly."""
        return state().distribution


def state() -> State:
    """
    Return what the extension keeps for the current application.

    Raises:
        ConfigurationError: The extension was not registered with it.
    """
    found: State | None = current_app.extensions.get(NAME)
    if found is None:
        raise ConfigurationError(
            "the application has no CloudFront extension; call CloudFront(app) where it is made"
        )
    return found


def cloudfront_url(path: str, **times: Any) -> str:
    """Return the signed URL of *path*, in a template; the arguments are `Distribution.sign`'s."""
    return state().distribution.sign(path, **times)

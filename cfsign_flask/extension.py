"""The Flask extension: the settings of one application."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app

from cfsign import ConfigurationError, Distribution
from cfsign.views import SiteConfig

NAME = "cloudfront"


class CloudFront:
    """
    Reads `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`, and adds `cloudfront_url` to templates.

    Use `CloudFront(app)`, or `CloudFront()` and later `init_app(app)`. The application's
    `SiteConfig` is stored in `app.extensions["cloudfront"]`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Load the settings and the key; raises `ConfigurationError` with all problems."""
        app.extensions[NAME] = SiteConfig.from_config(app.config)
        app.jinja_env.globals["cloudfront_url"] = cloudfront_url

    @property
    def distribution(self) -> Distribution:
        """The current application's distribution, to sign with directly."""
        return get_site_config(current_app).distribution


def get_site_config(app: Flask) -> SiteConfig:
    """Return the settings of *app*; raises `ConfigurationError` without the extension."""
    config: SiteConfig | None = app.extensions.get(NAME)
    if config is None:
        raise ConfigurationError(
            "the application has no CloudFront extension",
            hint="call CloudFront(app) where the application is made",
        )
    return config


def cloudfront_url(path: str, **arguments: Any) -> str:
    """Return the signed URL of *path*; a template global with the arguments of `sign_path`."""
    return get_site_config(current_app).distribution.sign_path(path, **arguments)

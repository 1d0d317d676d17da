"""The extension: one site, with its distribution and its way of delivery, an application."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app

from cfsign import ConfigurationError, Distribution, Site

NAME = "cloudfront"


class CloudFront:
    """
    Reads `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG` and gives templates `cloudfront_url`.

    As with any extension: `CloudFront(app)`, or `CloudFront()` and later `init_app(app)`. The
    application keeps a `cfsign.Site` in `app.extensions["cloudfront"]`.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Load the key and register; raises ConfigurationError for all mistakes at once."""
        app.extensions[NAME] = Site.from_config(app.config)
        app.jinja_env.globals["cloudfront_url"] = cloudfront_url

    @property
    def distribution(self) -> Distribution:
        """The current application's distribution, to sign with directly."""
        return site_of(current_app).distribution


def site_of(app: Flask) -> Site:
    """Return what the extension keeps for *app*; raises ConfigurationError without it."""
    found: Site | None = app.extensions.get(NAME)
    if found is None:
        raise ConfigurationError(
            "the application has no CloudFront extension; call CloudFront(app) where it is made"
        )
    return found


def cloudfront_url(path: str, **times: Any) -> str:
    """Return the signed URL of *path*, in a template; the arguments are `Distribution.sign_path`'s."""
    return site_of(current_app).distribution.sign_path(path, **times)

"""The same site on each framework, one module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from cfsign.demo.pages import Pages
from cfsign.errors import ConfigurationError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

FRAMEWORKS = ("flask", "django", "falcon")


def create_app(framework: str, settings: Mapping[str, Any], pages: Pages) -> WSGIApplication:
    """
    Create the site.

    Args:
        framework: One of `FRAMEWORKS`.
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: The HTML pages.

    Raises:
        ConfigurationError: The framework is unknown or not installed, or Django's settings are
            configured already in this process.
    """
    if framework not in FRAMEWORKS:
        raise ConfigurationError(
            f"there is no demo for {framework!r}", hint=f"use one of {', '.join(FRAMEWORKS)}"
        )
    try:
        module = import_module(f"cfsign.demo.sites.{framework}_site")
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise ConfigurationError(
            f"the demo on {framework} needs {package}",
            hint="run: pip install 'cloudfront-cfsign[demo]'",
        ) from None
    create: Callable[[Mapping[str, Any], Pages], WSGIApplication] = module.create_app
    return create(settings, pages)

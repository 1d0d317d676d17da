"""The same site on each framework, one module each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from cfsign.demo.pages import Pages
from cfsign.errors import ConfigurationError

FRAMEWORKS = ("flask", "django", "falcon", "starlette")


def create_app(framework: str, settings: Mapping[str, Any], pages: Pages) -> Any:
    """
    Create the site, a WSGI or ASGI application.

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
    create: Callable[[Mapping[str, Any], Pages], Any] = module.create_app
    return create(settings, pages)

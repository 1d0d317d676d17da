"""The same site on each framework: a module each, to copy from."""

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
    Make the site.

    Args:
        framework: One of `FRAMEWORKS`.
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: What there is to show.

    Raises:
        ConfigurationError: The framework is unknown, is not installed, or is Django for the second
            time in this process.
    """
    if framework not in FRAMEWORKS:
        raise ConfigurationError(f"the demo runs on {', '.join(FRAMEWORKS)}, not on {framework!r}")
    try:
        module = import_module(f"cfsign.demo.sites.{framework}_site")
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise ConfigurationError(
            f"the demo on {framework} needs {package}: pip install 'cloudfront-cfsign[demo]'"
        ) from None
    create: Callable[[Mapping[str, Any], Pages], WSGIApplication] = module.create_app
    return create(settings, pages)

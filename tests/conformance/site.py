"""The parts that all sites share: their settings, and the application for a server."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from cfsign import Distribution
from cfsign.views.view_handlers import has_distribution_for
from tests.conformance.keys import KINDS

#: The path below which the servers mount each application a second time.
MOUNT = "/mounted"


#: The host of the distribution `default`, and that of `videos`.
VIDEOS_HOST = ("127.0.0.1", "localhost")


def driver(adapter: str) -> ModuleType:
    """Import the driver of an adapter."""
    return importlib.import_module(f"tests.conformance.drivers.{adapter}")


def settings_from(environ: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that a deployment passes in the environment; empty if it passes none."""
    if "SITE_KEY" not in environ:
        return {}
    config = {
        "private_key": KINDS[environ.get("SITE_KEY_KIND", "file")](environ["SITE_KEY"]),
        "key_pair_id": environ["SITE_KEY_PAIR_ID"],
    }
    return {
        "CLOUDFRONT_DOMAIN": environ["SITE_DOMAIN"],
        "CLOUDFRONT_CONFIG": config,
        # The same edge and the same key, under another name: only the host differs.
        "CLOUDFRONT_DISTRIBUTIONS": {
            "videos": {**config, "domain": environ["SITE_DOMAIN"].replace(*VIDEOS_HOST)}
        },
    }


def site_options(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the whole site, for an adapter whose views take a distribution."""
    config = settings.get("CLOUDFRONT_CONFIG", {})
    return {"observers": config["observers"]} if "observers" in config else {}


def make_view(
    view: Any, make: Callable[..., Any], settings: Mapping[str, Any], options: Mapping[str, Any]
) -> Any:
    """Return a view of an adapter whose views take a distribution, or read the settings."""
    if "distribution" in options or has_distribution_for(view):
        return view.from_config(settings, **options)
    return make(Distribution.from_config(settings), **options, **site_options(settings))


def create_app() -> Any:
    """Return the application of the adapter that the environment names, for a server."""
    found = driver(os.environ["SITE_ADAPTER"])
    app = found.create_app(settings_from(os.environ))
    return mounted_asgi(app) if found.IS_ASGI else mounted_wsgi(app)


def mounted_wsgi(app: Any) -> Any:
    """Return *app*, mounted below MOUNT, too (PEP 3333)."""

    def mount(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith(f"{MOUNT}/"):
            environ["SCRIPT_NAME"] = MOUNT
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(MOUNT)
        return app(environ, start_response)

    return mount


def mounted_asgi(app: Any) -> Any:
    """Return *app*, mounted below MOUNT, too; `path` keeps it (ASGI 3, "root_path")."""

    async def mount(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("path", "").startswith(f"{MOUNT}/"):
            scope = {**scope, "root_path": MOUNT}
        await app(scope, receive, send)

    return mount

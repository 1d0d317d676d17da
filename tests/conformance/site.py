"""What the six sites share: where their settings come from, and how a server is given one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from tests.conformance.keys import KINDS

#: Where the servers have mounted each application a second time.
MOUNT = "/mounted"


def driver(flavour: str) -> ModuleType:
    """Import the driver of a flavour."""
    return importlib.import_module(f"tests.conformance.drivers.{flavour}")


def settings_from(environ: Mapping[str, str]) -> dict[str, Any]:
    """Read a site's settings as a deployment hands them over; none if there are none."""
    if "SITE_KEY" not in environ:
        return {}
    return {
        "CLOUDFRONT_DOMAIN": environ["SITE_DOMAIN"],
        "CLOUDFRONT_CONFIG": {
            "private_key": KINDS[environ.get("SITE_KEY_KIND", "file")](environ["SITE_KEY"]),
            "key_pair_id": environ["SITE_KEY_PAIR_ID"],
        },
    }


def create_app() -> Any:
    """Make the application of the flavour that the environment names, for a server."""
    found = driver(os.environ["SITE_FLAVOUR"])
    app = found.create_app(settings_from(os.environ))
    return mounted_asgi(app) if found.IS_ASGI else mounted_wsgi(app)


def mounted_wsgi(app: Any) -> Any:
    """Serve *app* below MOUNT too (PEP 3333)."""

    def mount(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].startswith(f"{MOUNT}/"):
            environ["SCRIPT_NAME"] = MOUNT
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(MOUNT)
        return app(environ, start_response)

    return mount


def mounted_asgi(app: Any) -> Any:
    """Serve *app* below MOUNT too; `path` keeps the mount point (ASGI 3, "root_path")."""

    async def mount(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("path", "").startswith(f"{MOUNT}/"):
            scope = {**scope, "root_path": MOUNT}
        await app(scope, receive, send)

    return mount

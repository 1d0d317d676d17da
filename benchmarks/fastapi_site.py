"""The FastAPI site that is loaded. FastAPI looks annotations up in the module of a route."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from benchmarks.sites import BARE, read_settings
from cfsign_starlette import signed_redirect


def build_site() -> FastAPI:
    """Build the site."""
    app = FastAPI()
    media = signed_redirect.from_config(read_settings())

    @app.get("/content/{resource:path}")
    async def content(resource: str, request: Request) -> Response:
        return await media(request, resource, 200)

    @app.get("/bare/{name:path}")
    async def bare(name: str) -> Response:
        return RedirectResponse(BARE.format(name), 303)

    return app

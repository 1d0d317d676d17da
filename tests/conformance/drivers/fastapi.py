"""A FastAPI site."""

import asyncio

from fastapi import APIRouter, Depends, FastAPI, Request

from cfsign_starlette import signed_redirect
from tests.conformance.cases import TENANT_VIEWS, VIEWS, find, find_distribution, rule
from tests.conformance.drivers import starlette_site
from tests.conformance.site import make_view

IS_ASGI = IS_ASYNC = True
PREFIX = ""


async def decide(request: Request, resource: str, case: str):
    await asyncio.sleep(0)
    return rule(case, request.headers["X-User"], resource, starlette_site.NATIVES)


def add_route(router, path, media):
    @router.head(path, include_in_schema=False)
    @router.get(path)
    async def content(resource: str, request: Request, result=Depends(decide)):  # noqa: B008
        return await media(request, resource, result)


def add_route_by_id(app, media):
    @app.head("/by-id/{case}/{number}", include_in_schema=False)
    @app.get("/by-id/{case}/{number}")
    async def by_id(case: str, number: str, request: Request):
        resource = find(case, request.headers["X-User"], number, starlette_site.NATIVES)
        return await media(request, resource, await decide(request, resource, case))


async def find_tenant(request: Request):
    return find_distribution(request.headers["X-User"], starlette_site.NATIVES)


def create_app(settings):
    app = FastAPI(exception_handlers=starlette_site.PAGES)
    for name, options in VIEWS.items():
        media = make_view(signed_redirect, signed_redirect, settings, options)
        add_route(app, f"/{name}/{{case}}/{{resource:path}}", media)
    for name, options in TENANT_VIEWS.items():
        media = signed_redirect.from_config(settings, distribution_for=find_tenant, **options)
        add_route(app, f"/{name}/{{case}}/{{resource:path}}", media)
    add_route_by_id(app, make_view(signed_redirect, signed_redirect, settings, {}))
    nested = APIRouter(prefix="/nested/{case}")
    add_route(nested, "/{resource:path}", signed_redirect.from_config(settings))
    app.include_router(nested)
    return app


client = starlette_site.client


def start(settings, members):
    options = {name: value for name, value in members.items() if name != "authorize"}
    signed_redirect.from_config(settings, **options)

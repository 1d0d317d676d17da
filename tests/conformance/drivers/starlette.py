"""A Starlette site."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from cfsign_starlette import SignedRedirectEndpoint
from tests.conformance.cases import TENANT_VIEWS, VIEWS, find, find_distribution, rule
from tests.conformance.drivers import starlette_site
from tests.conformance.site import make_view

IS_ASGI = IS_ASYNC = True
PREFIX = ""


class Content(SignedRedirectEndpoint):
    async def authorize(self, request, resource, case):
        await asyncio.sleep(0)
        return rule(case, request.headers["X-User"], resource, starlette_site.NATIVES)


class ById(Content):
    async def resource_for(self, request, number, case):
        await asyncio.sleep(0)
        return find(case, request.headers["X-User"], number, starlette_site.NATIVES)

    async def authorize(self, request, resource, case, number):
        return await super().authorize(request, resource, case)


class Tenants(Content):
    async def distribution_for(self, request):
        return find_distribution(request.headers["X-User"], starlette_site.NATIVES)


def create_app(settings):
    routes = [
        Route(
            f"/{name}/{{case}}/{{resource:path}}",
            make_view(base, base.as_endpoint, settings, options),
        )
        for base, views in ((Content, VIEWS), (Tenants, TENANT_VIEWS))
        for name, options in views.items()
    ]
    by_id = make_view(ById, ById.as_endpoint, settings, {})
    routes.append(Route("/by-id/{case}/{number}", by_id))
    nested = Route("/{resource:path}", Content.from_config(settings))
    routes.append(Mount("/nested/{case}", routes=[nested]))
    return Starlette(routes=routes, exception_handlers=starlette_site.PAGES)


client = starlette_site.client


def start(settings, members):
    endpoint = type("Endpoint", (SignedRedirectEndpoint,), dict(members))
    Route("/{resource:path}", endpoint.from_config(settings))

"""A Starlette site."""

import asyncio

from starlette.applications import Starlette
from starlette.routing import Mount, Route

from cfsign import Distribution
from cfsign_starlette import SignedRedirectEndpoint
from tests.conformance.cases import VIEWS, find, rule
from tests.conformance.drivers import starlette_site
from tests.conformance.site import site_options

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


def create_app(settings):
    distribution = Distribution.from_config(settings)
    routes = [
        Route(
            f"/{name}/{{case}}/{{resource:path}}",
            Content.as_endpoint(distribution, **options, **site_options(settings)),
        )
        for name, options in VIEWS.items()
    ]
    by_id = ById.as_endpoint(distribution, **site_options(settings))
    routes.append(Route("/by-id/{case}/{number}", by_id))
    nested = Route("/{resource:path}", Content.from_config(settings))
    routes.append(Mount("/nested/{case}", routes=[nested]))
    return Starlette(routes=routes, exception_handlers=starlette_site.PAGES)


client = starlette_site.client


def start(settings, members):
    endpoint = type("Endpoint", (SignedRedirectEndpoint,), dict(members))
    Route("/{resource:path}", endpoint.from_config(settings))

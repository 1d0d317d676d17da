"""A Falcon site under ASGI."""

import asyncio

import falcon.asgi
from falcon import testing

from cfsign_falcon.asgi import SignedRedirectResource
from tests.conformance.cases import find, find_distribution, rule
from tests.conformance.drivers import falcon_site
from tests.conformance.expectations import own_page
from tests.conformance.site import MOUNT
from tests.conformance.wire import Reply

IS_ASGI = IS_ASYNC = True
PREFIX = ""


class Content(SignedRedirectResource):
    async def authorize(self, req, resource, case):
        await asyncio.sleep(0)
        return rule(case, req.get_header("X-User"), resource, falcon_site.NATIVES)


class ById(Content):
    async def resource_for(self, req, number, case):
        return find(case, req.get_header("X-User"), number, falcon_site.NATIVES)

    async def authorize(self, req, resource, case, number):
        return await super().authorize(req, resource, case)


class Tenants(Content):
    async def distribution_for(self, req):
        return find_distribution(req.get_header("X-User"), falcon_site.NATIVES)


async def show_page(req, resp, error, params):
    resp.status = error.status
    resp.text = own_page(error.status_code)


def create_app(settings):
    app = falcon.asgi.App()
    for template, resource in falcon_site.routes(Content, ById, Tenants, settings):
        app.add_route(template, resource)
        app.add_route(MOUNT + template, resource)  # see cases.FALCON_MOUNT
    app.add_error_handler(falcon_site.ERRORS, show_page)
    return app


def client(app):
    async def call(scope):
        response = testing.ASGIResponseEventCollector()
        await app(scope, testing.ASGIRequestEventEmitter(), response)
        return Reply.of(response.status, response.headers, b"".join(response.body_chunks))

    def send(request, path):
        scope = testing.create_scope(
            path=request.mount + path,
            query_string=request.query,
            method=request.method,
            headers=request.headers,
            root_path=request.mount,
        )
        return asyncio.run(call(scope))

    return send


def start(settings, members):
    resource = type("Resource", (SignedRedirectResource,), dict(members))
    falcon.asgi.App().add_route("/{resource:path}", resource.from_config(settings))

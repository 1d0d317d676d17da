"""A Falcon site under WSGI."""

import falcon
from falcon import testing

from cfsign_falcon import SignedRedirectResource
from tests.conformance.cases import find, find_distribution, rule
from tests.conformance.drivers import falcon_site
from tests.conformance.expectations import own_page
from tests.conformance.wire import Reply

IS_ASGI = IS_ASYNC = False
PREFIX = ""


class Content(SignedRedirectResource):
    def authorize(self, req, resource, case):
        return rule(case, req.get_header("X-User"), resource, falcon_site.NATIVES)


class ById(Content):
    def resource_for(self, req, number, case):
        return find(case, req.get_header("X-User"), number, falcon_site.NATIVES)

    def authorize(self, req, resource, case, number):
        return super().authorize(req, resource, case)


class Tenants(Content):
    def distribution_for(self, req):
        return find_distribution(req.get_header("X-User"), falcon_site.NATIVES)


def show_page(req, resp, error, params):
    resp.status = error.status
    resp.text = own_page(error.status_code)


def create_app(settings):
    app = falcon.App()
    for template, resource in falcon_site.routes(Content, ById, Tenants, settings):
        app.add_route(template, resource)
    app.add_error_handler(falcon_site.ERRORS, show_page)
    return app


def client(app):
    def send(request, path):
        environ = testing.create_environ(
            path=path,
            query_string=request.query,
            method=request.method,
            headers=request.headers,
            root_path=request.mount,
        )
        response = testing.StartResponseMock()
        body = b"".join(app(environ, response))
        return Reply.of(int(response.status[:3]), response.headers, body)

    return send


def start(settings, members):
    resource = type("Resource", (SignedRedirectResource,), dict(members))
    falcon.App().add_route("/{resource:path}", resource.from_config(settings))

"""A Flask site."""

import functools

import flask

from cfsign_flask import SignedRedirectView
from tests.conformance.cases import find, find_distribution, rule
from tests.conformance.drivers import flask_site

IS_ASGI = IS_ASYNC = False
PREFIX = ""


def authorize(resource, case):
    return rule(case, flask.request.headers["X-User"], resource, flask_site.NATIVES)


class Content(SignedRedirectView):
    def authorize(self, resource, case):
        return authorize(resource, case)


class ById(Content):
    def resource_for(self, number, case):
        return find(case, flask.request.headers["X-User"], number, flask_site.NATIVES)

    def authorize(self, resource, case, number):
        return authorize(resource, case)


class Tenants(Content):
    def distribution_for(self, request):
        return find_distribution(request.headers["X-User"], flask_site.NATIVES)


create_app = functools.partial(flask_site.create_app, Content, ById, Tenants, authorize)
client = flask_site.client
start = flask_site.start

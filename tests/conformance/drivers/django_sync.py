"""A Django site under WSGI."""

import functools

from django.core.wsgi import get_wsgi_application
from django.test import Client

from cfsign_django.views import SignedRedirectView
from tests.conformance.cases import find, find_distribution, rule
from tests.conformance.drivers import django_site

IS_ASGI = IS_ASYNC = False
PREFIX = "/sync"


class Content(SignedRedirectView):
    def authorize(self, request, resource, case):
        return rule(case, request.headers["X-User"], resource, django_site.NATIVES)


class ById(Content):
    def resource_for(self, request, number, case):
        return find(case, request.headers["X-User"], number, django_site.NATIVES)

    def authorize(self, request, resource, case, number):
        return super().authorize(request, resource, case)


class Tenants(Content):
    def distribution_for(self, request):
        return find_distribution(request.headers["X-User"], django_site.NATIVES)


urlpatterns = django_site.urls(Content, ById, Tenants)


def create_app(settings):
    return get_wsgi_application()  # the settings are in django_settings


def client(app):
    django_client = Client(raise_request_exception=False)

    def send(request, path):
        return django_site.reply(
            django_client.generic(
                request.method,
                path,
                headers=request.headers,
                QUERY_STRING=request.query,
                SCRIPT_NAME=request.mount,
            )
        )

    return send


start = functools.partial(django_site.start, SignedRedirectView)

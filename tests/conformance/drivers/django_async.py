"""A Django site under ASGI."""

import asyncio
import functools
from urllib.parse import unquote

from asgiref.sync import async_to_sync
from django.core.asgi import get_asgi_application
from django.test import AsyncClient

from cfsign_django.views import AsyncSignedRedirectView
from tests.conformance.cases import find, find_distribution, rule
from tests.conformance.drivers import django_site

IS_ASGI = IS_ASYNC = True
PREFIX = "/async"


class Content(AsyncSignedRedirectView):
    async def authorize(self, request, resource, case):
        await asyncio.sleep(0)
        return rule(case, request.headers["X-User"], resource, django_site.NATIVES)


class ById(Content):
    async def resource_for(self, request, number, case):
        return find(case, request.headers["X-User"], number, django_site.NATIVES)

    async def authorize(self, request, resource, case, number):
        return await super().authorize(request, resource, case)


class Tenants(Content):
    async def distribution_for(self, request):
        return find_distribution(request.headers["X-User"], django_site.NATIVES)


urlpatterns = django_site.urls(Content, ById, Tenants)


def create_app(settings):
    return get_asgi_application()  # the settings are in django_settings


def client(app):
    def send(request, path):
        # Not client.generic: it decodes the path as WSGI has it, and ASGI's is Unicode text.
        scope = {
            "method": request.method,
            "path": request.mount + unquote(path),
            "root_path": request.mount,
            "query_string": request.query.encode(),
            "headers": [(k.lower().encode(), v.encode()) for k, v in request.headers.items()],
        }
        django_client = AsyncClient(raise_request_exception=False)
        return django_site.reply(async_to_sync(django_client.request)(**scope))

    return send


start = functools.partial(django_site.start, AsyncSignedRedirectView)

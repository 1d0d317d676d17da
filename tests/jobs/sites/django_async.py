"""The Django site with async views."""

from __future__ import annotations

from django.core.asgi import get_asgi_application
from django.urls import path

from cfsign_django.views import AsyncSignedRedirectView
from tests.jobs.sites import django_sync, make_async

IS_ASGI = True

handler404 = django_sync.handler404

urlpatterns = django_sync.PAGES + [
    path(route, make_async(view, AsyncSignedRedirectView).as_view(), name=view.__name__.lower())
    for route, view in django_sync.VIEWS.items()
]


def create_app(settings):
    with django_sync.override(settings, __name__):
        app = get_asgi_application()

    async def call(scope, receive, send):
        with django_sync.override(settings, __name__):
            await app(scope, receive, send)

    return call

"""The routes of the two Django sites that are loaded."""

import os

from django.http import HttpResponseRedirect
from django.urls import path

from benchmarks.sites import BARE
from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView


class SeeOther(HttpResponseRedirect):
    """Django's redirect with status 303."""

    status_code = 303


class Content(SignedRedirectView):
    """A signed view that allows all requests."""

    def authorize(self, request, resource):
        """Allow the request."""
        return 200


class AsyncContent(AsyncSignedRedirectView):
    """A signed view that allows all requests."""

    async def authorize(self, request, resource):
        """Allow the request."""
        return 200


def bare(request, name):
    """Redirect without signing."""
    return SeeOther(BARE.format(name))


async def bare_async(request, name):
    """Redirect without signing."""
    return SeeOther(BARE.format(name))


if os.environ["LOAD_ADAPTER"] == "django_async":
    urlpatterns = [
        path("content/<path:resource>", AsyncContent.as_view()),
        path("bare/<path:name>", bare_async),
    ]
else:
    urlpatterns = [
        path("content/<path:resource>", Content.as_view()),
        path("bare/<path:name>", bare),
    ]

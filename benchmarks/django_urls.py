"""The routes of the two Django sites under load."""

import os

from django.http import HttpResponseRedirect
from django.urls import path

from benchmarks.sites import BARE
from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView


class SeeOther(HttpResponseRedirect):
    """Django's own redirect, with the status of ours."""

    status_code = 303


class Content(SignedRedirectView):
    """Signs for everybody."""

    def authorize(self, request, resource):
        """Say yes."""
        return 200


class AsyncContent(AsyncSignedRedirectView):
    """Signs for everybody."""

    async def authorize(self, request, resource):
        """Say yes."""
        return 200


def bare(request, name):
    """Redirect barely."""
    return SeeOther(BARE.format(name))


async def bare_async(request, name):
    """Redirect barely."""
    return SeeOther(BARE.format(name))


if os.environ["LOAD_FLAVOUR"] == "django_async":
    urlpatterns = [
        path("content/<path:resource>", AsyncContent.as_view()),
        path("bare/<path:name>", bare_async),
    ]
else:
    urlpatterns = [
        path("content/<path:resource>", Content.as_view()),
        path("bare/<path:name>", bare),
    ]

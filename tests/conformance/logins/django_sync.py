"""A Django site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect
from django.test import override_settings
from django.urls import path

import cfsign_django

# --8<--
from cfsign_django import revoke_folder
from cfsign_django.middleware import RenewFolders

# --8<--
from tests.conformance.logins.members import find_folder

IS_ASGI = False


# --8<--
class RenewMembers(RenewFolders):
    def folder_for(self, request):
        return find_folder(request.session.get("user"))


# --8<--
def login(request, user):
    request.session["user"] = user
    return HttpResponseRedirect("/page")


# --8<--
def logout(request):
    request.session.flush()
    return revoke_folder(HttpResponseRedirect("/login"), "members")


# --8<--
def forget(request):
    request.session.flush()
    return HttpResponseRedirect("/page")


def logout_everywhere(request):
    return cfsign_django.revoke_all(HttpResponseRedirect("/login"))


def open_two(request):
    response = HttpResponse("opened")
    response.set_cookie("seen", "1")
    cfsign_django.grant_folder(response, "albums/1")
    return cfsign_django.grant_folder(response, "albums/2 ü", expires_in=7200)


def close_one(request):
    return revoke_folder(HttpResponse("closed"), "albums/1")


def page(request):
    return HttpResponse("page")


def public(request):
    return HttpResponse("public", headers={"Cache-Control": request.GET["cache"]})


urlpatterns = [
    path("login/<user>", login),
    path("logout", logout),
    path("forget", forget),
    path("logout-everywhere", logout_everywhere),
    path("open", open_two),
    path("close", close_one),
    path("page", page),
    path("public", public),
]


def override(
    settings: Mapping[str, Any], module: str, middleware: str, renews: bool
) -> override_settings:
    """Return Django's settings of a site."""
    classes = ["django.contrib.sessions.middleware.SessionMiddleware"]
    if renews:
        classes.append(f"{module}.{middleware}")
    return override_settings(
        **settings,
        ROOT_URLCONF=module,
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        MIDDLEWARE=classes,
    )


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Any:
    with override(settings, __name__, "RenewMembers", renews):
        app = get_wsgi_application()

    def call(environ: Any, start_response: Any) -> Any:
        with override(settings, __name__, "RenewMembers", renews):
            return app(environ, start_response)

    return call

"""A Django site with async views and an async `folder_for`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.asgi import get_asgi_application
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

from cfsign_django import grant_folder_async, revoke_folder
from cfsign_django.middleware import RenewFolders
from tests.conformance.logins import django_sync
from tests.conformance.logins.members import find_folder

IS_ASGI = True


class RenewMembers(RenewFolders):
    async def folder_for(self, request):
        return find_folder(await request.session.aget("user"))


async def login(request, user):
    await request.session.aset("user", user)
    return HttpResponseRedirect("/page")


async def logout(request):
    await request.session.aflush()
    return revoke_folder(HttpResponseRedirect("/login"), "members")


async def open_two(request):
    response = HttpResponse("opened")
    response.set_cookie("seen", "1")
    await grant_folder_async(response, "albums/1")
    return await grant_folder_async(response, "albums/2 ü", expires_in=7200)


urlpatterns = [
    path("login/<user>", login),
    path("logout", logout),
    path("open", open_two),
    *django_sync.urlpatterns,
]


def create_app(settings: Mapping[str, Any], renews: bool = True) -> Any:
    with django_sync.override(settings, __name__, "RenewMembers", renews):
        app = get_asgi_application()

    async def call(scope: Any, receive: Any, send: Any) -> None:
        with django_sync.override(settings, __name__, "RenewMembers", renews):
            await app(scope, receive, send)

    return call

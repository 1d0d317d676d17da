"""Sync and async views behind Django's mixins, and a page with the template tag."""

from django.contrib.auth.mixins import (
    LoginRequiredMixin,
    PermissionRequiredMixin,
    UserPassesTestMixin,
)
from django.http import HttpResponse
from django.template import engines
from django.urls import path

from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView
from tests.conformance.drivers.django_urls import handler403 as handler403


class Files(SignedRedirectView):
    def authorize(self, request, resource):
        return 200 if request.user.username == "ada" else 410


class AsyncFiles(AsyncSignedRedirectView):
    async def authorize(self, request, resource):
        user = await request.auser()
        return 200 if user.username == "ada" else 410


class LoggedIn(LoginRequiredMixin):
    login_url = "/login"


class Permitted(PermissionRequiredMixin):
    login_url = "/login"
    permission_required = "auth.view_group"


class Tested(UserPassesTestMixin):
    login_url = "/login"

    def test_func(self):
        return self.request.user.is_staff


GUARDS = {"login": LoggedIn, "permission": Permitted, "test": Tested}


def page(request):
    template = engines["django"].from_string(
        "{% load cfsign %}<a href='{% cloudfront_url name expires_in=9 %}'>"
    )
    return HttpResponse(template.render({"name": "R&D, it's (1)&copy=2.jpg"}))


urlpatterns = [path("page", page)]
for name, guard in GUARDS.items():
    for kind, view in (("sync", Files), ("async", AsyncFiles)):
        guarded = type(f"{name}_{kind}", (guard, view), {})
        urlpatterns.append(path(f"{name}/{kind}/<path:resource>", guarded.as_view()))

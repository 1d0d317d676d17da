"""The parts that the two Django sites share."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from typing import Any

import django
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.test import override_settings
from django.urls import URLPattern, URLResolver, include, path

from tests.conformance.cases import TENANT_VIEWS, VIEWS
from tests.conformance.wire import Reply

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.conformance.drivers.django_settings")
django.setup(set_prefix=False)


def _raise(error: Exception) -> Any:
    raise error


NATIVES: Mapping[str, Callable[[], Any]] = {
    "forbidden": lambda: _raise(PermissionDenied()),
    "not_found": lambda: _raise(Http404()),
    "login": lambda: HttpResponseRedirect("/login?next=a.txt"),
    "page": lambda: HttpResponse("the site's own login page"),
}


def urls(view: Any, by_id: Any, tenants: Any) -> list[URLPattern | URLResolver]:
    return [
        *(
            path(f"{name}/<case>/<path:resource>", base.as_view(**options))
            for base, views in ((view, VIEWS), (tenants, TENANT_VIEWS))
            for name, options in views.items()
        ),
        path("by-id/<case>/<number>", by_id.as_view()),
        path("nested/<case>/", include([path("<path:resource>", view.as_view())])),
    ]


def reply(response: HttpResponseBase) -> Reply:
    cookies = [("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values()]
    return Reply.of(response.status_code, [*response.items(), *cookies], response.content)


def start(view: type, settings: Mapping[str, Any], members: Mapping[str, Any]) -> None:
    """Run the checks, and make a view with *members*."""
    names = ("CLOUDFRONT_DOMAIN", "CLOUDFRONT_CONFIG", "CLOUDFRONT_DISTRIBUTIONS")
    site = {**dict.fromkeys(names), **settings}
    with override_settings(**site):
        call_command("check", stdout=io.StringIO(), stderr=io.StringIO())
        type("View", (view,), dict(members)).as_view()

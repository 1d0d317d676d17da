"""The site on Django: its settings, its views and its URLs, in one module."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings as django_settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from cfsign import Allow, ConfigurationError, Deny
from cfsign.demo.pages import STATIC, Page, Pages
from cfsign.demo.readers import is_viewer, permission
from cfsign_django.views import SignedRedirectView

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class Content(SignedRedirectView):
    """Sends those who may read a file to the edge, with a signed URL."""

    # The one parameter of the viewer's that goes on to the edge; every other is dropped.
    forward_query = ("lang",)

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> int | Allow:
        """Ask the site's own rule."""
        return permission(viewer(request), resource, request.META["REMOTE_ADDR"])


class Link(Content):
    """Gives the signed URL to a script, which may want it before it goes there."""

    delivery = "json"


class Folder(Content):
    """Opens all of the file's folder by cookies, and sends the viewer to the plain URL."""

    delivery = "cookies"


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the files."""
    return respond(pages().home(viewer(request)))


@require_safe
def file(request: HttpRequest, resource: str) -> HttpResponse:
    """Show one."""
    return respond(pages().file(viewer(request), resource, request.META["REMOTE_ADDR"]))


@require_safe
def album(request: HttpRequest) -> HttpResponse:
    """Show the folder that cookies open."""
    return respond(pages().show_album(viewer(request), request.META["REMOTE_ADDR"]))


# The forms are the same on every framework, and bear no token of Django's. No other site can
# send one as the viewer: their cookie is SameSite=Lax, and stays behind.
@csrf_exempt
@require_POST
def login(request: HttpRequest) -> HttpResponse:
    """Take the viewer at their word: this is a demo, and nothing of it leaves this machine."""
    name = request.POST.get("viewer")
    if not is_viewer(name):
        raise BadRequest("no such viewer")
    request.session["viewer"] = name
    return redirect("/")


@csrf_exempt
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Forget the viewer."""
    request.session.flush()
    return redirect("/")


def refused(
    request: HttpRequest,
    exception: Exception | None = None,
    *,
    status: int = 403,
    reason: str = "",
) -> HttpResponse:
    """Show the site's own page for a refusal, whoever refused: a view of ours or the library's."""
    return respond(pages().refused(viewer(request), status))


def fill_refusals(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Give a page to the refusals that Django has no handler for, such as 401 and 405."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code >= 400 and not response.content:
            # What the refusal brings is kept, such as the Allow header of a 405.
            page = pages().refused(viewer(request), response.status_code)
            response.content = page.html
            for name, value in page.headers.items():
                response.headers[name] = value
        return response

    return middleware


def viewer(request: HttpRequest) -> str | None:
    """Return who is logged in."""
    name: str | None = request.session.get("viewer")
    return name


def pages() -> Pages:
    """Return what there is to show."""
    found: Pages = django_settings.PAGES
    return found


def respond(page: Page | Deny) -> HttpResponse:
    """Make a response of a page, or refuse."""
    if isinstance(page, Deny):
        # In Django's way: by an exception where there is one, else by an empty response.
        if page.status == 403:
            raise PermissionDenied
        if page.status == 404:
            raise Http404
        return HttpResponse(status=page.status)
    response = HttpResponse(page.html, status=page.status, headers=page.headers)
    for value in page.set_cookies:
        response.cookies.load(value)
    return response


urlpatterns = [
    path("content/<path:resource>", Content.as_view()),
    path("link/<path:resource>", Link.as_view()),
    path("folder/<path:resource>", Folder.as_view()),
    path("", home),
    path("file/<path:resource>", file),
    path("album", album),
    path("login", login),
    path("logout", logout),
]
handler400, handler403, handler404, handler500 = (
    partial(refused, status=status) for status in (400, 403, 404, 500)
)


def create_app(settings: Mapping[str, Any], pages: Pages) -> WSGIApplication:
    """
    Make the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: What there is to show.

    Raises:
        ConfigurationError: Django has settings already, and takes them once a process.
    """
    if django_settings.configured:
        raise ConfigurationError("Django has its settings already: one site a process")
    django_settings.configure(
        **settings,
        PAGES=pages,
        # Made anew at each start: whoever was logged in is not any more.
        SECRET_KEY=secrets.token_hex(),
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        INSTALLED_APPS=["cfsign_django"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            # In the cookie, signed: there is no database.
            "django.contrib.sessions.middleware.SessionMiddleware",
            f"{__name__}.fill_refusals",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        CSRF_FAILURE_VIEW=f"{__name__}.refused",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        ROOT_URLCONF=__name__,
        STATIC_URL="/static/",
        STATIC_ROOT=STATIC,
        # As it is, Django would tell the site's administrators by mail, and nobody else.
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,  # the edge, in the same process, has one
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "loggers": {"django": {"handlers": ["console"], "level": "ERROR"}},
        },
    )
    return get_wsgi_application()

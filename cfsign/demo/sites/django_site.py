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
from cfsign.demo.users import FOLDERS, authorize, get_folder, is_user
from cfsign_django import revoke_folder
from cfsign_django.views import SignedRedirectView

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


class Content(SignedRedirectView):
    """Redirects users who may read a file to its signed URL."""

    # The only query parameter that is forwarded to the edge.
    forward_query = ("lang",)

    def authorize(self, request: HttpRequest, resource: str, **url_args: Any) -> int | Allow:
        """Return the decision of the site's access rule."""
        return authorize(current_user(request), resource, request.META["REMOTE_ADDR"])


class Link(Content):
    """Returns the signed URL as JSON, for scripts."""

    delivery = "json"


class Folder(Content):
    """Sets cookies for the folder of a file, and redirects to its plain URL."""

    delivery = "cookies"
    folder = staticmethod(get_folder)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Return the home page."""
    return respond(pages().home(current_user(request)))


@require_safe
def file(request: HttpRequest, resource: str) -> HttpResponse:
    """Return the page of a file."""
    return respond(pages().file(current_user(request), resource, request.META["REMOTE_ADDR"]))


@require_safe
def album(request: HttpRequest) -> HttpResponse:
    """Return the page of the album."""
    return respond(pages().album_page(current_user(request), request.META["REMOTE_ADDR"]))


# The forms are the same for every framework, without Django's CSRF token. Other sites cannot send
# them for a logged-in user, because the session cookie is SameSite=Lax.
@csrf_exempt
@require_POST
def login(request: HttpRequest) -> HttpResponse:
    """Log the user in without a password, because this is a demo."""
    name = request.POST.get("user")
    if not is_user(name):
        raise BadRequest("there is no such user")
    request.session["user"] = name
    return redirect("/")


@csrf_exempt
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """Log the user out, and delete the cookies of the folders from the browser."""
    request.session.flush()
    response = redirect("/")
    for folder in FOLDERS:
        revoke_folder(response, folder)
    return response


def refusal(
    request: HttpRequest,
    exception: Exception | None = None,
    *,
    status: int = 403,
    reason: str = "",
) -> HttpResponse:
    """Return the page of a refusal, by a view of the site or of the library."""
    return respond(pages().refusal(current_user(request), status))


def add_refusal_pages(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Add a page to refusals that Django has no handler for, such as 401 and 405."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code >= 400 and not response.content:
            # The response's own headers stay, such as Allow of a 405.
            page = pages().refusal(current_user(request), response.status_code)
            response.content = page.html
            for name, value in page.headers.items():
                response.headers[name] = value
        return response

    return middleware


def current_user(request: HttpRequest) -> str | None:
    """Return the name of the logged-in user, or None."""
    name: str | None = request.session.get("user")
    return name


def pages() -> Pages:
    """Return the pages of the site."""
    site_pages: Pages = django_settings.PAGES
    return site_pages


def respond(page: Page | Deny) -> HttpResponse:
    """Return a page as a response, or refuse the request."""
    if isinstance(page, Deny):
        # Django has exceptions for 403 and 404; `add_refusal_pages` handles the others.
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
    partial(refusal, status=status) for status in (400, 403, 404, 500)
)


def create_app(settings: Mapping[str, Any], pages: Pages) -> WSGIApplication:
    """
    Create the site.

    Args:
        settings: `CLOUDFRONT_DOMAIN` and `CLOUDFRONT_CONFIG`.
        pages: The HTML pages.

    Raises:
        ConfigurationError: Django's settings are configured already.
    """
    if django_settings.configured:
        raise ConfigurationError(
            "Django's settings are configured already", hint="run one Django site per process"
        )
    django_settings.configure(
        **settings,
        PAGES=pages,
        # A new key at each start, which ends all sessions.
        SECRET_KEY=secrets.token_hex(),
        ALLOWED_HOSTS=["127.0.0.1", "localhost"],
        INSTALLED_APPS=["cfsign_django"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "whitenoise.middleware.WhiteNoiseMiddleware",
            # Sessions are signed cookies, because there is no database.
            "django.contrib.sessions.middleware.SessionMiddleware",
            f"{__name__}.add_refusal_pages",
            "django.middleware.csrf.CsrfViewMiddleware",
        ],
        CSRF_FAILURE_VIEW=f"{__name__}.refusal",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        ROOT_URLCONF=__name__,
        STATIC_URL="/static/",
        STATIC_ROOT=STATIC,
        # By default, Django would only send e-mail to administrators.
        LOGGING={
            "version": 1,
            "disable_existing_loggers": False,  # the edge logs in the same process
            "handlers": {"console": {"class": "logging.StreamHandler"}},
            "loggers": {"django": {"handlers": ["console"], "level": "ERROR"}},
        },
    )
    return get_wsgi_application()

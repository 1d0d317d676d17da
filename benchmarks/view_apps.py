"""
The seven applications whose views `benchmarks.views` times in process.

Each has three routes: `/bare/...` is the framework's bare redirect, `/signed/...` is the signed
view, and `/stable/...` is the signed view with stable URLs.
"""

from __future__ import annotations

from typing import Any

import django
import falcon
import falcon.asgi
import flask
from django.conf import settings as django_settings
from django.http import HttpResponseRedirect
from django.urls import path
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

import cfsign_falcon
import cfsign_falcon.asgi
from benchmarks.material import DOMAIN, KEY_PAIR_ID, StubKey
from cfsign import Distribution
from cfsign_flask import CloudFront, signed_redirect_blueprint
from cfsign_starlette import signed_redirect

KINDS = ("bare", "signed", "stable")

#: As long as a URL that is signed with RSA-2048.
_LOCATION = f"{DOMAIN}/dir/film.mp4?Expires=1999999999&Signature={'x' * 344}&Key-Pair-Id=K1"


def _settings(kind: str) -> dict[str, Any]:
    config: dict[str, Any] = {"private_key": StubKey(), "key_pair_id": KEY_PAIR_ID}
    if kind == "stable":
        config["expiry_step"] = 86400
    return {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config}


def build_flask() -> Any:
    """Return the Flask application whose views are sync, for WSGI."""
    return _build_flask(lambda resource: 200, lambda resource: flask.redirect(_LOCATION, 303))


def build_flask_async() -> Any:
    """Return the Flask application whose views are async, for WSGI."""

    async def authorize(resource: str) -> int:
        return 200

    async def bare(resource: str) -> Any:
        return flask.redirect(_LOCATION, 303)

    return _build_flask(authorize, bare)


def _build_flask(authorize: Any, bare: Any) -> Any:
    """Build one application per kind, because each has one distribution, and dispatch by path."""
    apps = {}
    for kind in ("signed", "stable"):
        app = flask.Flask(kind)
        app.config.update(_settings(kind))
        CloudFront(app)
        blueprint = signed_redirect_blueprint("content", __name__, authorize, f"/{kind}")
        app.register_blueprint(blueprint)
        app.add_url_rule("/bare/<path:resource>", "bare", bare)
        apps[kind] = app
    signed, stable = apps["signed"].wsgi_app, apps["stable"].wsgi_app

    def dispatch(environ: dict[str, Any], start_response: Any) -> Any:
        is_stable = environ["PATH_INFO"].startswith("/stable")
        return (stable if is_stable else signed)(environ, start_response)

    return dispatch


class _SeeOther(HttpResponseRedirect):
    status_code = 303


#: Django's views by kind, and by whether they are async.
_DJANGO_VIEWS: dict[tuple[str, bool], Any] = {}


def set_up_django() -> None:
    """Configure Django. A process can do this only once."""
    if django_settings.configured:
        return
    from cfsign_django.views import AsyncSignedRedirectView, SignedRedirectView

    class Content(SignedRedirectView):
        def authorize(self, request: Any, resource: str, **url_args: Any) -> int:
            return 200

    class AsyncContent(AsyncSignedRedirectView):
        async def authorize(self, request: Any, resource: str, **url_args: Any) -> int:
            return 200

    def bare(request: Any, resource: str) -> Any:
        return _SeeOther(_LOCATION)

    async def bare_async(request: Any, resource: str) -> Any:
        return _SeeOther(_LOCATION)

    _DJANGO_VIEWS.update(
        {
            ("bare", False): bare,
            ("bare", True): bare_async,
            **dict.fromkeys((("signed", False), ("stable", False)), Content.as_view()),
            **dict.fromkeys((("signed", True), ("stable", True)), AsyncContent.as_view()),
        }
    )
    django_settings.configure(
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="views",  # noqa: S106  nothing is signed with it
        INSTALLED_APPS=["cfsign_django"],
        **build_django_settings("bare", is_async=False),
    )
    django.setup()


def build_django_settings(kind: str, *, is_async: bool) -> dict[str, Any]:
    """Return the settings of a site with one route, because Django tries routes in order."""
    route = path(f"{kind}/<path:resource>", _DJANGO_VIEWS[kind, is_async])
    return {**_settings(kind), "ROOT_URLCONF": type("Routes", (), {"urlpatterns": (route,)})}


class _Content(cfsign_falcon.SignedRedirectResource):
    def authorize(self, req: Any, resource: str, **params: Any) -> int:
        return 200


class _AsyncContent(cfsign_falcon.asgi.SignedRedirectResource):
    async def authorize(self, req: Any, resource: str, **params: Any) -> int:
        return 200


class _Bare:
    def on_get(self, req: Any, resp: Any, resource: str) -> None:
        raise falcon.HTTPSeeOther(_LOCATION)


class _AsyncBare:
    async def on_get(self, req: Any, resp: Any, resource: str) -> None:
        raise falcon.HTTPSeeOther(_LOCATION)


def build_falcon() -> Any:
    """Return the Falcon application for WSGI."""
    return _add_falcon_routes(falcon.App(), _Content, _Bare)


def build_falcon_async() -> Any:
    """Return the Falcon application for ASGI."""
    return _add_falcon_routes(falcon.asgi.App(), _AsyncContent, _AsyncBare)


def _add_falcon_routes(app: Any, content: Any, bare: Any) -> Any:
    for kind in ("signed", "stable"):
        distribution = Distribution.from_config(_settings(kind))
        app.add_route(f"/{kind}/{{resource:path}}", content(distribution))
    app.add_route("/bare/{resource:path}", bare())
    return app


def build_fastapi() -> Any:
    """Return the FastAPI application."""
    app = FastAPI()

    @app.get("/bare/{resource:path}")
    async def bare(resource: str) -> Response:
        return RedirectResponse(_LOCATION, 303)

    for kind in ("signed", "stable"):
        _add_fastapi_route(app, kind)
    return app


def _add_fastapi_route(app: FastAPI, kind: str) -> None:
    media = signed_redirect.from_config(_settings(kind))

    @app.get(f"/{kind}/{{resource:path}}")
    async def content(resource: str, request: Request) -> Response:
        return await media(request, resource, 200)

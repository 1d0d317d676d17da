"""
The seven sites that are loaded. Each allows all requests.

`/content/NAME` is the signed view. `/bare/NAME` is the framework's redirect to a URL that is as
long as a signed one.
"""

from __future__ import annotations

import os
from typing import Any

BARE = "https://media.example.com/{}?Expires=1999999999&Signature=" + "x" * 344 + "&Key-Pair-Id=K1"

ADAPTERS = {
    "Flask": "flask_sync",
    "Flask async": "flask_async",
    "Django": "django_sync",
    "Django async": "django_async",
    "Falcon": "falcon_wsgi",
    "Falcon async": "falcon_asgi",
    "FastAPI": "fastapi",
}


def is_asgi(adapter: str) -> bool:
    """Return True if the adapter needs an ASGI server."""
    return adapter in ("django_async", "falcon_asgi", "fastapi")


def read_settings() -> dict[str, Any]:
    """Read the settings that the load generator passes in the environment."""
    config: dict[str, Any] = {"private_key": os.environ["LOAD_KEY"], "key_pair_id": "K1"}
    if "LOAD_EXPIRY_STEP" in os.environ:
        config["expiry_step"] = int(os.environ["LOAD_EXPIRY_STEP"])
    return {"CLOUDFRONT_DOMAIN": "https://media.example.com", "CLOUDFRONT_CONFIG": config}


def create_app() -> Any:
    """Build the site that LOAD_ADAPTER names."""
    return globals()[os.environ["LOAD_ADAPTER"]]()


def flask_sync() -> Any:
    """Build the Flask site whose views are sync."""
    return _flask(lambda resource: 200, _bare)


def flask_async() -> Any:
    """Build the Flask site whose views are async."""

    async def authorize(resource: str) -> int:
        return 200

    async def bare(name: str) -> Any:
        return _bare(name)

    return _flask(authorize, bare)


def _bare(name: str) -> Any:
    import flask

    return flask.redirect(BARE.format(name), 303)


def _flask(authorize: Any, bare: Any) -> Any:
    import flask

    from cfsign_flask import CloudFront, signed_redirect_blueprint

    app = flask.Flask("load")
    app.config.update(read_settings())
    CloudFront(app)
    app.register_blueprint(signed_redirect_blueprint("c", __name__, authorize, "/content"))
    app.add_url_rule("/bare/<path:name>", "bare", bare)
    return app


def django_sync() -> Any:
    """Build the Django site for WSGI."""
    from django.core.wsgi import get_wsgi_application

    return _django(get_wsgi_application)


def django_async() -> Any:
    """Build the Django site for ASGI."""
    from django.core.asgi import get_asgi_application

    return _django(get_asgi_application)


def _django(get_application: Any) -> Any:
    from django.conf import settings as django_settings

    django_settings.configure(
        ROOT_URLCONF="benchmarks.django_urls",
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="load",  # noqa: S106  nothing is signed with it
        INSTALLED_APPS=["cfsign_django"],
        **read_settings(),
    )
    return get_application()


def falcon_wsgi() -> Any:
    """Build the Falcon site for WSGI."""
    import falcon

    import cfsign_falcon

    class Content(cfsign_falcon.SignedRedirectResource):
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return 200

    class Bare:
        def on_get(self, req: Any, resp: Any, name: str) -> None:
            raise falcon.HTTPSeeOther(BARE.format(name))

    return _falcon(falcon.App(), Content, Bare)


def falcon_asgi() -> Any:
    """Build the Falcon site for ASGI."""
    import falcon
    import falcon.asgi

    import cfsign_falcon.asgi

    class Content(cfsign_falcon.asgi.SignedRedirectResource):
        async def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return 200

    class Bare:
        async def on_get(self, req: Any, resp: Any, name: str) -> None:
            raise falcon.HTTPSeeOther(BARE.format(name))

    return _falcon(falcon.asgi.App(), Content, Bare)


def _falcon(app: Any, content: Any, bare: Any) -> Any:
    app.add_route("/content/{resource:path}", content.from_config(read_settings()))
    app.add_route("/bare/{name:path}", bare())
    return app


def fastapi() -> Any:
    """Build the FastAPI site."""
    from benchmarks.fastapi_site import build_site

    return build_site()

"""The parts that the two Flask sites share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import flask

from cfsign_flask import CloudFront, SignedRedirectView, signed_redirect_blueprint
from tests.conformance.cases import OWN_PAGES, TENANT_VIEWS, VIEWS
from tests.conformance.expectations import own_page
from tests.conformance.wire import Reply, Request

NATIVES: Mapping[str, Callable[[], Any]] = {
    "forbidden": lambda: flask.abort(403),
    "not_found": lambda: flask.abort(404),
    "login": lambda: flask.redirect("/login?next=a.txt"),
    "page": lambda: flask.Response("the site's own login page"),
}


def create_app(
    view: type[SignedRedirectView],
    by_id: type[SignedRedirectView],
    tenants: type[SignedRedirectView],
    authorize: Any,
    settings: Mapping[str, Any],
) -> flask.Flask:
    app = flask.Flask("site")
    app.config.update(settings)
    CloudFront(app)
    for base, views in ((view, VIEWS), (tenants, TENANT_VIEWS)):
        for name, options in views.items():
            made = type(name, (base,), dict(options))
            app.add_url_rule(f"/{name}/<case>/<path:resource>", view_func=made.as_view(name))
    app.add_url_rule("/by-id/<case>/<number>", view_func=by_id.as_view("by-id"))
    app.register_blueprint(
        signed_redirect_blueprint("nested", __name__, authorize, url_prefix="/nested/<case>")
    )
    for status in OWN_PAGES:
        app.register_error_handler(status, lambda error: (own_page(error.code), error.code))
    return app


def client(app: flask.Flask) -> Callable[[Request, str], Reply]:
    flask_client = app.test_client()

    def send(request: Request, path: str) -> Reply:
        response = flask_client.open(
            path,
            method=request.method,
            query_string=request.query,
            headers=request.headers,
            environ_overrides={"SCRIPT_NAME": request.mount},
        )
        return Reply.of(response.status_code, response.headers.items(), response.data)

    return send


def start(settings: Mapping[str, Any], members: Mapping[str, Any]) -> None:
    """Start a site that has one view with *members*."""
    app = flask.Flask("site")
    app.config.update(settings)
    CloudFront(app)
    view = type("View", (SignedRedirectView,), dict(members))
    app.add_url_rule("/<path:resource>", view_func=view.as_view("view"))

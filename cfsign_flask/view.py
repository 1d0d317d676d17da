"""The view that authorizes, signs and redirects, and a blueprint around a single function."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

from flask import Blueprint, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.views import MethodView
from werkzeug.wrappers import Response

from cfsign import Delivery, ViewOptions
from cfsign_flask.extension import NAME, site_of
from cfsign_flask.responses import asked_at, respond


class SignedRedirectView(ViewOptions, MethodView):
    """
    Sends those whom `authorize` allows to a signed URL of the resource that they asked for.

    Override `authorize` and give the view a route such as `/content/<path:resource>`. Every other
    attribute is an option, described in `cfsign.Delivery`: None takes the application's setting.
    """

    init_every_request = False

    def __init__(self, **options: Any) -> None:
        """Take options for this view alone, as in `as_view("content", delivery="json")`."""
        Delivery.check_names(options)
        vars(self).update(options)

    def authorize(self, resource: str, **url_args: Any) -> Any:
        """
        Say whether the viewer may have *resource*, a plain path; a plain or an `async` function.

        Return an HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
        response, which is passed on as it is. *url_args* are the route's other variables.
        """
        raise Delivery.no_rule(type(self), "self, resource, **url_args")

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> Any:
        """
        Make the view function.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            ConfigurationError: An option has a value that cannot work. One that cannot work with
                the application's distribution is an error at the first request.
        """
        if cls.authorize is SignedRedirectView.authorize:
            raise Delivery.no_rule(cls, "self, resource, **url_args")
        Delivery.of_view(cls, Delivery.options_of(SimpleNamespace(**class_kwargs)))
        return super().as_view(name, *class_args, **class_kwargs)

    def get(self, resource: str | None = None, **url_args: Any) -> Response:
        """Answer GET, and HEAD like it."""
        if resource is None:
            raise Delivery.no_resource(url_args)
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # each look costs
        desk = site_of(app).desk(self)
        asked = asked_at(desk, resource, request.query_string)
        result = app.ensure_sync(self.authorize)(resource, **url_args)
        return respond(app, desk, asked, result)


def signed_redirect_blueprint(
    name: str,
    import_name: str,
    authorize: Callable[..., Any],
    url_prefix: str | None = None,
    **options: Any,
) -> Blueprint:
    """
    Make a blueprint that serves every path below *url_prefix* by one function.

    Args:
        name: The blueprint's name; its endpoint is `NAME.resource`.
        import_name: `__name__`, as for any blueprint.
        authorize: `authorize(resource)`, plain or `async`; see `SignedRedirectView.authorize`.
        url_prefix: Where the files lie on the site, such as "/content".
        options: The options of `SignedRedirectView`, such as `delivery="json"`.

    Raises:
        ConfigurationError: An option is unknown, or cannot work. One that cannot work with the
            application's distribution is an error where the blueprint is registered.
    """
    Delivery.check_names(options)
    members = options | {"authorize": staticmethod(authorize)}
    view = cast(type[SignedRedirectView], type("BlueprintView", (SignedRedirectView,), members))
    blueprint = Blueprint(name, import_name, url_prefix=url_prefix)

    def check(setup: BlueprintSetupState) -> None:
        if NAME in setup.app.extensions:  # else it is done at the first request
            setup.app.extensions[NAME].desk(view)

    blueprint.record(check)
    blueprint.add_url_rule("/<path:resource>", view_func=view.as_view("resource"))
    return blueprint

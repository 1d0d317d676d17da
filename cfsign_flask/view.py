"""The view that authorizes, signs and redirects, and a blueprint around a single function."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar, cast

from flask import Blueprint, current_app, request
from flask.blueprints import BlueprintSetupState
from flask.views import MethodView
from werkzeug.wrappers import Response

from cfsign import Delivery
from cfsign_flask.extension import NAME, State, state
from cfsign_flask.responses import refuse, respond


class SignedRedirectView(MethodView):
    """
    Sends those whom `authorize` allows to a signed URL of the resource that they asked for.

    Override `authorize` and give the view a route such as `/content/<path:resource>`. Every other
    attribute is an option: None takes the application's setting.

    Attributes:
        delivery: "redirect", "json" or "cookies".
        forward_query: Names of query parameters copied from the request into the signed URL.
        code: The redirect's status: 302, 303 or 307.
        headers: Headers for the answer.
        allowed_statuses: What `authorize` may return for a yes.
        cookie_domain: The domain that the site and the distribution share, for cookies; "" where
            both are one host.
        cookie_samesite: "Strict", "Lax" or "None", for cookies.
    """

    init_every_request = False

    delivery: ClassVar[str | None] = None
    forward_query: ClassVar[tuple[str, ...] | None] = None
    code: ClassVar[int | None] = None
    headers: ClassVar[dict[str, str] | None] = None
    allowed_statuses: ClassVar[tuple[int, ...] | None] = None
    cookie_domain: ClassVar[str | None] = None
    cookie_samesite: ClassVar[str | None] = None

    def __init__(self, **options: Any) -> None:
        """Take options for this view alone, as in `as_view("content", delivery="json")`."""
        Delivery.check_names(options)
        vars(self).update(options)

    def authorize(self, resource: str, **url_args: Any) -> Any:
        """
        Decide on one request; a plain or an `async` function.

        Args:
            resource: The plain path that is asked for.
            url_args: The other variables of the route.

        Returns:
            An HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
            response, which is passed on as it is.
        """
        raise NotImplementedError(_OVERRIDE.format(type(self).__name__))

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
            raise NotImplementedError(_OVERRIDE.format(cls.__name__))
        Delivery.of_view(cls, Delivery.options_of(SimpleNamespace(**class_kwargs)))
        return super().as_view(name, *class_args, **class_kwargs)

    def get(self, resource: str | None = None, **url_args: Any) -> Response:
        """Answer GET, and HEAD like it."""
        if resource is None:
            raise Delivery.no_resource(url_args)
        cloudfront = state()
        delivery = self.delivery_for(cloudfront)
        refusal = delivery.refusal(cloudfront.distribution, resource)
        if refusal is not None:
            refuse(refusal)
        result = current_app.ensure_sync(self.authorize)(resource, **url_args)
        if isinstance(result, Response):
            return result
        distribution = cloudfront.distribution
        answer = delivery.answer_async if distribution.signer.is_async else delivery.answer
        query = request.query_string
        return respond(current_app.ensure_sync(answer)(distribution, resource, result, query))

    def delivery_for(self, cloudfront: State) -> Delivery:
        """
        Return how this view delivers within an application, checked once for each.

        Raises:
            ConfigurationError: An option cannot work with that application's distribution.
        """
        has_own = vars(self).keys() & Delivery.__dataclass_fields__.keys()
        view = self if has_own else type(self)
        if view not in cloudfront.deliveries:
            delivery = cloudfront.delivery.replace(**Delivery.options_of(self))
            cloudfront.deliveries[view] = delivery.check(cloudfront.distribution)
        return cloudfront.deliveries[view]


_OVERRIDE = (
    "{} does not say who may have the files; override authorize(self, resource, **url_args) "
    "and return 200, an error status, an Allow or a Deny"
)


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
            view().delivery_for(setup.app.extensions[NAME])

    blueprint.record(check)
    blueprint.add_url_rule("/<path:resource>", view_func=view.as_view("resource"))
    return blueprint

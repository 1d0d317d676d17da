"""The view that authorizes, signs and redirects, and a blueprint for a single function."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from flask import Blueprint, current_app, request
from flask.views import MethodView
from werkzeug.wrappers import Response

from cfsign.views import (
    Deny,
    OptionAttributes,
    ViewOptions,
    build_resource_error,
    check_authorize,
    find_resource,
)
from cfsign_flask.extension import get_site_config
from cfsign_flask.responses import refuse, respond


class SignedRedirectView(OptionAttributes, MethodView):
    """
    Authorizes each request, and redirects it to a signed URL.

    Override `authorize`, and add the view to a route such as `/content/<path:resource>`. The other
    attributes are options (`cfsign.views.ViewOptions`); None stands for the application's setting.
    As in any view of Flask, each request has its own object, so `self` may hold a request's data.
    """

    def __init__(self, **options: Any) -> None:
        """Set *options* for this object, if a subclass passes them on."""
        ViewOptions.check_names(options)
        vars(self).update(options)

    def resource_for(self, resource: str | None = None, **url_args: Any) -> Any:
        """
        Return the plain path of the file, before `authorize` is called.

        Override it where a database id names the file. Answer a missing id as `authorize` answers
        a forbidden one, or clients can find out which ids exist. It may be `async`.

        Args:
            resource: The route's variable of this name. The default returns it.
            url_args: The other variables of the route.

        Returns:
            The path, which is validated like that of a route. Or a `Deny`, which is the answer.
        """
        if not isinstance(resource, str):
            raise build_resource_error(resource, url_args)
        return resource

    def authorize(self, resource: str, **url_args: Any) -> Any:
        """
        Decide whether the client may have the file *resource*. May be `async`.

        Args:
            resource: The plain path of the file.
            url_args: The other variables of the route.

        Returns:
            An HTTP status (200 and 204 allow, 400 to 599 refuse), an `Allow`, a `Deny`, or a
            response, which is passed on.
        """
        raise NotImplementedError

    @classmethod
    def as_view(cls, name: str, *class_args: Any, **class_kwargs: Any) -> Any:
        """
        Return the view function.

        Raises:
            NotImplementedError: `authorize` is not overridden.
            ConfigurationError: An option is unknown or has a wrong value. An option that cannot
                work with the application's distribution raises at start-up: when the view gets
                its URL rule, or in `CloudFront.init_app` if that is called later.
        """
        check_authorize(cls, SignedRedirectView, "self, resource, **url_args")
        checked = ViewOptions.from_view(cls, class_kwargs)
        if cls.__init__ is not SignedRedirectView.__init__ or not class_kwargs:
            return super().as_view(name, *class_args, **class_kwargs)
        ViewOptions.check_names(class_kwargs)
        # A class with these options, because the handler is cached by class.
        members = {
            option: None if value is None else getattr(checked, option)
            for option, value in class_kwargs.items()
        }
        view = _derive(cls, cls.__name__, members | {"__module__": cls.__module__})
        return super(SignedRedirectView, view).as_view(name, *class_args)

    def get(self, **url_args: Any) -> Response:
        """Answer GET and HEAD."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy is slow
        cache_key = self if ViewOptions.has_own(self) else type(self)
        handlers = get_site_config(app).handlers(self, cache_key)
        handler = handlers.fixed or handlers.choose(
            app.ensure_sync(self.distribution_for),
            request._get_current_object(),  # type: ignore[attr-defined]  # of the proxy
        )
        if handler.sets_cookies:
            handler.check_site(request.scheme, request.host)
        resource: Any = find_resource(partial(app.ensure_sync(self.resource_for), **url_args))
        url_args.pop("resource", None)
        file_request = handler.validate(resource, request.query_string)
        authorize = partial(app.ensure_sync(self.authorize), resource, **url_args)
        response = respond(app, handler, resource, file_request, authorize)
        if isinstance(response, Deny):
            refuse(response)
        return response


def signed_redirect_blueprint(
    name: str,
    import_name: str,
    authorize: Callable[..., Any],
    url_prefix: str | None = None,
    *,
    distribution_for: Callable[..., Any] | None = None,
    **options: Any,
) -> Blueprint:
    """
    Return a blueprint that serves every path below *url_prefix*.

    Args:
        name: The blueprint's name. The endpoint is `NAME.resource`.
        import_name: `__name__`, as for any blueprint.
        authorize: A function `authorize(resource)`, which may be `async`; see
            `SignedRedirectView.authorize`.
        url_prefix: The path of the files on the site, such as "/content".
        distribution_for: A function `distribution_for(request)`, which may be `async`, for a site
            with several tenants; see `SignedRedirectView.distribution_for`.
        options: Options of `cfsign.views.ViewOptions`, such as `delivery="json"`.

    Raises:
        ConfigurationError: An option is unknown or has a wrong value. An option that cannot work
            with the application's distribution raises at start-up: when the blueprint is
            registered, or in `CloudFront.init_app` if that is called later.
    """
    ViewOptions.check_names(options)
    members = options | {"authorize": staticmethod(authorize)}
    if distribution_for is not None:
        members["distribution_for"] = staticmethod(distribution_for)
    view = _derive(SignedRedirectView, "BlueprintView", members)
    blueprint = Blueprint(name, import_name, url_prefix=url_prefix)
    blueprint.add_url_rule("/<path:resource>", view_func=view.as_view("resource"))
    return blueprint


def _derive(
    base: type[SignedRedirectView], name: str, members: dict[str, Any]
) -> type[SignedRedirectView]:
    return cast(type[SignedRedirectView], type(name, (base,), members))

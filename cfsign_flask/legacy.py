"""The class of flask-cloudfront (2012), with its settings and its way of use."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from flask import Flask, current_app, has_app_context, request
from werkzeug.wrappers import Response

from cfsign import CfsignWarning, ConfigurationError, DecisionError
from cfsign.config import hide
from cfsign.config.headers import is_header_mapping
from cfsign.views import (
    Deny,
    SiteConfig,
    ViewHandler,
    ViewOptions,
    check_ignored_attributes,
)
from cfsign_flask.responses import FRAMEWORK, refuse, respond


class CloudFrontRedirect:
    """
    The class of 2012: override `authorize`, and return `go(...)` from a view function.

    Two things differ from 2012. Nothing is signed before `authorize` allows the request. The path
    that is signed is always that of the current request.
    """

    #: False: `go` returns a response for a refusal, as in 2012, instead of aborting.
    abort_on_refusal: ClassVar[bool] = True

    def __init__(
        self,
        location: str | None = "",
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
        **cf_config: Any,
    ) -> None:
        """
        Check the arguments, and load the key if they name one.

        Args:
            location: The URL to sign, or a path below `CLOUDFRONT_DOMAIN` that starts with `/`. If
                it is only a domain, or "" for `CLOUDFRONT_DOMAIN`, the path of the current request
                is added.
            code: The status of the redirect: 302, 303 or 307. The default is the application's
                setting, or 303.
            headers: Headers of the redirect. The default is the application's setting. A
                `Content-Type` is ignored with a `CfsignWarning`: the redirect has no content.
            cf_config: The settings of `CLOUDFRONT_CONFIG`. The default is the application's.

        Raises:
            ConfigurationError: The arguments are wrong. Lists all problems. It is also a
                `KeyError` if neither the application nor *location* has a domain.
                Outside an application context, `go` raises it.
            ResourceError: The location is neither a domain nor a URL that may be signed.
        """
        hint = "pass code and headers to the constructor; SignedRedirectView has the other options"
        check_ignored_attributes(type(self), CloudFrontRedirect, hint)
        self.location = location or ""
        self._cf_config = hide(cf_config)
        del cf_config
        given = {"code": code, "headers": _drop_content_type(headers)}
        options: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        checked = ViewOptions(**options)
        self._options = {name: getattr(checked, name) for name in options}
        self._handlers: WeakKeyDictionary[Flask, ViewHandler] = WeakKeyDictionary()
        has_domain = bool(self.location) and not self.location.startswith("/")
        self._handler = (
            self._make_handler(self._cf_config, None)
            if has_domain and self._cf_config.reveal()
            else None
        )
        if self._handler is None and has_app_context():
            self._get_handler(current_app._get_current_object())  # type: ignore[attr-defined]  # of the proxy, not the app

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def authorize(self, *args: Any, **kwargs: Any) -> Any:
        """Return an HTTP status, an `Allow`, a `Deny` or a response; override it."""
        raise NotImplementedError(f"{type(self).__name__} must override authorize(self, ...)")

    def go(self, *args: Any, good_codes: Any = None, **kwargs: Any) -> Response:
        """
        Call `authorize`, then redirect or abort.

        Aborts with 404 if the route's variables do not determine the path that is signed. For the
        route `/books/<int:n>`, that is `/books/007`, whose `n` is that of `/books/7`.

        Args:
            args: Passed to `authorize`.
            good_codes: The statuses that allow the request. The default is 200 and 204.
            kwargs: Passed to `authorize`.

        Raises:
            DecisionError: The result of `authorize` is not understood; or `authorize` or the key
                is async, and the view function is async, too.
        """
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # a weak key below
        handler = self._get_handler(app)
        if good_codes is not None:
            handler = handler.replace(allowed_statuses=good_codes)
        file_request = handler.path_request(request.path, _build_path(app))
        if (iscoroutinefunction(self.authorize) or handler.has_async_key) and _is_in_event_loop():
            raise DecisionError(
                f"the authorize or the private key of {type(self).__name__} is async, and go() "
                "cannot await it in an async view function",
                hint="use a plain view function",
            )
        authorize = partial(app.ensure_sync(self.authorize), *args, **kwargs)
        response = respond(app, handler, request.path, file_request, authorize)
        return self._refuse(app, response) if isinstance(response, Deny) else response

    def _refuse(self, app: Flask, deny: Deny) -> Response:
        if self.abort_on_refusal:
            refuse(deny)
        return app.response_class(status=deny.status, headers=dict(deny.headers))

    def _get_handler(self, app: Flask) -> ViewHandler:
        if self._handler is not None:
            return self._handler
        if app not in self._handlers:
            config = hide(self._cf_config.reveal() or app.config.get("CLOUDFRONT_CONFIG"))
            domain = app.config.get("CLOUDFRONT_DOMAIN")
            self._handlers[app] = self._make_handler(config, domain)
        return self._handlers[app]

    def _make_handler(self, config: Any, domain: Any) -> ViewHandler:
        settings: Any = hide({"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_CONFIG": config.reveal()})
        try:
            site_config = SiteConfig.from_config(
                settings, location=self.location, framework=FRAMEWORK
            )
        except ConfigurationError as error:
            if any(p.setting == "CLOUDFRONT_DOMAIN" for p in error.problems) and domain is None:
                raise _MissingDomainError(error.problems) from None
            raise
        return site_config.default_handler.replace(**self._options)


class _MissingDomainError(ConfigurationError, KeyError):
    """A missing `CLOUDFRONT_DOMAIN`, which was a KeyError in 2012."""

    __str__ = Exception.__str__  # that of KeyError returns a repr


def _drop_content_type(headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
    if not is_header_mapping(headers) or "content-type" not in {name.lower() for name in headers}:
        return headers
    warnings.warn(
        "the Content-Type in headers is ignored, because a redirect has no content; remove it",
        CfsignWarning,
        stacklevel=3,
    )
    return {name: value for name, value in headers.items() if name.lower() != "content-type"}


def _build_path(app: Flask) -> str | None:
    """Return the path that the request's route builds from its variables, or None."""
    adapter = app.create_url_adapter(request)
    if request.url_rule is None or adapter is None:
        return None
    # Not request.view_args, which the site may have changed in a url_value_preprocessor. Not
    # url_for either, which may choose another rule of the same endpoint.
    rule, variables = adapter.match(return_rule=True)
    built = rule.build(variables, append_unknown=False)
    return "" if built is None else built[1]


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: The name in the README of 2012, which its package never had.
CloudFilesRedirect = CloudFrontRedirect

"""The class of flask-cloudfront (2012), with its settings and its way of use."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from inspect import iscoroutinefunction
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from cfsign import DecisionError
from cfsign.views import SiteConfig, ViewHandler, ViewOptions, build_missing_authorize_error
from cfsign_flask.responses import get_file_request, respond


class CloudFrontRedirect:
    """
    Subclass it, override `authorize`, and return `go(...)` from a view function.

    Unlike in 2012, nothing is signed before `authorize` allows the request, the requested path is
    the one that is signed, and the key is loaded once per process.
    """

    def __init__(
        self,
        location: str = "",
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
        **cf_config: Any,
    ) -> None:
        """
        Check the arguments, and load the key if they name one.

        Args:
            location: The URL to sign. If it is only a domain, or "" for `CLOUDFRONT_DOMAIN`, the
                path of the current request is added.
            code: The status of the redirect: 302, 303 or 307. The default is the application's
                setting, or 303.
            headers: Headers of the redirect. The default is the application's setting.
            cf_config: The settings of `CLOUDFRONT_CONFIG`. The default is the application's.

        Raises:
            ConfigurationError: The arguments are wrong. Lists all problems. If the application's
                settings are needed, `go` raises it.
            ResourceError: The location is neither a domain nor a URL that may be signed.
        """
        self.location = location
        self._cf_config = cf_config
        given = {"code": code, "headers": headers}
        options: dict[str, Any] = {
            name: value for name, value in given.items() if value is not None
        }
        checked = ViewOptions(**options)
        self._options = {name: getattr(checked, name) for name in options}
        self._handlers: WeakKeyDictionary[Flask, ViewHandler] = WeakKeyDictionary()
        self._handler = self._make_handler(cf_config, None) if location and cf_config else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def authorize(self, *args: Any, **kwargs: Any) -> Any:
        """Return an HTTP status, an `Allow`, a `Deny` or a response; override it."""
        raise build_missing_authorize_error(type(self), "self, ...")

    def go(self, *args: Any, good_codes: Any = None, **kwargs: Any) -> Response:
        """
        Call `authorize`, then redirect or abort.

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
        file_request = get_file_request(handler, request.path.removeprefix("/"))
        if (iscoroutinefunction(self.authorize) or handler.has_async_key) and _is_in_event_loop():
            raise DecisionError(
                f"the authorize or the private key of {type(self).__name__} is async, and go() "
                "cannot await it in an async view function",
                hint="use a plain view function",
            )
        result = app.ensure_sync(self.authorize)(*args, **kwargs)
        return respond(app, handler, file_request, result)

    def _get_handler(self, app: Flask) -> ViewHandler:
        if self._handler is not None:
            return self._handler
        if app not in self._handlers:
            config = self._cf_config or app.config.get("CLOUDFRONT_CONFIG")
            domain = app.config.get("CLOUDFRONT_DOMAIN")
            self._handlers[app] = self._make_handler(config, domain)
        return self._handlers[app]

    def _make_handler(self, config: Any, domain: Any) -> ViewHandler:
        settings = {"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_CONFIG": config}
        site_config = SiteConfig.from_config(settings, location=self.location)
        return site_config.default_handler.replace(**self._options)


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: The name in the README of 2012, which its package never had.
CloudFilesRedirect = CloudFrontRedirect

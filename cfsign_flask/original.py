"""The class of flask-cloudfront (2012), its settings and its way of working as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from inspect import iscoroutinefunction
from types import SimpleNamespace
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from cfsign import DecisionError, Delivery, Desk, Site, split_location
from cfsign_flask.responses import asked_at, respond


class CloudFrontRedirect:
    """
    Subclass it, override `authorize`, and return `go(...)` from a view function.

    What differs from 2012: nothing is signed before `authorize` has said yes, the path that was
    asked for is the one signed, and the key is read once a process.
    """

    def __init__(
        self,
        location: str = "",
        code: int | None = None,
        headers: Mapping[str, str] | None = None,
        **cf_config: Any,
    ) -> None:
        """
        Take what to sign and how.

        Args:
            location: The URL to sign; or a bare domain, or "" for `CLOUDFRONT_DOMAIN`, to which
                the path of the current request is added.
            code: The redirect's status: 302, 303 or 307; if not given, the application's, or 303.
            headers: Headers for the redirect; if not given, the application's.
            cf_config: What `CLOUDFRONT_CONFIG` may hold; if nothing, that of the application.

        Raises:
            ConfigurationError: Every mistake, at once; from `go`, if the application's settings
                are needed.
        """
        self.location = location
        self._cf_config = cf_config
        # What the arguments alone settle is checked now, at start-up, and not at the first request.
        self._options = SimpleNamespace(code=code, headers=headers)
        checked = Delivery(**Delivery.options_of(self._options))
        if headers is not None:  # a copy, which has warned
            self._options.headers = checked.headers
        self._desks: WeakKeyDictionary[Flask, Desk] = WeakKeyDictionary()
        self._desk = self._desk_of(cf_config) if location and cf_config else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def authorize(self, *args: Any, **kwargs: Any) -> Any:
        """Return an HTTP status, an `Allow`, a `Deny` or a response; override it."""
        raise Delivery.no_rule(type(self), "self, ...")

    def go(self, *args: Any, good_codes: Any = None, **kwargs: Any) -> Response:
        """
        Authorize, and redirect or abort.

        Args:
            args: Given to `authorize`, as are all keyword arguments but the next.
            good_codes: The statuses that allow; 200 and 204 if nothing is given.
            kwargs: Given to `authorize`.

        Raises:
            DecisionError: What `authorize` returned is not understood; or it is async, and so is
                the view function.
        """
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # the real object
        desk = self._desk_on(app)
        if good_codes is not None:
            desk = desk.replace(allowed_statuses=good_codes)
        asked = asked_at(desk, request.path.removeprefix("/"))
        if (iscoroutinefunction(self.authorize) or desk.is_async) and _is_in_a_loop():
            raise DecisionError(
                f"the authorize or the private key of {type(self).__name__} is async, and go() "
                "cannot await it inside an async view function; make the view function a plain one"
            )
        result = app.ensure_sync(self.authorize)(*args, **kwargs)
        return respond(app, desk, asked, result)

    def _desk_on(self, app: Flask) -> Desk:
        if self._desk is not None:
            return self._desk
        if app not in self._desks:
            config = self._cf_config or app.config.get("CLOUDFRONT_CONFIG")
            self._desks[app] = self._desk_of(config, app.config.get("CLOUDFRONT_DOMAIN"))
        return self._desks[app]

    def _desk_of(self, config: Any, domain: Any = None) -> Desk:
        """Check the settings and load the key; raises ConfigurationError or ResourceError."""
        url = ""
        if self.location:
            domain, url = split_location(self.location)
        site = Site.from_config({"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_CONFIG": config})
        return site.desk(self._options, self, location=url)


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: The name in the original's README, which its package never had.
CloudFilesRedirect = CloudFrontRedirect

"""The class of flask-cloudfront (2012), its settings and its way of working as they were."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from inspect import iscoroutinefunction
from typing import Any
from weakref import WeakKeyDictionary

from flask import Flask, current_app, request
from werkzeug.wrappers import Response

from cfsign import Configuration, DecisionError, Delivery, Distribution, split_location
from cfsign_flask.responses import refuse, respond


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
        self._targets: WeakKeyDictionary[Flask, Target] = WeakKeyDictionary()
        # What the arguments alone settle is checked now, at start-up, and not at the first request.
        given: dict[str, Any] = {"code": code, "headers": headers}
        given = {name: value for name, value in given.items() if value is not None}
        checked = Delivery(**given)
        self._options = {name: getattr(checked, name) for name in given}
        self._target = self._prepare(cf_config) if location and cf_config else None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def authorize(self, *args: Any, **kwargs: Any) -> Any:
        """Return an HTTP status, an `Allow`, a `Deny` or a response; override it."""
        raise NotImplementedError(
            f"{type(self).__name__} does not say who may have the file; override authorize"
        )

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
        target = self._current_target()
        path = request.path.removeprefix("/")
        delivery = target.delivery
        if good_codes is not None:
            delivery = delivery.replace(allowed_statuses=good_codes)
        refusal = delivery.refusal(target.distribution, path) if not target.url else None
        if refusal is not None:
            refuse(refusal)
        awaits = iscoroutinefunction(self.authorize) or target.distribution.signer.is_async
        if awaits and _is_in_a_loop():
            raise DecisionError(
                f"the authorize or the private key of {type(self).__name__} is async, and go() "
                "cannot await it inside an async view function; make the view function a plain one"
            )
        result = current_app.ensure_sync(self.authorize)(*args, **kwargs)
        if isinstance(result, Response):
            return result
        distribution = target.distribution
        answer = delivery.answer_async if distribution.signer.is_async else delivery.answer
        return respond(
            current_app.ensure_sync(answer)(distribution, path, result, location=target.url)
        )

    def _current_target(self) -> Target:
        if self._target is not None:
            return self._target
        app = current_app._get_current_object()  # type: ignore[attr-defined]  # the real object
        if app not in self._targets:
            config = self._cf_config or app.config.get("CLOUDFRONT_CONFIG")
            self._targets[app] = self._prepare(config, app.config.get("CLOUDFRONT_DOMAIN"))
        return self._targets[app]

    def _prepare(self, config: Any, domain: Any = None) -> Target:
        """Check the settings and load the key; raises ConfigurationError or ResourceError."""
        url = ""
        if self.location:
            domain, url = split_location(self.location)
        configuration = Configuration.from_mapping(
            {"CLOUDFRONT_DOMAIN": domain, "CLOUDFRONT_CONFIG": config}
        )
        return Target(
            Distribution.from_configuration(configuration),
            Delivery.from_configuration(configuration).replace(**self._options),
            url,
        )


def _is_in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: The name in the original's README, which its package never had.
CloudFilesRedirect = CloudFrontRedirect


@dataclass(frozen=True, slots=True)
class Target:
    """What one application's settings and the location come to."""

    distribution: Distribution
    delivery: Delivery
    #: The URL to sign; or "" where the path of each request is added to the domain.
    url: str

"""Responses and refusals in Flask's own types."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Flask, abort, after_this_request, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cfsign.views import Deny, FileRequest, Framework, Refusal, ViewHandler
from cfsign_flask.signals import AccessSignal

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import Headers


def _get_status(error: Exception) -> int | None:
    if not isinstance(error, HTTPException):
        return None
    return error.code if error.response is None else error.response.status_code


# A view of Flask is sync, also if its `authorize` is async.
FRAMEWORK = Framework(Response, _get_status, AccessSignal(), can_await_observers=False)


def respond(
    app: Flask,
    handler: ViewHandler,
    resource: str | Refusal,
    file_request: FileRequest | Refusal,
    authorize: Callable[[], object],
) -> Response | Deny:
    """Call `authorize`, and return Flask's response or the refusal."""
    response = handler.handle(
        request._get_current_object(),  # type: ignore[attr-defined]  # an observer may keep it
        resource,
        file_request,
        authorize,
        run_async=app.ensure_sync,
    )
    if isinstance(response, Response | Deny):
        return response
    response_class = _make_response_class(app.response_class)  # type: ignore[arg-type]  # hashable
    # JSON brings its Content-Type. For an empty body the type is given here, because Werkzeug looks
    # for a missing header by raising and catching an exception.
    mimetype = None if response.body else response_class.default_mimetype
    return response_class(response.body or None, response.status, list(response.headers), mimetype)


def refuse(deny: Deny) -> NoReturn:
    """Abort with the status and the headers, so that the site's error page is shown."""
    if deny.headers:

        @after_this_request
        def add_headers(response: Any) -> Any:
            # An error handler may have replaced the refusal by a preview or a redirect.
            if response.status_code >= 400:
                for name, value in deny.headers.items():
                    if name.lower() == "set-cookie":  # the error page may set cookies, too
                        response.headers.add(name, value)
                    else:
                        response.headers[name] = value
            return response

    try:
        abort(deny.status)
    except LookupError:  # Werkzeug has no exception for some statuses, such as 402
        error = HTTPException()
        error.code = deny.status
        raise error from None


class _RawLocation(Response):
    """A response whose Location is sent as it is; Werkzeug would encode a `[` in it again."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        location = self.headers.pop("Location", None)  # hidden from Werkzeug
        headers = super().get_wsgi_headers(environ)
        if location is not None:
            self.headers["Location"] = headers["Location"] = location
        return headers


@functools.cache
def _make_response_class(response_class: type[Response]) -> type[Response]:
    return type("SignedResponse", (_RawLocation, response_class), {})

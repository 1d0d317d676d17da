"""Responses and refusals in Flask's own types."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Flask, abort, after_this_request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cfsign.config import Secret
from cfsign.views import Deny, FileRequest, ViewHandler, ViewResponse

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import Headers


def respond(
    app: Flask, handler: ViewHandler, file_request: FileRequest, result: Secret[Any]
) -> Response | Deny:
    """Return Flask's response for *result*, what `authorize` returned, or the refusal."""
    if isinstance(result.reveal(), Response):
        passed: Response = result.reveal()
        return passed
    if handler.has_async_key:
        response: ViewResponse | Deny = app.ensure_sync(file_request.respond_async)(result)
    else:
        response = file_request.respond(result)
    if isinstance(response, Deny):
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

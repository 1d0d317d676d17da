"""The core's answers and refusals as Flask's own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NoReturn

from flask import Flask, abort, after_this_request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cfsign import Answer, Asked, Deny, Desk

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from werkzeug.datastructures import Headers


def asked_at(desk: Desk, resource: str, query_string: bytes = b"") -> Asked:
    """Return what is asked for, or refuse before the site's own rule is asked."""
    asked = desk.asked(resource, query_string)
    if isinstance(asked, Deny):
        refuse(asked)
    return asked


def respond(app: Flask, desk: Desk, asked: Asked, result: object) -> Response:
    """Answer by what the site's own rule returned; a response of its own is passed on as it is."""
    if isinstance(result, Response):
        return result
    if desk.is_async:
        answer: Answer | Deny = app.ensure_sync(asked.answer_async)(result)
    else:
        answer = asked.answer(result)
    if isinstance(answer, Deny):
        refuse(answer)
    response_class = _to_the_byte(app.response_class)  # type: ignore[arg-type]  # hashable
    # JSON has its type among its headers. What is empty is told Flask's own, since to look in vain
    # for one among the headers costs Werkzeug an exception.
    mimetype = None if answer.body else response_class.default_mimetype
    return response_class([answer.body], answer.status, list(answer.headers), mimetype)


def refuse(deny: Deny) -> NoReturn:
    """Abort with the status, so that the site's own error page appears, with the headers on it."""
    if deny.headers:

        @after_this_request
        def add_headers(response: Any) -> Any:
            # Where the view or an error handler made a preview or a redirect of it, it is none.
            if response.status_code >= 400:
                for name, value in deny.headers.items():
                    if name.lower() == "set-cookie":  # beside those of the site's own page
                        response.headers.add(name, value)
                    else:
                        response.headers[name] = value
            return response

    try:
        abort(deny.status)
    except LookupError:  # a status that Werkzeug has no class for, such as 402
        error = HTTPException()
        error.code = deny.status
        raise error from None


class _ToTheByte(Response):
    """A response whose Location goes out as it is; Werkzeug would encode a `[` in it again."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        location = self.headers.pop("Location", None)  # Werkzeug does not touch what is not there
        headers = super().get_wsgi_headers(environ)
        if location is not None:
            self.headers["Location"] = headers["Location"] = location
        return headers


@functools.cache
def _to_the_byte(response_class: type[Response]) -> type[Response]:
    return type("SignedResponse", (_ToTheByte, response_class), {})

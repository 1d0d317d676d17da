"""The core's answers and refusals as Flask's own."""

from __future__ import annotations

from typing import Any, NoReturn

from flask import abort, after_this_request, current_app
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from cfsign import Answer, Deny


def respond(answer: Answer | Deny) -> Response:
    """Copy an answer into a response, or refuse by way of Flask's error handling."""
    if isinstance(answer, Deny):
        refuse(answer)
    return current_app.response_class(answer.body, answer.status, list(answer.headers))


def refuse(deny: Deny) -> NoReturn:
    """Abort with the status, so that the site's own error page appears, with the headers on it."""
    if deny.headers:

        @after_this_request
        def add_headers(response: Any) -> Any:
            response.headers.update(deny.headers)
            return response

    try:
        abort(deny.status)
    except LookupError:  # a status that Werkzeug has no class for, such as 402
        error = HTTPException()
        error.code = deny.status
        raise error from None

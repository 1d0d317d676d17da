"""The core's answers and refusals as Django's own."""

from __future__ import annotations

from typing import NoReturn, cast

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cfsign import Answer, Deny

# The statuses for which Django has an exception, and a site may have a page of its own.
_EXCEPTIONS = {400: BadRequest, 403: PermissionDenied, 404: Http404}


def respond(answer: Answer) -> HttpResponse:
    """Copy an answer into a response; no HttpResponseRedirect, which would encode again."""
    # Told its charset, the response does not look for one in a Content-Type that it has not yet.
    response = HttpResponse(answer.body, status=answer.status, charset=settings.DEFAULT_CHARSET)
    for name, value in answer.headers:
        if name == "Set-Cookie":
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response


def refuse(request: HttpRequest, deny: Deny) -> HttpResponseBase:
    """Answer with the site's page for the status, if Django knows one, and with the headers."""
    exception = _EXCEPTIONS.get(deny.status)
    if exception is None:
        return HttpResponse(status=deny.status, headers=dict(deny.headers))

    def raise_it(_: HttpRequest) -> NoReturn:
        raise exception(f"refused with {deny.status}")

    # An exception carries no headers, so the site's error page is made here and given them.
    response = cast(HttpResponseBase, convert_exception_to_response(raise_it)(request))
    for name, value in deny.headers.items():
        response.headers[name] = value
    return response

"""Responses and refusals in Django's own types."""

from __future__ import annotations

from typing import NoReturn, cast

from django.conf import settings
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.handlers.exception import convert_exception_to_response
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from cfsign.views import Deny, Framework, ViewResponse
from cfsign_django.signals import AccessSignal

# The statuses for which Django has an exception, and the site may have an error page.
_EXCEPTIONS = {400: BadRequest, 403: PermissionDenied, 404: Http404}


def _get_status(error: Exception) -> int | None:
    for status, kind in _EXCEPTIONS.items():
        if isinstance(error, kind):
            return status
    return 400 if isinstance(error, SuspiciousOperation) else None


FRAMEWORK = Framework(HttpResponseBase, _get_status, AccessSignal())


class SignedRedirect(HttpResponse):
    """A redirect whose `Location` stays as it is; HttpResponseRedirect would encode it again."""

    #: As in Django's redirects: `assertRedirects` and `Client.get(follow=True)` use it.
    url = property(lambda self: self["Location"])


def convert(response: ViewResponse | HttpResponseBase) -> HttpResponseBase:
    """Return *response* as a Django response; the site's own is returned unchanged."""
    if isinstance(response, HttpResponseBase):
        return response
    response_class = HttpResponse if response.location is None else SignedRedirect
    # Without a charset, Django looks for one in the Content-Type.
    converted = response_class(
        response.body, status=response.status, charset=settings.DEFAULT_CHARSET
    )
    for name, value in response.headers:
        if name == "Set-Cookie":
            converted.cookies.load(value)
        else:
            converted.headers[name] = value
    return converted


def refuse(request: HttpRequest, deny: Deny) -> HttpResponseBase:
    """Return the site's error page for the status, or an empty page, with the headers."""
    exception = _EXCEPTIONS.get(deny.status)
    if exception is None:
        return HttpResponse(status=deny.status, headers=dict(deny.headers))

    def raise_exception(_: HttpRequest) -> NoReturn:
        raise exception(f"refused with {deny.status}")

    # An exception carries no headers, so they are added to the error page, which is built here.
    response = cast(HttpResponseBase, convert_exception_to_response(raise_exception)(request))
    for name, value in deny.headers.items():
        response.headers[name] = value
    return response

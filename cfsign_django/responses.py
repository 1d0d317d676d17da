"""Responses and refusals in Django's own types."""

from __future__ import annotations

from collections.abc import Iterable
from http.cookies import Morsel
from typing import Any, NoReturn, cast

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


class RawCookie(Morsel[str]):
    """
    A cookie that is sent byte for byte.

    Python parses no attribute that it does not know: before 3.14 not `Partitioned`.
    """

    def __init__(self, header: str) -> None:
        """Parse what tests and middleware look at; keep *header* to be sent."""
        super().__init__()
        self._header = header
        pair, *attributes = header.split("; ")
        name, _, value = pair.partition("=")
        self.set(name, value, value)
        for attribute in attributes:
            key, _, text = attribute.partition("=")
            if self.isReservedKey(key):
                self[key] = text or True

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]  # object's
        return {**state, "header": self._header}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._header = state["header"]
        super().__setstate__(state)  # type: ignore[misc]  # not in typeshed

    def OutputString(self, attrs: Any = None) -> str:  # noqa: N802  # the name in Morsel
        """Return the header."""
        return self._header


def convert(response: ViewResponse | HttpResponseBase) -> HttpResponseBase:
    """Return *response* as a Django response; the site's own is returned unchanged."""
    if isinstance(response, HttpResponseBase):
        return response
    response_class = HttpResponse if response.location is None else SignedRedirect
    # Without a charset, Django looks for one in the Content-Type.
    converted = response_class(
        response.body, status=response.status, charset=settings.DEFAULT_CHARSET
    )
    add_headers(converted, response.headers)
    return converted


def add_headers(response: HttpResponseBase, headers: Iterable[tuple[str, str]]) -> None:
    """Add headers to *response*; each `Set-Cookie` stays as it is, also next to others."""
    for name, value in headers:
        if name == "Set-Cookie":
            cookie = RawCookie(value)
            known = response.cookies.get(cookie.key, cookie)
            # Django keeps cookies by their names. Those of several folders have the same name, and
            # browsers tell them apart by the path and the domain (RFC 6265, section 5.3).
            is_other = any(known[part] != cookie[part] for part in ("path", "domain"))
            key = f"{cookie.key}{cookie['path']} {cookie['domain']}" if is_other else cookie.key
            response.cookies[key] = cookie
        else:
            response.headers[name] = value


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

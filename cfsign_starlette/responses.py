"""Requests, responses and refusals in Starlette's own types."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http.client import responses as phrases
from typing import NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cfsign.views import Deny, Framework, Refusal, ViewHandler


def _get_status(error: Exception) -> int | None:
    return error.status_code if isinstance(error, HTTPException) else None


FRAMEWORK = Framework(Response, _get_status)


async def respond(
    handler: ViewHandler,
    request: Request,
    resource: str | Refusal,
    authorize: Callable[[], Awaitable[object]],
) -> Response:
    """Call `authorize`, and return Starlette's response or raise `HTTPException`."""
    if handler.sets_cookies:
        handler.check_site(request.scope.get("scheme", "http"), request.headers.get("host", ""))
    file_request = handler.validate(resource, request.scope["query_string"])
    response = await handler.handle_async(request, resource, file_request, authorize)
    if isinstance(response, Response):
        return response
    if isinstance(response, Deny):
        _refuse(response)
    converted = Response(response.body, response.status)
    for name, value in response.headers:
        # RedirectResponse would encode the Location again.
        converted.headers.append(name, value)
    return converted


def _refuse(deny: Deny) -> NoReturn:
    # Starlette before 1.7 knows no text for some statuses, such as 599, and raises ValueError.
    raise HTTPException(deny.status, phrases.get(deny.status, ""), dict(deny.headers))

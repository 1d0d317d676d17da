"""Requests, responses and refusals in Starlette's own types."""

from __future__ import annotations

from http.client import responses as phrases
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from cfsign.config import Secret
from cfsign.views import Deny, FileRequest, ViewHandler


def get_file_request(handler: ViewHandler, request: Request, resource: str) -> FileRequest:
    """Validate the request for the file *resource*; raise `HTTPException` if it is not valid."""
    if handler.sets_cookies:
        handler.check_site(request.scope.get("scheme", "http"), request.headers.get("host", ""))
    file_request = handler.file_request(resource, request.scope["query_string"])
    if isinstance(file_request, Deny):
        _refuse(file_request)
    return file_request


async def respond(file_request: FileRequest, result: Secret[Any]) -> Response:
    """Return Starlette's response for *result*, or raise `HTTPException` if it refuses."""
    if isinstance(result.reveal(), Response):
        passed: Response = result.reveal()
        return passed
    response = await file_request.respond_async(result)
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

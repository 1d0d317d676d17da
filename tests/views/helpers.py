"""Requests to a view handler, without a framework."""

from __future__ import annotations

from posixpath import dirname
from typing import Any

from cfsign import Deny, Distribution
from cfsign.views import ViewHandler, ViewOptions, ViewResponse


def build_options(**options: Any) -> ViewOptions:
    """Return the options; cookies open the file's own folder unless `folder` is given."""
    if options.get("delivery") == "cookies":
        options = {"folder": dirname, **options}
    return ViewOptions(**options)


def respond(
    distribution: Distribution,
    resource: str = "a",
    result: object = 200,
    query_string: str | bytes = "",
    *,
    location: str = "",
    **options: Any,
) -> ViewResponse | Deny:
    """Return the response for *resource* if `authorize` returns *result*."""
    handler = ViewHandler(distribution, build_options(**options), location=location)
    request = handler.file_request(resource, query_string)
    return request if isinstance(request, Deny) else request.respond(result)


async def respond_async(
    distribution: Distribution, resource: str = "a", result: object = 200, **options: Any
) -> ViewResponse | Deny:
    """Async version of `respond`."""
    request = ViewHandler(distribution, build_options(**options)).file_request(resource)
    return request if isinstance(request, Deny) else await request.respond_async(result)


def allow(distribution: Distribution, *arguments: Any, **options: Any) -> ViewResponse:
    """Return the response, which must not be a refusal; the arguments are those of `respond`."""
    response = respond(distribution, *arguments, **options)
    assert isinstance(response, ViewResponse)
    return response


def get_location(response: ViewResponse) -> str:
    """Return the `Location` of a redirect."""
    assert response.location is not None
    return response.location

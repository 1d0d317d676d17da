"""Requests of views without a framework."""

from __future__ import annotations

from cfsign import Deny, Distribution
from cfsign.views import ViewHandler, ViewOptions, ViewResponse


def respond(
    options: ViewOptions,
    distribution: Distribution,
    resource: str,
    result: object,
    query_string: str | bytes = "",
    *,
    location: str = "",
) -> ViewResponse | Deny:
    """Return the response to a request for *resource* on which `authorize` returned *result*."""
    handler = ViewHandler(distribution, options, location=location)
    request = handler.file_request(resource, query_string)
    return request if isinstance(request, Deny) else request.respond(result)


async def respond_async(
    options: ViewOptions, distribution: Distribution, resource: str, result: object
) -> ViewResponse | Deny:
    """Async version of `respond`."""
    request = ViewHandler(distribution, options).file_request(resource)
    return request if isinstance(request, Deny) else await request.respond_async(result)

"""The check of an application's endpoints, for its lifespan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from starlette.routing import Mount

from cfsign import ConfigurationError, Problem
from cfsign.views import check_route
from cfsign_starlette.endpoint import SignedRedirectEndpoint


def check_routes(app: Any) -> None:
    """
    Raise an error if an endpoint in the routes of *app* cannot answer.

    Call it in the lifespan, so that the server does not start. It finds what is not known when the
    class is made: a missing distribution, and a route without the variable `resource`.

    Args:
        app: The application, a router or a `Mount`. Check a router that FastAPI includes with
            another call: the application does not show its routes.

    Raises:
        ConfigurationError: Lists the problems of all endpoints.
        NotImplementedError: An endpoint does not override `authorize`.
    """
    problems = list(_find_problems(app.routes, frozenset()))
    if problems:
        raise ConfigurationError(problems)


def _find_problems(routes: Iterable[Any], outer: frozenset[str]) -> Iterator[Problem]:
    for route in routes:
        variables = outer.union(getattr(route, "param_convertors", ()))
        if isinstance(route, Mount):
            variables -= {"path"}  # the rest of the path, which Starlette removes
        endpoint = getattr(route, "endpoint", None) or getattr(route, "app", None)
        if isinstance(endpoint, type) and issubclass(endpoint, SignedRedirectEndpoint):
            try:
                endpoint._get_handlers()
                check_route(endpoint, variables, ("dispatch", "get", "resource_for"))
            except ConfigurationError as error:
                yield from (replace(each, setting=endpoint.__qualname__) for each in error.problems)
        yield from _find_problems(getattr(route, "routes", None) or (), variables)

"""The parts that the two Falcon sites share: exceptions and routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import falcon

from cfsign import Distribution
from tests.conformance.cases import VIEWS
from tests.conformance.site import site_options


def _raise(error: Exception) -> Any:
    raise error


NATIVES: Mapping[str, Callable[[], Any]] = {
    "forbidden": lambda: _raise(falcon.HTTPForbidden()),
    "not_found": lambda: _raise(falcon.HTTPNotFound()),
    "login": lambda: _raise(falcon.HTTPFound("/login?next=a.txt")),
    "page": lambda: _raise(falcon.HTTPStatus(200, text="the site's own login page")),
}

#: The errors of `cases.OWN_PAGES`.
ERRORS = (
    falcon.HTTPForbidden,
    falcon.HTTPNotFound,
    falcon.HTTPGone,
    falcon.HTTPServiceUnavailable,
)


def routes(resource: type, by_id: type, settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    distribution = Distribution.from_config(settings)
    for name, options in VIEWS.items():
        yield (
            f"/{name}/{{case}}/{{resource:path}}",
            resource(distribution, **options, **site_options(settings)),
        )
    yield "/by-id/{case}/{number}", by_id(distribution, **site_options(settings))
    yield "/nested/{case}/{resource:path}", resource.from_config(settings)

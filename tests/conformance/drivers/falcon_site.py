"""The parts that the two Falcon sites share: exceptions and routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import falcon

from tests.conformance.cases import TENANT_VIEWS, VIEWS
from tests.conformance.site import make_view


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


def routes(
    resource: Any, by_id: Any, tenants: Any, settings: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    for base, views in ((resource, VIEWS), (tenants, TENANT_VIEWS)):
        for name, options in views.items():
            made = make_view(base, base, settings, options)
            yield f"/{name}/{{case}}/{{resource:path}}", made
    yield "/by-id/{case}/{number}", make_view(by_id, by_id, settings, {})
    yield "/nested/{case}/{resource:path}", resource.from_config(settings)

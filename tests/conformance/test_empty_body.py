"""A redirect has no body, not even an empty part: a server sends each by a system call."""

from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from tests.conformance.site import driver


@pytest.mark.parametrize("adapter", ["flask_sync", "falcon_wsgi"])
def test_redirect_has_no_empty_part(adapter: str, site_settings: dict[str, Any]) -> None:
    started: list[tuple[str, dict[str, str]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], error: Any = None) -> None:
        started.append((status, {name.lower(): value for name, value in headers}))

    path = f"{driver(adapter).PREFIX}/content/allow-200/a.txt"
    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_X_USER": "alice"}
    setup_testing_defaults(environ)
    parts = list(driver(adapter).create_app(site_settings)(environ, start_response))
    [(status, headers)] = started
    assert status.startswith("303")
    assert parts == []
    assert headers["content-length"] == "0"

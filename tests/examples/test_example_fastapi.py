"""Run `examples/fastapi_site` under Uvicorn with the commands of its README."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import pytest

for _package in ("click", "fastapi", "httpx", "uvicorn", "waitress", "whitenoise"):
    pytest.importorskip(_package)

FILE = "census/regions%202026.csv"


@pytest.fixture(scope="module")
def catalog(run_example: Callable[[str], Any]) -> Iterator[Any]:
    with run_example("fastapi_site") as example:
        yield example


@pytest.fixture
def get(catalog: Any) -> Iterator[Callable[..., Any]]:
    """Return a function that sends a request with the token of a client."""

    def get(path: str, name: str = "", **arguments: Any) -> Any:
        found = re.search(rf"^{name}'s token: (\S+)$", catalog.log.read_text(), re.MULTILINE)
        headers = {"Authorization": f"Bearer {found[1]}"} if found else {}
        return client.get(path, headers=headers, **arguments)

    with catalog.open_browser() as client:
        yield get


def test_client_downloads_a_file(catalog: Any, get: Callable[..., Any]) -> None:
    """The token is not sent to CloudFront, which is another host."""
    response = get(f"/files/{FILE}", "ada", follow_redirects=True)
    assert catalog.is_on_edge(str(response.url))
    assert response.content == catalog.read_file(unquote(FILE))
    (redirect,) = response.history
    assert (redirect.status_code, redirect.headers["Cache-Control"]) == (303, "no-store")
    assert "Authorization" not in response.request.headers


def test_link_works_without_a_token(catalog: Any, get: Callable[..., Any]) -> None:
    link = get(f"/links/{FILE}", "ada").json()
    assert link.keys() == {"url", "expires_at"}
    assert get(link["url"]).content == catalog.read_file(unquote(FILE))


@pytest.mark.parametrize(("name", "status"), [("", 401), ("ben", 403)])
def test_other_clients_are_refused(get: Callable[..., Any], name: str, status: int) -> None:
    for path in ("files", "links"):
        response = get(f"/{path}/{FILE}", name)
        assert (response.status_code, response.headers["Cache-Control"]) == (status, "no-store")
        assert "CloudFront" not in response.text + str(response.headers)


def test_unsigned_request_to_the_edge_is_refused(catalog: Any, get: Callable[..., Any]) -> None:
    response = get(f"{catalog.edge}/{FILE}")
    assert response.status_code == 403
    assert "<Code>MissingKey</Code>" in response.text

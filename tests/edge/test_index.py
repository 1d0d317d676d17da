"""The default root object and index files: the origin's path changes, the signed URL does not."""

from __future__ import annotations

from typing import Any

import pytest

from cfsign.edge import Behavior, WSGIEdge
from cfsign.edge.server.index import add_index
from cfsign.errors import ConfigurationError
from tests.edge.common import EXPIRES, HOST, RecordingOrigin, clock

pytest.importorskip("waitress")
Client = pytest.importorskip("werkzeug.test").Client


@pytest.mark.parametrize(
    ("options", "target", "expected"),
    [
        ({}, "/", "/"),
        ({"default_root_object": "index.html"}, "/", "/index.html"),
        ({"default_root_object": "index.html"}, "/?a=1&b", "/index.html?a=1&b"),
        ({"default_root_object": "a/home.html"}, "/", "/a/home.html"),
        ({"default_root_object": "index.html"}, "/docs/", "/docs/"),
        ({"default_root_object": "index.html"}, "/docs", "/docs"),
        ({"index": "index.html"}, "/", "/index.html"),
        ({"index": "index.html"}, "/docs/", "/docs/index.html"),
        ({"index": "index.html"}, "/a%20b/?x=/", "/a%20b/index.html?x=/"),
        ({"index": "index.html"}, "/docs", "/docs"),
        ({"index": "index.html"}, "/docs%2F", "/docs%2F"),
        ({"index": "index.html"}, "/docs?a=b/", "/docs?a=b/"),
        ({"index": "index.html"}, "/docs/index.html", "/docs/index.html"),
        ({"default_root_object": "root.html", "index": "index.html"}, "/", "/index.html"),
        ({"default_root_object": "root.html", "index": "index.html"}, "/a/", "/a/index.html"),
        ({"index": "index.html"}, f"http://{HOST}/docs/?a", "/docs/index.html?a"),
    ],
)
@pytest.mark.parametrize("variable", ["REQUEST_URI", "RAW_URI", None])
def test_path_that_the_origin_sees(
    options: dict[str, str], target: str, expected: str, variable: str | None
) -> None:
    """In `PATH_INFO` and in the raw target, under the name that the server uses."""
    from urllib.parse import unquote

    origin = RecordingOrigin()
    target_path, _, query = target.removeprefix(f"http://{HOST}").partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": unquote(target_path),
        "QUERY_STRING": query,
    }
    if variable is None and "%2F" in target:
        pytest.skip("the server does not say whether the slash was encoded")
    if variable is not None:
        environ[variable] = target
    before = dict(environ)
    list(add_index(origin, **options)(environ, lambda *_: None))
    (seen,) = origin.environs
    assert seen["PATH_INFO"] == unquote(expected.partition("?")[0])
    assert seen["QUERY_STRING"] == expected.partition("?")[2]
    if variable is not None:
        assert seen[variable].removeprefix(f"http://{HOST}") == expected
    assert environ == before


def test_signature_is_checked_for_the_requested_url(group: Any, rsa_peer: Any) -> None:
    """A signature for `/docs/` opens `/docs/`, and not `/docs/index.html`; and the reverse."""
    origin = RecordingOrigin()
    client = Client(WSGIEdge(add_index(origin, index="index.html"), group, clock=clock))
    statuses = []
    for signed, requested in (
        ("docs/", "docs/"),
        ("docs/", "docs/index.html"),
        ("docs/index.html", "docs/index.html"),
        ("docs/index.html", "docs/"),
    ):
        url = rsa_peer.canned_url(f"http://{HOST}/{signed}", EXPIRES)
        query = url.partition("?")[2]
        response = client.get(f"/{requested}?{query}", base_url=f"http://{HOST}")
        statuses.append(response.status_code)
    assert statuses == [200, 403, 200, 403]
    assert [environ["PATH_INFO"] for environ in origin.environs] == ["/docs/index.html"] * 2
    assert not any("Signature" in environ["REQUEST_URI"] for environ in origin.environs)


def test_behavior_is_chosen_by_the_requested_path(group: Any) -> None:
    """A public index file does not make the path of its folder public."""
    edge = WSGIEdge(
        add_index(RecordingOrigin(), default_root_object="index.html"),
        group,
        behaviors=[Behavior("/index.html", None)],
        clock=clock,
    )
    statuses = [
        Client(edge).get(path, base_url=f"http://{HOST}").status_code
        for path in ("/index.html", "/")
    ]
    assert statuses == [200, 403]


@pytest.mark.parametrize(
    "name", ["", "/index.html", "a//b", "index.html?a", "a b", "ä", "a/", "a\r\nb", "a#b", "a%2f"]
)
@pytest.mark.parametrize("option", ["default_root_object", "index"])
def test_name_that_is_not_a_file_is_refused(option: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the ") as caught:
        add_index(RecordingOrigin(), **{option: name})
    assert "index.html" in caught.value.hint

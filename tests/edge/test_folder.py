"""The folder origin: symbolic links and `If-Range`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("whitenoise")
pytest.importorskip("werkzeug")

from werkzeug.test import Client

from cfsign.edge.server.folder import create_folder_app


class BufferingClient(Client):
    """Werkzeug's client, which reads and closes each file."""

    def get(self, path: str, **options: Any) -> Any:
        return super().get(path, buffered=True, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of two files, next to a file that must not be served."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "bucket"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("0123456789")
    (folder / "sub/b.txt").write_text("b")
    return folder


@pytest.fixture
def client(folder: Path) -> Any:
    return BufferingClient(create_folder_app(folder))


def test_link_inside_the_folder_is_followed(folder: Path, client: Any) -> None:
    (folder / "link.txt").symlink_to(folder / "sub/b.txt")
    (folder / "other").symlink_to(folder / "sub")
    assert client.get("/link.txt").text == "b"
    assert client.get("/other/b.txt").text == "b"


def test_link_out_of_the_folder_is_not_found(folder: Path, client: Any) -> None:
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "out").symlink_to(folder.parent)
    (folder / "a.txt.gz").symlink_to(folder.parent / "secret.txt")
    (folder / "dead").symlink_to(folder / "nothing")
    for path in ("/link.txt", "/out/secret.txt", "/out/bucket/../secret.txt", "/dead"):
        assert client.get(path).status_code == 404
    assert b"secret" not in client.get("/a.txt", headers={"Accept-Encoding": "gzip"}).data


def test_folder_may_be_a_link(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    assert BufferingClient(create_folder_app(link)).get("/a.txt").text == "0123456789"


def test_if_range(client: Any) -> None:
    """The range if the file is unchanged, else the whole file (RFC 9110, section 13.1.5)."""
    first = client.get("/a.txt", headers={"Range": "bytes=2-4"})
    assert (first.status_code, first.text) == (206, "234")
    for condition, status in (
        (first.headers["ETag"], 206),
        (first.headers["Last-Modified"], 206),
        ('"other"', 200),
        (f"W/{first.headers['ETag']}", 200),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ("nonsense", 200),
        ("", 200),
    ):
        response = client.get("/a.txt", headers={"Range": "bytes=2-4", "If-Range": condition})
        assert (response.status_code, condition) == (status, condition)
        assert response.text == ("234" if status == 206 else "0123456789")

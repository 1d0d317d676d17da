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


@pytest.mark.parametrize(
    ("value", "status", "content"),
    [
        ("bytes=0-0", 206, "0"),
        ("bytes=-1", 206, "9"),
        ("bytes=9-", 206, "9"),
        ("bytes=9-9", 206, "9"),
        ("bytes=0-", 206, "0123456789"),
        ("Bytes=3-5", 206, "345"),
        ("bytes=8-99", 206, "89"),
        ("bytes=-99", 206, "0123456789"),
        ("bytes=10-", 416, ""),
        ("bytes=-0", 416, ""),
        ("bytes=5-4", 200, "0123456789"),
        ("bytes=0-1,3-4", 200, "0123456789"),
        ("bytes=-", 200, "0123456789"),
        ("bytes=+1-2", 200, "0123456789"),
        ("lines=0-1", 200, "0123456789"),
    ],
)
def test_range(client: Any, value: str, status: int, content: str) -> None:
    """One byte is a range, too; what is not one valid range gives the whole file."""
    response = client.get("/a.txt", headers={"Range": value})
    assert (response.status_code, response.text) == (status, content)
    if status == 206:
        assert response.headers["Content-Length"] == str(len(content))
        start = "0123456789".index(content)
        expected = f"bytes {start}-{start + len(content) - 1}/10"
        assert response.headers["Content-Range"] == expected
    assert client.head("/a.txt", headers={"Range": value}).status_code == status


@pytest.mark.parametrize("value", ["bytes=0-0", "bytes=-1", "bytes=0-"])
def test_range_of_an_empty_file(folder: Path, client: Any, value: str) -> None:
    (folder / "empty").touch()
    assert client.get("/empty", headers={"Range": value}).status_code == 416


def test_compressed_copy_is_a_file_like_any_other(folder: Path, client: Any) -> None:
    """As in a bucket: `a.txt.gz` is served, and never instead of `a.txt`."""
    (folder / "a.txt.gz").write_text("compressed")
    assert client.get("/a.txt.gz").text == "compressed"
    response = client.get("/a.txt", headers={"Accept-Encoding": "gzip"})
    assert (response.text, response.headers.get("Vary")) == ("0123456789", None)


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

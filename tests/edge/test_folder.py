"""The folder origin: links, ranges, conditions, content types and what S3 does in addition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("whitenoise")
pytest.importorskip("werkzeug")

from werkzeug.test import Client

from cfsign.edge import Behavior, WSGIEdge
from cfsign.edge.server.folder import create_folder_app
from cfsign.errors import ConfigurationError
from tests.edge.common import EXPIRES, HOST, clock


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


def test_conditions_are_evaluated(client: Any) -> None:
    """A 412 and a 304 have no body; other methods and missing files ignore conditions."""
    first = client.get("/a.txt")
    etag = first.headers["ETag"]
    for headers, status in (
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": f'"x", W/{etag}'}, 304),
        ({"If-Match": etag}, 200),
        ({"If-Match": f"W/{etag}"}, 412),
        ({"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 412),
        ({"If-Match": "*", "If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
        ({"If-None-Match": '"x"', "If-Modified-Since": first.headers["Last-Modified"]}, 200),
        ({"If-Modified-Since": first.headers["Last-Modified"]}, 304),
        ({"If-Match": etag, "Range": "bytes=2-4"}, 206),
        ({"If-Match": '"x"', "Range": "bytes=2-4"}, 412),
    ):
        response = client.get("/a.txt", headers=headers)
        assert (response.status_code, headers) == (status, headers)
        if status in (304, 412):
            assert response.data == b""
        assert client.head("/a.txt", headers=headers).status_code == status
    assert client.get("/nothing", headers={"If-None-Match": "*"}).status_code == 404
    assert client.put("/a.txt", headers={"If-Match": "*"}).status_code == 405


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.m3u8", "application/vnd.apple.mpegurl"),
        ("a.mpd", "application/dash+xml"),
        ("a.m4s", "video/iso.segment"),
        ("a.ts", "video/mp2t"),
        ("a.vtt", 'text/vtt; charset="utf-8"'),
        ("a.mp4", "video/mp4"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_content_type(folder: Path, client: Any, name: str, media_type: str) -> None:
    (folder / name).touch()
    assert client.get(f"/{name}").headers["Content-Type"] == media_type


def test_max_age(folder: Path) -> None:
    """By default 0, so that no browser shows a cached file after its URL expired."""
    for options, expected in (({}, "max-age=0, public"), ({"max_age": 60}, "max-age=60, public")):
        response = BufferingClient(create_folder_app(folder, **options)).get("/a.txt")
        assert response.headers["Cache-Control"] == expected
    with pytest.raises(ConfigurationError, match="-1"):
        create_folder_app(folder, max_age=-1)


OVERRIDES = {
    "response-cache-control": ("Cache-Control", "no-store"),
    "response-content-disposition": ("Content-Disposition", 'attachment; filename="a b.txt"'),
    "response-content-encoding": ("Content-Encoding", "identity"),
    "response-content-language": ("Content-Language", "de"),
    "response-content-type": ("Content-Type", "application/pdf"),
    "response-expires": ("Expires", "Thu, 01 Jan 2026 00:00:00 GMT"),
}


def test_overrides_replace_headers(client: Any) -> None:
    """Of whole files and ranges, of GET and HEAD; never twice."""
    query = {name: value for name, (_, value) in OVERRIDES.items()}
    for response in (
        client.get("/a.txt", query_string=query),
        client.get("/a.txt", query_string=query, headers={"Range": "bytes=2-4"}),
        client.head("/a.txt", query_string=query),
    ):
        for header, value in OVERRIDES.values():
            assert response.headers.getlist(header) == [value]
    plain = client.get("/a.txt?other=1").headers
    assert plain["Content-Type"].startswith("text/plain")
    assert "Content-Disposition" not in plain


def test_overrides_are_only_for_files(client: Any) -> None:
    """An error keeps its own headers (AWS, "GetObject": only with a successful request)."""
    response = client.get("/nothing?response-content-type=text/html&response-expires=x")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/xml"
    assert "Expires" not in response.headers
    etag = client.get("/a.txt").headers["ETag"]
    query = "/a.txt?response-content-disposition=attachment"
    response = client.get(query, headers={"If-None-Match": etag})
    assert (response.status_code, "Content-Disposition" in response.headers) == (304, False)


def test_override_of_every_latin_1_value(client: Any) -> None:
    """As `download_name` makes it: RFC 6266 in ASCII, and a name in Latin-1."""
    disposition = (
        "attachment; filename=\"Gr??e 100_.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20100%25.pdf"
    )
    for value in (disposition, "attachment; filename=Größe.pdf"):
        response = client.get("/a.txt", query_string={"response-content-disposition": value})
        assert response.headers["Content-Disposition"] == value


@pytest.mark.parametrize(
    "query",
    [
        "response-content-type=text/html%0d%0aSet-Cookie:%20a=b",
        "response-content-type=text/html%0aX:%20y",
        "response-content-type=%00",
        "response-content-type=a%09b",
        "response-content-type=%7f",
        "response-content-disposition=%E2%82%AC",
        "response-content-disposition=%85",
        "response-content-disposition=%C2%85",
        "response-content-type=a&response-content-type=b",
        "response-content-type=a&response-content-typ%65=b",
    ],
)
def test_override_that_is_not_a_header_value_is_refused(client: Any, query: str) -> None:
    """With S3's error: no line break, control character or other alphabet reaches a header."""
    response = client.get(f"/a.txt?{query}")
    assert response.status_code == 400
    assert b"<Code>InvalidArgument</Code>" in response.data
    assert set(response.headers.keys()) == {"Content-Type", "Content-Length"}


def test_overrides_need_a_signed_request(folder: Path, group: Any, rsa_peer: Any) -> None:
    """S3 refuses them in unsigned requests; so a link cannot change a public file."""
    edge = WSGIEdge(
        create_folder_app(folder), group, behaviors=[Behavior("/sub/*", None)], clock=clock
    )
    client = BufferingClient(edge)
    query = "response-content-disposition=attachment"
    signed = rsa_peer.canned_url(f"http://{HOST}/a.txt?{query}", EXPIRES)
    response = client.get(signed.removeprefix(f"http://{HOST}"), base_url=f"http://{HOST}")
    assert (response.status_code, response.text) == (200, "0123456789")
    assert response.headers["Content-Disposition"] == "attachment"
    response = client.get(f"/sub/b.txt?{query}", base_url=f"http://{HOST}")
    assert (response.status_code, "Content-Disposition" in response.headers) == (400, False)
    assert b"<Code>InvalidRequest</Code>" in response.data
    assert client.get("/sub/b.txt?x=1", base_url=f"http://{HOST}").text == "b"


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchKey")])
def test_missing_file_is_answered_as_s3_does(folder: Path, status: int, code: str) -> None:
    """`explain` recognizes the answer as S3's; the two look alike for files and folders."""
    client = BufferingClient(create_folder_app(folder, missing_status=status))
    for path in ("/nothing", "/sub", "/sub/", "/", "/%00", "/../secret.txt"):
        response = client.get(path)
        assert (response.status_code, f"<Code>{code}</Code>" in response.text) == (status, True)
        assert "<RequestId>" in response.text
        head = client.head(path)
        assert (head.status_code, head.data) == (status, b"")
    with pytest.raises(ConfigurationError, match="410"):
        create_folder_app(folder, missing_status=410)

"""The demo's pages on each framework, for nobody and for each viewer, and what is packaged."""

from __future__ import annotations

import html
import re
from importlib.resources import files as package_files
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from cfsign import TrustedKeyGroup
from cfsign.demo.files import ALBUM, FILES, GUIDE, PICTURE, PrivateFile
from cfsign.demo.readers import READERS, VIEWERS, may_read
from cfsign.demo.sites import FRAMEWORKS
from tests.demo.conftest import LogIn
from tests.demo.site_server import EDGE

PATHS = ("/", "/album", "/nothing", *(f"/file/{quote(file.name)}" for file in FILES))


def hrefs(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'(?:href|src)="([^"]+)"', text)]


def test_the_rule_and_the_folder_are_about_the_same_files() -> None:
    assert {file.folder or file.name for file in FILES} == READERS.keys()
    for viewer in VIEWERS:
        mine = [may_read(viewer, file.name) for file in FILES]
        assert any(mine)
        assert not all(mine)


def test_the_names_are_the_awkward_ones() -> None:
    names = "".join(file.name for file in FILES)
    assert set(" ü+%*'") <= set(names)
    assert {file.kind for file in FILES} == {"picture", "document", "text"}


def test_home_for_nobody_offers_both_viewers_and_signs_nothing(log_in: LogIn) -> None:
    answer = log_in().get("/")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    for viewer in VIEWERS.values():
        assert f"Log in as {viewer}" in answer.text
    assert EDGE not in "".join(hrefs(answer.text))


@pytest.mark.parametrize("viewer", VIEWERS)
def test_home_for_a_viewer_links_every_file(viewer: str, log_in: LogIn) -> None:
    client = log_in(viewer)
    text = client.get("/").text
    assert f"{VIEWERS[viewer]}&#39;s shelf" in text
    links = hrefs(text)
    for file in FILES:
        if file.folder != ALBUM:
            assert f"/file/{quote(file.name)}" in links
    assert f"/content/{quote(PICTURE.name)}" in links


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_refused_to_nobody(file: PrivateFile, log_in: LogIn) -> None:
    answer = log_in().get(f"/file/{quote(file.name)}")
    assert answer.status_code == 401
    assert "<title>Log in first · " in answer.text
    assert "Signature" not in answer.text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_file_is_shown_to_its_readers(
    viewer: str, file: PrivateFile, log_in: LogIn, trusted_keys: TrustedKeyGroup
) -> None:
    answer = log_in(viewer).get(f"/file/{quote(file.name)}")
    if not may_read(viewer, file.name):
        assert answer.status_code == 403
        assert "<title>Not yours · " in answer.text
        assert f"{VIEWERS[viewer]} may not read this" in answer.text
        assert "Signature" not in answer.text
        return
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"<title>{html.escape(file.title).replace('&#x27;', '&#39;')} · " in answer.text
    codes = set()
    signed = [link.partition("#")[0] for link in hrefs(answer.text) if link.startswith(EDGE)]
    for url in signed:
        verdict = trusted_keys.check(url, ip_address="127.0.0.1")
        codes.add(verdict.code)
        assert verdict.code is None or f"403 {verdict.code}" in answer.text
    assert codes >= {None, "AccessDenied", "InvalidKey", "MissingKey", "MalformedPolicy"}
    assert signed[0].startswith(f"{EDGE}/{quote(file.name)}?")
    assert re.search(r'data-expires="\d{10}"', answer.text)
    assert "data-left>" in answer.text


def test_a_custom_policy_is_shown_decoded(log_in: LogIn) -> None:
    client = log_in("ada")
    guide = html.unescape(client.get(f"/file/{quote(GUIDE.name)}").text)
    assert '"AWS:SourceIp": "127.0.0.1/32"' in guide
    assert "Expires=" not in guide.partition("Three ways")[0].partition("taken apart")[2]
    assert "The policy, decoded" not in client.get(f"/file/{quote(PICTURE.name)}").text


def test_the_album_comes_with_cookies_that_open_it(
    log_in: LogIn, trusted_keys: TrustedKeyGroup
) -> None:
    answer = log_in("ada").get("/album")
    assert answer.status_code == 200
    headers = answer.headers.get_list("Set-Cookie")
    assert all(f"Path=/{quote(ALBUM)}/;" in f"{header};" for header in headers)
    kept = [header for header in headers if "Max-Age=0" not in header]
    cookies = "; ".join(header.partition(";")[0] for header in kept)
    pictures = re.findall(r'<img src="(http[^"]+)"', answer.text)
    assert pictures == [f"{EDGE}/{quote(file.name)}" for file in FILES if file.folder == ALBUM]
    for url in pictures:
        assert trusted_keys.check(url, cookies=cookies)
    outside = [link for link in hrefs(answer.text) if link.startswith(EDGE)]
    for url in set(outside) - set(pictures):
        assert trusted_keys.check(url, cookies=cookies).code == "AccessDenied"
    assert f"{quote(ALBUM)}/*" in answer.text


def test_the_album_is_refused_to_others(log_in: LogIn) -> None:
    for client, status in ((log_in(), 401), (log_in("ben"), 403)):
        answer = client.get("/album")
        assert answer.status_code == status
        assert "CloudFront-" not in str(answer.headers)


def test_viewers_come_and_go(log_in: LogIn) -> None:
    client = log_in("ben")
    client.post("/login", data={"viewer": "ada"})
    assert "Ada&#39;s shelf" in client.get("/").text
    client.post("/logout")
    assert "Nobody is logged in" in client.get("/").text
    for form in ({"viewer": "eve"}, {"viewer": ["eve", "ada", "eve"]}, {"name": "ada"}, {}):
        assert client.post("/login", data=form).status_code == 400
    assert client.get("/content/x").status_code == 401


def test_other_refusals_have_a_page_too(framework: str, log_in: LogIn) -> None:
    client = log_in("ada")
    missing = client.get("/nothing")
    assert missing.status_code == 404
    assert "<title>No such page · " in missing.text
    other = next(file.name for file in FILES if not may_read("ada", file.name))
    padlock = '<rect x="5" y="10.5"'
    assert padlock not in missing.text
    assert padlock in client.get(f"/file/{quote(other)}").text
    assert "Switch to Ben" in missing.text
    wrong = client.get("/login")
    assert wrong.status_code == 405
    assert "POST" in wrong.headers["Allow"]
    assert wrong.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>Method Not Allowed · " in wrong.text
    assert client.get(f"/file/{quote(ALBUM)}").status_code == 404
    posted = client.post(f"/content/{quote(PICTURE.name)}")
    # Django looks for its token before it looks at the method.
    status, title = (403, "Not yours") if framework == "django" else (405, "Method Not Allowed")
    assert posted.status_code == status
    assert f"<title>{title} · " in posted.text


@pytest.mark.parametrize("viewer", [None, *VIEWERS])
def test_the_pages_are_the_same_on_every_framework(
    viewer: str | None, sites: dict[str, str], log_in: LogIn
) -> None:
    browsers = [log_in(viewer, on=name) for name in FRAMEWORKS]
    for path in PATHS:
        answers = [browser.get(path) for browser in browsers]
        assert len({answer.status_code for answer in answers}) == 1
        texts = {without_times(answer.text) for answer in answers}
        assert len(texts) == 1, path
        assert len(texts.pop()) > 1000


def without_times(text: str) -> str:
    """Take out all that depends on the second in which a URL was signed."""
    text = re.sub(r"(?<=Signature=)[^&\"<]+|(?<=Policy=)[^&\"<]+", "…", text)
    text = re.sub(r"[\w~-]{14}…[\w~-]{8}", "…", text)
    return re.sub(r"\b\d{10}\b|\d\d:\d\d:\d\d|(?<=data-left>)\d+", "…", text)


def test_what_the_pages_need_is_there(log_in: LogIn) -> None:
    client = log_in()
    text = client.get("/").text
    for name, kind in (("demo.css", "css"), ("demo.js", "javascript"), ("mark.svg", "svg")):
        assert f'"/static/{name}"' in text
        answer = client.get(f"/static/{name}")
        assert answer.content == (package_files("cfsign.demo") / "static" / name).read_bytes()
        assert kind in answer.headers["Content-Type"]
    assert client.get("/static/../pages.py").status_code == 404
    assert client.get("/static/%2e%2e/pages.py").status_code == 404


def test_a_session_of_somebody_elses_making_is_nobodys(log_in: LogIn) -> None:
    client = log_in("ada")
    (name,) = client.cookies
    value = client.cookies[name]
    changed = value[:-2] + ("A" if value[-2] != "A" else "B") + value[-1]
    for forged in ("ada", '{"viewer": "ada"}', changed):
        headers = {"Cookie": f"{name}={forged}"}
        assert "Nobody is logged in" in log_in().get("/", headers=headers).text
    assert "Ada&#39;s shelf" in log_in().get("/", headers={"Cookie": f"{name}={value}"}).text


def test_the_session_is_not_for_other_sites_nor_for_scripts(log_in: LogIn) -> None:
    answer = log_in().post("/login", data={"viewer": "ada"})
    cookie = answer.headers["Set-Cookie"]
    assert "SameSite=Lax" in cookie
    assert "HttpOnly" in cookie


def test_a_page_needs_nothing_from_elsewhere() -> None:
    folder = Path(str(package_files("cfsign.demo")))
    paths = [path for name in ("templates", "static") for path in (folder / name).iterdir()]
    assert {path.suffix for path in paths} == {".html", ".css", ".js", ".svg"}
    for path in paths:
        found = set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<)]*", path.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg"}, path


def test_the_assets_are_what_they_claim() -> None:
    for file in FILES:
        if file.kind == "picture":
            assert ElementTree.fromstring(file.content).tag == "{http://www.w3.org/2000/svg}svg"
        elif file.kind == "document":
            assert file.content.startswith(b"%PDF-")
            assert file.content.rstrip().endswith(b"%%EOF")
        else:
            assert file.content.decode().isprintable() or b"\n" in file.content
        assert len(file.content) < 40_000

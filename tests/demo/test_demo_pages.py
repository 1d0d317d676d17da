"""The demo's pages on each framework, logged in and logged out, and the packaged files."""

from __future__ import annotations

import html
import re
from importlib.resources import files as package_files
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest

from cfsign import TrustedKeyGroup
from cfsign.demo.files import ALBUM, FILES, GUIDE, PICTURE, PrivateFile
from cfsign.demo.servers import Recorder, Servers
from cfsign.demo.sites import FRAMEWORKS
from cfsign.demo.users import READERS, USERS, can_read
from tests.demo.conftest import LogIn
from tests.demo.site_server import EDGE

PATHS = ("/", "/album", "/nothing", *(f"/file/{quote(file.name)}" for file in FILES))


def find_links(text: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'(?:href|src)="([^"]+)"', text)]


def test_access_rule_covers_every_file() -> None:
    assert {file.folder or file.name for file in FILES} == READERS.keys()
    for user in USERS:
        readable = [can_read(user, file.name) for file in FILES]
        assert any(readable)
        assert not all(readable)


def test_file_names_have_special_characters() -> None:
    names = "".join(file.name for file in FILES)
    assert set(" ü+%*'") <= set(names)
    assert {file.kind for file in FILES} == {"picture", "document", "text"}


def test_home_without_login_offers_both_users_and_signs_nothing(log_in: LogIn) -> None:
    response = log_in().get("/")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    for user in USERS.values():
        assert f"Log in as {user}" in response.text
    assert EDGE not in "".join(find_links(response.text))


@pytest.mark.parametrize("user", USERS)
def test_home_links_every_file(user: str, log_in: LogIn) -> None:
    client = log_in(user)
    text = client.get("/").text
    assert f"Files for {USERS[user]}" in text
    links = find_links(text)
    for file in FILES:
        if file.folder != ALBUM:
            assert f"/file/{quote(file.name)}" in links
    assert f"/content/{quote(PICTURE.name)}" in links


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_file_needs_a_login(file: PrivateFile, log_in: LogIn) -> None:
    response = log_in().get(f"/file/{quote(file.name)}")
    assert response.status_code == 401
    assert "<title>Log in first · " in response.text
    assert "Signature" not in response.text


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
@pytest.mark.parametrize("user", USERS)
def test_file_is_shown_to_its_readers(
    user: str, file: PrivateFile, log_in: LogIn, trusted_keys: TrustedKeyGroup
) -> None:
    response = log_in(user).get(f"/file/{quote(file.name)}")
    if not can_read(user, file.name):
        assert response.status_code == 403
        assert "<title>Not allowed · " in response.text
        assert f"{USERS[user]} may not read this file" in response.text
        assert "Signature" not in response.text
        return
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert f"<title>{html.escape(file.title).replace('&#x27;', '&#39;')} · " in response.text
    codes = set()
    signed = [link.partition("#")[0] for link in find_links(response.text) if link.startswith(EDGE)]
    for url in signed:
        verdict = trusted_keys.check(url, ip_address="127.0.0.1")
        codes.add(verdict.code)
        assert verdict.code is None or f"403 {verdict.code}" in response.text
    assert codes >= {None, "AccessDenied", "InvalidKey", "MissingKey", "MalformedPolicy"}
    path = quote(file.name, safe="/'")
    url = f"{EDGE}/{path}"
    assert signed[0].startswith(f"{url}?")
    # The URL that cookies for this file open.
    assert Servers("", EDGE, Recorder(lambda *_: [])).unsigned_url(file) == url
    assert re.search(r'data-expires="\d{10}"', response.text)
    assert "data-left>" in response.text


def test_deliveries_on_the_page_work(log_in: LogIn) -> None:
    """Each link leads to the file. Cookies are offered for folders only, and what they change."""
    client = log_in("ada")
    for file in FILES:
        if not can_read("ada", file.name):
            continue
        text = client.get(f"/file/{quote(file.name)}").text
        links = re.findall(r'<a href="(/(content|link|folder)/[^"]+)"', text)
        assert [view for _, view in links] == (
            ["content", "link", "folder"] if file.folder else ["content", "link"]
        )
        statuses = [client.get(html.unescape(link)).status_code for link, _ in links]
        assert statuses == ([303, 200, 303] if file.folder else [303, 200])
        assert ("the cookies count" in text) is bool(file.folder)


def test_custom_policy_is_shown_decoded(log_in: LogIn) -> None:
    client = log_in("ada")
    guide = html.unescape(client.get(f"/file/{quote(GUIDE.name)}").text)
    assert '"AWS:SourceIp": "127.0.0.1/32"' in guide
    assert "Expires=" not in guide.partition("Three ways")[0].partition("part by part")[2]
    assert "The policy, decoded" not in client.get(f"/file/{quote(PICTURE.name)}").text


def test_album_page_sets_cookies_that_open_it(log_in: LogIn, trusted_keys: TrustedKeyGroup) -> None:
    response = log_in("ada").get("/album")
    assert response.status_code == 200
    headers = response.headers.get_list("Set-Cookie")
    assert all(f"Path=/{quote(ALBUM)}/;" in f"{header};" for header in headers)
    current = [header for header in headers if "Max-Age=0" not in header]
    cookies = "; ".join(header.partition(";")[0] for header in current)
    pictures = re.findall(r'<img src="(http[^"]+)"', response.text)
    assert pictures == [f"{EDGE}/{quote(file.name)}" for file in FILES if file.folder == ALBUM]
    for url in pictures:
        assert trusted_keys.check(url, cookies=cookies)
    outside = [link for link in find_links(response.text) if link.startswith(EDGE)]
    for url in set(outside) - set(pictures):
        assert trusted_keys.check(url, cookies=cookies).code == "AccessDenied"
    assert f"{quote(ALBUM)}/*" in response.text
    # The cookies that the response deletes are not listed.
    assert re.findall(r"<dt>([\w-]+)</dt>", response.text) == ["Policy", "Signature", "Key-Pair-Id"]


def test_album_page_is_refused_to_others(log_in: LogIn) -> None:
    for client, status in ((log_in(), 401), (log_in("ben"), 403)):
        response = client.get("/album")
        assert response.status_code == status
        assert "CloudFront-" not in str(response.headers)


def count_cookies(client: httpx.Client) -> int:
    """Return how many of CloudFront's cookies the browser has."""
    return sum(cookie.name.startswith("CloudFront-") for cookie in client.cookies.jar)


def test_login_switch_and_logout(log_in: LogIn) -> None:
    client = log_in("ben")
    client.post("/login", data={"user": "ada"})
    assert "Files for Ada" in client.get("/").text
    client.get(f"/folder/{quote(ALBUM)}/1%20dawn.svg", follow_redirects=False)
    assert count_cookies(client) == 3
    client.post("/logout")
    assert count_cookies(client) == 0
    assert "Not logged in" in client.get("/").text
    for form in ({"user": "eve"}, {"user": ["eve", "ada", "eve"]}, {"name": "ada"}, {}):
        assert client.post("/login", data=form).status_code == 400
    assert client.get("/content/x").status_code == 401


def test_other_refusals_have_a_page(framework: str, log_in: LogIn) -> None:
    client = log_in("ada")
    missing = client.get("/nothing")
    assert missing.status_code == 404
    assert "<title>Page not found · " in missing.text
    other = next(file.name for file in FILES if not can_read("ada", file.name))
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
    # Django checks its CSRF token before the method.
    status, title = (403, "Not allowed") if framework == "django" else (405, "Method Not Allowed")
    assert posted.status_code == status
    assert f"<title>{title} · " in posted.text


@pytest.mark.parametrize("user", [None, *USERS])
def test_pages_are_the_same_on_every_framework(
    user: str | None, sites: dict[str, str], log_in: LogIn
) -> None:
    browsers = [log_in(user, on=name) for name in FRAMEWORKS]
    for path in PATHS:
        responses = [browser.get(path) for browser in browsers]
        assert len({response.status_code for response in responses}) == 1
        texts = {remove_times(response.text) for response in responses}
        assert len(texts) == 1, path
        assert len(texts.pop()) > 1000


def remove_times(text: str) -> str:
    """Replace everything that depends on the second in which a URL was signed."""
    text = re.sub(r"(?<=Signature=)[^&\"<]+|(?<=Policy=)[^&\"<]+", "…", text)
    text = re.sub(r"[\w~-]{14}…[\w~-]{8}", "…", text)
    return re.sub(r"\b\d{10}\b|\d\d:\d\d:\d\d|(?<=data-left>)\d+", "…", text)


def test_static_files_are_served(log_in: LogIn) -> None:
    client = log_in()
    text = client.get("/").text
    for name, kind in (("demo.css", "css"), ("demo.js", "javascript"), ("mark.svg", "svg")):
        assert f'"/static/{name}"' in text
        response = client.get(f"/static/{name}")
        assert response.content == (package_files("cfsign.demo") / "static" / name).read_bytes()
        assert kind in response.headers["Content-Type"]
    assert client.get("/static/../pages.py").status_code == 404
    assert client.get("/static/%2e%2e/pages.py").status_code == 404


def test_forged_session_is_not_accepted(log_in: LogIn) -> None:
    client = log_in("ada")
    (name,) = client.cookies
    value = client.cookies[name]
    changed = value[:-2] + ("A" if value[-2] != "A" else "B") + value[-1]
    for forged in ("ada", '{"user": "ada"}', changed):
        headers = {"Cookie": f"{name}={forged}"}
        assert "Not logged in" in log_in().get("/", headers=headers).text
    assert "Files for Ada" in log_in().get("/", headers={"Cookie": f"{name}={value}"}).text


def test_session_cookie_is_lax_and_http_only(log_in: LogIn) -> None:
    response = log_in().post("/login", data={"user": "ada"})
    cookie = response.headers["Set-Cookie"].lower()  # RFC 6265: the case does not matter
    assert "samesite=lax" in cookie
    assert "httponly" in cookie


def test_pages_load_nothing_from_other_hosts() -> None:
    folder = Path(str(package_files("cfsign.demo")))
    paths = [path for name in ("templates", "static") for path in (folder / name).iterdir()]
    assert {path.suffix for path in paths} == {".html", ".css", ".js", ".svg"}
    for path in paths:
        found = set(re.findall(r"(?:https?:)?//[a-z][^\s\"'<)]*", path.read_text(encoding="utf-8")))
        assert found <= {"http://www.w3.org/2000/svg"}, path


def test_assets_have_their_content_type() -> None:
    for file in FILES:
        if file.kind == "picture":
            assert ElementTree.fromstring(file.content).tag == "{http://www.w3.org/2000/svg}svg"
        elif file.kind == "document":
            assert file.content.startswith(b"%PDF-")
            assert file.content.rstrip().endswith(b"%%EOF")
        else:
            assert file.content.decode().isprintable() or b"\n" in file.content
        assert len(file.content) < 40_000

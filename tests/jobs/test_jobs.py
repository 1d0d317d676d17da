"""
Fifteen everyday jobs on every adapter, judged by the local edge.

Each test opens what the user may have, and checks that the rest stays closed.
"""

from __future__ import annotations

import html
import importlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import time_machine

from cfsign.edge import ResponseHeadersPolicy
from cfsign.observers import AuditLog
from cfsign.testing import Edge, GeneratedKeyPair
from cfsign.testing.transports import ASGITransport, WSGITransport

SITE = "https://www.example.com"
MEDIA = "https://media.example.com"
VIDEOS = "https://videos.example.com"
ADDRESS = "203.0.113.7"
CORS = {
    "Name": "app",
    "CorsConfig": {
        "AccessControlAllowCredentials": False,
        "AccessControlAllowHeaders": {"Quantity": 1, "Items": ["*"]},
        "AccessControlAllowMethods": {"Quantity": 1, "Items": ["GET"]},
        "AccessControlAllowOrigins": {"Quantity": 1, "Items": ["https://app.example.com"]},
        "OriginOverride": True,
    },
}
STARRED = "ada/Größe & Co #1 * 100%;v=2.pdf"
FILES = (
    "manual/index.html",
    "manual/guide/page.html",
    "videos/42/master.m3u8",
    "videos/42/1080p/1.ts",
    "videos/43/master.m3u8",
    "members/news.html",
    "bills/ada/7.pdf",
    "bills/ben/8.pdf",
    "avatars/ada 1.png",
    "report.pdf",
    "clip.mp4",
    "ada/a.txt",
    "ada/Größe & Co #1 other 100%;v=2.pdf",
    STARRED,
    *(f"albums/7/{i}.jpg" for i in range(200)),
    "albums/8/0.jpg",
)


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bucket")
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


class Browser:
    """A browser with cookies, for the site and the edges in front of the bucket."""

    def __init__(self, adapter: str, edges: list[Edge], settings: dict[str, Any] | None) -> None:
        module = importlib.import_module(f"tests.jobs.sites.{adapter}")
        transport = ASGITransport if module.IS_ASGI else WSGITransport
        mounts = {SITE: transport(module.create_app(settings), ADDRESS)}
        mounts |= {edge.domain: edge._transport for edge in edges}
        self.client = httpx.Client(base_url=SITE, mounts=mounts, trust_env=False)
        self.edges = edges

    def get(self, url: str, user: str = "ada", **headers: str) -> httpx.Response:
        return self.client.get(url, headers={"X-User": user, **headers})

    def open(self, url: str, name: str, **headers: str) -> httpx.Response:
        """Follow the site's redirect, and check that the edge serves the file."""
        reply = self.get(url, **headers)
        if reply.is_redirect:
            reply = self.client.get(reply.headers["Location"])
        assert (reply.status_code, reply.text) == (200, name)
        return reply

    def check_closed(self, url: str) -> None:
        """Check that the edge refuses a URL."""
        assert self.client.get(url).status_code == 403


MakeBrowser = Callable[..., Browser]


@pytest.fixture
def make_browser(adapter: str, bucket: Path, cloudfront_edge: Callable[..., Edge]) -> MakeBrowser:
    """Return a function that starts the adapter's site with *config* added to its settings."""

    def make(**config: Any) -> Browser:
        policy = ResponseHeadersPolicy.from_config(CORS)
        edges = [
            cloudfront_edge(bucket, domain=domain, response_headers=policy)
            for domain in (MEDIA, VIDEOS)
        ]
        aliases = {
            alias: {"domain": edge.domain, **edge.config}
            for alias, edge in zip(("default", "videos"), edges, strict=True)
        }
        aliases["default"] |= {"cookie_domain": "example.com", **config}
        return Browser(adapter, edges, {"CLOUDFRONT_DISTRIBUTIONS": aliases})

    return make


@pytest.fixture
def browser(make_browser: MakeBrowser) -> Browser:
    return make_browser()


def test_01_private_static_site(browser: Browser) -> None:
    browser.check_closed(f"{MEDIA}/manual/index.html")
    browser.open("/manual/manual/index.html", "manual/index.html")
    browser.open(f"{MEDIA}/manual/guide/page.html", "manual/guide/page.html")
    browser.check_closed(f"{MEDIA}/members/news.html")
    assert browser.get("/manual/members/news.html").status_code == 404
    assert browser.get("/manual/manual/index.html", user="").status_code == 401


def test_02_video_by_cookies(browser: Browser) -> None:
    browser.open("/watch/videos/42/master.m3u8", "videos/42/master.m3u8")
    browser.open(f"{MEDIA}/videos/42/1080p/1.ts", "videos/42/1080p/1.ts")
    browser.check_closed(f"{MEDIA}/videos/43/master.m3u8")
    browser.edges[0].clock.shift(4 * 3600 - 60)
    browser.open(f"{MEDIA}/videos/42/1080p/1.ts", "videos/42/1080p/1.ts")
    browser.edges[0].clock.shift(120)
    browser.check_closed(f"{MEDIA}/videos/42/1080p/1.ts")
    assert browser.get("/watch/videos/43/master.m3u8").status_code == 403
    for path in ("report.pdf", "other/42/master.m3u8"):
        assert browser.get(f"/watch/{path}").status_code in (403, 404)


def test_03_video_by_the_signature_of_its_folder(browser: Browser) -> None:
    url = browser.get("/play/videos/42/master.m3u8").json()["url"]
    browser.open(url, "videos/42/master.m3u8")
    query = url.partition("?")[2]
    browser.open(f"{MEDIA}/videos/42/1080p/1.ts?{query}", "videos/42/1080p/1.ts")
    browser.check_closed(f"{MEDIA}/videos/43/master.m3u8?{query}")
    assert browser.get("/play/videos/43/master.m3u8").status_code == 403
    for path in ("report.pdf", "other/42/master.m3u8"):
        assert browser.get(f"/play/{path}").status_code in (403, 404)


def test_04_name_of_a_download(browser: Browser) -> None:
    url = browser.get("/download/report.pdf?response-content-disposition=evil.exe")
    location = url.headers["Location"]
    reply = browser.open(location, "report.pdf")
    name = reply.headers["Content-Disposition"].partition("filename*=UTF-8''")[2]
    assert name == "Gr%C3%B6%C3%9Fe%20100%25.pdf"
    browser.check_closed(location.replace("100%2525", "200%2525"))


def test_05_json_for_another_origin(browser: Browser) -> None:
    origin = "https://app.example.com"
    reply = browser.get("/link/report.pdf", Origin=origin)
    assert reply.headers["Access-Control-Allow-Origin"] == origin
    file = browser.open(reply.json()["url"], "report.pdf", Origin=origin)
    assert file.headers["Access-Control-Allow-Origin"] == origin
    browser.check_closed(reply.json()["url"].replace("report", "clip"))


def test_06_login_and_logout(browser: Browser) -> None:
    browser.check_closed(f"{MEDIA}/members/news.html")
    assert browser.get("/login").status_code == 200
    browser.open(f"{MEDIA}/members/news.html", "members/news.html")
    browser.check_closed(f"{MEDIA}/manual/index.html")
    assert browser.get("/logout").is_redirect
    browser.check_closed(f"{MEDIA}/members/news.html")


def test_07_two_distributions(browser: Browser) -> None:
    location = browser.get("/clips/clip.mp4").headers["Location"]
    assert location.startswith(f"{VIDEOS}/clip.mp4?")
    browser.open(location, "clip.mp4")
    browser.check_closed(location.replace(VIDEOS, MEDIA))


@pytest.mark.parametrize(("user", "seconds"), [("ada", 3600), ("ben", 60)])
def test_08_duration_and_address_for_each_user(browser: Browser, user: str, seconds: int) -> None:
    edge = browser.edges[0]
    location = browser.get("/personal/report.pdf", user=user).headers["Location"]
    edge.assert_allows(location)
    edge.assert_denies(location, ip_address="203.0.113.8")
    edge.clock.shift(seconds - 5)
    edge.assert_allows(location)
    edge.clock.shift(10)
    edge.assert_denies(location)


def test_09_page_with_200_thumbnails(browser: Browser) -> None:
    page = browser.get("/album").text
    urls = [html.unescape(url) for url in re.findall(r'src="([^"]+)"', page)]
    assert len(set(urls)) == 200
    [signature] = {url.partition("?")[2] for url in urls}
    for number in (0, 199):
        browser.open(urls[number], f"albums/7/{number}.jpg")
    browser.check_closed(f"{MEDIA}/albums/8/0.jpg?{signature}")
    [link] = [html.unescape(url) for url in re.findall(r'href="([^"]+)"', page)]
    assert link == "/own/albums/7/0.jpg"


def test_10_rotation(
    adapter: str, bucket: Path, cloudfront_edge: Callable[..., Edge], cloudfront_clock: Any
) -> None:
    pairs = [GeneratedKeyPair.generate(name) for name in ("KOLD", "KNEW")]
    edges = [cloudfront_edge(bucket, key_pair=pair) for pair in pairs]
    now = 1_800_000_000
    keys = [pair.config for pair in pairs]
    keys[1]["active_from"] = now + 600  # type: ignore[assignment]
    settings = {"CLOUDFRONT_DOMAIN": MEDIA, "CLOUDFRONT_CONFIG": {"keys": keys}}
    with time_machine.travel(now, tick=False) as clock:
        browser = Browser(adapter, edges[:1], settings)
        for index, seconds in enumerate((0, 600)):
            clock.move_to(now + seconds)
            cloudfront_clock.at = now + seconds
            location = browser.get("/own/ada/a.txt").headers["Location"]
            edges[index].assert_allows(location)
            edges[1 - index].assert_denies(location)


def test_11_key_in_an_environment_variable(
    adapter: str,
    bucket: Path,
    cloudfront_edge: Callable[..., Edge],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    edge = cloudfront_edge(bucket)
    key = edge.config["private_key"].strip().replace("\n", "\\n")
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", edge.domain)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", edge.config["key_pair_id"])
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY", f'"{key}"')
    browser = Browser(adapter, [edge], None)
    browser.open("/own/ada/a.txt", "ada/a.txt")
    assert browser.get("/own/report.pdf").status_code == 403


def test_12_url_of_a_stored_file(browser: Browser) -> None:
    url = browser.get("/avatar").json()["avatar"]
    browser.open(url, "avatars/ada 1.png")
    browser.edges[0].clock.shift(700)
    browser.check_closed(url)


def test_13_audit_line(make_browser: MakeBrowser) -> None:
    lines = io.StringIO()
    browser = make_browser(observers=[AuditLog(lines, fields=lambda request: {"site": "shop"})])
    browser.open("/own/ada/a.txt", "ada/a.txt")
    assert browser.get("/own/ben/a.txt").status_code == 403
    allowed, refused = map(json.loads, lines.getvalue().splitlines())
    assert (allowed["resource"], allowed["outcome"]) == ("ada/a.txt", "allowed")
    assert (refused["resource"], refused["outcome"]) == ("ben/a.txt", "refused")
    assert allowed["site"] == refused["site"] == "shop"
    assert "Signature" not in lines.getvalue()


def test_14_name_that_a_user_has_chosen(browser: Browser) -> None:
    location = browser.get(f"/own/{quote(STARRED)}").headers["Location"]
    browser.open(location, STARRED)
    browser.check_closed(location.replace("%2A", "other"))
    assert browser.get("/own/ben/a.txt").status_code == 403


def test_15_file_behind_a_database_id(browser: Browser) -> None:
    browser.open("/bills/7", "bills/ada/7.pdf")
    forbidden, missing = browser.get("/bills/8"), browser.get("/bills/9")
    assert forbidden.status_code == missing.status_code == 404
    assert forbidden.content == missing.content


ROOT = Path(__file__).parents[2]


def test_page_quotes_the_flask_site() -> None:
    """So the code of docs/jobs.md is code that these tests run."""
    source = (ROOT / "tests/jobs/sites/flask_sync.py").read_text("utf-8")
    lines = "\n".join(line for line in source.splitlines() if line)
    page = (ROOT / "docs/jobs.md").read_text("utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 12
    for block in blocks:
        assert "\n".join(line for line in block.splitlines() if line) in lines

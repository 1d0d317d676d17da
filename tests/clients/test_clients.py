"""
HTTP clients send signed URLs unchanged, directly and after a redirect.

A server on 127.0.0.1 records each request target as it is on the wire.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cfsign import Distribution, Signer
from tests.clients.browser import launch_chromium
from tests.clients.conftest import Wire
from tests.clients.spellings import CHARACTERS, NAMES, SPELLINGS

Fetch = Callable[[str, list[str]], None]


def fetch_with_aiohttp(origin: str, urls: list[str]) -> None:
    _fetch_with_aiohttp(urls, encoded=False)


def fetch_with_aiohttp_encoded(origin: str, urls: list[str]) -> None:
    """Fetch as the documents say: the URLs as `yarl.URL(url, encoded=True)`."""
    _fetch_with_aiohttp(urls, encoded=True)


def _fetch_with_aiohttp(urls: list[str], encoded: bool) -> None:
    aiohttp = pytest.importorskip("aiohttp")
    yarl = pytest.importorskip("yarl")

    async def fetch() -> None:
        async with aiohttp.ClientSession(requote_redirect_url=not encoded) as session:
            for url in urls:
                async with session.get(yarl.URL(url, encoded=True) if encoded else url) as response:
                    await response.read()

    asyncio.run(fetch())


def fetch_with_httpx(origin: str, urls: list[str]) -> None:
    httpx = pytest.importorskip("httpx")
    with httpx.Client(follow_redirects=True, trust_env=False) as client:
        for url in urls:
            client.get(url)


def fetch_with_requests(origin: str, urls: list[str]) -> None:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.trust_env = False
        for url in urls:
            session.get(url)


def fetch_with_node(origin: str, urls: list[str]) -> None:
    """Fetch with node, which parses URLs by the WHATWG standard."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = Path(__file__).with_name("fetch.mjs")
    subprocess.run([node, script], input=json.dumps(urls).encode(), check=True, timeout=120)


def fetch_with_chromium(origin: str, urls: list[str]) -> None:
    with launch_chromium() as browser:
        page = browser.new_page()
        page.goto(f"{origin}/blank")
        page.evaluate("async urls => { for (const url of urls) await fetch(url) }", urls)


CLIENTS: dict[str, Fetch] = {
    "aiohttp": fetch_with_aiohttp,
    "aiohttp-encoded": fetch_with_aiohttp_encoded,
    "chromium": fetch_with_chromium,
    "httpx": fetch_with_httpx,
    "node": fetch_with_node,
    "requests": fetch_with_requests,
}

# What docs/signing.md says of clients that change a URL.
CHANGED_NAMES = {"aiohttp": {"a;v=1.txt", "a*.txt"}}
CHANGED_IN_PATH = {"aiohttp": set("*;")}
CHANGED_IN_QUERY = {"aiohttp": set("'*?")}
CHANGED_SPELLINGS = {
    # Needless escapes are decoded, brackets encoded, and escapes written in upper case.
    "aiohttp": {
        *(f"/a%{ord(character):02X}b" for character in "!$&'()*,-.:;=@_~"),
        *(f"/a?q=a%{ord(character):02X}b" for character in "!$'()*,-./:?@_~"),
        *("/a[b", "/a]b", "/a?q=a[b", "/a?q=a]b", "/caf%c3%a9"),
    },
    "requests": {
        *(f"/a%{ord(character):02X}b" for character in "-._~"),
        *(f"/a?q=a%{ord(character):02X}b" for character in "-._~"),
        *("/a[b", "/a]b", "/a?q=a[b", "/a?q=a]b", "/caf%c3%a9"),
    },
}


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(params=["direct", "redirect"])
def find_changed(
    request: pytest.FixtureRequest, client: str, wire: Wire
) -> Callable[[dict[str, str]], set[str]]:
    """A function that sends signed URLs and returns the names of those that were changed."""

    def find(urls: dict[str, str]) -> set[str]:
        sent = list(urls.values())
        if request.param == "redirect":
            wire.locations = sent
            sent = [f"{wire.origin}/go/{number}" for number in range(len(urls))]
        CLIENTS[client](wire.origin, sent)
        changed = set()
        for (name, url), (target, allowed) in zip(urls.items(), wire.received, strict=True):
            assert allowed == (wire.origin + target == url), name
            if not allowed:
                changed.add(name)
        return changed

    return find


Find = Callable[[dict[str, str]], set[str]]


@pytest.fixture
def media(wire: Wire, signer: Signer) -> Distribution:
    return Distribution(wire.origin, signer, expires_in=600)


def test_file_names_arrive_unchanged(media: Distribution, client: str, find_changed: Find) -> None:
    changed = find_changed({name: media.sign_path(name) for name in NAMES})
    assert changed == CHANGED_NAMES.get(client, set())


def test_characters_in_a_path_arrive_unchanged(
    media: Distribution, client: str, find_changed: Find
) -> None:
    changed = find_changed({name: media.sign_path(f"a{name}b") for name in CHARACTERS})
    assert changed == CHANGED_IN_PATH.get(client, set())


def test_characters_in_a_query_arrive_unchanged(
    media: Distribution, client: str, find_changed: Find
) -> None:
    """In a name and in a value."""
    urls = {name: media.sign_path("a", query={f"k{name}": f"{name}v"}) for name in CHARACTERS}
    assert find_changed(urls) == CHANGED_IN_QUERY.get(client, set())


def test_spellings_arrive_unchanged(
    wire: Wire, signer: Signer, client: str, find_changed: Find
) -> None:
    """`Signer` takes a URL as it is, also with escapes that are not needed."""
    urls = {text: signer.sign_url(wire.origin + text, expires_in=600) for text in SPELLINGS}
    assert [text for text, url in urls.items() if not url.startswith(wire.origin + text)] == []
    assert find_changed(urls) == CHANGED_SPELLINGS.get(client, set())

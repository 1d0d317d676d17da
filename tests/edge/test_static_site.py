"""A private site of 50 pages, read by Chromium through the edge, by https and with cookies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for _package in ("cryptography", "waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign import Signer  # noqa: E402
from cfsign.edge import WSGIEdge  # noqa: E402
from cfsign.edge.server import get_url, listen, serve  # noqa: E402
from cfsign.edge.server.folder import create_folder_app  # noqa: E402
from cfsign.edge.server.index import add_index  # noqa: E402
from cfsign.edge.server.tls import make_context  # noqa: E402
from tests.clients.browser import launch_chromium  # noqa: E402

PAGES = 50
# Reads every page and what it needs, starting from the current one, and returns the statuses.
CRAWL = """async () => {
    const statuses = {}, queue = [location.href];
    while (queue.length) {
        const url = queue.shift();
        if (url in statuses) continue;
        const response = await fetch(url);
        statuses[url] = response.status;
        if (!(response.headers.get("content-type") || "").startsWith("text/html")) continue;
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        for (const element of page.querySelectorAll("a, img, link")) {
            const link = element.getAttribute("href") || element.getAttribute("src");
            queue.push(new URL(link, url).href);
        }
    }
    return statuses;
}"""


@pytest.fixture
def site(tmp_path: Path, trusted_keys: Any) -> Iterator[str]:
    """The URL of the site. Its pages are in nested folders, and link to each other."""
    (tmp_path / "style.css").write_text("body { color: rgb(1, 2, 3) }")
    (tmp_path / "Größe 1.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    paths = ["", *("part/" * (number % 5) + f"page {number}/" for number in range(1, PAGES))]
    for path, following in zip(paths, [*paths[1:], ""], strict=True):
        root = "../" * path.count("/") or "./"
        folder = tmp_path / path
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "index.html").write_text(
            f'<meta charset="utf-8"><link rel="stylesheet" href="{root}style.css">'
            f'<img src="{root}Größe 1.svg"><a href="{root}{following}">next</a>',
            encoding="utf-8",
        )
    app = add_index(create_folder_app(tmp_path), index="index.html")
    context, _ = make_context("localhost")
    with (
        listen(None, "--port") as listener,
        serve(WSGIEdge(app, trusted_keys), listener, tls=context),
    ):
        yield get_url(listener, "https")


def test_every_page_is_read(site: str, signer: Signer) -> None:
    """No 403 and no 404, with one set of cookies; without cookies, a 403."""
    with launch_chromium() as browser:
        context = browser.new_context(ignore_https_errors=True)
        page = context.new_page()
        response = page.goto(f"{site}/")
        assert response.status == 403
        cookies = signer.sign_cookies(f"{site}/*", expires_in=600)
        context.add_cookies(
            [
                {"name": name, "value": value, "url": site, "secure": True, "sameSite": "None"}
                for name, value in cookies.items()
            ]
        )
        assert page.goto(f"{site}/").status == 200
        statuses = page.evaluate(CRAWL)
        assert set(statuses.values()) == {200}
        assert len(statuses) == PAGES + 2
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(1, 2, 3)"

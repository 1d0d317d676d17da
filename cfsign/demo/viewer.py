"""A viewer with a browser: what they ask the site and the edge over HTTP, and what they see."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from hashlib import sha256
from urllib.parse import quote

import httpx

from cfsign.demo.files import PrivateFile


class Viewer(AbstractContextManager["Viewer"]):
    """
    One viewer, with cookies of their own.

    Args:
        site: The site's address.
        name: Whom to log in as, or None for nobody.
    """

    def __init__(self, site: str, name: str | None = None) -> None:
        self._site = site
        # The proxies of the environment are for the world; this is loopback.
        self._browser = httpx.Client(trust_env=False)
        if name is not None:
            self._browser.post(f"{site}/login", data={"viewer": name})

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._browser.close()

    def ask(self, file: PrivateFile, view: str = "content", query: str = "") -> httpx.Response:
        """Ask the site for a file, and go nowhere yet."""
        return self._browser.get(f"{self._site}/{view}/{quote(file.name)}{query}")

    def sign(self, file: PrivateFile, query: str = "") -> str:
        """
        Ask the site for a file, and return where it sends the viewer.

        Raises:
            LookupError: It sends them nowhere.
        """
        answer = self.ask(file, query=query)
        if answer.status_code != 303:
            raise LookupError(f"the site answered {seen(answer)} in place of 303")
        return answer.headers["Location"]

    def open(self, url: str) -> httpx.Response:
        """Open a URL as the browser does: with those of the cookies that are for it."""
        return self._browser.get(url)


def fetch(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Ask the edge as a stranger would who found the URL: with no cookie but what is given."""
    with httpx.Client(trust_env=False) as client:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.request(method, url, headers=names)


def seen(answer: httpx.Response) -> str:
    """Return what there is to see of an answer: its status, and for a refusal whose it is."""
    if answer.status_code < 400:
        return str(answer.status_code)
    # CloudFront's code, or the title of the site's own page.
    found = re.search(r"<Code>(\w+)</Code>|<title>(.+?) ·", answer.text)
    if found is None:
        return str(answer.status_code)
    return f"{answer.status_code} {found[1] or repr(found[2])}"


def digest(content: bytes) -> str:
    """Return the start of a SHA-256, as much as fits on a line."""
    return f"sha256 {sha256(content).hexdigest()[:16]}"

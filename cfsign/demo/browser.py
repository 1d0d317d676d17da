"""The HTTP client of `cfsign demo --once`, and short descriptions of what it receives."""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from hashlib import sha256
from urllib.parse import quote

import httpx

from cfsign.demo.files import PrivateFile


class Browser(AbstractContextManager["Browser"]):
    """
    A client of the site with its own cookies.

    Args:
        site: The URL of the site, without a slash at the end.
        user: The user to log in as; None stays logged out.
    """

    def __init__(self, site: str, user: str | None = None) -> None:
        self._site = site
        # Without the proxies of the environment, because the servers are on this machine.
        self._client = httpx.Client(trust_env=False)
        if user is not None:
            self._client.post(f"{site}/login", data={"user": user})

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    def request_file(
        self, file: PrivateFile, view: str = "content", query: str = ""
    ) -> httpx.Response:
        """Request a file from a view of the site, without following its redirect."""
        return self._client.get(f"{self._site}/{view}/{quote(file.name)}{query}")

    def get_signed_url(self, file: PrivateFile, query: str = "") -> str:
        """
        Request a file from the site, and return the URL that it redirects to.

        Raises:
            LookupError: The response is not a redirect.
        """
        response = self.request_file(file, query=query)
        if response.status_code != 303:
            raise LookupError(f"the site responded with {describe(response)} instead of 303")
        return response.headers["Location"]

    def open(self, url: str) -> httpx.Response:
        """Request a URL, with the cookies that match it."""
        return self._client.get(url)


def fetch(url: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Request a URL as a client without cookies; `_` in header names stands for `-`."""
    with httpx.Client(trust_env=False) as client:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.request(method, url, headers=names)


def describe(response: httpx.Response) -> str:
    """Return the status; for a refusal also CloudFront's code, or the title of the site's page."""
    if response.status_code < 400:
        return str(response.status_code)
    found = re.search(r"<Code>(\w+)</Code>|<title>(.+?) ·", response.text)
    if found is None:
        return str(response.status_code)
    return f"{response.status_code} {found[1] or repr(found[2])}"


def describe_content(content: bytes) -> str:
    """Return the start of the SHA-256 hash of *content*."""
    return f"sha256 {sha256(content).hexdigest()[:16]}"

"""A request and a reply as values, and a client that sends the request target unchanged."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """
    A request.

    Attributes:
        key: The file's path, percent-encoded.
        method: The method.
        query: The query string, percent-encoded.
        view: The name of the view; see `cases.VIEWS`.
        user: The user who is logged in.
        mount: The path below which the server mounts the application.
    """

    key: str = "a.txt"
    method: str = "GET"
    query: str = ""
    view: str = "content"
    user: str = "ada"
    mount: str = ""

    def path(self, prefix: str, case: str) -> str:
        """Return the path below the mount point; the site's `authorize` looks *case* up."""
        return f"{prefix}/{self.view}/{case}/{self.key}"

    @property
    def headers(self) -> dict[str, str]:
        return {"X-User": self.user}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply."""

    status: int
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    body: bytes = b""

    @classmethod
    def of(cls, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> Reply:
        return cls(status, tuple((name.lower(), value) for name, value in headers), body)

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name.lower()]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


def send(origin: str, method: str, target: str, headers: Mapping[str, str] | None = None) -> Reply:
    """Send one request with its target unchanged: `//`, `..` and `%2F` are not normalized."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        response = connection.getresponse()
        return Reply.of(response.status, response.getheaders(), response.read())
    finally:
        connection.close()

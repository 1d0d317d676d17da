"""A request and a reply as values, and a client that puts a request's target on the wire raw."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """
    What a viewer asks for.

    Attributes:
        key: What is asked for, as it stands on the wire.
        method: The method.
        query: The query, as it stands on the wire.
        view: The view of the site that is asked; see `cases.VIEWS`.
        viewer: Who is logged in.
        mount: Where the server has mounted the whole application.
    """

    key: str = "a.txt"
    method: str = "GET"
    query: str = ""
    view: str = "content"
    viewer: str = "ada"
    mount: str = ""

    def path(self, prefix: str, case: str) -> str:
        """Return the path below the mount point; *case* tells the site which rule to apply."""
        return f"{prefix}/{self.view}/{case}/{self.key}"

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Viewer": self.viewer}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

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
    """Send one request, its target to the byte: no `//`, `..` or `%2F` is tidied up."""
    connection = http.client.HTTPConnection(urlsplit(origin).netloc, timeout=30)
    try:
        connection.request(method, target, headers=dict(headers or {}))
        response = connection.getresponse()
        return Reply.of(response.status, response.getheaders(), response.read())
    finally:
        connection.close()

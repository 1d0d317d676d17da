"""The expected responses, checked by the checking side and by the local edge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import unquote, urlsplit

from cfsign import TrustedKeyGroup
from tests.conformance.wire import Reply, Request

#: The address of the tests, as the edge sees it.
CLIENT_ADDRESS = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Checker:
    """
    Checks the signed URLs and cookies of one reply.

    Attributes:
        domain: The distribution's domain, which is the address of the edge.
        sign: Signs a URL for an expiry and an address, by another implementation.
        trusted_keys: The checking side.
        earliest: When the request was sent, in epoch seconds.
        latest: When the reply came, in epoch seconds.
        fetch: Fetches a URL from the edge; None in process.
    """

    domain: str
    sign: Callable[[str, int, str | None], str]
    trusted_keys: TrustedKeyGroup
    earliest: int
    latest: int
    fetch: Callable[..., Reply] | None = None

    def check_url(self, url: str, unsigned: str, duration: int, address: str | None) -> None:
        """Compare a signed URL with botocore's, then try it on the checking side and the edge."""
        expiries = range(self.earliest + duration, self.latest + duration + 1)
        expected = {self.sign(unsigned, expiry, address): expiry for expiry in expiries}
        assert url in expected
        expires = expected[url]
        assert self.trusted_keys.check(url, at=self.earliest, ip_address=CLIENT_ADDRESS).allowed
        assert not self.trusted_keys.check(url, at=expires, ip_address=CLIENT_ADDRESS).allowed
        elsewhere = self.trusted_keys.check(url, at=self.earliest, ip_address="192.0.2.8")
        assert elsewhere.allowed is (address is None)
        self.check_file(url, unsigned)

    def allows(self, url: str, duration: int, cookies: Mapping[str, str] | None = None) -> bool:
        """Return True if the checking side allows a request, and no longer than *duration*."""
        ends = self.latest + duration
        assert not self.trusted_keys.check(url, cookies=cookies, at=ends).allowed
        return self.trusted_keys.check(url, cookies=cookies, at=self.earliest).allowed

    def check_file(self, url: str, unsigned: str, cookies: str = "") -> None:
        """Fetch the file from the edge, if there is one."""
        if self.fetch is None:
            return
        reply = self.fetch(url, cookies)
        parts = urlsplit(unsigned)
        assert (reply.status, reply.body) == (200, content(unquote(parts.path), parts.query))


def content(path: str, query: str) -> bytes:
    """Return the origin's file for a plain path; each is different."""
    return f"the file {path}, requested with {query!r}".encode()


class Expectation(Protocol):
    """An expected reply; `signatures` is how many it may need, None for any number."""

    @property
    def signatures(self) -> int | None: ...

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        """Raise AssertionError if the reply is another."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A redirect to the signed URL of `path`, or that URL in JSON, or cookies; all for `folder`."""

    path: str = "/a.txt"
    query: str = ""
    code: int = 303
    duration: int = 60
    address: str | None = None
    delivery: str = "redirect"
    folder: str = ""
    cookie_path: str = ""
    host: tuple[str, str] = ("", "")
    headers: Mapping[str, str] = field(default_factory=lambda: {"Cache-Control": "no-store"})
    signatures: int | None = 1

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        assert reply.status == self.code
        if self.host[0]:
            checker = replace(checker, domain=checker.domain.replace(*self.host))
        unsigned = checker.domain + self.path + (f"?{self.query}" if self.query else "")
        for name, value in self.headers.items():
            assert reply.all(name) == [value]
        if self.delivery == "json":
            assert reply.one("Content-Type") == "application/json"
            assert reply.all("Location") == []
            if request.method == "HEAD":
                assert reply.body == b""
            else:
                self._check_json(reply, unsigned, checker)
            return
        assert reply.body == b""
        if self.delivery == "cookies":
            self._check_cookies(reply, unsigned, checker)
        else:
            assert reply.all("Set-Cookie") == []
            self._check_url(reply.one("Location"), unsigned, checker)

    def _check_url(self, url: str, unsigned: str, checker: Checker) -> None:
        if not self.folder:
            checker.check_url(url, unsigned, self.duration, self.address)
            return
        start, _, parameters = url.partition("Policy=")
        assert start == f"{unsigned}{'&' if self.query else '?'}"
        self._check_folder(
            checker, lambda other: checker.allows(f"{other}?Policy={parameters}", self.duration)
        )
        checker.check_file(url, unsigned)

    def _check_folder(self, checker: Checker, allows: Callable[[str], bool]) -> None:
        """Check that exactly the files of the folder are open."""
        for path, is_open in (
            (self.path, True),
            (f"{self.folder}720p/1.ts", True),
            (f"{self.folder[:-1]}0/1.ts", False),
        ):
            assert allows(checker.domain + path) is is_open

    def _check_json(self, reply: Reply, unsigned: str, checker: Checker) -> None:
        document = json.loads(reply.body)
        assert sorted(document) == ["expires_at", "url"]
        expires_at = document["expires_at"]
        assert checker.earliest + self.duration <= expires_at <= checker.latest + self.duration
        if not self.folder:
            assert document["url"] == checker.sign(unsigned, expires_at, None)
        self._check_url(document["url"], unsigned, checker)

    def _check_cookies(self, reply: Reply, unsigned: str, checker: Checker) -> None:
        assert reply.all("Location") == ([] if self.code == 204 else [unsigned])
        cookies = {}
        for header in reply.all("Set-Cookie"):
            pair, *attributes = [part.strip() for part in header.split(";")]
            name, _, value = pair.partition("=")
            cookies[name] = value.strip('"')
            assert {"httponly", f"path={self.cookie_path or self.folder}".lower()} <= {
                a.lower() for a in attributes
            }
            (max_age,) = (
                a.partition("=")[2] for a in attributes if a.lower().startswith("max-age")
            )
            assert 0 <= int(max_age) <= self.duration
            if max_age == "0":
                assert cookies.pop(name) == ""
        assert len(reply.all("Set-Cookie")) == 5
        assert sorted(cookies) == [
            "CloudFront-Key-Pair-Id",
            "CloudFront-Policy",
            "CloudFront-Signature",
        ]
        self._check_folder(checker, lambda url: checker.allows(url, self.duration, cookies))
        checker.check_file(unsigned, unsigned, "; ".join(f"{n}={v}" for n, v in cookies.items()))


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal, perhaps with the site's error page; nothing is signed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    own_page: bool = False
    signatures: int | None = 0

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        assert reply.status == self.status
        for name, value in self.headers.items():
            assert reply.all(name) == [value]
        assert reply.all("Location") == []
        assert "Set-Cookie" in self.headers or reply.all("Set-Cookie") == []
        assert b"Signature" not in reply.body
        if request.method == "HEAD":
            assert reply.body == b""
        elif self.own_page:
            assert reply.body == own_page(self.status).encode()


def own_page(status: int) -> str:
    """Return the error page of every site for a status in `cases.OWN_PAGES`."""
    return f"the site's own page for {status}"


@dataclass(frozen=True, slots=True)
class FailsToStart:
    """A site that does not start, but raises a ConfigurationError with these words."""

    words: str
    signatures: int | None = 0

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        raise AssertionError(f"the site started, and answered {reply.status}")


@dataclass(frozen=True, slots=True)
class SiteRedirect:
    """A redirect of the site or its framework to another path of the site."""

    status: int
    end: str
    signatures: int | None = 0

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        assert reply.status == self.status
        assert reply.one("Location").endswith(self.end)
        assert not reply.one("Location").startswith(checker.domain)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site."""

    status: int
    body: bytes
    signatures: int | None = 0

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        assert (reply.status, reply.body) == (self.status, self.body)
        assert reply.all("Location") == []


@dataclass(frozen=True, slots=True)
class AllowedMethods:
    """The header Allow, for OPTIONS and for a method that the view does not have."""

    status: int
    required: frozenset[str] = frozenset({"GET", "HEAD"})
    signatures: int | None = 0

    def check(self, request: Request, reply: Reply, checker: Checker) -> None:
        assert reply.status == self.status
        allow = {method.strip() for method in reply.one("Allow").split(",")}
        assert self.required <= allow <= {"GET", "HEAD", "OPTIONS"}
        assert reply.all("Location") == []

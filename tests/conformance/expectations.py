"""What may be expected of an answer, and how it is judged: by the checking side and the edge."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import unquote, urlsplit

from cfsign import TrustedKeyGroup
from tests.conformance.wire import Reply, Request

#: The only viewer address that `Allow(ip_address=VIEWER)` lets in: that of the tests themselves.
VIEWER = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Judge:
    """
    What a verdict needs.

    Attributes:
        domain: The distribution's, where the edge listens.
        sign: Signs a URL for an expiry and an address by another implementation.
        trusted_keys: The checking side.
        earliest: The second before the request was sent.
        latest: The second after the reply came.
        fetch: Fetches a URL from the edge; None in process, where no edge is asked.
    """

    domain: str
    sign: Callable[[str, int, str | None], str]
    trusted_keys: TrustedKeyGroup
    earliest: int
    latest: int
    fetch: Callable[..., Reply] | None = None

    def judge_url(self, url: str, unsigned: str, life: int, address: str | None) -> None:
        """Judge a signed URL: to the byte, by the checking side, and at the edge."""
        moments = range(self.earliest + life, self.latest + life + 1)
        made = {self.sign(unsigned, moment, address): moment for moment in moments}
        assert url in made
        expires = made[url]
        assert self.trusted_keys.check(url, at=self.earliest, ip_address=VIEWER).allowed
        assert not self.trusted_keys.check(url, at=expires, ip_address=VIEWER).allowed
        elsewhere = self.trusted_keys.check(url, at=self.earliest, ip_address="192.0.2.8")
        assert elsewhere.allowed is (address is None)
        self.judge_file(url, unsigned)

    def judge_file(self, url: str, unsigned: str, cookies: str = "") -> None:
        """Ask the edge for the file, where there is one."""
        if self.fetch is None:
            return
        reply = self.fetch(url, cookies)
        parts = urlsplit(unsigned)
        assert (reply.status, reply.body) == (200, content(unquote(parts.path), parts.query))


def content(path: str, query: str) -> bytes:
    """Return what the origin has under a plain path, so that no file stands in for another."""
    return f"the file {path} asked for with {query!r}".encode()


class Expectation(Protocol):
    """What a reply should be; `signatures` is how many the answer may cost, None for any."""

    @property
    def signatures(self) -> int | None: ...

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
        """Raise AssertionError if the reply is not that."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A redirect to the signed URL of `path`; or the URL in JSON; or cookies for its folder."""

    path: str = "/a.txt"
    query: str = ""
    code: int = 303
    life: int = 60
    address: str | None = None
    delivery: str = "redirect"
    folder: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: {"Cache-Control": "no-store"})
    signatures: int | None = 1

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
        assert reply.status == self.code
        unsigned = judge.domain + self.path + (f"?{self.query}" if self.query else "")
        for name, value in self.headers.items():
            assert reply.all(name) == [value]
        if self.delivery == "json":
            assert reply.one("Content-Type") == "application/json"
            assert reply.all("Location") == []
            if request.method == "HEAD":
                assert reply.body == b""
            else:
                self._judge_json(reply, unsigned, judge)
            return
        assert reply.body == b""
        if self.delivery == "cookies":
            self._judge_cookies(reply, unsigned, judge)
        else:
            assert reply.all("Set-Cookie") == []
            judge.judge_url(reply.one("Location"), unsigned, self.life, self.address)

    def _judge_json(self, reply: Reply, unsigned: str, judge: Judge) -> None:
        answer = json.loads(reply.body)
        assert sorted(answer) == ["expires_at", "url"]
        assert judge.earliest + self.life <= answer["expires_at"] <= judge.latest + self.life
        assert answer["url"] == judge.sign(unsigned, answer["expires_at"], None)
        judge.judge_url(answer["url"], unsigned, self.life, None)

    def _judge_cookies(self, reply: Reply, unsigned: str, judge: Judge) -> None:
        assert reply.one("Location") == unsigned
        cookies = {}
        for header in reply.all("Set-Cookie"):
            pair, *attributes = [part.strip() for part in header.split(";")]
            name, _, value = pair.partition("=")
            cookies[name] = value.strip('"')
            assert {"httponly", f"path={self.folder}".lower()} <= {a.lower() for a in attributes}
            if "max-age=0" in {a.lower() for a in attributes}:
                assert cookies.pop(name) == ""
        assert len(reply.all("Set-Cookie")) == 5
        assert sorted(cookies) == [
            "CloudFront-Key-Pair-Id",
            "CloudFront-Policy",
            "CloudFront-Signature",
        ]
        for path, allowed in (
            (self.path, True),
            (f"{self.folder}720p/1.ts", True),
            (f"{self.folder[:-1]}0/1.ts", False),
        ):
            verdict = judge.trusted_keys.check(
                judge.domain + path, cookies=cookies, at=judge.earliest
            )
            assert verdict.allowed is allowed
        judge.judge_file(unsigned, unsigned, "; ".join(f"{n}={v}" for n, v in cookies.items()))


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: its status and headers, perhaps the site's own page, and nothing signed."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    own_page: bool = False
    signatures: int | None = 0

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
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
    """Return the page that every site of the suite has for the statuses in `cases.OWN_PAGES`."""
    return f"the site's own page for {status}"


@dataclass(frozen=True, slots=True)
class NotMade:
    """A site that cannot be made at all: there is a ConfigurationError with these words."""

    words: str
    signatures: int | None = 0

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
        raise AssertionError(f"the site was made, and answered {reply.status}")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A redirect of the site's own or its framework's, to a place on the site."""

    status: int
    end: str
    signatures: int | None = 0

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
        assert reply.status == self.status
        assert reply.one("Location").endswith(self.end)
        assert not reply.one("Location").startswith(judge.domain)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the site's own, passed on as it is."""

    status: int
    body: bytes
    signatures: int | None = 0

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
        assert (reply.status, reply.body) == (self.status, self.body)
        assert reply.all("Location") == []


@dataclass(frozen=True, slots=True)
class Methods:
    """The methods that there are, in Allow: for OPTIONS, and for a method that is none of them."""

    status: int
    signatures: int | None = 0

    def judge(self, request: Request, reply: Reply, judge: Judge) -> None:
        assert reply.status == self.status
        allow = {method.strip() for method in reply.one("Allow").split(",")}
        assert {"GET", "HEAD"} <= allow <= {"GET", "HEAD", "OPTIONS"}
        assert reply.all("Location") == []

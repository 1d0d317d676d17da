"""
The cases of the conformance suite: requests, results of `authorize`, and expected responses.

`tests.conformance.table` writes each row as a line of docs/conformance.md. A difference that a
framework forces is data in its case, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from posixpath import dirname
from typing import Any, NoReturn
from urllib.parse import quote

from cfsign import Allow, Deny
from tests.conformance.expectations import (
    CLIENT_ADDRESS,
    AllowedMethods,
    Expectation,
    FailsToStart,
    Page,
    Refused,
    Signed,
    SiteRedirect,
)
from tests.conformance.keys import UNREACHABLE
from tests.conformance.site import VIDEOS_HOST
from tests.conformance.wire import Request

ADAPTERS = (
    "flask_sync",
    "flask_async",
    "django_sync",
    "django_async",
    "falcon_wsgi",
    "falcon_asgi",
    "starlette",
    "fastapi",
)
FLASK = ("flask_sync", "flask_async")
DJANGO = ("django_sync", "django_async")
FALCON = ("falcon_wsgi", "falcon_asgi")
STARLETTE = ("starlette", "fastapi")

#: The views of every site, and the options of each.
VIEWS: Mapping[str, Mapping[str, Any]] = {
    "content": {},
    "json": {"delivery": "json"},
    "cookies": {"delivery": "cookies", "folder": dirname, "cache_redirect": False},
    "forward": {"forward_query": ("response-content-disposition", "v")},
    "found": {"code": 302},
    "temporary": {"code": 307},
    "cached": {
        "headers": {"Cache-Control": "private, max-age=5", "X-Site": "1"},
        "cache_redirect": False,
    },
    "accepted": {"allowed_statuses": (202,)},
    "videos": {"distribution": "videos"},
    "folder": {"folder": dirname, "cache_redirect": False},
    "no-folder": {"delivery": "cookies", "cache_redirect": False},
    "heartbeat": {
        "delivery": "cookies",
        "folder": "videos",
        "code": 204,
        "cookie_expires_in": 3600,
        "cookie_path": "/",
        "cache_redirect": False,
    },
}

#: The views of every site that choose the distribution of each request, by `find_distribution`.
TENANT_VIEWS: Mapping[str, Mapping[str, Any]] = {
    "tenants": {},
    "tenant-cookies": {"delivery": "cookies", "folder": "videos", "cache_redirect": False},
}

#: What `distribution_for` returns for each user; None for all others.
TENANTS: Mapping[str, Any] = {
    "ada": "default",
    "vera": "videos",
    "nobody": "other.example.com",
    "denied": Deny(410, {"X-Why": "moved"}),
    "number": 7,
    "mapping": {"domain": "https://other.example.com"},
}

#: The statuses for which every site has an error page.
OWN_PAGES = (403, 404, 410, 503)


PLAIN = Request()

#: The header of RFC 6266 for the name "Größe 100%.pdf", encoded for a query.
DOWNLOAD = "response-content-disposition=" + quote(
    "attachment; filename=\"Gro_e 100_.pdf\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20100%25.pdf",
    safe="",
)

#: Caches may store a 404 by default (RFC 9111, section 4.2.2), but the next request may be allowed.
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Call:
    """A result of `authorize` that is computed from the user and the resource."""

    function: Callable[[str, str], object]


@dataclass(frozen=True, slots=True)
class Native:
    """A response or an exception of the framework's own, by its name in the drivers' `NATIVES`."""

    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A difference that a framework forces.

    Attributes:
        why: The reason, a sentence for the table.
        expected: The other expectation, or None if the response is the same.
    """

    why: str
    expected: Any = None


@dataclass(frozen=True, slots=True)
class Case:
    """
    One request, with one result of `authorize`.

    Attributes:
        name: Letters, digits and hyphens, because it is part of the path.
        result: The result of `authorize`, or a Call or a Native.
        expected: The response of every adapter without a difference.
        request: The request.
        differences: The differences, by adapter.
        key: The kind of the site's private key; see `keys.KINDS`.
        found: The result of `resource_for`, which the view `by-id` overrides.
    """

    name: str
    result: Any
    expected: Expectation
    request: Request = PLAIN
    differences: Mapping[str, Difference] = field(default_factory=dict)
    key: str = "file"
    found: Any = None

    def expectation(self, adapter: str) -> Expectation:
        difference = self.differences.get(adapter)
        return self.expected if difference is None else difference.expected or self.expected


@dataclass(frozen=True, slots=True)
class Start:
    """
    One mistake that is reported when the site starts.

    Attributes:
        name: The mistake.
        expected: The name of the exception, or "" for none.
        members: The members of the view or resource, in addition to `authorize`.
        authorize: "right", "wrong" (async if the adapter is not, or the reverse) or "none".
        settings: False if the site has no settings.
        differences: The differences, by adapter.
    """

    name: str
    expected: str
    members: Mapping[str, Any] = field(default_factory=dict)
    authorize: str = "right"
    settings: bool = True
    differences: Mapping[str, Difference] = field(default_factory=dict)

    def expectation(self, adapter: str) -> str:
        difference = self.differences.get(adapter)
        if difference is None or difference.expected is None:
            return self.expected
        return str(difference.expected)


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of the table.

    Attributes:
        situation: The result of `authorize`, or the request.
        response: The response of every adapter.
        cases: The cases that prove it. Or:
        test: The name of the test that proves it.
    """

    situation: str
    response: str
    cases: tuple[Case | Start, ...] = ()
    test: str = ""


def _raise(error: BaseException) -> NoReturn:
    raise error


async def _late() -> int:
    return 200


def _generator() -> Any:
    yield 200


FALCON_RAISES = Difference(
    "Falcon has no response object to return: the site raises `falcon.HTTPFound` or "
    "`falcon.HTTPStatus` instead."
)
FALCON_METHODS = Difference(
    "Falcon answers 400 if HTTP does not define the request's method.",
    Refused(400),
)
DJANGO_UTF8 = Difference(
    "Under WSGI, Django decodes a byte that is not UTF-8 to the three characters `%FF`. The others "
    "decode it to U+FFFD.",
    Signed("/a%25FF.txt"),
)
DJANGO_PAGES = Difference(
    "Django has error pages for 400, 403, 404 and 500 only. Other refusals have no body.",
    Refused(410),
)
FLASK_MERGES = Difference(
    "Flask redirects a path that begins with `//` after the route's prefix to the same path with "
    "one `/`.",
    SiteRedirect(308, "/content/no-name-empty-first/a.txt"),
)
FALCON_MOUNT = Difference(
    "Falcon routes by the whole ASGI path, so the route's template includes the mount point."
)
STARLETTE_HEADERS = Difference(
    "The site's exception handler sends the headers of the exception, as the framework's own "
    "handlers do: `headers=exc.headers`."
)
STARLETTE_OPTIONS = Difference(
    "Starlette and FastAPI answer OPTIONS with 405. Their `CORSMiddleware` answers preflight "
    "requests.",
    AllowedMethods(405),
)
FASTAPI_HEAD = Difference(
    "FastAPI answers HEAD with 405, unless the function also has a route for it: `@app.head(path, "
    "include_in_schema=False)`."
)
FASTAPI_METHODS = Difference(
    "FastAPI has one route for each method, and names only that of the first in `Allow`.",
    AllowedMethods(405, frozenset({"GET"})),
)
FASTAPI_OPTIONS = Difference(STARLETTE_OPTIONS.why, FASTAPI_METHODS.expected)
FASTAPI_DECIDES = Difference(
    "A FastAPI route decides before it calls cfsign. cfsign then answers 404, even if the "
    "decision was 200."
)
FASTAPI_FUNCTION = Difference(
    "A FastAPI route is a function of the site, and cfsign calls no `authorize`. The route must be "
    "`async`, because it awaits cfsign.",
    "",
)
DJANGO_CHECKS = Difference(
    "Django reports wrong settings in its system checks (`manage.py check`, `runserver`). A server "
    "that skips the checks answers every request with 500.",
    "SystemCheckError",
)
DJANGO_503 = Difference(DJANGO_PAGES.why, Refused(503, NO_STORE))
DJANGO_AWAITED = Difference(
    "In a view that is not async, an asynchronous key is an error of Django's system checks "
    "(`cfsign_django.E006`), and every request is answered with 500.",
    Refused(500),
)
FALCON_AWAITED = Difference(
    "In a WSGI resource, an asynchronous key is a `ConfigurationError` when the resource is made.",
    FailsToStart("cannot await an asynchronous private key"),
)
NEEDS_AWAIT = {"django_sync": DJANGO_AWAITED, "falcon_wsgi": FALCON_AWAITED}
FLASK_AWAITS = Difference("Flask awaits an `async` authorize in any view, so both work.", "")

BY_ID = Request("7", view="by-id")
SHORT = Signed(duration=5)
NOT_UTF8 = ("a\ufffd.txt", "a%FF.txt")
DISPOSITION = "attachment%3B%20filename%3D%22a%20b.txt%22"

ROWS: tuple[Row, ...] = (
    Row(
        "`authorize` returns 200, 204, an `HTTPStatus` of these or `Allow()`",
        "303 to the signed URL, byte for byte, with `no-store`; the edge serves the file",
        (
            Case("allow-200", 200, Signed()),
            Case("allow-204", 204, Signed()),
            Case("allow-ok", HTTPStatus.OK, Signed()),
            Case("allow-no-content", HTTPStatus.NO_CONTENT, Signed()),
            Case("allow", Allow(), Signed()),
        ),
    ),
    Row(
        "… `Allow` with a shorter expiry",
        "the same, and the URL expires then",
        (
            Case("allow-seconds", Allow(expires_in=5), SHORT),
            Case("allow-timedelta", Allow(expires_in=timedelta(seconds=5)), SHORT),
        ),
    ),
    Row(
        "… `Allow` with the client's address",
        "the same, and the edge refuses every other address",
        tuple(
            Case(f"allow-{name}", Allow(ip_address=address), Signed(address=CLIENT_ADDRESS))
            for name, address in {
                "address": CLIENT_ADDRESS,
                "mapped-address": f"::ffff:{CLIENT_ADDRESS}",
            }.items()
        ),
    ),
    Row(
        "… a status that `allowed_statuses` lists",
        "that status allows; 200 is a 500",
        (
            Case("allow-202", 202, Signed(), Request(view="accepted")),
            Case("no-more-200", 200, Refused(500), Request(view="accepted")),
        ),
    ),
    Row(
        "… 401, also with `WWW-Authenticate`",
        "401, with the header",
        (
            Case("refuse-401", 401, Refused(401, NO_STORE)),
            Case(
                "refuse-401-challenge",
                Deny(401, {"WWW-Authenticate": 'Bearer realm="files"'}),
                Refused(401, NO_STORE | {"WWW-Authenticate": 'Bearer realm="files"'}),
            ),
        ),
    ),
    Row(
        "… any other status from 400 to 599",
        "that status, with `no-store`; nothing is signed",
        (
            *(
                Case(f"refuse-{status}", status, Refused(status, NO_STORE))
                for status in (400, 402, 404, 410, 418, 429, 451, 500, 503, 599)
            ),
            Case("refuse-forbidden", HTTPStatus.FORBIDDEN, Refused(403)),
            Case("refuse-gone", HTTPStatus.GONE, Refused(410)),
            Case("deny", Deny(), Refused(403, NO_STORE)),
            Case("deny-451", Deny(451), Refused(451, NO_STORE)),
            Case(
                "deny-stored",
                Deny(404, {"Cache-Control": "max-age=5"}),
                Refused(404, {"Cache-Control": "max-age=5"}),
            ),
        ),
    ),
    Row(
        "… `Deny` with headers, also `Set-Cookie`",
        "its status and its headers",
        (
            *(
                Case(
                    f"deny-{status}-headers",
                    Deny(status, {"Retry-After": "60", "X-Why": "not yours"}),
                    Refused(status, {"Retry-After": "60", "X-Why": "not yours"}),
                )
                for status in (402, 403, 404, 429, 500, 503)
            ),
            *(
                Case(
                    f"deny-{status}-cookie",
                    Deny(status, {"Set-Cookie": "session=; Max-Age=0; Path=/"}),
                    Refused(status, {"Set-Cookie": "session=; Max-Age=0; Path=/"}),
                )
                for status in (401, 403, 410)
            ),
        ),
    ),
    Row(
        "`authorize` raises the framework's own exception",
        "handled by the framework",
        (
            Case("raise-403", Native("forbidden"), Refused(403, own_page=True)),
            Case("raise-404", Native("not_found"), Refused(404, own_page=True)),
        ),
    ),
    Row(
        "… or returns a response of the framework, such as a redirect to the login page",
        "the response is passed on",
        (
            Case(
                "login",
                Native("login"),
                SiteRedirect(302, "/login?next=a.txt"),
                differences=dict.fromkeys(FALCON, FALCON_RAISES),
            ),
            Case(
                "page",
                Native("page"),
                Page(200, b"the site's own login page"),
                differences=dict.fromkeys(FALCON, FALCON_RAISES),
            ),
        ),
    ),
    Row(
        "A refusal, and the site has an error page for the status",
        "that page, with the headers of `Deny`",
        (
            Case("own-page-403", 403, Refused(403, NO_STORE, own_page=True)),
            Case("own-page-404", 404, Refused(404, NO_STORE, own_page=True)),
            Case(
                "own-page-410",
                410,
                Refused(410, own_page=True),
                differences=dict.fromkeys(DJANGO, DJANGO_PAGES),
            ),
            Case(
                "own-page-deny",
                Deny(403, {"X-Why": "not yours"}),
                Refused(403, {"X-Why": "not yours"}, own_page=True),
                differences=dict.fromkeys(STARLETTE, STARLETTE_HEADERS),
            ),
        ),
    ),
    Row(
        '`authorize` returns anything else: `None`, `True`, `"200"`, 299, 302, a coroutine …',
        "500; nothing is signed",
        tuple(
            Case(f"unclear-{name}", result, Refused(500))
            for name, result in {
                "none": None,
                "true": True,
                "false": False,
                "text": "200",
                "yes": "yes",
                "bytes": b"200",
                "0": 0,
                "1": 1,
                "minus": -200,
                "199": 199,
                "299": 299,
                "302": 302,
                "304": HTTPStatus.NOT_MODIFIED,
                "600": 600,
                "float": 200.0,
                "list": [200],
                "tuple": (200, "ok"),
                "dict": {"status": 200},
                "object": object(),
                "class": Allow,
                "exception": ValueError("200"),
                "coroutine": Call(lambda user, resource: _late()),
                "generator": Call(lambda user, resource: _generator()),
                "function": Call(lambda user, resource: lambda: 200),
            }.items()
        ),
    ),
    Row(
        "… an `Allow` for the address of a client on IPv6",
        "403, and a log line: CloudFront compares IPv4 addresses only",
        (
            Case(
                "allow-ipv6",
                Allow(ip_address="2001:db8::1"),
                Refused(403, NO_STORE, own_page=True),
            ),
        ),
    ),
    Row(
        "… an `Allow` that CloudFront does not accept",
        "500; nothing is signed",
        (
            Case("allow-no-address", Allow(ip_address="everybody"), Refused(500)),
            Case("allow-no-duration", Allow(expires_in=0), Refused(500)),
            Case("allow-past", Allow(expires_at=1), Refused(500)),
        ),
    ),
    Row(
        "`authorize` raises another exception",
        "500; nothing is signed",
        (
            Case("raise", Call(lambda user, resource: _raise(ZeroDivisionError())), Refused(500)),
            Case(
                "raise-value",
                Call(lambda user, resource: _raise(ValueError("200"))),
                Refused(500),
            ),
            Case("raise-key", Call(lambda user, resource: {}[user]), Refused(500)),
        ),
    ),
    Row(
        "Requests of two users in turn",
        "each gets only its own URL, headers and refusals",
        test="test_two_users_in_turn_share_nothing",
    ),
    Row(
        "50 users at once",
        "each gets its own URL",
        test="test_fifty_users_at_once_each_get_their_own_url",
    ),
    Row(
        "The private key blocks, such as one in AWS KMS, or is asynchronous",
        "the same; the event loop is not blocked",
        (
            Case("blocking", 200, Signed(), key="blocking"),
            Case(
                "blocking-json",
                200,
                Signed(code=200, delivery="json"),
                Request(view="json"),
                key="blocking",
            ),
            Case(
                "blocking-cookies",
                200,
                Signed("/videos/42/a.mpd", delivery="cookies", folder="/videos/42/"),
                Request("videos/42/a.mpd", view="cookies"),
                key="blocking",
            ),
            Case("blocking-nested", 200, Signed(), Request(view="nested"), key="blocking"),
            Case("blocking-refused", 403, Refused(403, NO_STORE, own_page=True), key="blocking"),
            Case("async", 200, Signed(), differences=NEEDS_AWAIT, key="async"),
            Case(
                "async-cookies",
                200,
                Signed("/videos/42/a.mpd", delivery="cookies", folder="/videos/42/"),
                Request("videos/42/a.mpd", view="cookies"),
                differences=NEEDS_AWAIT,
                key="async",
            ),
        ),
    ),
    Row(
        "… and is unavailable",
        "503 with `no-store` and the site's error page; nothing is signed",
        (
            *(
                Case(
                    f"unreachable-{view}",
                    200,
                    Refused(503, NO_STORE, own_page=True),
                    Request(f"{UNREACHABLE}/a.txt", view=view),
                    dict.fromkeys(DJANGO, DJANGO_503),
                    key="blocking",
                )
                for view in ("content", "json", "cookies", "nested")
            ),
            Case(
                "unreachable-async",
                200,
                Refused(503, NO_STORE, own_page=True),
                Request(f"{UNREACHABLE}/a.txt"),
                dict.fromkeys(DJANGO, DJANGO_503) | NEEDS_AWAIT,
                key="async",
            ),
        ),
    ),
    Row(
        "HEAD",
        "as GET, without a body",
        (
            Case("head", 200, Signed(), Request(method="HEAD"), {"fastapi": FASTAPI_HEAD}),
            Case(
                "head-json",
                200,
                Signed(code=200, delivery="json"),
                Request(method="HEAD", view="json"),
            ),
            Case(
                "head-cookies",
                200,
                Signed("/videos/42/a.mpd", delivery="cookies", folder="/videos/42/"),
                Request("videos/42/a.mpd", method="HEAD", view="cookies"),
            ),
            Case("head-refused", 403, Refused(403), Request(method="HEAD")),
        ),
    ),
    Row(
        "OPTIONS",
        "the framework's answer, with `Allow`; `authorize` is not called",
        (
            Case(
                "options",
                451,
                AllowedMethods(200),
                Request(method="OPTIONS"),
                {"starlette": STARLETTE_OPTIONS, "fastapi": FASTAPI_OPTIONS},
            ),
        ),
    ),
    Row(
        "POST, PUT, PATCH, DELETE",
        "405 with `Allow`; `authorize` is not called",
        tuple(
            Case(
                f"method-{method.lower()}",
                451,
                AllowedMethods(405),
                Request(method=method),
                {"fastapi": FASTAPI_METHODS},
            )
            for method in ("POST", "PUT", "PATCH", "DELETE")
        ),
    ),
    Row(
        "A method that does not exist",
        "405 with `Allow`",
        (
            Case(
                "method-brew",
                451,
                AllowedMethods(405),
                Request(method="BREW"),
                {**dict.fromkeys(FALCON, FALCON_METHODS), "fastapi": FASTAPI_METHODS},
            ),
        ),
    ),
    Row(
        "A name with a space, `ü`, `+`, `%`, `*`, `?`, `#`, quotes, 1,000 letters",
        "encoded once, in the same way; the edge serves that file",
        tuple(
            Case(f"name-{name}", 200, Signed(path), Request(key))
            for name, key, path in (
                ("space", "a%20b.txt", "/a%20b.txt"),
                ("umlaut", "gr%C3%B6%C3%9Fe/%C3%BC.txt", "/gr%C3%B6%C3%9Fe/%C3%BC.txt"),
                ("astral", "%F0%9F%8E%AC.mp4", "/%F0%9F%8E%AC.mp4"),
                ("plus", "a+b.txt", "/a%2Bb.txt"),
                ("plus-encoded", "a%2Bb.txt", "/a%2Bb.txt"),
                ("percent", "100%25.txt", "/100%25.txt"),
                ("percent-twice", "a%252Fb.txt", "/a%252Fb.txt"),
                ("star", "a%2A.txt", "/a%2A.txt"),
                ("star-bare", "a*.txt", "/a%2A.txt"),
                ("question", "what%3F.txt", "/what%3F.txt"),
                ("question-expires", "a%3FExpires%3D9", "/a%3FExpires=9"),
                ("hash", "a%23b.txt", "/a%23b.txt"),
                ("semicolon", "a;v=1,2.txt", "/a%3Bv=1,2.txt"),
                ("quotes", "%22a%22%27b%27.txt", "/%22a%22'b'.txt"),
                ("backslash", "a%5Cb.txt", "/a%5Cb.txt"),
                ("brackets", "a[1](2)%7B3%7D.txt", "/a%5B1%5D(2)%7B3%7D.txt"),
                ("unreserved", "%61-._~%7E.txt", "/a-._~~.txt"),
                ("dots", "...a../b..c", "/...a../b..c"),
                ("colon", "http:a@b", "/http:a@b"),
                ("long", "x" * 1000, "/" + "x" * 1000),
            )
        ),
    ),
    Row(
        "`%2F` in a name",
        "a `/`, because the router decodes it",
        (Case("name-slash", 200, Signed("/a/b.txt"), Request("a%2Fb.txt")),),
    ),
    Row(
        "A `/` at the end of a name",
        "signed with the `/`",
        (
            Case("name-folder", 200, Signed("/b/"), Request("b/")),
            Case("name-folder-deep", 200, Signed("/b/c%20d/"), Request("b/c%20d/")),
        ),
    ),
    Row(
        "A name that is not UTF-8 (`%FF`)",
        "the name that `authorize` got is the one that is signed",
        (
            Case(
                "name-not-utf8",
                Call(lambda user, resource: 200 if resource in NOT_UTF8 else 403),
                Signed("/a%EF%BF%BD.txt"),
                Request("a%FF.txt"),
                {"django_sync": DJANGO_UTF8},
            ),
        ),
    ),
    Row(
        "`..%2F`, `%2E%2E/`, `%00`, `%0D%0A`, `//`",
        "404; `authorize` is not called",
        tuple(
            Case(
                f"no-name-{name}",
                451,
                # Flask's router matches no name with a line feed.
                Refused(404, {} if name == "line" else NO_STORE, own_page=True),
                Request(key),
                {
                    **(dict.fromkeys(FLASK, FLASK_MERGES) if name == "empty-first" else {}),
                    "fastapi": FASTAPI_DECIDES,
                },
            )
            for name, key in {
                "up": "..%2Fa.txt",
                "up-raw": "b/../a.txt",
                "up-encoded": "b/%2E%2E/a.txt",
                "up-all": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
                "here": "./a.txt",
                "nul": "%00",
                "nul-inside": "a%00.txt",
                "line": "a%0D%0ALocation:%20b",
                "delete": "a%7F",
                "c1": "a%C2%85",
                "empty": "b//a.txt",
                "empty-encoded": "b%2F%2Fa.txt",
                "empty-first": "/a.txt",
            }.items()
        ),
    ),
    Row(
        "A name too long for a signed URL",
        "404",
        (
            Case(
                "name-too-long",
                200,
                Refused(404, NO_STORE, own_page=True, signatures=None),
                Request("x" * 7900),
            ),
        ),
    ),
    Row(
        "`resource_for` returns the path of a file, such as that of a database id",
        "`authorize` gets that path, and it is signed",
        (
            Case(
                "id",
                Call(lambda user, resource: 200 if resource == "bills/Größe 7.pdf" else 403),
                Signed("/bills/Gr%C3%B6%C3%9Fe%207.pdf"),
                Request("7", view="by-id"),
                found=Call(lambda user, number: f"bills/Größe {number}.pdf"),
            ),
            Case("id-head", 200, Signed(), Request("7", "HEAD", view="by-id"), found="a.txt"),
            Case("id-forbidden", 404, Refused(404, NO_STORE, own_page=True), BY_ID, found="a.txt"),
        ),
    ),
    Row(
        "… a `Deny`, or it raises the framework's own exception",
        "that refusal; `authorize` is not called",
        (
            Case(
                "id-deny",
                451,
                Refused(404, NO_STORE | {"X-Why": "no such bill"}, own_page=True),
                BY_ID,
                dict.fromkeys(STARLETTE, STARLETTE_HEADERS),
                found=Deny(404, {"X-Why": "no such bill"}),
            ),
            Case(
                "id-not-found",
                451,
                Refused(404, own_page=True),
                BY_ID,
                found=Native("not_found"),
            ),
        ),
    ),
    Row(
        "… a path that cannot be signed: `../a.txt`, `/a.txt`, an empty one",
        "404; `authorize` is not called",
        tuple(
            Case(
                f"id-{name}",
                451,
                Refused(404, NO_STORE, own_page=True),
                BY_ID,
                {"fastapi": FASTAPI_DECIDES},
                found=found,
            )
            for name, found in {"up": "../a.txt", "absolute": "/a.txt", "empty": ""}.items()
        ),
    ),
    Row(
        "… anything else, or it raises another exception",
        "500; nothing is signed",
        tuple(
            Case(f"id-{name}", 200, Refused(500), BY_ID, found=found)
            for name, found in {
                "none": Call(lambda user, number: None),
                "number": 7,
                "bytes": b"a.txt",
                "status": HTTPStatus.NOT_FOUND,
                "error": Call(lambda user, number: _raise(ZeroDivisionError())),
            }.items()
        ),
    ),
    Row(
        "A query string, without `forward_query`",
        "not in the signed URL",
        (
            Case("query", 200, Signed(), Request(query="a=1&v=2&response-content-disposition=b")),
            Case("query-reserved", 200, Signed(), Request(query="Expires=9&Policy=p")),
        ),
    ),
    Row(
        "A parameter that `forward_query` names",
        "in the signed URL, encoded once",
        tuple(
            Case(f"forward-{name}", 200, Signed(query=signed), Request(query=query, view="forward"))
            for name, query, signed in (
                (
                    "disposition",
                    f"x=1&response-content-disposition={DISPOSITION}",
                    f"response-content-disposition={DISPOSITION}",
                ),
                ("plus", "v=a+b%2B", "v=a%20b%2B"),
                ("empty", "v=", "v="),
                ("umlaut", "v=%C3%BC", "v=%C3%BC"),
                ("quote", "v='%27*%2A", "v=%27%27%2A%2A"),
                ("line", "v=a%0D%0Ab", "v=a%0D%0Ab"),
                ("not-utf8", "v=%FF%C3", "v=%FF%C3"),
                ("slash", "v=a/b?c~d", "v=a/b%3Fc~d"),
                ("none", "x=1", ""),
            )
        ),
    ),
    Row(
        "Such a parameter given twice",
        "404; `authorize` is not called",
        tuple(
            Case(
                f"forward-{name}",
                451,
                Refused(404, NO_STORE, own_page=True),
                Request(query=query, view="forward"),
                {"fastapi": FASTAPI_DECIDES},
            )
            for name, query in (
                ("twice", "v=1&v=2"),
                ("twice-encoded", "v=1&%76=2"),
            )
        ),
    ),
    Row(
        "`Policy`, `Expires`, `Signature`, `Key-Pair-Id`, `Hash-Algorithm` in the query string",
        "never copied to the signed URL",
        tuple(
            Case(f"smuggle-{name}", 200, Signed(query=signed), Request(query=query, view="forward"))
            for name, query, signed in (
                (
                    "all",
                    "Policy=p&Expires=9&Signature=s&Key-Pair-Id=k&Hash-Algorithm=SHA256&v=1",
                    "v=1",
                ),
                ("encoded", "%45xpires=9&Key%2DPair%2DId=k&v=1", "v=1"),
                ("small", "policy=p&EXPIRES=9&v=1", "v=1"),
                ("semicolon", "v=1;Expires=9", "v=1%3BExpires%3D9"),
                ("inside", "v=1%26Expires%3D9%23", "v=1%26Expires%3D9%23"),
                ("space", "+Expires=9&Expires+=9&Expires%00=9", ""),
            )
        ),
    ),
    Row(
        '`delivery = "json"`',
        "200 with `url` and `expires_at`",
        (
            Case("json", 200, Signed(code=200, delivery="json"), Request(view="json")),
            Case("json-refused", 403, Refused(403), Request(view="json")),
            Case(
                "json-short",
                Allow(expires_in=5),
                Signed(code=200, delivery="json", duration=5),
                Request(view="json"),
            ),
        ),
    ),
    Row(
        '`delivery = "cookies"`',
        "three cookies for the folder of the option or the `Allow`; CloudFront's other cookies are "
        "cleared; 303 to the unsigned URL",
        (
            Case(
                "cookies",
                200,
                Signed("/videos/42/index.m3u8", delivery="cookies", folder="/videos/42/"),
                Request("videos/42/index.m3u8", view="cookies"),
            ),
            *(
                Case(
                    f"cookies-allow-{view}",
                    Allow(folder="videos"),
                    Signed("/videos/42/index.m3u8", delivery="cookies", folder="/videos/"),
                    Request("videos/42/index.m3u8", view=view),
                )
                for view in ("cookies", "no-folder")
            ),
            Case("cookies-refused", 403, Refused(403), Request("b/a.txt", view="cookies")),
        ),
    ),
    Row(
        "… with `code` 204, `cookie_path` and `cookie_expires_in`",
        "204 without a `Location`",
        (
            Case(
                "cookies-204",
                200,
                Signed(
                    "/videos/42/1.ts",
                    "",
                    204,
                    3600,
                    delivery="cookies",
                    folder="/videos/",
                    cookie_path="/",
                ),
                Request("videos/42/1.ts", view="heartbeat"),
            ),
        ),
    ),
    Row(
        "`folder`, or `Allow(folder=...)`",
        "the signature opens everything below the folder",
        (
            Case(
                "folder",
                200,
                Signed("/videos/42/1.ts", folder="/videos/42/"),
                Request("videos/42/1.ts", view="folder"),
            ),
            *(
                Case(
                    f"folder-allow-{view}",
                    Allow(folder="videos"),
                    Signed(
                        "/videos/42/1.ts",
                        code=200 if view == "json" else 303,
                        delivery="json" if view == "json" else "redirect",
                        folder="/videos/",
                    ),
                    Request("videos/42/1.ts", view=view),
                )
                for view in ("content", "json", "folder")
            ),
        ),
    ),
    Row(
        "… a file outside `folder`",
        "404; `authorize` is not called",
        (
            Case(
                "folder-outside",
                451,
                Refused(404, NO_STORE, own_page=True),
                Request("a.txt", view="folder"),
            ),
        ),
    ),
    Row(
        "… a file outside it, a folder with a `query`, or cookies without a folder",
        "500; nothing is signed",
        (
            Case("cookies-no-folder", 200, Refused(500), Request("a/b.txt", view="no-folder")),
            Case("folder-allow-outside", Allow(folder="videos"), Refused(500)),
            Case(
                "folder-query",
                Allow(query={"v": "1"}),
                Refused(500),
                Request("a/b.txt", view="folder"),
            ),
        ),
    ),
    Row(
        "`Allow(query=...)`, `Allow(download_name=...)`",
        "these parameters are signed, in place of forwarded ones",
        (
            Case(
                "download-name",
                Allow(download_name="Größe 100%.pdf"),
                Signed(query=DOWNLOAD),
                Request(
                    query="response-content-disposition=attachment;filename=evil.exe",
                    view="forward",
                ),
            ),
            Case("query-allow", Allow(query={"a b": "c+d"}), Signed(query="a%20b=c%2Bd")),
            Case(
                "query-allow-forward",
                Allow(query="v=1"),
                Signed(query="response-content-disposition=inline&v=1"),
                Request(query="v=2&response-content-disposition=inline", view="forward"),
            ),
        ),
    ),
    Row(
        "`code` 302, 303 or 307",
        "that status",
        (
            Case("code-302", 200, Signed(code=302), Request(view="found")),
            Case("code-303", 200, Signed(code=303)),
            Case("code-307", 200, Signed(code=307), Request(view="temporary")),
        ),
    ),
    Row(
        "`headers`, also `Cache-Control`",
        "those headers; `Cache-Control` replaces `no-store`",
        (
            Case(
                "headers",
                200,
                Signed(headers={"Cache-Control": "private, max-age=5", "X-Site": "1"}),
                Request(view="cached"),
            ),
            Case("headers-none", 200, Signed(headers={"Cache-Control": "no-store"})),
        ),
    ),
    Row(
        "`cache_redirect`, with an `expiry_step`",
        "`private, max-age` while the URL stays the same",
        test="test_redirect_to_a_stable_url_is_cached",
    ),
    Row(
        "A blueprint with a prefix, a Django `include`, a longer Falcon template, a Starlette "
        "`Mount`, a FastAPI router",
        "the prefix is not part of the file's path",
        (
            Case("nested", 200, Signed("/b/a.txt"), Request("b/a.txt", view="nested")),
            Case("nested-refused", 403, Refused(403, own_page=True), Request(view="nested")),
        ),
    ),
    Row(
        "The application is mounted below a path (`SCRIPT_NAME`, ASGI `root_path`)",
        "the mount point is not part of the file's path",
        (
            Case(
                "mounted",
                200,
                Signed("/b/a.txt"),
                Request("b/a.txt", mount="/mounted"),
                {"falcon_asgi": FALCON_MOUNT},
            ),
            Case(
                "mounted-refused",
                403,
                Refused(403, own_page=True),
                Request(mount="/mounted"),
                {"falcon_asgi": FALCON_MOUNT},
            ),
        ),
    ),
    Row(
        "The option `distribution`",
        "signed for that distribution",
        (
            Case("alias", 200, Signed(host=VIDEOS_HOST), Request(view="videos")),
            Case("alias-refused", 403, Refused(403, own_page=True), Request(view="videos")),
        ),
    ),
    Row(
        "`distribution_for` returns an alias",
        "signed for that distribution, if `authorize` allows the request",
        (
            Case("tenant-default", 200, Signed(), Request(view="tenants")),
            Case(
                "tenant-videos", 200, Signed(host=VIDEOS_HOST), Request(view="tenants", user="vera")
            ),
            Case(
                "tenant-refused",
                403,
                Refused(403, NO_STORE, own_page=True),
                Request(view="tenants", user="vera"),
            ),
            Case(
                "tenant-cookies",
                200,
                Signed("/videos/42/a.mpd", delivery="cookies", folder="/videos/", host=VIDEOS_HOST),
                Request("videos/42/a.mpd", view="tenant-cookies", user="vera"),
            ),
        ),
    ),
    Row(
        "… an unknown alias, `None` or a `Deny`",
        "404, or the status of the `Deny`; `authorize` is not called",
        (
            *(
                Case(
                    f"tenant-{user}",
                    451,
                    Refused(404, NO_STORE, own_page=True),
                    Request(view="tenants", user=user),
                    {"fastapi": FASTAPI_DECIDES},
                )
                for user in ("nobody", "none")
            ),
            Case(
                "tenant-denied",
                451,
                Refused(410, {"X-Why": "moved"}),
                Request(view="tenants", user="denied"),
                {"fastapi": FASTAPI_DECIDES},
            ),
        ),
    ),
    Row(
        "… anything else, or raises an exception",
        "500, or handled by the framework if it is its own; nothing is signed",
        (
            *(
                Case(f"tenant-{user}", 200, Refused(500), Request(view="tenants", user=user))
                for user in ("number", "mapping", "failing")
            ),
            Case(
                "tenant-raising",
                200,
                Refused(404, own_page=True),
                Request(view="tenants", user="raising"),
            ),
        ),
    ),
    Row(
        "Requests of two tenants at once",
        "no URL and no cookie of one opens a file of the other",
        test="test_two_tenants_at_once_are_kept_apart",
    ),
    Row(
        "Settings are missing",
        "`ConfigurationError` at start-up, with all mistakes",
        (
            Start(
                "missing-settings",
                "ConfigurationError",
                settings=False,
                differences=dict.fromkeys(DJANGO, DJANGO_CHECKS),
            ),
        ),
    ),
    Row(
        "An option with a wrong value: `code = 301`, `headers` with a `Location` …",
        "`ConfigurationError` when the view is made",
        tuple(
            Start(f"bad-{name}", "ConfigurationError", {name: value})
            for name, value in {
                "code": 301,
                "delivery": "proxy",
                "forward_query": ("Expires",),
                "headers": {"Location": "/"},
                "allowed_statuses": (200, 403),
                "cookie_domain": "d1.cloudfront.net",
                "cookie_samesite": "no",
                "cache_redirect": "yes",
                "distribution": 7,
            }.items()
        ),
    ),
    Row(
        "A `Cache-Control` that is `public`, or neither `private`, `no-store` nor `no-cache`",
        "`CfsignWarning` when the view is made",
        tuple(
            Start(f"shared-{value}", "CfsignWarning", {"headers": {"Cache-Control": value}})
            for value in ("public", "must-revalidate")
        ),
    ),
    Row(
        "`authorize` is not overridden",
        "`NotImplementedError` when the view is made",
        (
            Start(
                "no-authorize",
                "NotImplementedError",
                authorize="none",
                differences={"fastapi": FASTAPI_FUNCTION},
            ),
        ),
    ),
    Row(
        "An `async` authorize in a plain view, or the reverse",
        "`TypeError` when the view is made",
        (
            Start(
                "wrong-async",
                "TypeError",
                authorize="wrong",
                differences={**dict.fromkeys(FLASK, FLASK_AWAITS), "fastapi": FASTAPI_FUNCTION},
            ),
        ),
    ),
)

CASES: dict[str, Case] = {
    case.name: case for row in ROWS for case in row.cases if isinstance(case, Case)
}
STARTS: tuple[Start, ...] = tuple(
    case for row in ROWS for case in row.cases if isinstance(case, Start)
)

#: Allows each user's folder. For tests of several requests; not in a row.
CASES["own-folder"] = Case(
    "own-folder",
    Call(lambda user, resource: 200 if resource.startswith(f"{user}/") else 403),
    Signed(),
)


def find_distribution(user: str, natives: Mapping[str, Callable[[], Any]]) -> Any:
    """Return the distribution of a user; every site's `distribution_for` calls it."""
    if user == "raising":
        natives["not_found"]()
    if user == "failing":
        raise KeyError(user)
    return TENANTS.get(user)


def rule(case: str, user: str, resource: str, natives: Mapping[str, Callable[[], Any]]) -> object:
    """Return the result of the case; every site's `authorize` calls it."""
    return _compute(CASES[case].result, user, resource, natives)


def find(case: str, user: str, number: str, natives: Mapping[str, Callable[[], Any]]) -> object:
    """Return the file of the case; every `resource_for` of the view `by-id` calls it."""
    return _compute(CASES[case].found, user, number, natives)


def _compute(
    result: object, user: str, resource: str, natives: Mapping[str, Callable[[], Any]]
) -> object:
    if isinstance(result, Call):
        return result.function(user, resource)
    if isinstance(result, Native):
        return natives[result.name]()
    return result

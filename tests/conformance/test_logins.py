"""
Login, renewal and logout on every adapter, in one cookie jar, through the local edge.

The sites are in `tests.conformance.logins`; `httpx` keeps the cookies as a browser does.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib
import logging
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from cfsign import ConfigurationError, Distribution, TrustedKeyGroup
from cfsign.edge import WSGIEdge
from cfsign.testing.transports import ASGITransport, WSGITransport
from cfsign.views import FolderCookies, SiteConfig

SITE, MEDIA = "https://www.example.com", "https://media.example.com"
DURATION = 600

Open = Callable[..., httpx.Client]


@pytest.fixture
def module(adapter: str, django: ModuleType) -> ModuleType:
    return importlib.import_module(f"tests.conformance.logins.{adapter}")


@pytest.fixture
def settings_of_site(pem: str) -> dict[str, Any]:
    return {
        "CLOUDFRONT_DOMAIN": MEDIA,
        "CLOUDFRONT_CONFIG": {
            "key_pair_id": "K2JCJMDEHXQW5F",
            "private_key": pem,
            "cookie_domain": "example.com",
            "cookie_path": "/",
            "cookie_expires_in": DURATION,
        },
    }


@pytest.fixture
def open_browser(
    module: ModuleType, settings_of_site: dict[str, Any], trusted_keys: TrustedKeyGroup, clock: Any
) -> Iterator[Open]:
    """Return a function that opens a browser with one cookie jar for the site and the edge."""
    opened: list[httpx.Client] = []

    def serve_file(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"file"]

    def open_one(*, renews: bool = True, **config: Any) -> httpx.Client:
        settings = {
            **settings_of_site,
            "CLOUDFRONT_CONFIG": {**settings_of_site["CLOUDFRONT_CONFIG"], **config},
        }
        app = module.create_app(settings, renews=renews)
        transport: Any = (ASGITransport if module.IS_ASGI else WSGITransport)(app, "192.0.2.1")
        edge = WSGITransport(WSGIEdge(serve_file, trusted_keys), "192.0.2.1")
        opened.append(httpx.Client(base_url=SITE, mounts={SITE: transport, MEDIA: edge}))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def browser(open_browser: Open) -> httpx.Client:
    return open_browser()


def can_open(browser: httpx.Client, path: str) -> bool:
    status = browser.get(f"{MEDIA}/{path}").status_code
    assert status in (200, 403)
    return status == 200


def sets_cookies(response: httpx.Response) -> bool:
    return any(name.startswith("CloudFront-") for name in list_cookies(response))


def list_cookies(response: httpx.Response) -> list[str]:
    """Return the name of each Set-Cookie header; Django under WSGI writes a space before it."""
    values = response.headers.get_list("set-cookie")
    return [value.strip().partition("=")[0] for value in values]


def test_login_opens_the_folder_and_no_other(browser: httpx.Client) -> None:
    """`folder_for` is called after the view, so the login's own response opens the folder."""
    assert not can_open(browser, "members/a.ts")
    response = browser.post("/login/ada")
    assert response.headers["cache-control"] == "private"
    assert can_open(browser, "members/a.ts")
    assert can_open(browser, "members/hd/a.ts")
    assert not can_open(browser, "staff/ben/a.ts")
    assert not can_open(browser, "members")


def test_cookies_are_renewed_at_half_of_their_duration(browser: httpx.Client, clock: Any) -> None:
    browser.post("/login/ada")
    clock.shift(DURATION / 2 - 1)
    response = browser.get("/page")
    assert not sets_cookies(response)
    assert "cache-control" not in response.headers
    clock.shift(1)
    response = browser.get("/page")
    assert sets_cookies(response)
    assert response.headers["cache-control"] == "private"
    clock.shift(DURATION - 1)
    assert can_open(browser, "members/a.ts")
    clock.shift(1)
    assert not can_open(browser, "members/a.ts")
    browser.get("/page")  # a user who comes back
    assert can_open(browser, "members/a.ts")


def test_allow_sets_the_duration(browser: httpx.Client, clock: Any) -> None:
    browser.post("/login/ben")
    clock.shift(3599)
    assert not sets_cookies(browser.get("/page"))
    assert can_open(browser, "staff/ben/a.ts")
    clock.shift(1)
    assert sets_cookies(browser.get("/page"))


def test_other_user_gets_another_folder(browser: httpx.Client) -> None:
    browser.post("/login/ada")
    browser.post("/login/ben")
    assert can_open(browser, "staff/ben/a.ts")
    assert not can_open(browser, "members/a.ts")


def test_logout_closes_the_folder(browser: httpx.Client, clock: Any) -> None:
    browser.post("/login/ada")
    kept = dict(browser.cookies)
    response = browser.post("/logout")
    names = list_cookies(response)
    assert len(names) == len(set(names))  # the renewal adds nothing
    assert not [name for name in browser.cookies if name.startswith("CloudFront-")]
    assert not can_open(browser, "members/a.ts")
    assert not sets_cookies(browser.get("/page"))
    assert not can_open(browser, "members/a.ts")
    # CloudFront cannot revoke a signature: a copy works until its end, and is not renewed.
    copy = {name: value for name, value in kept.items() if name.startswith("CloudFront-")}
    for name, value in copy.items():
        browser.cookies.set(name, value, domain=".example.com")
    assert can_open(browser, "members/a.ts")
    for seconds in (DURATION / 2, DURATION / 2):
        clock.shift(seconds)
        response = browser.get("/page", headers={"Cookie": to_header(copy)})
        assert all("Max-Age=0" in value for value in response.headers.get_list("set-cookie"))
    assert not can_open(browser, "members/a.ts")


def to_header(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def test_page_of_a_logged_out_user_deletes_the_cookies(browser: httpx.Client) -> None:
    """Such as after the session has ended elsewhere: `folder_for` returns None."""
    browser.post("/login/ada")
    response = browser.post("/forget")
    assert sets_cookies(response)
    assert response.headers["cache-control"] == "private"
    assert not can_open(browser, "members/a.ts")
    assert not sets_cookies(browser.get("/page"))


def test_revoke_all_clears_site_data(browser: httpx.Client) -> None:
    """And the renewal adds no cookies to that response."""
    browser.post("/login/ada")
    browser.cookies.delete("CloudFront-Policy", domain=".example.com", path="/")
    response = browser.post("/logout-everywhere")
    assert response.headers["clear-site-data"] == '"cookies"'
    assert not sets_cookies(response)


def test_error_of_folder_for_renews_nothing(
    browser: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    """The site's own response stays."""
    response = browser.post("/login/mallory")
    assert response.status_code in (200, 302, 303)
    assert browser.get("/page").text == "page"
    assert not sets_cookies(response)
    messages = [each.getMessage() for each in caplog.records if each.levelno == logging.ERROR]
    assert all("folder_for raised RuntimeError" in each for each in messages)
    assert len(messages) == 2
    assert "database" not in caplog.text


@pytest.mark.parametrize(
    ("cache", "is_renewed"),
    [
        ("public, max-age=60", False),
        ("max-age=60", False),
        ("s-maxage=60", False),
        ("private, max-age=60", True),
        ("no-store", True),
    ],
)
def test_response_that_caches_may_share_gets_no_cookies(
    browser: httpx.Client, cache: str, is_renewed: bool
) -> None:
    browser.post("/login/ada")
    for name in [each for each in browser.cookies if each.startswith("CloudFront-")]:
        browser.cookies.delete(name)
    response = browser.get("/public", params={"cache": cache})
    assert sets_cookies(response) == is_renewed
    assert response.headers["cache-control"] == cache


@pytest.mark.parametrize(
    "cookie",
    [
        "CloudFront-Policy=x; CloudFront-Signature=y; CloudFront-Key-Pair-Id=z",
        "CloudFront-Policy=%00; CloudFront-Expires=1",
        "CloudFront-Policy",
        "CloudFront-Policy=" + "A" * 9000,
    ],
)
def test_damaged_cookies_are_replaced(browser: httpx.Client, cookie: str) -> None:
    browser.post("/login/ada")
    session = {k: v for k, v in browser.cookies.items() if not k.startswith("CloudFront-")}
    response = browser.get("/page", headers={"Cookie": f"{to_header(session)}; {cookie}"})
    assert response.status_code == 200
    assert sets_cookies(response)
    assert can_open(browser, "members/a.ts")


def test_several_folders_of_one_response_survive(open_browser: Open, clock: Any) -> None:
    """Next to a cookie of the site. Each folder is revoked alone."""
    browser = open_browser(renews=False, cookie_path=None)
    response = browser.post("/open")
    assert browser.cookies["seen"] == "1"
    assert len(response.headers.get_list("set-cookie")) == 11
    assert can_open(browser, "albums/1/a.jpg")
    assert can_open(browser, "albums/2%20%C3%BC/a.jpg")
    assert not can_open(browser, "albums/3/a.jpg")
    browser.post("/close")
    assert not can_open(browser, "albums/1/a.jpg")
    assert can_open(browser, "albums/2%20%C3%BC/a.jpg")
    clock.shift(DURATION)
    assert can_open(browser, "albums/2%20%C3%BC/a.jpg")
    clock.shift(7200 - DURATION)
    assert not can_open(browser, "albums/2%20%C3%BC/a.jpg")


def test_cookies_for_another_domain_are_an_error(open_browser: Open) -> None:
    """At start-up where the cookies are renewed; where they are granted otherwise."""
    with pytest.raises(ValueError, match=r"example\.org is not a parent of media"):
        open_browser(cookie_domain="example.org")


@pytest.mark.parametrize(
    ("cookie_domain", "message"),
    [("media.example.com", "media.example.com that www.example.com sets"), ("", "www.example.com")],
)
def test_cookies_that_cannot_reach_the_distribution_are_logged(
    open_browser: Open, caplog: pytest.LogCaptureFixture, cookie_domain: str, message: str
) -> None:
    open_browser(cookie_domain=cookie_domain).post("/login/ada")
    assert message in caplog.text
    assert 'domain to "example.com"' in caplog.text


async def folder_for_async(request: Any) -> None:
    return None


def test_async_function_is_refused_at_start_up_under_wsgi(
    django: ModuleType, settings: Any, settings_of_site: dict[str, Any]
) -> None:
    """Flask awaits it, as it awaits an async view."""
    from cfsign_django.middleware import RenewFolders as DjangoMiddleware
    from cfsign_falcon import RenewFolders as FalconMiddleware
    from tests.conformance.logins.members import make_cookies

    with pytest.raises(TypeError, match="folder_for_async is async, but the site is not"):
        FalconMiddleware(make_cookies(settings_of_site), folder_for_async)

    class Renew(DjangoMiddleware):
        async def folder_for(self, request: Any) -> None:
            return None

    with (
        settings(**settings_of_site),
        pytest.raises(TypeError, match=r"Renew\.folder_for is async, but the site is not"),
    ):
        Renew(lambda request: None)


def test_middleware_of_django_must_be_overridden(django: ModuleType) -> None:
    from cfsign_django.middleware import RenewFolders

    with pytest.raises(NotImplementedError, match="RenewFolders must override folder_for"):
        RenewFolders(lambda request: None)


def test_middleware_of_django_reads_only_its_distribution(django: ModuleType) -> None:
    """Another option would be ignored without a word: the settings have it."""
    from cfsign_django.middleware import RenewFolders

    members = {"folder_for": lambda self, request: None, "cookie_path": "/"}
    with pytest.raises(ConfigurationError, match="does not read the attribute cookie_path"):
        type("Renew", (RenewFolders,), members)(lambda request: None)


def test_plain_function_of_django_runs_in_a_thread(
    django: ModuleType, settings: Any, settings_of_site: dict[str, Any]
) -> None:
    """In async mode: it may query the database, which Django refuses in an event loop."""
    from django.db import connection
    from django.http import HttpRequest, HttpResponse

    from cfsign_django.middleware import RenewFolders

    class Renew(RenewFolders):
        def folder_for(self, request: Any) -> str:
            with connection.cursor() as cursor:
                return str(cursor.execute("SELECT 'members'").fetchone()[0])

    async def view(request: Any) -> HttpResponse:
        return HttpResponse("page")

    async def respond(middleware: Any) -> HttpResponse:
        request = HttpRequest()
        request.META = {"SERVER_NAME": "www.example.com", "SERVER_PORT": "443"}
        response: HttpResponse = await middleware(request)
        return response

    with settings(**settings_of_site):
        response = asyncio.run(respond(Renew(view)))
    assert response.cookies["CloudFront-Policy"].value


@pytest.mark.parametrize("adapter", ["flask_sync", "django_sync"])
@pytest.mark.parametrize(
    ("function", "folder"),
    [
        ("grant_folder", ""),
        ("grant_folder", "../a"),
        ("grant_folder", "/a"),
        ("revoke_folder", "a//b"),
        ("revoke_folder", ""),
    ],
)
def test_wrong_arguments_change_nothing(
    adapter: str,
    django: ModuleType,
    settings: Any,
    settings_of_site: dict[str, Any],
    function: str,
    folder: str,
) -> None:
    with call_adapter(adapter, settings, settings_of_site) as (module, response):
        with pytest.raises(ValueError, match="folder"):
            getattr(module, function)(response, folder)
        with pytest.raises(ValueError, match="there is no distribution 'x'"):
            getattr(module, function)(response, "a", distribution="x")
        assert "cloudfront" not in str(response.headers).lower()
        for other in ("text", None, ("text", 200)):
            with pytest.raises(ValueError, match="response must be a response of"):
                getattr(module, function)(other, "a")
            with pytest.raises(ValueError, match="response must be a response of"):
                module.revoke_all(other)


@contextlib.contextmanager
def call_adapter(adapter: str, settings: Any, site: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield what has the functions of Flask or Django, and a response."""
    if adapter == "flask_sync":
        import flask

        from cfsign_flask import CloudFront

        app = flask.Flask("site")
        app.config.update(site)
        cloudfront = CloudFront(app)
        with app.test_request_context(base_url=SITE):
            yield cloudfront, flask.Response("page")
        return
    from django.http import HttpResponse

    import cfsign_django

    with settings(**site):
        yield cfsign_django, HttpResponse("page")


@pytest.mark.parametrize("adapter", ["flask_sync", "django_sync"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, "private"),
        ("public, max-age=60", "private"),
        ("no-store", "no-store"),
        ("private, max-age=9", "private, max-age=9"),
        ("no-cache", "private, no-cache"),
    ],
)
def test_response_with_a_grant_is_private(
    adapter: str,
    django: ModuleType,
    settings: Any,
    settings_of_site: dict[str, Any],
    before: str | None,
    after: str,
) -> None:
    """A shared cache would send the cookies to other users."""
    with call_adapter(adapter, settings, settings_of_site) as (module, response):
        if before is not None:
            response.headers["Cache-Control"] = before
        response.headers["CDN-Cache-Control"] = "max-age=60"
        assert module.grant_folder(response, "a") is response
        assert response.headers["Cache-Control"] == after
        assert response.headers["CDN-Cache-Control"] == "no-store"


def test_asynchronous_key_signs_cookies_in_flask(
    pem: str, trusted_keys: TrustedKeyGroup, settings_of_site: dict[str, Any]
) -> None:
    """By `grant_folder` and by the renewal."""
    import flask

    from cfsign import load_private_key
    from cfsign_flask import CloudFront

    class AsyncKey:
        def __init__(self) -> None:
            self.key = load_private_key(pem)

        async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            await asyncio.sleep(0)
            return self.key.sign(message, hash_algorithm)

        def public_key_pem(self) -> str:
            return self.key.public_key_pem()

    def grant() -> flask.Response:
        return cloudfront.grant_folder(flask.Response(), "granted")

    app = flask.Flask("site")
    config = {**settings_of_site["CLOUDFRONT_CONFIG"], "private_key": AsyncKey()}
    app.config.update({**settings_of_site, "CLOUDFRONT_CONFIG": config})
    cloudfront = CloudFront(app)
    cloudfront.renew_folders(lambda request: "renewed")
    app.add_url_rule("/renew", "renew", lambda: "page")
    app.add_url_rule(
        "/grant", "grant", lambda: cloudfront.grant_folder(flask.Response(), "granted")
    )
    for name, folder in (("renew", "renewed"), ("grant", "granted")):
        client = app.test_client()
        client.get(f"/{name}", base_url="https://example.com")
        sent = {
            each: client.get_cookie(each, "example.com").value  # type: ignore[union-attr]
            for each in ("CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id")
        }
        assert trusted_keys.check(f"{MEDIA}/{folder}/a", cookies=sent)


PAGE = Path(__file__).parents[2] / "docs" / "login-and-logout.md"
MARK = re.compile(r"^ *# --8<--\n", re.MULTILINE)


def read_quote(adapter: str) -> str:
    """Return the marked lines of a site, without the lines that are blank."""
    source = PAGE.parents[1] / "tests" / "conformance" / "logins" / f"{adapter}.py"
    parts = MARK.split(source.read_text("utf-8"))[1::2]
    text = "\n".join(textwrap.dedent(part) for part in parts)
    return "\n".join(line for line in text.splitlines() if line)


@pytest.mark.parametrize("adapter", ["flask_sync", "django_sync", "falcon_wsgi", "starlette"])
def test_page_quotes_the_site(adapter: str) -> None:
    """So the code of the documents is code that these tests run."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    quotes = ["\n".join(line for line in block.splitlines() if line) for block in blocks]
    assert read_quote(adapter) in quotes
    assert len(quotes) == 5  # one for each framework, and one of the test below


def test_settings_of_the_page(
    pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: int, clock: Any
) -> None:
    """The cookies of the object for Falcon and Starlette are the same."""
    (tmp_path / "cloudfront-private.pem").write_text(pem)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLOUDFRONT_DOMAIN", MEDIA)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", "K2JCJMDEHXQW5F")
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY_FILE", "cloudfront-private.pem")
    text = PAGE.read_text("utf-8")
    names: dict[str, Any] = {"CLOUDFRONT_DOMAIN": MEDIA, "Distribution": Distribution}
    names["FolderCookies"] = FolderCookies
    exec(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0], names)
    exec(re.findall(r"`(cookies = .*?)`", text)[0], names)
    granted = SiteConfig.from_config(names).folder_cookies().grant_headers("members")
    assert granted == names["cookies"].grant_headers("members")
    assert "Max-Age=1200" in str(granted)


@pytest.mark.parametrize("adapter", ["flask_sync", "django_sync"])
def test_alias_selects_the_distribution_and_its_cookies(
    adapter: str,
    django: ModuleType,
    settings: Any,
    settings_of_site: dict[str, Any],
    trusted_keys: TrustedKeyGroup,
) -> None:
    config = settings_of_site["CLOUDFRONT_CONFIG"]
    site = {
        "CLOUDFRONT_DOMAIN": None,
        "CLOUDFRONT_CONFIG": None,
        "CLOUDFRONT_DISTRIBUTIONS": {
            "default": {**config, "domain": MEDIA},
            "videos": {**config, "domain": "https://videos.example.com", "cookie_path": "/v"},
            "other": {**config, "domain": "https://videos.example.org"},
        },
    }
    with call_adapter(adapter, settings, site) as (module, response):
        module.grant_folder(response, "v/1", distribution="videos")
        text = str(response.headers) + str(getattr(response, "cookies", ""))
        assert "Path=/v;" in text or "Path=/v\r" in text
        policy = re.search(r"CloudFront-Policy=([^;]+)", text)
        assert policy is not None
        assert b"https://videos.example.com/v/1/*" in read_base64(policy[1])
        with pytest.raises(ValueError, match=r"not a parent of videos\.example\.org"):
            module.grant_folder(response, "v/1", distribution="other")


def read_base64(text: str) -> bytes:
    return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)

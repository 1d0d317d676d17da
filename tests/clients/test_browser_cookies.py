"""
Signed cookies in a real browser: many folders, renewal and logout.

The site is in Flask, on another port of 127.0.0.1 than the edge. Cookies do not know ports
(RFC 6265, section 8.5), so both share them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from cfsign import TrustedKeyGroup
from cfsign.edge import WSGIEdge
from tests.clients.browser import launch_chromium

flask = pytest.importorskip("flask")
FOLDERS = 70
DURATION = 600


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


Serve = Callable[[Any], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves a WSGI application and returns its URL."""
    with ExitStack() as stack:

        def start(app: Any) -> str:
            server = stack.enter_context(make_server("127.0.0.1", 0, app, handler_class=_Quiet))
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield start


@pytest.fixture
def media(serve: Serve, trusted_keys: TrustedKeyGroup) -> str:
    def serve_file(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"file"]

    return serve(WSGIEdge(serve_file, trusted_keys))


@pytest.fixture
def open_site(serve: Serve, media: str, pem: str) -> Callable[..., str]:
    """Return a function that starts the site and returns its URL."""

    def start(**config: Any) -> str:
        from cfsign_flask import CloudFront

        app = flask.Flask("site")
        app.config.update(
            SECRET_KEY="secret",
            CLOUDFRONT_DOMAIN=media,
            CLOUDFRONT_CONFIG={"key_pair_id": "K2JCJMDEHXQW5F", "private_key": pem, **config},
        )
        cloudfront = CloudFront(app)
        if "cookie_path" in config:

            @cloudfront.renew_folders
            def folder_for(request: Any) -> str | None:
                if "user" not in flask.session:
                    return None
                return str(request.args.get("folder", "members"))

        @app.get("/login")
        def login() -> str:
            flask.session["user"] = "ada"
            return "logged in"

        @app.get("/logout")
        def logout() -> Any:
            flask.session.clear()
            return cloudfront.revoke_folder(flask.make_response("logged out"), "members")

        @app.get("/user")
        def user() -> str:
            return str(flask.session.get("user"))

        @app.get("/open/<path:folder>")
        def open_folder(folder: str) -> Any:
            return cloudfront.grant_folder(flask.make_response("opened"), folder)

        return serve(app)

    return start


@pytest.fixture
def page() -> Iterator[Any]:
    with launch_chromium() as browser:
        yield browser.new_page()


def get_status(page: Any, url: str) -> int:
    return int(page.goto(url).status)


def read_user(page: Any, site: str) -> str:
    page.goto(f"{site}/user")
    return str(page.inner_text("body"))


def count_cookies(page: Any) -> int:
    return sum(each["name"].startswith("CloudFront-") for each in page.context.cookies())


def test_one_set_of_cookies_for_many_folders(page: Any, open_site: Any, media: str) -> None:
    """The site's session survives, and only the last folder is open."""
    site = open_site(cookie_path="/", cookie_expires_in=600)
    page.goto(f"{site}/login")
    for number in range(FOLDERS):
        page.goto(f"{site}/user?folder=albums/{number}")
    assert get_status(page, f"{media}/albums/{FOLDERS - 1}/a.txt") == 200
    assert get_status(page, f"{media}/albums/0/a.txt") == 403
    assert read_user(page, site) == "ada"
    assert count_cookies(page) == 3


def test_many_folders_with_cookies_of_their_own(page: Any, open_site: Any, media: str) -> None:
    """
    Those that have expired leave the browser, so the site's session survives.

    Chromium keeps 180 cookies for a domain; 70 folders have 210.
    """
    site = open_site(cookie_expires_in=1)
    page.goto(f"{site}/login")
    for number in range(FOLDERS):
        if number == FOLDERS // 2:
            time.sleep(1.1)  # the browser's clock cannot be moved
        page.goto(f"{site}/open/albums/{number}")
    assert read_user(page, site) == "ada"


def test_renewal_and_logout(page: Any, open_site: Any, media: str, clock: Any) -> None:
    """The clock is that of the site and of the edge; the browser has its own."""
    site = open_site(cookie_path="/", cookie_expires_in=DURATION)
    assert get_status(page, f"{media}/members/a.txt") == 403
    page.goto(f"{site}/login")
    for _ in range(4):
        assert get_status(page, f"{media}/members/a.txt") == 200
        clock.shift(DURATION / 2)
        page.goto(f"{site}/user")
    assert get_status(page, f"{media}/members/a.txt") == 200
    page.goto(f"{site}/logout")
    assert count_cookies(page) == 0
    assert get_status(page, f"{media}/members/a.txt") == 403
    page.goto(f"{site}/user")
    assert get_status(page, f"{media}/members/a.txt") == 403

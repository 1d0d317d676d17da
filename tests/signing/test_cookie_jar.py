"""Cookie delivery with a real cookie jar, whose cookies the edge checks."""

from __future__ import annotations

import http.client
import io
import urllib.request
from collections.abc import Iterable
from http.cookiejar import CookieJar
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from cfsign import Distribution, PrivateKey, SignedCookies, Signer, TrustedKeyGroup
from cfsign.edge import WSGIEdge
from tests.views.helpers import allow

DOMAIN = "https://media.example.com"
KEY_PAIR_ID = "K2JCJMDEHXQW5F"


class Browser:
    """A cookie jar that gets cookies from a site and sends them to an edge."""

    def __init__(self, trusted_keys: TrustedKeyGroup) -> None:
        self.jar = CookieJar()
        self._edge = WSGIEdge(_origin, trusted_keys)

    def receive(self, set_cookie: Iterable[str]) -> None:
        """Store the cookies of a response with these `Set-Cookie` headers."""
        lines = "".join(f"Set-Cookie: {value}\r\n" for value in set_cookie)
        message = http.client.parse_headers(io.BytesIO(f"{lines}\r\n".encode()))
        request = urllib.request.Request("https://www.example.com/")
        self.jar.extract_cookies(_Response(message), request)  # type: ignore[arg-type]  # a stub

    def get(self, path: str) -> str:
        """Request a path from the edge with the jar's cookies, and return the status."""
        request = urllib.request.Request(DOMAIN + path)
        self.jar.add_cookie_header(request)
        environ: dict[str, Any] = {
            "HTTP_HOST": "media.example.com",
            "wsgi.url_scheme": "https",
            "PATH_INFO": path,
            "HTTP_COOKIE": request.get_header("Cookie", ""),
        }
        setup_testing_defaults(environ)
        statuses: list[str] = []
        list(self._edge(environ, lambda status, headers: statuses.append(status)))  # type: ignore[arg-type,return-value]
        return statuses[0]


class _Response:
    def __init__(self, message: http.client.HTTPMessage) -> None:
        self._message = message

    def info(self) -> http.client.HTTPMessage:
        return self._message


def _origin(environ: Any, start_response: Any) -> list[bytes]:
    start_response("200 OK", [])
    return [b"the film"]


def set_cookies_of_view(distribution: Distribution) -> list[str]:
    response = allow(distribution, "v/film.m3u8", delivery="cookies", cookie_domain="example.com")
    return [value for name, value in response.headers if name == "Set-Cookie"]


@pytest.fixture
def browser(trusted_keys: TrustedKeyGroup) -> Browser:
    return Browser(trusted_keys)


def cookies_of(signer: Signer, resource: str) -> SignedCookies:
    return signer.sign_cookies(f"{DOMAIN}{resource}", expires_in=60)


def test_cookies_of_the_view_open_their_folder_only(browser: Browser, signer: Signer) -> None:
    assert browser.get("/v/1.ts").startswith("403")
    browser.receive(set_cookies_of_view(Distribution(DOMAIN, signer)))
    assert browser.get("/v/1.ts") == "200 OK"
    assert browser.get("/w/1.ts").startswith("403")


def test_cookies_of_another_form_are_replaced(
    browser: Browser, signer: Signer, key: PrivateKey
) -> None:
    """Canned by custom, SHA-256 by SHA-1: a cookie that is not set again is cleared."""
    sha256 = Signer(KEY_PAIR_ID, key, hash_algorithm="SHA256")
    where = {"domain": "example.com", "path": "/v/"}
    for earlier in (cookies_of(signer, "/v/film.m3u8"), cookies_of(sha256, "/v/*")):
        browser.receive(earlier.set_cookie_headers(**where))  # type: ignore[arg-type]  # all text
        assert browser.get("/v/film.m3u8") == "200 OK"
        browser.receive(set_cookies_of_view(Distribution(DOMAIN, signer)))
        assert browser.get("/v/film.m3u8") == "200 OK"
        assert browser.get("/v/1.ts") == "200 OK"
    browser.receive(set_cookies_of_view(Distribution(DOMAIN, sha256)))
    assert browser.get("/v/1.ts") == "200 OK"
    browser.receive(cookies_of(signer, "/v/film.m3u8").replace_headers(**where))  # type: ignore[arg-type]
    assert browser.get("/v/film.m3u8") == "200 OK"
    assert browser.get("/v/1.ts").startswith("403")


def test_cookies_for_a_nested_folder_are_denied(browser: Browser, signer: Signer) -> None:
    """Browsers send the cookies of both folders, as `ViewOptions` documents."""
    browser.receive(cookies_of(signer, "/v/*").replace_headers("example.com", "/v/"))
    browser.receive(cookies_of(signer, "/v/hd/*").replace_headers("example.com", "/v/hd/"))
    assert browser.get("/v/1.ts") == "200 OK"
    assert browser.get("/v/hd/1.ts").startswith("403")

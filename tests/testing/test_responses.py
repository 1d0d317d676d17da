"""The URL and the cookies that the assertions read from a site's response."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign import Allow  # noqa: E402
from cfsign.testing import Edge  # noqa: E402


def flask_response(edge: Edge, delivery: str, status: int) -> Any:
    flask = pytest.importorskip("flask")
    from cfsign_flask import CloudFront, SignedRedirectView

    class View(SignedRedirectView):
        folder = "v"
        cookie_domain = "example.com"

        def authorize(self, resource: str, **url_args: Any) -> int:
            return status

    View.delivery = delivery  # type: ignore[assignment]
    app = flask.Flask(__name__)
    app.config.update(edge.settings)
    CloudFront(app)
    app.add_url_rule("/content/<path:resource>", view_func=View.as_view("content"))
    return app.test_client().get("/content/v/a b.txt")


def falcon_response(edge: Edge, delivery: str, status: int) -> Any:
    falcon = pytest.importorskip("falcon")
    testing = pytest.importorskip("falcon.testing")
    resources = pytest.importorskip("cfsign_falcon")

    class Resource(resources.SignedRedirectResource):  # type: ignore[misc,name-defined]
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return status

    Resource.delivery = delivery
    app = falcon.App()
    app.add_route(
        "/content/{resource:path}",
        Resource(edge.distribution, folder="v", cookie_domain="example.com"),
    )
    return testing.TestClient(app).simulate_get("/content/v/a b.txt")


def django_response(edge: Edge, delivery: str, status: int) -> Any:
    pytest.importorskip("django")
    from django.http import HttpResponse, HttpResponseRedirect, JsonResponse

    # The charset avoids Django's settings: other tests of this process configure them.
    charset: dict[str, Any] = {"charset": "utf-8"}
    if status != 200:
        return HttpResponse(status=status, **charset)
    if delivery == "json":
        response = JsonResponse({"url": edge.distribution.sign_path("v/a b.txt")}, **charset)
        response.json = lambda: json.loads(response.content)  # Django's test client adds it
        return response
    if delivery == "redirect":
        return HttpResponseRedirect(edge.distribution.sign_path("v/a b.txt"), **charset)
    response = HttpResponseRedirect(edge.distribution.unsigned_url("v/a b.txt"), **charset)
    for name, value in edge.distribution.sign_cookies(pattern="v/*").items():
        response.set_cookie(name, value, domain="example.com", path="/v/")
    return response


def httpx_response(edge: Edge, delivery: str, status: int) -> Any:
    if status != 200:
        return httpx.Response(status)
    url = edge.distribution.sign_path("v/a b.txt")
    if delivery == "json":
        return httpx.Response(200, json={"url": url})
    if delivery == "redirect":
        return httpx.Response(303, headers={"Location": url})
    cookies = edge.distribution.sign_cookies(pattern="v/*").set_cookie_headers(
        domain="example.com", path="/v/"
    )
    headers = [("Location", edge.distribution.unsigned_url("v/a b.txt"))]
    return httpx.Response(303, headers=[*headers, *(("Set-Cookie", line) for line in cookies)])


def starlette_response(edge: Edge, delivery: str, status: int) -> Any:
    """Starlette's test client returns httpx's responses."""
    applications = pytest.importorskip("starlette.applications")
    routing = pytest.importorskip("starlette.routing")
    endpoints = pytest.importorskip("cfsign_starlette")

    class Endpoint(endpoints.SignedRedirectEndpoint):  # type: ignore[misc,name-defined]
        folder = "v"
        cookie_domain = "example.com"

        async def authorize(self, request: Any, resource: str) -> int:
            return status

    endpoint = Endpoint.as_endpoint(edge.distribution, delivery=delivery)
    app = applications.Starlette(routes=[routing.Route("/content/{resource:path}", endpoint)])

    async def send() -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://site") as client:
            return await client.get("/content/v/a b.txt")

    return asyncio.run(send())


RESPONSES = [flask_response, falcon_response, django_response, starlette_response, httpx_response]


@pytest.mark.parametrize("respond", RESPONSES)
@pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])
def test_responses_of_every_client(edge: Edge, respond: Any, delivery: str) -> None:
    """The URL of a redirect, of JSON, or of a redirect with cookies is checked."""
    url = edge.assert_allows(respond(edge, delivery, 200))
    assert url.startswith(f"{edge.domain}/v/a%20b.txt")
    edge.clock.shift(61)
    edge.assert_denies(url)


@pytest.mark.parametrize("respond", RESPONSES)
def test_refusal_of_the_site_has_no_url(edge: Edge, respond: Any) -> None:
    """Both assertions fail, because there is no URL to check."""
    for check in (edge.assert_allows, edge.assert_denies):
        with pytest.raises(
            AssertionError, match="the site refused with 403: authorize denied it, so there"
        ):
            check(respond(edge, "redirect", 403))


@pytest.mark.parametrize(
    ("status", "message"),
    [(500, "the site failed with 500, so there"), (204, r"\(status 204\) is not a redirect")],
)
def test_other_response_without_a_url(edge: Edge, status: int, message: str) -> None:
    """The message distinguishes it from a refusal."""
    for check in (edge.assert_allows, edge.assert_denies):
        with pytest.raises(AssertionError, match=message):
            check(httpx.Response(status))


@pytest.mark.parametrize(
    "url", ["/login", "https://www.example.com/login", "https://media.example.com.evil.example/"]
)
def test_url_of_another_host_is_an_error(edge: Edge, url: str) -> None:
    """Such as a redirect to the login page."""
    with pytest.raises(AssertionError, match="which is not at https://media"):
        edge.assert_denies(httpx.Response(303, headers={"Location": url}))


@pytest.mark.parametrize(
    ("domain", "path", "allowed"),
    [
        ("example.com", "/", True),
        (".example.com", "/v", True),
        (None, "/v/", True),
        ("example.org", "/", False),
        ("ample.com", "/", False),
        ("example.com", "/w/", False),
        ("example.com", "/v/a/b", False),
    ],
)
def test_domain_and_path_of_cookies(
    edge: Edge, domain: str | None, path: str, allowed: bool
) -> None:
    """A cookie counts only if a browser would send it."""
    lines = [
        f"{name}={value}; Path={path}" + (f"; Domain={domain}" if domain else "")
        for name, value in edge.distribution.sign_cookies(pattern="*").items()
    ]
    headers = [("Location", f"{edge.domain}/v/a"), *(("Set-Cookie", line) for line in lines)]
    check = edge.assert_allows if allowed else edge.assert_denies
    check(httpx.Response(303, headers=headers))


@pytest.mark.parametrize("client", ["httpx", "Flask", "Django"])
@pytest.mark.parametrize("host", ["media.example.com", "www.example.com", "example.com"])
def test_cookie_without_a_domain(edge: Edge, client: str, host: str) -> None:
    """It is sent only to the host that set it, not to a subdomain."""
    check = edge.assert_allows if edge.domain.endswith(f"/{host}") else edge.assert_denies
    check(
        {"httpx": respond_by_httpx, "Flask": respond_by_flask, "Django": respond_by_django}[client](
            edge, host
        )
    )


def respond_by_httpx(edge: Edge, host: str) -> Any:
    response = respond_with_cookies(edge, "Secure")
    response.request = httpx.Request("GET", f"https://{host}/")
    return response


def respond_by_flask(edge: Edge, host: str) -> Any:
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)

    @app.get("/")
    def view() -> Any:
        response = flask.redirect(f"{edge.domain}/v/a")
        for name, value in edge.distribution.sign_cookies(pattern="*").items():
            response.set_cookie(name, value)
        return response

    return app.test_client().get("/", base_url=f"https://{host}/")


def respond_by_django(edge: Edge, host: str) -> Any:
    pytest.importorskip("django")
    from django.http import HttpResponseRedirect

    response = HttpResponseRedirect(f"{edge.domain}/v/a", charset="utf-8")
    for name, value in edge.distribution.sign_cookies(pattern="*").items():
        response.set_cookie(name, value)
    response.wsgi_request = SimpleNamespace(META={"HTTP_HOST": f"{host}:8000"})
    return response


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        ("Max-Age=60", True),
        ("Max-Age=0", False),
        ("Max-Age=-60", False),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT", False),
        ("Expires=Thu, 01-Jan-1970 00:00:00 GMT", False),
        ("Expires=soon", True),
        ("Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60", True),
        ("Expires=Fri, 01 Jan 2100 00:00:00 GMT", True),
    ],
)
def test_expired_cookies(edge: Edge, attributes: str, allowed: bool) -> None:
    """`Max-Age` has precedence over `Expires` (RFC 6265, section 5.3)."""
    check = edge.assert_allows if allowed else edge.assert_denies
    check(respond_with_cookies(edge, attributes))


@pytest.mark.parametrize(("port", "allowed"), [(None, True), (0, False)])
def test_secure_cookies(
    cloudfront_edge: Callable[..., Edge], folder: Path, port: int | None, allowed: bool
) -> None:
    """They are not sent to an edge on a port, whose URL is http."""
    edge = cloudfront_edge(folder, port=port)
    check = edge.assert_allows if allowed else edge.assert_denies
    check(respond_with_cookies(edge, "Secure"))


def respond_with_cookies(edge: Edge, attributes: str) -> Any:
    lines = [
        f"{k}={v}; Path=/; {attributes}"
        for k, v in edge.distribution.sign_cookies(pattern="*").items()
    ]
    headers = [("Location", f"{edge.domain}/v/a"), *(("Set-Cookie", line) for line in lines)]
    return httpx.Response(303, headers=headers)


def test_other_object_is_an_error(edge: Edge) -> None:
    with pytest.raises(TypeError, match="headers"):
        edge.assert_allows(Allow())

"""The test kit: its edge in process and on a port, its clock, and what it asserts."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign import Allow, ConfigurationError, Distribution  # noqa: E402
from cfsign.edge import Behavior  # noqa: E402
from cfsign.testing import Clock, Edge, GeneratedKeyPair, Reason  # noqa: E402


def wsgi_origin(environ: Any, start_response: Any) -> list[bytes]:
    """Tell what came."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_URI']} {environ['REMOTE_ADDR']}".encode()]


async def asgi_origin(scope: Any, receive: Any, send: Any) -> None:
    """Tell what came."""
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    body = target + b" " + scope["client"][0].encode()
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class CallableASGI:
    """An application that is an object, as frameworks' are."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asgi_origin(scope, receive, send)


ORIGINS = [wsgi_origin, asgi_origin, CallableASGI()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a b.txt").write_text("the file")
    return tmp_path


@pytest.fixture
def edge(cloudfront_edge: Callable[..., Edge], folder: Path) -> Edge:
    return cloudfront_edge(folder)


class TestEdge:
    """Serving."""

    def test_a_folder(self, edge: Edge) -> None:
        """What is signed is served, and the rest refused."""
        assert edge.get(edge.distribution.sign_path("a b.txt")).text == "the file"
        refused = edge.get("/a%20b.txt")
        assert (refused.status_code, "MissingKey" in refused.text) == (403, True)
        assert "x-edge-explain" in refused.headers

    @pytest.mark.parametrize("origin", ORIGINS, ids=["WSGI", "ASGI", "object"])
    @pytest.mark.parametrize("port", [None, 0], ids=["in process", "on a port"])
    def test_an_application(
        self, cloudfront_edge: Callable[..., Edge], origin: Any, port: int | None
    ) -> None:
        """The target reaches it to the byte, and the viewer's address with it."""
        if port == 0 and origin is not wsgi_origin:
            pytest.importorskip("uvicorn")
        edge = cloudfront_edge(origin, port=port)
        url = edge.distribution.sign_path("a~b=c/%7e.txt", query="q=%41")
        target = url.removeprefix(edge.domain).partition("&Expires")[0]
        address = "203.0.113.7" if port is None else "127.0.0.1"
        answer = edge.get(url)
        assert answer.status_code == 200, answer.headers
        assert answer.text == f"{target} {address}"
        assert edge.get(url.replace("a~b", "a~c")).status_code == 403

    @pytest.mark.parametrize("origin", ORIGINS[:2], ids=["WSGI", "ASGI"])
    def test_beside_an_event_loop(self, cloudfront_edge: Callable[..., Edge], origin: Any) -> None:
        """An asynchronous client, for tests that are coroutines."""
        edge = cloudfront_edge(origin)

        async def ask() -> Any:
            async with edge.async_client() as client:
                return await client.get(edge.distribution.sign_path("a.txt"))

        assert asyncio.run(ask()).text == "/a.txt 203.0.113.7"

    def test_it_stops(self, folder: Path, cloudfront_key_pair: GeneratedKeyPair) -> None:
        """At the end of the `with`."""
        with Edge(folder, cloudfront_key_pair, port=0) as edge:
            assert edge.get("/").status_code == 403
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError):
            client.get(edge.domain)

    def test_behaviours(self, cloudfront_edge: Callable[..., Edge], folder: Path) -> None:
        edge = cloudfront_edge(folder, behaviors=[Behavior("/a*", None)])
        assert edge.get("/a%20b.txt").text == "the file"
        edge.assert_allows("/a%20b.txt")
        edge.assert_denies("/b")

    def test_a_reason_that_is_none(self, edge: Edge) -> None:
        """Its text is told beside a reason's, and looks like one."""
        reason: Any = "no key pair id"
        with pytest.raises(TypeError, match=r"such as Reason\.EXPIRED, got 'no key pair id'"):
            edge.assert_denies("/b", reason=reason)

    def test_what_is_no_folder(self, cloudfront_edge: Callable[..., Edge]) -> None:
        with pytest.raises(NotADirectoryError, match="nowhere"):
            cloudfront_edge("nowhere")
        with pytest.raises(ConfigurationError, match="port 70000"):
            cloudfront_edge(wsgi_origin, port=70000)

    def test_no_secret_is_shown(self, edge: Edge, cloudfront_key_pair: GeneratedKeyPair) -> None:
        assert "PRIVATE" not in repr(cloudfront_key_pair) + repr(edge)


class TestClock:
    """Time that can be moved."""

    def test_it_goes_with_the_machines(self) -> None:
        assert abs(Clock()() - time.time()) < 60

    def test_it_moves(self, edge: Edge) -> None:
        """A URL of a minute is good for a minute."""
        url = edge.distribution.sign_path("a b.txt", expires_in=60)
        edge.clock.shift(50)
        assert edge.get(url).status_code == 200
        edge.clock.shift(timedelta(seconds=11))
        assert edge.get(url).status_code == 403
        edge.assert_denies(url, reason=Reason.EXPIRED, code="AccessDenied")
        edge.clock.reset()
        edge.assert_allows(url)

    @pytest.mark.parametrize("moment", [1767225600, datetime(2026, 1, 1, tzinfo=UTC)])
    def test_it_stands(self, moment: Any) -> None:
        """At a point in time, from which it can be moved on."""
        clock = Clock()
        clock.at = moment
        assert clock.at == clock() == 1767225600
        clock.shift(-1)
        assert clock.at == 1767225599

    def test_a_naive_time_is_refused(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            Clock().at = datetime(2026, 1, 1)

    def test_one_clock_a_test(
        self, cloudfront_edge: Callable[..., Edge], cloudfront_clock: Clock, folder: Path
    ) -> None:
        """All edges of a test share the fixture's."""
        assert cloudfront_edge(folder).clock is cloudfront_edge(folder).clock is cloudfront_clock


def flask_answer(edge: Edge, delivery: str, status: int) -> Any:
    flask = pytest.importorskip("flask")
    from cfsign_flask import CloudFront, SignedRedirectView

    class View(SignedRedirectView):
        cookie_domain = "example.com"

        def authorize(self, resource: str, **url_args: Any) -> int:
            return status

    View.delivery = delivery  # type: ignore[assignment]
    app = flask.Flask(__name__)
    app.config.update(edge.settings)
    CloudFront(app)
    app.add_url_rule("/content/<path:resource>", view_func=View.as_view("content"))
    return app.test_client().get("/content/v/a b.txt")


def falcon_answer(edge: Edge, delivery: str, status: int) -> Any:
    falcon = pytest.importorskip("falcon")
    testing = pytest.importorskip("falcon.testing")
    resources = pytest.importorskip("cfsign_falcon")

    class Resource(resources.SignedRedirectResource):  # type: ignore[misc,name-defined]
        def authorize(self, req: Any, resource: str, **params: Any) -> int:
            return status

    Resource.delivery = delivery
    app = falcon.App()
    app.add_route(
        "/content/{resource:path}", Resource(edge.distribution, cookie_domain="example.com")
    )
    return testing.TestClient(app).simulate_get("/content/v/a b.txt")


def django_answer(edge: Edge, delivery: str, status: int) -> Any:
    pytest.importorskip("django")
    from django.http import HttpResponse, HttpResponseRedirect, JsonResponse

    # So that no settings are asked: a process has one Django, which is the conformance suite's.
    told: dict[str, Any] = {"charset": "utf-8"}
    if status != 200:
        return HttpResponse(status=status, **told)
    if delivery == "json":
        response = JsonResponse({"url": edge.distribution.sign_path("v/a b.txt")}, **told)
        response.json = lambda: json.loads(response.content)  # as its test client adds it
        return response
    if delivery == "redirect":
        return HttpResponseRedirect(edge.distribution.sign_path("v/a b.txt"), **told)
    response = HttpResponseRedirect(edge.distribution.unsigned_url("v/a b.txt"), **told)
    for name, value in edge.distribution.sign_cookies(pattern="v/*").items():
        response.set_cookie(name, value, domain="example.com", path="/v/")
    return response


def httpx_answer(edge: Edge, delivery: str, status: int) -> Any:
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


ANSWERS = [flask_answer, falcon_answer, django_answer, httpx_answer]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])
def test_answers_of_every_test_client(edge: Edge, answer: Any, delivery: str) -> None:
    """A redirect, JSON, or cookies with a redirect: where it leads to is what is judged."""
    url = edge.assert_allows(answer(edge, delivery, 200))
    assert url.startswith(f"{edge.domain}/v/a%20b.txt")
    edge.clock.shift(61)
    edge.assert_denies(answer(edge, delivery, 200) if delivery == "none" else url)


@pytest.mark.parametrize("answer", ANSWERS)
def test_a_refusal_of_the_sites_own_is_no_answer_of_cloudfronts(edge: Edge, answer: Any) -> None:
    """Neither assertion holds: there is no URL to judge."""
    for check in (edge.assert_allows, edge.assert_denies):
        with pytest.raises(
            AssertionError, match="the site refused with 403: authorize denied it, so there"
        ):
            check(answer(edge, "redirect", 403))


@pytest.mark.parametrize(
    ("status", "says"),
    [(500, "the site failed with 500, so there"), (204, r"\(status 204\) is not a redirect")],
)
def test_an_answer_that_leads_nowhere(edge: Edge, status: int, says: str) -> None:
    """It is told from a refusal."""
    for check in (edge.assert_allows, edge.assert_denies):
        with pytest.raises(AssertionError, match=says):
            check(httpx.Response(status))


def test_the_documents_reasons_are_those_that_there_are() -> None:
    """All of them, by the names that `reason=` takes, but for the one that is no refusal."""
    path = Path(__file__).parents[2] / "docs" / "testing.md"
    (line,) = re.findall("`reason` is a `Reason`: (.*)\\.", path.read_text("utf-8"))
    told = re.findall("`([A-Z_]+)`", line)
    assert told == [reason.name for reason in Reason if reason is not Reason.ALLOWED]


@pytest.mark.parametrize(
    "url", ["/login", "https://www.example.com/login", "https://media.example.com.evil.example/"]
)
def test_a_way_to_another_place_is_none(edge: Edge, url: str) -> None:
    """A redirect to the login is not one to the edge."""
    with pytest.raises(AssertionError, match="which is not at https://media"):
        edge.assert_denies(httpx.Response(303, headers={"Location": url}))


def test_a_failure_explains_and_holds_no_signature(edge: Edge) -> None:
    """What a developer reads in place of a bare 403."""
    url = edge.distribution.sign_path("a b.txt", expires_in=60)
    edge.clock.shift(timedelta(hours=1))
    with pytest.raises(AssertionError) as caught:
        edge.assert_allows(url)
    message = str(caught.value)
    assert (
        "https://media.example.com/a%20b.txt: 403 AccessDenied: the policy has expired" in message
    )
    assert "\n- " in message
    assert url.partition("Signature=")[2][:60] not in message


def test_a_denial_for_another_reason_fails(edge: Edge) -> None:
    """A test of expiry must not be content with a missing key."""
    with pytest.raises(AssertionError, match=r"not for Reason\.EXPIRED: .*MissingKey"):
        edge.assert_denies("/a", reason=Reason.EXPIRED)
    with pytest.raises(AssertionError, match="not for InvalidKey"):
        edge.assert_denies("/a", code="InvalidKey")
    with pytest.raises(AssertionError, match=r"CloudFront allows https://media\.example\.com/a$"):
        edge.assert_denies(edge.distribution.sign_path("a"))


def test_the_viewers_address_and_cookies(edge: Edge) -> None:
    """Of the edge unless they are given."""
    url = edge.distribution.sign_path("a", ip_address="203.0.113.7")
    edge.assert_allows(url)
    edge.assert_denies(url, ip_address="192.0.2.1", reason=Reason.VIEWER_ADDRESS)
    cookies = edge.distribution.sign_cookies(pattern="v/*")
    edge.assert_allows("/v/a", cookies=cookies)
    edge.assert_denies("/w/a", cookies=cookies, reason=Reason.RESOURCE_MISMATCH)


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
def test_cookies_that_a_browser_would_not_send(
    edge: Edge, domain: str | None, path: str, allowed: bool
) -> None:
    """Of another domain or path: no false comfort."""
    lines = [
        f"{name}={value}; Path={path}" + (f"; Domain={domain}" if domain else "")
        for name, value in edge.distribution.sign_cookies(pattern="*").items()
    ]
    headers = [("Location", f"{edge.domain}/v/a"), *(("Set-Cookie", line) for line in lines)]
    check = edge.assert_allows if allowed else edge.assert_denies
    check(httpx.Response(303, headers=headers))


@pytest.mark.parametrize("client", ["httpx", "Flask", "Django"])
@pytest.mark.parametrize("host", ["media.example.com", "www.example.com", "example.com"])
def test_cookies_without_a_domain_are_the_sites_own_hosts(
    edge: Edge, client: str, host: str
) -> None:
    """A browser sends them nowhere else, not to a subdomain either."""
    check = edge.assert_allows if edge.domain.endswith(f"/{host}") else edge.assert_denies
    check({"httpx": by_httpx, "Flask": by_flask, "Django": by_django}[client](edge, host))


def by_httpx(edge: Edge, host: str) -> Any:
    answer = with_cookies(edge, "Secure")
    answer.request = httpx.Request("GET", f"https://{host}/")
    return answer


def by_flask(edge: Edge, host: str) -> Any:
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)

    @app.get("/")
    def view() -> Any:
        response = flask.redirect(f"{edge.domain}/v/a")
        for name, value in edge.distribution.sign_cookies(pattern="*").items():
            response.set_cookie(name, value)
        return response

    return app.test_client().get("/", base_url=f"https://{host}/")


def by_django(edge: Edge, host: str) -> Any:
    pytest.importorskip("django")
    from django.http import HttpResponseRedirect

    answer = HttpResponseRedirect(f"{edge.domain}/v/a", charset="utf-8")
    for name, value in edge.distribution.sign_cookies(pattern="*").items():
        answer.set_cookie(name, value)
    answer.wsgi_request = SimpleNamespace(META={"HTTP_HOST": f"{host}:8000"})
    return answer


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
def test_cookies_that_a_browser_throws_away(edge: Edge, attributes: str, allowed: bool) -> None:
    """A lifetime counts before a date (RFC 6265, section 5.3)."""
    check = edge.assert_allows if allowed else edge.assert_denies
    check(with_cookies(edge, attributes))


@pytest.mark.parametrize(("port", "allowed"), [(None, True), (0, False)])
def test_secure_cookies_are_for_https(
    cloudfront_edge: Callable[..., Edge], port: int | None, allowed: bool
) -> None:
    """An edge on a port is reached by http."""
    edge = cloudfront_edge(wsgi_origin, port=port)
    check = edge.assert_allows if allowed else edge.assert_denies
    check(with_cookies(edge, "Secure"))


def with_cookies(edge: Edge, attributes: str) -> Any:
    lines = [
        f"{k}={v}; Path=/; {attributes}"
        for k, v in edge.distribution.sign_cookies(pattern="*").items()
    ]
    headers = [("Location", f"{edge.domain}/v/a"), *(("Set-Cookie", line) for line in lines)]
    return httpx.Response(303, headers=headers)


def test_what_is_no_answer(edge: Edge) -> None:
    with pytest.raises(TypeError, match="headers"):
        edge.assert_allows(Allow())


def test_settings(edge: Edge) -> None:
    """A site before this edge takes them as they are."""
    site = Distribution.from_config(edge.settings)
    edge.assert_allows(site.sign_path("a"))
    assert json.dumps(edge.settings["CLOUDFRONT_CONFIG"])


PLUGIN_IS_QUIET = """
import sys

def test_nothing_was_imported():
    assert "cfsign" not in sys.modules
    assert "httpx" not in sys.modules
"""

USES_IT = """
def test_a(cloudfront_edge, cloudfront_clock, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    edge = cloudfront_edge(tmp_path, port=0)
    url = edge.assert_allows(edge.distribution.sign_path("a.txt"))
    assert edge.get(url).text == "a"
    cloudfront_clock.shift(61)
    assert edge.get(url).status_code == 403

def test_b(cloudfront_key_pair, request):
    request.config.made = getattr(request.config, "made", set()) | {id(cloudfront_key_pair)}

def test_c(cloudfront_key_pair, request):
    assert request.config.made == {id(cloudfront_key_pair)}

def test_fails(cloudfront_edge, tmp_path):
    cloudfront_edge(tmp_path).assert_allows("/a.txt")
"""


@pytest.fixture
def run_pytest(tmp_path: Path) -> Callable[..., str]:
    """pytest in a process of its own, as in a user's project."""
    import subprocess
    import sys

    def run(text: str, *arguments: str) -> str:
        (tmp_path / "test_user.py").write_text(text)
        options = ["-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", *arguments]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    return run


def test_a_run_that_does_not_use_it_imports_nothing(run_pytest: Callable[..., str]) -> None:
    """No time is lost, and nothing of cfsign can break it."""
    assert "1 passed" in run_pytest(PLUGIN_IS_QUIET)


def test_a_run_that_uses_it(run_pytest: Callable[..., str]) -> None:
    """By the entry point alone; a failure's traceback ends in the test."""
    output = run_pytest(USES_IT)
    assert "3 passed" in output
    assert "1 failed" in output
    assert "CloudFront refuses https://media.example.com/a.txt: 403 MissingKey" in output
    assert "cfsign/testing" not in output
    assert "cloudfront_edge" in run_pytest(USES_IT, "--fixtures")

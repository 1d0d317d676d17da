"""`cfsign.testing.Edge`: requests, its clock, and assertions about URLs."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

httpx = pytest.importorskip("httpx")
for _package in ("waitress", "whitenoise"):
    pytest.importorskip(_package)

from cfsign import ConfigurationError, Distribution  # noqa: E402
from cfsign.edge import Behavior  # noqa: E402
from cfsign.testing import Clock, Edge, GeneratedKeyPair, Reason  # noqa: E402


def wsgi_origin(environ: Any, start_response: Any) -> list[bytes]:
    """Return the request target and the client address."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_URI']} {environ['REMOTE_ADDR']}".encode()]


async def asgi_origin(scope: Any, receive: Any, send: Any) -> None:
    """Return the request target and the client address."""
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    body = target + b" " + scope["client"][0].encode()
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class CallableASGI:
    """An application that is an object, as those of frameworks are."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await asgi_origin(scope, receive, send)


ORIGINS = [wsgi_origin, asgi_origin, CallableASGI()]


class TestEdge:
    """Requests through the edge."""

    def test_folder(self, edge: Edge) -> None:
        """A signed URL is served; others are refused and explained."""
        assert edge.get(edge.distribution.sign_path("a b.txt")).text == "the file"
        refused = edge.get("/a%20b.txt")
        assert (refused.status_code, "MissingKey" in refused.text) == (403, True)
        assert "x-edge-explain" in refused.headers

    @pytest.mark.parametrize("origin", ORIGINS, ids=["WSGI", "ASGI", "object"])
    @pytest.mark.parametrize("port", [None, 0], ids=["in process", "on a port"])
    def test_application(
        self, cloudfront_edge: Callable[..., Edge], origin: Any, port: int | None
    ) -> None:
        """It receives the target exactly as sent, and the client address."""
        if port == 0 and origin is not wsgi_origin:
            pytest.importorskip("uvicorn")
        edge = cloudfront_edge(origin, port=port)
        url = edge.distribution.sign_path("a~b=c/%7e.txt", query="q=%41")
        target = url.removeprefix(edge.domain).partition("&Expires")[0]
        address = "203.0.113.7" if port is None else "127.0.0.1"
        response = edge.get(url)
        assert response.status_code == 200, response.headers
        assert response.text == f"{target} {address}"
        assert edge.get(url.replace("a~b", "a~c")).status_code == 403

    @pytest.mark.parametrize("origin", ORIGINS[:2], ids=["WSGI", "ASGI"])
    def test_async_client(self, cloudfront_edge: Callable[..., Edge], origin: Any) -> None:
        """For tests that are coroutines."""
        edge = cloudfront_edge(origin)

        async def send() -> Any:
            async with edge.async_client() as client:
                return await client.get(edge.distribution.sign_path("a.txt"))

        assert asyncio.run(send()).text == "/a.txt 203.0.113.7"

    def test_with_block_stops_the_server(
        self, folder: Path, cloudfront_key_pair: GeneratedKeyPair
    ) -> None:
        with Edge(folder, cloudfront_key_pair, port=0) as edge:
            assert edge.get("/").status_code == 403
        with httpx.Client(trust_env=False) as client, pytest.raises(httpx.ConnectError):
            client.get(edge.domain)

    def test_behaviors(self, cloudfront_edge: Callable[..., Edge], folder: Path) -> None:
        edge = cloudfront_edge(folder, behaviors=[Behavior("/a*", None)])
        assert edge.get("/a%20b.txt").text == "the file"
        edge.assert_allows("/a%20b.txt")
        edge.assert_denies("/b")

    def test_reason_must_be_a_reason(self, edge: Edge) -> None:
        """Not the text of a reason, although failures print that text."""
        reason: Any = "no key pair id"
        with pytest.raises(TypeError, match=r"such as Reason\.EXPIRED, got 'no key pair id'"):
            edge.assert_denies("/b", reason=reason)

    def test_missing_folder_or_port_is_an_error(self, cloudfront_edge: Callable[..., Edge]) -> None:
        with pytest.raises(NotADirectoryError, match="nowhere"):
            cloudfront_edge("nowhere")
        with pytest.raises(ConfigurationError, match="port 70000"):
            cloudfront_edge(wsgi_origin, port=70000)

    def test_repr_has_no_private_key(
        self, edge: Edge, cloudfront_key_pair: GeneratedKeyPair
    ) -> None:
        assert "PRIVATE" not in repr(cloudfront_key_pair) + repr(edge)


class TestClock:
    """The edge's clock."""

    def test_clock_follows_the_machine(self) -> None:
        assert abs(Clock()() - time.time()) < 60

    def test_clock_moves(self, edge: Edge) -> None:
        """A URL for 60 seconds is allowed after 50 seconds, and refused after 61."""
        url = edge.distribution.sign_path("a b.txt", expires_in=60)
        edge.clock.shift(50)
        assert edge.get(url).status_code == 200
        edge.clock.shift(timedelta(seconds=11))
        assert edge.get(url).status_code == 403
        edge.assert_denies(url, reason=Reason.EXPIRED, code="AccessDenied")
        edge.clock.reset()
        edge.assert_allows(url)

    @pytest.mark.parametrize(
        "value", [1767225600, datetime(2026, 1, 1, tzinfo=UTC)], ids=["seconds", "datetime"]
    )
    def test_clock_stops(self, value: Any) -> None:
        """At the given time; it can still be shifted."""
        clock = Clock()
        clock.at = value
        assert clock.at == clock() == 1767225600
        clock.shift(-1)
        assert clock.at == 1767225599

    def test_naive_datetime_is_refused(self) -> None:
        with pytest.raises(ValueError, match="aware"):
            Clock().at = datetime(2026, 1, 1)

    def test_edges_of_a_test_share_the_clock(
        self, cloudfront_edge: Callable[..., Edge], cloudfront_clock: Clock, folder: Path
    ) -> None:
        """It is the one of the fixture `cloudfront_clock`."""
        assert cloudfront_edge(folder).clock is cloudfront_edge(folder).clock is cloudfront_clock


def test_documentation_lists_every_reason() -> None:
    """Except ALLOWED, which is not a reason for a refusal."""
    path = Path(__file__).parents[2] / "docs" / "testing.md"
    (line,) = re.findall("`reason` is a `Reason`: (.*)\\.", path.read_text("utf-8"))
    listed = re.findall("`([A-Z_]+)`", line)
    assert listed == [reason.name for reason in Reason if reason is not Reason.ALLOWED]


def test_failure_is_explained_without_a_signature(edge: Edge) -> None:
    """The message has the reason and the likely causes."""
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


def test_refusal_for_another_reason_fails(edge: Edge) -> None:
    """Or with another code, and so does an allowed request."""
    with pytest.raises(AssertionError, match=r"not for Reason\.EXPIRED: .*MissingKey"):
        edge.assert_denies("/a", reason=Reason.EXPIRED)
    with pytest.raises(AssertionError, match="not for InvalidKey"):
        edge.assert_denies("/a", code="InvalidKey")
    with pytest.raises(AssertionError, match=r"CloudFront allows https://media\.example\.com/a$"):
        edge.assert_denies(edge.distribution.sign_path("a"))


def test_address_and_cookies_of_the_client(edge: Edge) -> None:
    """The arguments replace the edge's address and add cookies."""
    url = edge.distribution.sign_path("a", ip_address="203.0.113.7")
    edge.assert_allows(url)
    edge.assert_denies(url, ip_address="192.0.2.1", reason=Reason.VIEWER_ADDRESS)
    cookies = edge.distribution.sign_cookies(pattern="v/*")
    edge.assert_allows("/v/a", cookies=cookies)
    edge.assert_denies("/w/a", cookies=cookies, reason=Reason.RESOURCE_MISMATCH)


def test_settings_are_those_of_a_site(edge: Edge) -> None:
    site = Distribution.from_config(edge.settings)
    edge.assert_allows(site.sign_path("a"))
    assert json.dumps(edge.settings["CLOUDFRONT_CONFIG"])


def test_names_that_are_not_ascii_are_served_in_this_process(
    tmp_path: Path, cloudfront_key_pair: GeneratedKeyPair
) -> None:
    """httpx passes such a path to a WSGI application as Unicode text, against PEP 3333."""
    (tmp_path / "Größe 100%.txt").write_text("the file")
    with Edge(tmp_path, cloudfront_key_pair) as edge:
        assert edge.get(edge.distribution.sign_path("Größe 100%.txt")).text == "the file"

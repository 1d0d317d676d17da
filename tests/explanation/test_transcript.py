"""The request is found in pasted text, and error responses are explained."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from cfsign import Mistake, Reason, explain
from cfsign.edge import WSGIEdge
from cfsign.explanation import explain_response
from cfsign.explanation.transcript import read_transcript
from tests.explanation.makers import EXPIRES, NOW, World, cookies
from tests.explanation.mistakes import (
    ABROAD,
    BAD_GATEWAY,
    BLOCKED,
    DENIED,
    INVALID_KEY,
    S3,
    UNRESTRICTED,
    URL,
)

HTTP_2 = """\
*   Trying 203.0.113.7:443...
* Connected to media.example.com (203.0.113.7) port 443 (#0)
* ALPN: offers h2,http/1.1
* TLSv1.3 (OUT), TLS handshake, Client hello (1):
* using HTTP/2
* [HTTP/2] [1] OPENED stream for https://media.example.com/a.jpg?x=1
> GET /a.jpg?x=1 HTTP/2
> Host: media.example.com
> User-Agent: curl/8.5.0
> Cookie: session=1
> Cookie: CloudFront-Key-Pair-Id=K1
>
< HTTP/2 403
< server: CloudFront
< date: Thu, 01 Jan 2026 00:00:00 GMT
< x-cache: Error from cloudfront
<
<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>
"""

REDIRECTED = """\
*   Trying 203.0.113.9:80...
> GET /content/a HTTP/1.1
> Host: www.example.com
>
< HTTP/1.1 303 See Other
< Location: https://media.example.com/a.jpg?x=1
<
"""


def test_curl_over_http_2() -> None:
    """The cookies of two headers are joined; the time is the server's."""
    exchange = read_transcript(HTTP_2)
    assert exchange.url == "https://media.example.com/a.jpg?x=1"
    assert exchange.cookies == "session=1; CloudFront-Key-Pair-Id=K1"
    assert (exchange.status, exchange.at) == (403, NOW)


def test_refused_request_is_chosen_of_several() -> None:
    """Not a redirect before or after it."""
    assert read_transcript(REDIRECTED).url == "http://www.example.com/content/a"
    for text in (REDIRECTED + HTTP_2, HTTP_2 + REDIRECTED):
        assert read_transcript(text).url == "https://media.example.com/a.jpg?x=1"


@pytest.mark.parametrize(
    ("text", "url", "header"),
    [
        ("https://h.example/a b.jpg\n", "https://h.example/a b.jpg", None),
        ("I get 403 for https://h.example/a?b=1 why\n?", "https://h.example/a?b=1", None),
        ("https://h.example/a\nCookie: a=1; b=2", "https://h.example/a", "a=1; b=2"),
        ("cookie: a=1", "", "a=1"),
        (DENIED, "", None),
        ("", "", None),
    ],
)
def test_other_texts(text: str, url: str, header: str | None) -> None:
    """A URL alone or in a sentence, a header, XML, nothing."""
    exchange = read_transcript(text)
    assert (exchange.url, exchange.cookies) == (url, header)


def test_cookies_alone_are_explained_with_a_url_of_their_policy(world: World) -> None:
    """This shows mistakes in their times and their signature."""
    signed = cookies(world.boto_policy("https://h.example/video/*"), world.rsa)
    header = "; ".join(f"{name}={value}" for name, value in signed.items())
    exchange = read_transcript(f"Cookie: {header}")
    assert exchange.url == "https://h.example/video/"
    assert explain(exchange.url, world.trusted, cookies=exchange.cookies, at=NOW).allowed
    expired = explain(exchange.url, world.trusted, cookies=exchange.cookies, at=EXPIRES)
    assert expired.causes[0].mistake is Mistake.EXPIRED


@pytest.mark.parametrize(
    ("body", "code", "mistake"),
    [
        (S3, None, Mistake.S3_RESPONSE),
        (UNRESTRICTED, None, Mistake.NOT_RESTRICTED),
        (INVALID_KEY, "InvalidKey", Mistake.KEY_GROUP_NOT_ATTACHED),
        (DENIED, "AccessDenied", Mistake.NO_KEY_VERIFIES),
        (BLOCKED, None, Mistake.BLOCKED),
        (ABROAD, None, Mistake.BLOCKED),
        (BLOCKED.replace("403", "502"), None, Mistake.OTHER_STATUS),
    ],
)
def test_response_alone_has_its_likeliest_cause(
    body: str, code: str | None, mistake: Mistake
) -> None:
    explanation = explain_response(body)
    assert explanation is not None
    assert explanation.code == code
    assert explanation.causes[0].mistake is mistake
    assert not explanation
    # A status other than 403 is not a refusal: it says nothing about the signature.
    assert explanation.allowed is (None if mistake is Mistake.OTHER_STATUS else False)
    assert explanation.reason is None
    is_certain = mistake in (Mistake.NOT_RESTRICTED, Mistake.BLOCKED)
    assert any(cause.certain for cause in explanation.causes) is is_certain


def test_response_alone_has_no_reason_in_its_headline() -> None:
    """Several reasons share a code."""
    explanation = explain_response(DENIED)
    assert explanation is not None
    assert explanation.headline == "403 AccessDenied: Access denied."
    assert explanation.to_dict()["message"] == "Access denied"
    bare = explain_response("<Code>AccessDenied</Code>")
    assert bare is not None
    assert bare.headline == "403 AccessDenied."


@pytest.mark.parametrize("body", [S3, UNRESTRICTED])
def test_s3_response_to_a_refused_request(world: World, body: str) -> None:
    """CloudFront did not check the signature, because the cache behavior is not restricted."""
    explanation = explain(world.boto(URL), world.trusted, at=EXPIRES, response=body)
    assert explanation.reason is Reason.EXPIRED
    assert explanation.causes[0].mistake is Mistake.NOT_RESTRICTED
    assert "accepted" not in str(explanation.causes[0])
    assert explanation.headline == "403 from S3, not from CloudFront."


def test_s3_response_is_certain_only_with_keys(world: World) -> None:
    causes = [
        explain(world.boto(URL), keys, at=NOW, response=S3).causes[0]
        for keys in (world.trusted, None)
    ]
    assert [cause.mistake for cause in causes] == [Mistake.S3_RESPONSE] * 2
    assert [cause.certain for cause in causes] == [True, False]


@pytest.mark.parametrize(("body", "code"), [(DENIED, "AccessDenied"), (INVALID_KEY, "InvalidKey")])
def test_response_that_refuses_an_allowed_request(world: World, body: str, code: str) -> None:
    explanation = explain(world.boto(URL), world.trusted, at=NOW, response=body)
    assert explanation.headline == f"403 {code}, although these keys allow the request."
    assert (bool(explanation), explanation.allowed, explanation.code) == (False, False, code)
    assert explanation.verdict


def test_hint_for_a_page_depends_on_its_text() -> None:
    blocked, abroad = explain_response(BLOCKED), explain_response(ABROAD)
    assert blocked is not None
    assert abroad is not None
    assert blocked.headline == "403 from CloudFront, but not because of the signature."
    assert "WAF" in blocked.causes[0].hint
    assert "geographic restrictions" in abroad.causes[0].hint
    assert "WAF" not in abroad.causes[0].hint


def test_response_with_another_status(world: World) -> None:
    """The signature is only called right if the keys allow the request."""
    url = world.boto(URL)
    right = explain(url, world.trusted, at=NOW, response=BAD_GATEWAY)
    assert right.headline == "The signature is right, but the response was 502."
    assert "check the origin" in right.causes[0].hint
    unknown = explain(url, at=NOW, response=BAD_GATEWAY)
    assert "signature is right" not in str(unknown)
    assert unknown.causes[0].message == "The response was 502, which is never caused by a signature"
    wrong = explain(url, world.trusted, at=EXPIRES, response=BAD_GATEWAY)
    assert wrong.causes[0].mistake is Mistake.EXPIRED
    not_there = f"> GET /a HTTP/2\n> Host: h.example\n< HTTP/2 404\n{S3}"
    assert (
        "the response was 404" in explain(url, world.trusted, at=NOW, response=not_there).headline
    )
    for status in ("200", "304", "403"):
        fine = BAD_GATEWAY.partition("<!")[0].replace("502", status)
        assert explain(url, world.trusted, at=NOW, response=fine).causes == ()


def test_text_without_an_error_response() -> None:
    assert explain_response("hello") is None


class SilentHandler(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def get_environ(self) -> Any:
        return {**super().get_environ(), "REQUEST_URI": self.path}


@pytest.fixture
def edge(world: World) -> Iterator[str]:
    """The URL of a local edge."""

    def origin(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"a file"]

    keys = world.trusted
    with make_server(
        "127.0.0.1", 0, WSGIEdge(origin, keys, clock=lambda: NOW), handler_class=SilentHandler
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_output_of_curl(world: World, edge: str) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    url = world.boto(f"{edge}/a.jpg?size=1").replace("size=1", "size=2")
    command = [curl, "--silent", "--verbose", "--cookie", "a=1", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    text = done.stdout.decode()
    exchange = read_transcript(text)
    assert (exchange.url, exchange.cookies, exchange.status) == (url, "a=1", 403)
    more = {"cookies": exchange.cookies, "at": NOW, "response": text}
    explanation = explain(exchange.url, world.trusted, **more)
    assert explanation.verdict == world.trusted.check(url, at=NOW)
    assert explanation.reason is Reason.SIGNATURE_MISMATCH

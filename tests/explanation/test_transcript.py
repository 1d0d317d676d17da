"""What a person pastes: the request is found in it."""

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
    """The scheme, the host, the cookies of two headers, the status and the server's clock."""
    read = read_transcript(HTTP_2)
    assert read.url == "https://media.example.com/a.jpg?x=1"
    assert read.cookies == "session=1; CloudFront-Key-Pair-Id=K1"
    assert (read.status, read.at) == (403, NOW)


def test_the_refused_request_of_several() -> None:
    """Not the redirect to it, nor what is asked for after it."""
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
    read = read_transcript(text)
    assert (read.url, read.cookies) == (url, header)


def test_cookies_alone_are_tried_on_what_their_policy_is_for(world: World) -> None:
    """Which shows their times and their signature."""
    signed = cookies(world.boto_policy("https://h.example/video/*"), world.rsa)
    header = "; ".join(f"{name}={value}" for name, value in signed.items())
    read = read_transcript(f"Cookie: {header}")
    assert read.url == "https://h.example/video/"
    assert explain(read.url, world.trusted, cookies=read.cookies, at=NOW).allowed
    expired = explain(read.url, world.trusted, cookies=read.cookies, at=EXPIRES)
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
def test_the_answer_alone(body: str, code: str | None, mistake: Mistake) -> None:
    """S3's is told from CloudFront's, and each code has its likely causes."""
    told = explain_response(body)
    assert told is not None
    assert told.code == code
    assert told.causes[0].mistake is mistake
    assert not told
    # Another status than 403 is no refusal: whether the signature is right, it does not tell.
    assert told.allowed is (None if mistake is Mistake.OTHER_STATUS else False)
    assert told.reason is None
    is_told_for_certain = mistake in (Mistake.NOT_RESTRICTED, Mistake.BLOCKED)
    assert any(cause.certain for cause in told.causes) is is_told_for_certain


def test_the_answer_alone_is_no_more_than_its_code_and_its_message() -> None:
    """Several rules share a code, so that none of them is named as the one that failed."""
    told = explain_response(DENIED)
    assert told is not None
    assert told.headline == "403 AccessDenied: Access denied."
    assert told.to_dict()["message"] == "Access denied"
    bare = explain_response("<Code>AccessDenied</Code>")
    assert bare is not None
    assert bare.headline == "403 AccessDenied."


@pytest.mark.parametrize("body", [S3, UNRESTRICTED])
def test_s3s_answer_to_what_cloudfront_refuses(world: World, body: str) -> None:
    """It has come past CloudFront's check, as it does where no behaviour asks for one."""
    told = explain(world.boto(URL), world.trusted, at=EXPIRES, response=body)
    assert told.reason is Reason.EXPIRED
    assert told.causes[0].mistake is Mistake.NOT_RESTRICTED
    assert "was accepted" not in str(told.causes[0])
    assert told.headline == "403 from S3, not from CloudFront."


def test_s3s_answer_to_what_nobody_can_check(world: World) -> None:
    """That the signature was let through is certain only where the keys say so."""
    causes = [
        explain(world.boto(URL), keys, at=NOW, response=S3).causes[0]
        for keys in (world.trusted, None)
    ]
    assert [cause.mistake for cause in causes] == [Mistake.S3_RESPONSE] * 2
    assert [cause.certain for cause in causes] == [True, False]


@pytest.mark.parametrize(("body", "code"), [(DENIED, "AccessDenied"), (INVALID_KEY, "InvalidKey")])
def test_an_answer_that_refuses_what_the_keys_allow(world: World, body: str, code: str) -> None:
    """It counts as what it is: refused."""
    told = explain(world.boto(URL), world.trusted, at=NOW, response=body)
    assert told.headline == f"403 {code}, although these keys allow the request."
    assert (bool(told), told.allowed, told.code) == (False, False, code)
    assert told.verdict


def test_a_page_that_blocks_is_not_the_signatures() -> None:
    """What to look at is told by what the page says."""
    blocked, abroad = explain_response(BLOCKED), explain_response(ABROAD)
    assert blocked is not None
    assert abroad is not None
    assert blocked.headline == "403 from CloudFront, but not because of the signature."
    assert "WAF" in blocked.causes[0].hint
    assert "geographic restrictions" in abroad.causes[0].hint
    assert "WAF" not in abroad.causes[0].hint


def test_an_answer_of_another_status(world: World) -> None:
    """A right signature is said to be right, and a wrong one not."""
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


def test_no_answer() -> None:
    """A text that holds none is explained by none."""
    assert explain_response("hello") is None


class Silent(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def get_environ(self) -> Any:
        return {**super().get_environ(), "REQUEST_URI": self.path}


@pytest.fixture
def edge(world: World) -> Iterator[str]:
    """A local edge, and its URL."""

    def origin(_environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"a file"]

    keys = world.trusted
    with make_server(
        "127.0.0.1", 0, WSGIEdge(origin, keys, clock=lambda: NOW), handler_class=Silent
    ) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_real_curl(world: World, edge: str) -> None:
    """Its output, as it comes, tells all that the URL tells."""
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    url = world.boto(f"{edge}/a.jpg?size=1").replace("size=1", "size=2")
    command = [curl, "--silent", "--verbose", "--cookie", "a=1", url]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)
    text = done.stdout.decode()
    read = read_transcript(text)
    assert (read.url, read.cookies, read.status) == (url, "a=1", 403)
    told = explain(read.url, world.trusted, cookies=read.cookies, at=NOW, response=text)
    assert told.verdict == world.trusted.check(url, at=NOW)
    assert told.reason is not None
    assert told.reason.name == "SIGNATURE_MISMATCH"

"""ViewOptions: what the viewer gets, the same for every framework."""

from __future__ import annotations

import dataclasses
import gc
import json
import warnings
from collections.abc import Hashable
from http import HTTPStatus
from http.cookies import SimpleCookie
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import (
    Allow,
    CfsignWarning,
    Configuration,
    ConfigurationError,
    DecisionError,
    Deny,
    Distribution,
    PolicyError,
    ResourceError,
    Signer,
    SigningKeyError,
    TrustedKeyGroup,
)
from cfsign.views import (
    FileRequest,
    ViewHandler,
    ViewOptions,
    ViewResponse,
    build_missing_resource_error,
)
from tests.views.helpers import respond

DOMAIN = "https://media.example.com"


@pytest.fixture(scope="session")
def distribution(signer: Signer) -> Distribution:
    """A distribution that signs for real."""
    return Distribution(DOMAIN, signer)


def answered(result: ViewResponse | Deny) -> ViewResponse:
    assert isinstance(result, ViewResponse)
    return result


def cookies_of(answer: ViewResponse) -> dict[str, str]:
    jar = SimpleCookie()
    for name, value in answer.headers:
        if name == "Set-Cookie":
            jar.load(value)
    return {name: morsel.value for name, morsel in jar.items() if morsel["max-age"] != "0"}


def paths_of(answer: ViewResponse) -> set[str]:
    set_cookie = [value for name, value in answer.headers if name == "Set-Cookie"]
    return {part for value in set_cookie for part in value.split("; ") if part.startswith("Path=")}


def test_a_yes_is_a_redirect_to_the_signed_url(
    recording_distribution: Distribution, recorder: Any, clock: Any, now: int
) -> None:
    """303, the location to the byte, not stored; one signature."""
    answer = answered(respond(ViewOptions(), recording_distribution, "a b.pdf", 200))
    assert answer.status == 303
    assert answer.location == recording_distribution.sign_path("a b.pdf")
    assert answer.location.startswith(f"{DOMAIN}/a%20b.pdf?Expires={now + 60}&Signature=")
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    assert len(answer.headers) == 2
    assert answer.body == b""
    assert len(recorder.signed) == 2  # one of them for the comparison


def test_the_redirect_is_let_in(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """The checking side, which knows nothing of the signing code, allows what comes out."""
    for name in ("a.pdf", "ä ö.pdf", "100%.txt", "a+b", "a*b", "dir/x?y#z"):
        answer = answered(respond(ViewOptions(), distribution, name, 200))
        assert trusted_keys.check(answer.location or "")


def test_status_and_headers_are_the_sites(recording_distribution: Distribution) -> None:
    """Each answer has containers of its own."""
    headers = {"X-Robots-Tag": "noindex"}
    delivery = ViewOptions(code=HTTPStatus.FOUND, headers=headers)
    headers["X-Late"] = "y"
    one = answered(respond(delivery, recording_distribution, "a", 200))
    two = answered(respond(delivery, recording_distribution, "b", 200))
    assert (one.status, type(one.status)) == (302, int)
    assert ("X-Robots-Tag", "noindex") in one.headers
    assert "X-Late" not in dict(one.headers)
    assert (one.location or "").startswith(f"{DOMAIN}/a?")
    assert (two.location or "").startswith(f"{DOMAIN}/b?")


@pytest.mark.parametrize(
    "result", [400, 401, 403, HTTPStatus.NOT_FOUND, 500, 599, Deny(), Deny(401, {"X": "y"})]
)
@pytest.mark.parametrize("mode", ["redirect", "json", "cookies"])
def test_a_no_is_a_deny_and_nothing_is_signed(
    recording_distribution: Distribution, recorder: Any, result: Any, mode: Any
) -> None:
    """With the status and the headers that the site's rule gave."""
    deny = respond(ViewOptions(delivery=mode), recording_distribution, "a", result)
    assert deny == (result if isinstance(result, Deny) else Deny(result))
    assert recorder.signed == []


@pytest.mark.parametrize(
    "result",
    [
        None,
        True,
        False,
        "200",
        199,
        201,
        299,
        303,
        700,
        0,
        -200,
        200.0,
        (200,),
        [],
        object(),
        Allow,
    ],
)
@pytest.mark.parametrize("mode", ["redirect", "json", "cookies"])
def test_what_is_not_understood_is_an_error_and_nothing_is_signed(
    recording_distribution: Distribution, recorder: Any, result: Any, mode: Any
) -> None:
    """In every mode, and with a location of one's own."""
    delivery = ViewOptions(delivery=mode)
    for location in ("", f"{DOMAIN}/b"):
        with pytest.raises(DecisionError, match="authorize "):
            respond(delivery, recording_distribution, "a", result, location=location)
    assert recorder.signed == []


def test_a_coroutine_is_an_error_and_nothing_is_signed(
    recording_distribution: Distribution, recorder: Any
) -> None:
    """An async authorize on a sync path, which is truthy and was never awaited."""

    async def authorize() -> int:
        return 200

    with pytest.raises(DecisionError, match="coroutine that was not awaited"):
        respond(ViewOptions(), recording_distribution, "a", authorize())
    gc.collect()
    assert recorder.signed == []


def test_other_statuses_may_allow(recording_distribution: Distribution, recorder: Any) -> None:
    """Those that the site names, and then 200 no longer."""
    delivery = ViewOptions(allowed_statuses=(201,))
    assert isinstance(respond(delivery, recording_distribution, "a", 201), ViewResponse)
    recorder.signed.clear()
    with pytest.raises(DecisionError):
        respond(delivery, recording_distribution, "a", 200)
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("allow", "words"),
    [
        (Allow(expires_in=5), b'"DateLessThan":{"AWS:EpochTime":1767225605}'),
        (Allow(expires_at=1767225700), b'"DateLessThan":{"AWS:EpochTime":1767225700}'),
        (Allow(starts_at=1767225600), b'"DateGreaterThan":{"AWS:EpochTime":1767225600}'),
        (Allow(ip_address="192.0.2.1"), b'"IpAddress":{"AWS:SourceIp":"192.0.2.1/32"}'),
    ],
)
@pytest.mark.parametrize("mode", ["redirect", "json", "cookies"])
def test_an_allow_has_its_say(
    recording_distribution: Distribution,
    recorder: Any,
    clock: Any,
    allow: Allow,
    words: bytes,
    mode: Any,
) -> None:
    """A shorter life, a start, the viewer's address: they are in what is signed."""
    answered(respond(ViewOptions(delivery=mode), recording_distribution, "dir/a", allow))
    assert words in recorder.signed[0][0]


@pytest.mark.parametrize(
    "allow",
    [
        Allow(expires_in=0),
        Allow(expires_at=1767225600),
        Allow(expires_in=5, expires_at=1999999999),
        Allow(starts_at=1999999999),
        Allow(ip_address="::1"),
    ],
)
def test_an_allow_that_cannot_be_signed_is_an_error(
    recording_distribution: Distribution, recorder: Any, clock: Any, allow: Allow
) -> None:
    """The site's mistake, not the viewer's."""
    with pytest.raises(PolicyError):
        respond(ViewOptions(), recording_distribution, "a", allow)
    assert recorder.signed == []


def test_json(recording_distribution: Distribution, clock: Any, now: int) -> None:
    """The URL and its end, for scripts, not stored either."""
    delivery = ViewOptions(delivery="json", headers={"X-A": "b"})
    answer = answered(respond(delivery, recording_distribution, "é", Allow(expires_in=7)))
    assert answer.status == 200
    assert answer.headers == (
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("X-A", "b"),
    )
    content = json.loads(answer.body)
    assert content == {
        "url": recording_distribution.sign_path("é", expires_in=7),
        "expires_at": now + 7,
    }


def test_cookies_open_the_folder_and_only_that(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """Set-Cookie and a redirect to the clean URL; the edge lets the folder in, nothing else."""
    answer = answered(
        respond(ViewOptions(delivery="cookies"), distribution, "videos/42/é.m3u8", 200)
    )
    assert (answer.status, answer.location) == (303, f"{DOMAIN}/videos/42/%C3%A9.m3u8")
    assert dict(answer.headers)["Cache-Control"] == "no-store"
    assert paths_of(answer) == {"Path=/videos/42/"}
    cookies = cookies_of(answer)
    assert set(cookies) == {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}

    def opens(url: str) -> bool:
        return trusted_keys.check(url, cookies=cookies).allowed

    assert not trusted_keys.check(answer.location or "")
    for inside in ("%C3%A9.m3u8", "1.ts", "hd/1.ts", "1.ts?x=1", ""):
        assert opens(f"{DOMAIN}/videos/42/{inside}")
    for outside in ("videos/420/1.ts", "videos/42", "videos/1.ts", "1.ts", "x/videos/42/1.ts"):
        assert not opens(f"{DOMAIN}/{outside}")
    assert not opens("http://media.example.com/videos/42/1.ts")
    assert not opens("https://other.example.com/videos/42/1.ts")


def test_cookies_at_the_top_open_one_file(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """There, the folder would be the whole distribution."""
    answer = answered(respond(ViewOptions(delivery="cookies"), distribution, "film.mp4", 200))
    cookies = cookies_of(answer)
    assert paths_of(answer) == {"Path=/film.mp4"}
    assert trusted_keys.check(f"{DOMAIN}/film.mp4", cookies=cookies)
    assert not trusted_keys.check(f"{DOMAIN}/other.mp4", cookies=cookies)
    assert not trusted_keys.check(f"{DOMAIN}/", cookies=cookies)


def test_a_star_in_a_folders_name_opens_no_other_folder(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """The one wildcard is the one at the end."""
    answer = answered(respond(ViewOptions(delivery="cookies"), distribution, "*/u?/a", 200))
    cookies = cookies_of(answer)
    assert trusted_keys.check(f"{DOMAIN}/%2A/u%3F/b", cookies=cookies)
    assert not trusted_keys.check(f"{DOMAIN}/x/ux/b", cookies=cookies)


@pytest.mark.parametrize(
    ("domain", "options", "expected"),
    [
        (DOMAIN, {}, {"Path=/v/", "Secure", "HttpOnly"}),
        ("http://media.example.com", {}, {"Path=/v/", "HttpOnly"}),
        (
            DOMAIN,
            {"cookie_domain": "example.com", "cookie_samesite": "Lax"},
            {"Domain=example.com", "Path=/v/", "Secure", "HttpOnly", "SameSite=Lax"},
        ),
        (
            DOMAIN,
            {"cookie_samesite": "None"},
            {"Path=/v/", "Secure", "HttpOnly", "SameSite=None"},
        ),
    ],
)
def test_cookie_attributes(
    recording_signer: Signer, domain: str, options: dict[str, Any], expected: set[str]
) -> None:
    """Secure as the domain's scheme; domain and SameSite as the site says."""
    delivery = ViewOptions(delivery="cookies", **options)
    answer = answered(respond(delivery, Distribution(domain, recording_signer), "v/a", 200))
    headers = [value for name, value in answer.headers if name == "Set-Cookie"]
    assert len(headers) == 5
    for header in headers:
        attributes = set(header.split("; ")[1:])
        if "Max-Age=0" in attributes:  # one of those that clear an earlier set's
            attributes -= {"Max-Age=0", "expires=Thu, 01 Jan 1970 00:00:00 GMT"}
        assert attributes == expected


def test_forward_query_copies_the_names_that_are_listed(
    recording_distribution: Distribution, clock: Any
) -> None:
    """Nothing else of the viewer's query gets into the signed URL."""
    delivery = ViewOptions(forward_query=("response-content-disposition", "v"))
    query = "v=1&utm=x&response-content-disposition=attachment%3B%20a+b&V=2&v=&v=%C3%A9&w"
    answer = answered(respond(delivery, recording_distribution, "a", 200, query))
    pairs = parse_qsl(urlsplit(answer.location or "").query, keep_blank_values=True)
    assert pairs[:4] == [
        ("v", "1"),
        ("response-content-disposition", "attachment; a b"),
        ("v", ""),
        ("v", "é"),
    ]
    assert [name for name, _ in pairs[4:]] == ["Expires", "Signature", "Key-Pair-Id"]


@pytest.mark.parametrize(
    ("query", "forwarded"),
    [
        (b"v=a+b", "v=a%20b"),
        (b"v=%FF", "v=%FF"),
        (b"v=\xff", "v=%FF"),
        ("v=\xff", "v=%FF"),
        (b"v=\xc3\xa9", "v=%C3%A9"),
        ("v=\xc3\xa9", "v=%C3%A9"),
        (b"v=\xc3%A9", "v=%C3%A9"),
        (b"%c3%a9=1&\xc3\xa9=2", "%C3%A9=1&%C3%A9=2"),
        (b"v=%e9&v=%ff%fe", "v=%E9&v=%FF%FE"),
        (b"%E9=1&v\xff=2&v=3", "v=3"),
        (b"v=%zz%&v=%", "v=%25zz%25&v=%25"),
    ],
)
def test_what_is_forwarded_is_the_viewers_own_bytes(
    distribution: Distribution,
    trusted_keys: TrustedKeyGroup,
    clock: Any,
    query: str | bytes,
    forwarded: str,
) -> None:
    """Whatever encoding they are in, and in the one spelling that no browser changes."""
    delivery = ViewOptions(forward_query=("v", "é"))
    answer = answered(respond(delivery, distribution, "a", 200, query))
    assert (answer.location or "").startswith(f"{DOMAIN}/a?{forwarded}&Expires=")
    assert trusted_keys.check(answer.location or "")


@pytest.mark.parametrize("query", ["v=\u20ac", "v=1&x=\ud800"])
def test_a_query_that_is_no_bytes_is_a_404(
    recording_distribution: Distribution, recorder: Any, query: str
) -> None:
    """Which bytes the viewer sent, nobody could tell."""
    delivery = ViewOptions(forward_query=("v",))
    assert respond(delivery, recording_distribution, "a", 200, query) == Deny(404)
    assert recorder.signed == []


def test_without_forward_query_nothing_is_copied(
    recording_distribution: Distribution, clock: Any
) -> None:
    """The default."""
    answer = answered(respond(ViewOptions(), recording_distribution, "a", 200, "v=1&Expires=9"))
    assert answer.location == recording_distribution.sign_path("a")


@pytest.mark.parametrize(
    ("domain", "options", "mend"),
    [
        (
            "https://d1.cloudfront.net",
            {"cookie_domain": "example.com"},
            "a domain name of your own",
        ),
        (DOMAIN, {"cookie_domain": "com"}, "browsers take no cookie for com"),
        ("https://media.example.co.uk", {"cookie_domain": ".CO.uk"}, "no cookie for .CO.uk"),
        ("https://media.example.com.au", {"cookie_domain": "com.au"}, "no cookie for com.au"),
        ("http://127.0.0.1:8001", {"cookie_domain": "0.1"}, "no cookie for 0.1"),
        (DOMAIN, {"cookie_domain": "example.org"}, "example.org is no parent of media.example.com"),
        (DOMAIN, {"cookie_domain": "www.example.com"}, "is no parent of"),
        (DOMAIN, {"cookie_domain": "xample.com"}, "is no parent of"),
        (DOMAIN, {"cookie_domain": "a.media.example.com"}, "is no parent of"),
        ("http://media.example.com:8080", {"cookie_samesite": "None"}, "https distribution"),
    ],
)
def test_cookies_that_cannot_reach_the_distribution_are_refused(
    recording_signer: Signer, domain: str, options: dict[str, Any], mend: str
) -> None:
    """When the two first meet; where no cookies are set, they are no matter."""
    distribution = Distribution(domain, recording_signer)
    with pytest.raises(ConfigurationError, match=mend):
        ViewHandler(distribution, ViewOptions(delivery="cookies", **options))
    other = ViewOptions(delivery="json", **options)
    assert ViewHandler(distribution, other)


def test_all_that_keeps_cookies_away_is_told_at_once(recording_signer: Signer) -> None:
    """Two mistakes make two problems."""
    delivery = ViewOptions(delivery="cookies", cookie_domain="example.org", cookie_samesite="None")
    with pytest.raises(ConfigurationError) as caught:
        ViewHandler(Distribution("http://media.example.com", recording_signer), delivery)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("domain", "options"),
    [
        (DOMAIN, {"cookie_domain": "example.com"}),
        (DOMAIN, {"cookie_domain": ".Example.com"}),
        (DOMAIN, {"cookie_domain": "media.example.com", "cookie_samesite": "None"}),
        (DOMAIN, {"cookie_domain": ""}),
        (DOMAIN, {}),
        ("https://mycloudfront.net", {}),
        ("https://d1.cloudfront.net", {}),
        ("https://d1.cloudfront.net", {"cookie_domain": ""}),
        ("https://media.bbc.uk", {"cookie_domain": "bbc.uk"}),
        ("https://media.x.com", {"cookie_domain": "x.com"}),
        ("http://127.0.0.1:8001", {"cookie_domain": "127.0.0.1"}),
        ("http://127.0.0.1:8001", {"cookie_samesite": "Lax"}),
        ("http://localhost:8001", {"cookie_domain": "localhost"}),
    ],
)
def test_cookies_that_may_reach_the_distribution(
    recording_signer: Signer, domain: str, options: dict[str, Any]
) -> None:
    """A parent of its host, or none, where the site may be on the same host."""
    delivery = ViewOptions(delivery="cookies", **options)
    assert ViewHandler(Distribution(domain, recording_signer), delivery)


def test_cookies_for_the_sites_own_host_alone_are_told_of_once(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the site is that host, nobody here can know; a server checks at every worker."""
    distribution = Distribution("https://told-once.example.com:8443", recording_signer)
    for _ in range(2):
        ViewHandler(distribution, ViewOptions(delivery="cookies"))
    assert [(record.name, record.levelname) for record in caplog.records] == [("cfsign", "WARNING")]
    (line,) = caplog.messages
    assert "cookies to told-once.example.com only if" in line
    assert 'set cookie_domain to a domain that both share, or to ""' in line


@pytest.mark.parametrize(
    ("host", "options"),
    [
        ("silent-1.example.com", {"delivery": "cookies", "cookie_domain": ""}),
        ("silent-2.example.com", {"delivery": "cookies", "cookie_domain": "example.com"}),
        ("silent-3.example.com", {"delivery": "json"}),
        ("localhost:8001", {"delivery": "cookies"}),
        ("edge.localhost:8001", {"delivery": "cookies"}),
        ("127.0.0.1:8001", {"delivery": "cookies"}),
        ("127.9.0.1", {"delivery": "cookies"}),
    ],
)
def test_where_cookies_are_no_question_nothing_is_told(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture, host: str, options: dict[str, Any]
) -> None:
    """The domain is given, or said to be one, or all of it is on this machine."""
    ViewHandler(Distribution(f"http://{host}", recording_signer), ViewOptions(**options))
    assert caplog.messages == []


def test_an_empty_cookie_domain_says_that_both_are_one_host(
    recording_distribution: Distribution, clock: Any
) -> None:
    """Which is kept apart from None, and sets the same cookies."""
    assert ViewOptions(cookie_domain="").cookie_domain == ""
    assert ViewOptions().cookie_domain is None
    one, other = (
        respond(
            ViewOptions(delivery="cookies", cookie_domain=domain),
            recording_distribution,
            "a/b",
            200,
        )
        for domain in ("", None)
    )
    assert one == other
    assert "Domain" not in str(answered(one).headers)


@pytest.mark.parametrize("as_bytes", [False, True])
@pytest.mark.parametrize(
    "query",
    [
        "v=1%26Expires%3D9999999999",
        "v=1%26Policy%3Dx%26Signature%3Dy",
        "Expires=9&v=1&Signature=x&Policy=y&Key-Pair-Id=z&Hash-Algorithm=SHA256",
        "%45xpires=9&v=1",
        "v=1%23&x",
        "v=1%0D%0ASet-Cookie:%20a=b",
        "v=%00",
        "v=*",
        "v=%2A",
        "v='\"<>\\^`{|}",
        "v=%FF%FE",
        "v=é",
        "v=%zz%",
        "v[]=1&v=2;Expires=1",
        "&&=&v&",
    ],
)
def test_a_query_smuggles_nothing(
    distribution: Distribution,
    trusted_keys: TrustedKeyGroup,
    clock: Any,
    now: int,
    query: str,
    as_bytes: bool,
) -> None:
    """A value stays a value; the URL is let in, with one of each parameter, until its time."""
    delivery = ViewOptions(forward_query=("v",))
    raw = query.encode() if as_bytes else query
    location = answered(respond(delivery, distribution, "a", 200, raw)).location or ""
    names = [name for name, _ in parse_qsl(urlsplit(location).query, keep_blank_values=True)]
    assert [name for name in names if name != "v"] == ["Expires", "Signature", "Key-Pair-Id"]
    assert f"Expires={now + 60}&" in location
    assert location.isascii()
    assert not set("\r\n\0 \"'<>\\^`{|}*#") & set(location)
    assert trusted_keys.check(location)


@given(query=st.text(max_size=60) | st.binary(max_size=60))
def test_no_query_breaks_an_answer(distribution: Distribution, query: str | bytes) -> None:
    """Whatever a viewer sends is forwarded, left out, or a 404; nothing is raised."""
    delivery = ViewOptions(forward_query=("v", "é", "a b"))
    for sent in (query, b"v=" + query if isinstance(query, bytes) else "v=" + query):
        answer = respond(delivery, distribution, "a", 200, sent)
        assert answer == Deny(404) or (isinstance(answer, ViewResponse) and answer.status == 303)


def test_a_url_too_long_to_sign_is_a_404(recording_distribution: Distribution) -> None:
    """The viewer's doing, so no error page of the site's."""
    delivery = ViewOptions(forward_query=("v",))
    assert respond(delivery, recording_distribution, "a", 200, "v=" + "x" * 9000) == Deny(404)
    assert respond(delivery, recording_distribution, "a" * 9000, 200) == Deny(404)


@pytest.mark.parametrize(
    "resource", ["", "/", "../a", "a/../b", "a//b", "a/", ".", "a\0b", "a\r\nb", "a" * 9000]
)
def test_what_no_file_can_be_called_is_a_404_before_anybody_is_asked(
    recording_distribution: Distribution, recorder: Any, resource: str
) -> None:
    """The site's rule never sees it, and nothing is signed even if it says yes."""
    assert ViewHandler(recording_distribution, ViewOptions()).file_request(resource) == Deny(404)
    assert respond(ViewOptions(), recording_distribution, resource, 200) == Deny(404)
    assert recorder.signed == []


@pytest.mark.parametrize("resource", ["a", "a/b.pdf", "é ä", "a*b", "..a", "%2e%2e/a"])
def test_a_files_name_is_not_refused(
    recording_distribution: Distribution, recorder: Any, resource: str
) -> None:
    """The site's rule may be asked; nothing is signed yet."""
    assert isinstance(
        ViewHandler(recording_distribution, ViewOptions()).file_request(resource), FileRequest
    )
    assert recorder.signed == []


@pytest.mark.parametrize("mode", ["redirect", "json"])
def test_a_location_is_signed_in_place_of_the_resource(
    recording_distribution: Distribution, clock: Any, mode: Any
) -> None:
    """As the original's class does."""
    location = f"{DOMAIN}/fixed.pdf?v=1"
    answer = answered(
        respond(
            ViewOptions(delivery=mode), recording_distribution, "x", 200, "v=2", location=location
        )
    )
    signed = json.loads(answer.body)["url"] if mode == "json" else answer.location
    assert signed == recording_distribution.sign_path("fixed.pdf", query="v=1")


@pytest.mark.parametrize("mode", ["redirect", "json", "cookies"])
@pytest.mark.parametrize(
    "location",
    [
        f"{DOMAIN}/dir/a\r\nSet-Cookie: x=y",
        f"{DOMAIN}/dir/a b",
        f"{DOMAIN}/dir/*",
        f"{DOMAIN}/dir/../a",
        f"{DOMAIN}/dir/a?Expires=1",
        f"{DOMAIN}/dir/a#b",
        "https://other.example.com/film.mp4",
        "https://media.example.com.evil.example/film.mp4",
    ],
)
def test_wrong_location_is_refused_when_the_handler_is_made(
    recording_distribution: Distribution, mode: Any, location: str
) -> None:
    """It goes into a header, so the rules for URLs apply to it in every mode."""
    with pytest.raises(ResourceError):
        ViewHandler(recording_distribution, ViewOptions(delivery=mode), location=location)


def test_a_key_that_cannot_sign_is_an_error() -> None:
    """Neither a yes nor a 404."""

    class Broken:
        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            raise SigningKeyError("the module is locked; log in first")

        def public_key_pem(self) -> str:
            return ""

    distribution = Distribution(DOMAIN, Signer("K", Broken()))
    with pytest.raises(SigningKeyError, match="log in first"):
        respond(ViewOptions(), distribution, "a", 200)


@pytest.mark.parametrize(
    ("options", "mend"),
    [
        ({"delivery": "cookie"}, "delivery: must be one of 'redirect', 'json', 'cookies'"),
        ({"delivery": None}, "delivery: must be one of"),
        ({"code": 301}, "302, 303 or 307"),
        ({"code": 308}, "browsers cache 301 and 308"),
        ({"code": 200}, "302, 303 or 307"),
        ({"code": True}, "302, 303 or 307"),
        ({"code": "303"}, "302, 303 or 307"),
        ({"headers": {"location": "x"}}, "must not contain Location"),
        ({"headers": {"X": "a\r\nb"}}, "text on one line"),
        ({"headers": {"content-type": "text/html"}}, "must not contain Content-Type"),
        (
            {"headers": {"Content-Length": "5"}},
            "must not contain Content-Length; remove it: the server",
        ),
        ({"headers": {"transfer-encoding": "chunked"}}, "must not contain transfer-encoding"),
        ({"headers": {"Connection": "close", "TE": "x"}}, "must not contain Connection, TE"),
        ({"headers": {"set-cookie": "a=b"}}, "must not contain set-cookie; set cookies with"),
        ({"headers": None}, "must map names to values"),
        (
            {"forward_query": "response-content-disposition"},
            "a tuple of names",
        ),
        ({"forward_query": ("",)}, "a tuple of names"),
        ({"forward_query": (1,)}, "a tuple of names"),
        ({"forward_query": ("\ud800",)}, "a tuple of names"),
        ({"forward_query": None}, "a tuple of names"),
        (
            {"forward_query": ("v", "Expires")},
            "reserves Expires; remove it",
        ),
        ({"forward_query": ["Signature", "Policy"]}, "reserves Policy, Signature"),
        ({"allowed_statuses": (200, 302)}, "integers from 200 to 299"),
        ({"allowed_statuses": ()}, "integers from 200 to 299"),
        ({"allowed_statuses": 200}, "integers from 200 to 299"),
        ({"allowed_statuses": (True,)}, "integers from 200 to 299"),
        ({"cookie_domain": "https://example.com"}, "host name alone"),
        ({"cookie_domain": "d111.cloudfront.net"}, "no cookie for cloudfront.net"),
        ({"cookie_samesite": "lax"}, "samesite is"),
    ],
)
def test_an_option_that_cannot_work_is_refused_when_made(
    options: dict[str, Any], mend: str
) -> None:
    """At start-up, not at the first viewer; `replace` checks as well."""
    with pytest.raises(ConfigurationError, match=mend):
        ViewOptions(**options)
    with pytest.raises(ConfigurationError, match=mend):
        ViewOptions().replace(**options)


def test_the_options_of_a_view_are_its_attributes_and_what_it_is_given() -> None:
    """What is given wins; None states nothing."""

    class View:
        code = 302
        delivery = "json"
        headers = None

    assert ViewOptions.from_view(View, {"code": 307}) == ViewOptions(code=307, delivery="json")
    assert ViewOptions.from_view(View) == ViewOptions(code=302, delivery="json")


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    """All of them at once, and not by the name of a class that the user never wrote."""
    with pytest.raises(ConfigurationError) as caught:
        ViewOptions.check_names({"delivry": "json", "code": 302, "x": 1})
    assert tuple(map(str, caught.value.problems)) == (
        "the option 'delivry' is unknown; did you mean 'delivery'?",
        "the option 'x' is unknown",
    )


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("forward_querry", ("v",), "forward_query"),
        ("foward_query", ["v"], "forward_query"),
        ("delivry", "json", "delivery"),
        ("header", {"X": "y"}, "headers"),
        ("allowed_status", (202,), "allowed_statuses"),
        ("cookies_domain", "example.com", "cookie_domain"),
        ("cookie_same_site", "Lax", "cookie_samesite"),
    ],
)
def test_an_attribute_that_is_almost_an_option_warns(name: str, value: object, near: str) -> None:
    """On the view's own class or one that it is made from."""
    view = type("View", (type("Base", (), {name: value}),), {})
    with pytest.warns(CfsignWarning, match=f"View.{name} is not an option; did you mean {near}"):
        assert ViewOptions.from_view(view) == ViewOptions()


def test_what_a_view_has_for_itself_is_no_misspelt_option() -> None:
    """Only what would work as the option that it almost names is taken for it."""

    class View:
        deliver = True
        delivers = staticmethod(len)
        header = "Welcome"
        header_ = None
        codes = (302, 303)
        coder = "utf-8"
        methods = ("GET",)
        decorators: ClassVar[list[Any]] = []
        http_method_names = ("get", "head")
        template_name = "a.html"
        provide_automatic_options = None
        init_every_request = False
        permission_required = "a.b"
        login_url = "/login"
        _delivry = "json"

        def deliverer(self) -> None: ...

        @property
        def forward_querys(self) -> tuple[str, ...]:
            return ("v",)

    assert ViewOptions.from_view(View) == ViewOptions()


def test_a_route_without_the_resource_says_how_to_name_it() -> None:
    """With the names that it has."""
    assert "the route has no variable `resource` (its variables: none)" in str(
        build_missing_resource_error([])
    )
    assert "its variables: slug, tenant" in str(
        build_missing_resource_error({"tenant": 1, "slug": 2})
    )


def test_a_delivery_says_that_it_has_no_hash() -> None:
    """Where one is asked for, and not by a failure of its headers."""
    assert not isinstance(ViewOptions(), Hashable)
    assert ViewOptions(code=302) == ViewOptions(code=302) != ViewOptions()


def test_a_public_answer_warns() -> None:
    """One viewer's URL must not be given to the next."""
    with pytest.warns(CfsignWarning, match="use private or no-store"):
        delivery = ViewOptions(headers={"Cache-Control": "public, max-age=60"})
    assert dict(delivery.headers) == {"Cache-Control": "public, max-age=60"}


def test_settings_that_share_an_answer_warn_once(pem: str) -> None:
    """Where they are read; not again for every view that takes them over."""
    config = {
        "private_key": pem,
        "key_pair_id": "K",
        "headers": {"Cache-Control": "max-age=60"},
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        configuration = Configuration.from_mapping(
            {"CLOUDFRONT_DOMAIN": DOMAIN, "CLOUDFRONT_CONFIG": config}
        )
        ViewOptions.from_configuration(configuration).replace(code=302)
    assert [warning.category for warning in caught] == [CfsignWarning]


def test_from_configuration_and_replace(pem: str) -> None:
    """The settings' status, headers and statuses; one option at a time is changed in a copy."""
    configuration = Configuration.from_mapping(
        {
            "CLOUDFRONT_DOMAIN": DOMAIN,
            "CLOUDFRONT_CONFIG": {
                "private_key": pem,
                "key_pair_id": "K",
                "code": 307,
                "headers": {"X": "y"},
                "allowed_statuses": [200],
            },
        }
    )
    delivery = ViewOptions.from_configuration(configuration)
    assert (delivery.code, dict(delivery.headers)) == (307, {"X": "y"})
    assert (delivery.allowed_statuses, delivery.delivery) == ((200,), "redirect")
    other = delivery.replace(delivery="json")
    assert (other.delivery, other.code, delivery.delivery) == ("json", 307, "redirect")
    with pytest.raises(dataclasses.FrozenInstanceError):
        delivery.code = 302  # type: ignore[misc]


def test_a_second_spelling_of_a_name_reaches_no_rule(recording_distribution: Distribution) -> None:
    """A rule that knows `a.txt` would not know `/a.txt`, which signs to the same URL."""
    for resource in ("/a.txt", "//a.txt"):
        assert ViewHandler(recording_distribution, ViewOptions()).file_request(resource) == Deny(
            404
        )

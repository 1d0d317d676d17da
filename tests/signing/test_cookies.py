"""Signed cookies: the headers that set and clear them."""

from __future__ import annotations

from http.cookies import SimpleCookie
from typing import Any

import pytest

from cfsign import ConfigurationError, Policy, SignedCookies, Signer
from cfsign.limits import COOKIES

FOLDER = "https://media.example.com/v/*"


@pytest.fixture
def cookies(recording_signer: Signer, clock: Any, now: int) -> SignedCookies:
    """Cookies for a folder, which last an hour."""
    return recording_signer.sign_policy(Policy(FOLDER, now + 3600)).cookies()


def attributes(header: str) -> set[str]:
    return set(header.split("; ")[1:])


def test_cookies_are_an_immutable_mapping(cookies: Any) -> None:
    assert len(cookies) == len(list(cookies)) == 3
    assert "CloudFront-Policy" in cookies
    assert "Policy" not in cookies
    assert cookies.get("CloudFront-Expires") is None
    with pytest.raises(TypeError):
        cookies["CloudFront-Policy"] = "x"


def test_each_cookie_has_one_header(cookies: SignedCookies) -> None:
    """Kept until the policy ends, sent over https only, hidden from scripts."""
    headers = cookies.set_cookie_headers()
    assert [header.partition("=")[0] for header in headers] == list(cookies)
    for header, (name, value) in zip(headers, cookies.items(), strict=True):
        assert header.startswith(f"{name}={value}; ")
        assert attributes(header) == {"Path=/", "Secure", "HttpOnly", "Max-Age=3600"}


def test_attributes_are_set_by_arguments(cookies: SignedCookies) -> None:
    headers = cookies.set_cookie_headers("example.com", "/v/", samesite="None")
    assert [attributes(header) for header in headers] == [
        {"Domain=example.com", "Path=/v/", "Secure", "HttpOnly", "SameSite=None", "Max-Age=3600"}
    ] * 3
    headers = cookies.set_cookie_headers(
        secure=False, httponly=False, samesite="Lax", persistent=False
    )
    assert [attributes(header) for header in headers] == [{"Path=/", "SameSite=Lax"}] * 3


@pytest.mark.parametrize(("seconds", "max_age"), [(0.9, 3600), (3599.1, 1), (3600, 0), (9999, 0)])
def test_cookies_leave_the_browser_when_the_policy_ends(
    cookies: SignedCookies, clock: Any, seconds: float, max_age: int
) -> None:
    """`Max-Age` counts from the response, not from the signature."""
    clock.shift(seconds)
    for headers in (cookies.set_cookie_headers(), cookies.replace_headers()):
        for header in headers:
            if not header.partition("; ")[0].endswith("="):  # it does not clear a cookie
                assert f"Max-Age={max_age}" in attributes(header)


def test_cookies_without_a_known_end_are_session_cookies() -> None:
    cookies = SignedCookies({"Signature": "s", "Key-Pair-Id": "K"})
    assert attributes(cookies.set_cookie_headers()[0]) == {"Path=/", "Secure", "HttpOnly"}


def test_partitioned_cookies(cookies: SignedCookies) -> None:
    """They are cleared with `Partitioned` only, because others are other cookies (CHIPS)."""
    where: Any = {"domain": "example.com", "path": "/v/", "samesite": "None", "partitioned": True}
    clearing = SignedCookies.clear_headers(**where)
    replacing = cookies.replace_headers(**where)
    for header in (*cookies.set_cookie_headers(**where), *replacing, *clearing):
        assert {"Partitioned", "Secure", "SameSite=None"} < attributes(header)
    assert set(clearing) & set(replacing)
    for header in (*cookies.set_cookie_headers(), *SignedCookies.clear_headers()):
        assert "Partitioned" not in header


def test_another_library_parses_the_same_values(cookies: SignedCookies) -> None:
    """CloudFront's base64 needs no quotes in a cookie."""
    jar = SimpleCookie()
    for header in cookies.set_cookie_headers():
        jar.load(header)
    assert {name: morsel.value for name, morsel in jar.items()} == dict(cookies)


def test_replace_headers_set_these_cookies_and_clear_the_others(cookies: SignedCookies) -> None:
    given = ("example.com", "/v/", True, False, "Lax")
    headers = cookies.replace_headers(*given)
    assert [header.partition("=")[0] for header in headers] == list(COOKIES)
    cleared = [header for header in SignedCookies.clear_headers(*given) if header in headers]
    assert sorted(headers) == sorted(cookies.set_cookie_headers(*given) + cleared)
    assert [header.partition("=")[0] for header in cleared] == [
        "CloudFront-Expires",
        "CloudFront-Hash-Algorithm",
    ]


def test_clear_headers_clear_every_cookie_of_cloudfront() -> None:
    headers = SignedCookies.clear_headers("example.com", "/v/")
    assert [header.partition("; ")[0] for header in headers] == [f"{name}=" for name in COOKIES]
    for header in headers:
        assert attributes(header) == {
            "Domain=example.com",
            "Path=/v/",
            "Secure",
            "HttpOnly",
            "Max-Age=0",
            "expires=Thu, 01 Jan 1970 00:00:00 GMT",
        }
    assert set(COOKIES) == {
        f"CloudFront-{name}"
        for name in ("Policy", "Expires", "Signature", "Key-Pair-Id", "Hash-Algorithm")
    }


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        ({"domain": "https://example.com"}, "domain: must be a host name, such as example.com"),
        ({"domain": "example.com; Path=/"}, "must be a host name"),
        ({"domain": "example.com\r\nX: y"}, "must be a host name"),
        ({"domain": "example.com/"}, "must be a host name"),
        ({"domain": ""}, "must be a host name, such as example.com, got ''"),
        ({"domain": 7}, "must be a host name, such as example.com, got int"),
        (
            {"domain": "d111.cloudfront.net"},
            "refuse cookies for cloudfront.net; give the distribution",
        ),
        ({"domain": "cloudfront.net"}, "refuse cookies for cloudfront.net"),
        ({"domain": "D111.CloudFront.net"}, "refuse cookies for cloudfront.net"),
        ({"path": "/videos/*"}, "without `\\*` or `;`"),
        ({"path": "/a; Domain=evil.test"}, "path: must be the encoded prefix of a URL path"),
        ({"path": "/a;b"}, "or `;`"),
        ({"path": "/a b"}, "the encoded prefix of a URL path"),
        ({"path": "/é"}, "the encoded prefix of a URL path"),
        ({"path": "/a\n"}, "the encoded prefix of a URL path"),
        ({"path": "videos"}, "a URL path, without .*, got 'videos'; start it with `/`"),
        ({"path": ""}, "a URL path"),
        ({"path": None}, "a URL path"),
        (
            {"path": "/" + "a" * 1024},
            "path: browsers ignore a Path of more than 1024 bytes, got 1025; use the path of a",
        ),
        ({"partitioned": True, "secure": False}, "partitioned: browsers drop Partitioned cookies"),
        ({"samesite": "laxer"}, 'must be "Strict", "Lax", "None" or None, got .laxer.'),
        ({"samesite": "none", "secure": False}, "are not secure; set secure=True"),
        ({"samesite": True}, "samesite: must be"),
        (
            {"samesite": "None", "secure": False},
            'SameSite "None" that are not secure; set secure=True',
        ),
    ],
)
def test_attribute_that_browsers_drop_or_misread_is_refused(
    cookies: SignedCookies, options: dict[str, Any], hint: str
) -> None:
    """By every method, so that nothing can be injected."""
    with pytest.raises(ConfigurationError, match=hint):
        cookies.set_cookie_headers(**options)
    with pytest.raises(ConfigurationError, match=hint):
        cookies.replace_headers(**options)
    with pytest.raises(ConfigurationError, match=hint):
        SignedCookies.clear_headers(**options)


def test_longest_path_is_accepted() -> None:
    """1,024 bytes with the `/`."""
    path = "/" + "a" * 1023
    assert f"Path={path}" in attributes(SignedCookies.clear_headers(path=path)[0])


def test_cookie_that_is_too_long_for_browsers_is_refused(recording_signer: Signer) -> None:
    """CloudFront would accept the policy: its limit is that of a URL."""
    for length, is_accepted in ((2900, True), (3100, False)):
        policy = Policy(f"https://media.example.com/{'a' * length}/*", 1767225600)
        cookies = recording_signer.sign_policy(policy).cookies()
        size = len("CloudFront-Policy" + cookies["CloudFront-Policy"])
        assert (size <= 4096) == is_accepted
        for headers in (cookies.set_cookie_headers, cookies.replace_headers):
            if is_accepted:
                assert headers()
                continue
            with pytest.raises(
                ConfigurationError, match=f"cookie CloudFront-Policy is {size} bytes long; browsers"
            ):
                headers()


def test_all_wrong_attributes_are_reported_at_once(cookies: SignedCookies) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cookies.set_cookie_headers("a b", "x", samesite="maybe")
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("domain", ["example.com", ".example.com", "mycloudfront.net", "localhost"])
def test_domain_that_browsers_accept(domain: str) -> None:
    cookies = SignedCookies({"Signature": "s", "Key-Pair-Id": "K"})
    assert f"Domain={domain}" in attributes(cookies.set_cookie_headers(domain)[0])


@pytest.mark.parametrize(
    ("resource", "options", "hint"),
    [
        (FOLDER, {"domain": "example.org"}, "example.org is not a parent of media.example.com"),
        (FOLDER, {"domain": "www.example.com"}, "is not a parent of media.example.com"),
        (FOLDER, {"domain": "com"}, "browsers refuse cookies for com, because anyone"),
        ("http*://media.example.com:8443/*", {"domain": "example.org"}, "not a parent of media"),
        (
            FOLDER,
            {"path": "/other/"},
            "browsers do not send cookies for /other/ with requests for /v/; use /v/",
        ),
        (
            "https://media.example.com/v/a.ts?x=1",
            {"path": "/w"},
            "cookies for /w with requests for /v/",
        ),
        ("https://*.example.com/v/*", {"path": "/w"}, "cookies for /w with requests for /v/"),
    ],
)
def test_cookies_that_browsers_never_send_to_their_resource_are_refused(
    recording_signer: Signer, resource: str, options: dict[str, Any], hint: str
) -> None:
    cookies = recording_signer.sign_policy(Policy(resource, 1767225600)).cookies()
    for headers in (cookies.set_cookie_headers, cookies.replace_headers):
        with pytest.raises(ConfigurationError, match=hint):
            headers(**options)


@pytest.mark.parametrize(
    ("resource", "options"),
    [
        (FOLDER, {"domain": "media.example.com", "path": "/v/"}),
        (FOLDER, {"domain": "example.com", "path": "/v"}),
        (FOLDER, {"path": "/v/42/"}),
        ("https://media.example.com/v?/*", {"path": "/v1/"}),
        ("https://media.example.com/*.ts", {"path": "/v/"}),
        ("https://media.example.com/v/a.ts?x=1", {"path": "/v/a.ts"}),
        ("https://*.example.com/v/*", {"domain": "example.com"}),
        ("https://*.example.com/v/*", {"domain": "example.org"}),
        ("https://media.example.com*", {"domain": "example.org", "path": "/w"}),
        ("*", {"domain": "example.org", "path": "/w"}),
    ],
)
@pytest.mark.filterwarnings("ignore:the wildcard in the policy's domain")
def test_cookies_that_browsers_may_send_are_accepted(
    recording_signer: Signer, resource: str, options: dict[str, Any]
) -> None:
    """A wildcard may hide the host or the path."""
    cookies = recording_signer.sign_policy(Policy(resource, 1767225600)).cookies()
    assert len(cookies.set_cookie_headers(**options)) == len(cookies)


@pytest.mark.parametrize("samesite", ["lax", "Lax", "LAX", "strict", "none", "NONE"])
def test_samesite_in_any_case(cookies: SignedCookies, samesite: str) -> None:
    """Browsers ignore the case; the header has the usual one."""
    expected = f"; SameSite={samesite.capitalize()}"
    headers = cookies.set_cookie_headers(samesite=samesite)
    headers += SignedCookies.clear_headers(samesite=samesite)
    assert all(expected in header for header in headers)

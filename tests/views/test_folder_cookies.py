"""`FolderCookies`: login, renewal and logout, judged by the edge's rules and a cookie jar."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import pytest

from cfsign import (
    ConfigurationError,
    Distribution,
    KeyPair,
    KeyRing,
    PolicyError,
    PrivateKey,
    ResourceError,
    Signer,
    TrustedKeyGroup,
)
from cfsign.views import FolderCookies

DOMAIN = "https://media.example.com"
SHARED: dict[str, Any] = {"domain": "example.com"}
NAMES = {"CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"}


@pytest.fixture
def site(distribution: Distribution) -> FolderCookies:
    """One set of cookies for the whole site."""
    return FolderCookies(distribution, path="/", **SHARED)


def receive(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return the cookies that a browser keeps after a response with *headers*."""
    jar = SimpleCookie()
    for name, value in headers:
        assert name == "Set-Cookie"
        jar.load(value)
    return {name: morsel.value for name, morsel in jar.items() if morsel["max-age"] != "0"}


def get_attributes(headers: tuple[tuple[str, str], ...]) -> set[frozenset[str]]:
    """Return the attributes of each cookie, without those that clear one."""
    clearing = {"Max-Age=0", "expires=Thu, 01 Jan 1970 00:00:00 GMT"}
    return {frozenset(value.split("; ")[1:]) - clearing for _, value in headers}


# Login


def test_grant_opens_the_folder_and_nothing_else(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    headers = FolderCookies(distribution, **SHARED).grant_headers("videos/42", expires_in=3600)
    cookies = receive(headers)
    assert set(cookies) == NAMES
    assert len(headers) == 5  # two clear what would not go together with these
    for path, is_allowed in {
        "videos/42/1.ts": True,
        "videos/42/hd/1.ts?x=1": True,
        "videos/420/1.ts": False,
        "videos/42": False,
    }.items():
        assert trusted_keys.check(f"{DOMAIN}/{path}", cookies=cookies).allowed == is_allowed
    clock.shift(3600)
    assert not trusted_keys.check(f"{DOMAIN}/videos/42/1.ts", cookies=cookies)


def test_conditions_and_default_expiry(distribution: Distribution, trusted_keys: Any) -> None:
    cookies = FolderCookies(distribution, **SHARED)
    pinned = receive(cookies.grant_headers("v", ip_address="192.0.2.1"))
    url = f"{DOMAIN}/v/1"
    assert trusted_keys.check(url, cookies=pinned, ip_address="192.0.2.1")
    assert not trusted_keys.check(url, cookies=pinned, ip_address="192.0.2.2")
    assert any("Max-Age=60" in value for _, value in cookies.grant_headers("v"))


@pytest.mark.parametrize(
    ("domain", "options", "expected"),
    [
        (DOMAIN, {"domain": ""}, {"Path=/a%20b/", "Secure", "HttpOnly", "Max-Age=60"}),
        (
            DOMAIN,
            {"domain": "example.com", "path": "/", "samesite": "None", "partitioned": True},
            {
                "Domain=example.com",
                *("Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned", "Max-Age=60"),
            },
        ),
        (DOMAIN, {"domain": "", "path": "/a%20b"}, {"Path=/a%20b", "Secure", "HttpOnly"}),
        (
            "http://localhost:8001",
            {"samesite": "Lax"},
            {"Path=/a%20b/", "HttpOnly", "SameSite=Lax"},
        ),
        (
            DOMAIN,
            {"domain": "", "persistent": False},
            {"Path=/a%20b/", "Secure", "HttpOnly"},
        ),
    ],
    ids=["default", "partitioned", "path", "http", "session"],
)
def test_attributes_are_those_of_the_options(
    recording_signer: Signer, clock: Any, domain: str, options: Any, expected: set[str]
) -> None:
    """And the headers that revoke have the same, or they would not clear the cookies."""
    cookies = FolderCookies(Distribution(domain, recording_signer), **options)
    if options.get("persistent", True):
        expected = expected | {"Max-Age=60"}
    granted = get_attributes(cookies.grant_headers("a b"))
    assert granted == {frozenset(expected), frozenset(expected - {"Max-Age=60"})}
    assert get_attributes(cookies.revoke_headers("a b")) == {frozenset(expected - {"Max-Age=60"})}


def test_several_folders_are_granted_by_one_response(distribution: Distribution) -> None:
    """Each cookie has the path of its folder, so none replaces another."""
    cookies = FolderCookies(distribution, **SHARED)
    headers = (*cookies.grant_headers("a"), *cookies.grant_headers("b"))
    keys = {(value.partition("=")[0], part) for _, value in headers for part in value.split("; ")}
    for name in NAMES:
        assert {(name, "Path=/a/"), (name, "Path=/b/")} <= keys


def test_whole_distribution(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    headers = FolderCookies(distribution, **SHARED).grant_headers("/")
    assert trusted_keys.check(f"{DOMAIN}/", cookies=receive(headers))
    assert trusted_keys.check(f"{DOMAIN}/a/b", cookies=receive(headers))
    assert {"Path=/"} < set.intersection(*map(set, get_attributes(headers)))


# Logout


def test_revoke_clears_every_cookie_of_the_folder(distribution: Distribution) -> None:
    cookies = FolderCookies(distribution, **SHARED)
    headers = cookies.revoke_headers("videos/42/")
    assert receive(headers) == {}
    assert {value.partition("=")[0] for _, value in headers} > NAMES
    assert all("Path=/videos/42/;" in value for _, value in headers)


def test_revoke_all_clears_the_cookies_of_the_site(site: FolderCookies) -> None:
    assert site.revoke_all_headers() == (("Clear-Site-Data", '"cookies"'),)


# Renewal


def test_renewal_starts_at_half_of_the_duration(site: FolderCookies, clock: Any) -> None:
    """Until then nothing is set."""
    cookies = receive(site.grant_headers("v", expires_in=600))
    for seconds, is_renewed in ((0, False), (299, False), (1, True), (299, True), (9999, True)):
        clock.shift(seconds)
        headers = site.renew_headers("v", cookies, expires_in=600)
        assert bool(headers) == is_renewed
        assert headers == asyncio.run(site.renew_headers_async("v", cookies, expires_in=600))
        if is_renewed:
            assert headers == site.grant_headers("v", expires_in=600)


def test_nothing_is_signed_while_the_cookies_are_fresh(
    recording_distribution: Distribution, recorder: Any
) -> None:
    site = FolderCookies(recording_distribution, path="/", **SHARED)
    cookies = receive(site.grant_headers("v"))
    assert len(recorder.signed) == 1
    assert site.renew_headers("v", cookies) == ()
    assert len(recorder.signed) == 1


def test_cookies_with_a_fixed_end_are_not_renewed(
    site: FolderCookies, clock: Any, now: int
) -> None:
    """Their end would be the same."""
    cookies = receive(site.grant_headers("v", expires_at=now + 600))
    clock.shift(599)
    assert site.renew_headers("v", cookies, expires_at=now + 600) == ()
    assert site.renew_headers("v", cookies, expires_at=now + 900)


def test_cookies_with_an_expiry_step_are_renewed_in_time(signer: Signer, clock: Any) -> None:
    """A step makes the duration longer, but never less than `expires_in`."""
    stepped = Distribution(DOMAIN, signer, expires_in=600, expiry_step=300)
    site = FolderCookies(stepped, path="/", **SHARED)
    cookies = receive(site.grant_headers("v"))
    renewals = 0
    for _ in range(100):
        clock.shift(60)
        headers = site.renew_headers("v", cookies)
        cookies = receive(headers) or cookies
        renewals += bool(headers)
        end = read_end(cookies)
        assert end - time.time() > 240
    assert renewals < 30


def read_end(cookies: Mapping[str, str]) -> int:
    text = cookies["CloudFront-Policy"].translate(str.maketrans("-_~", "+=/"))
    statement = json.loads(base64.b64decode(text, validate=True))["Statement"][0]
    return int(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])


def write_policy(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


BROAD = '{"Statement":[{"Resource":"*","Condition":{"DateLessThan":{"AWS:EpochTime":1999999999}}}]}'


@pytest.mark.parametrize(
    "change",
    [
        {"CloudFront-Policy": None},
        {"CloudFront-Signature": None},
        {"CloudFront-Signature": ""},
        {"CloudFront-Key-Pair-Id": "KOTHER"},
        {"CloudFront-Key-Pair-Id": "K2JCJMDEHXQW5F "},
        {"CloudFront-Expires": "1999999999"},
        {"CloudFront-Hash-Algorithm": "SHA256"},
        {"CloudFront-Policy": "x"},
        {"CloudFront-Policy": "é"},
        {"CloudFront-Policy": "\udcff"},
        {"CloudFront-Policy": "A" * 100_000},
        {"CloudFront-Policy": write_policy("")},
        {"CloudFront-Policy": write_policy(b"\xff\xfe")},
        {"CloudFront-Policy": write_policy("[" * 10_000)},
        {"CloudFront-Policy": write_policy(BROAD)},
        {"CloudFront-Policy": write_policy(BROAD.replace("*", f"{DOMAIN}/other/*"))},
        {"CloudFront-Policy": write_policy(BROAD.replace("*", f"{DOMAIN}/v"))},
        {"CloudFront-Policy": write_policy(BROAD.replace("*", f"{DOMAIN}/V/*"))},
        {"CloudFront-Policy": write_policy(BROAD.replace("*", f"{DOMAIN}/v/*") + " ")},
        {
            "CloudFront-Policy": write_policy(
                BROAD.replace("*", f"{DOMAIN}/v/*").replace("1999999999", "9999999999")
            )
        },
        {
            "CloudFront-Policy": write_policy(
                BROAD.replace("*", f"{DOMAIN}/v/*").replace("1999999999", "1e9")
            )
        },
        {"CloudFront-Policy": write_policy('"DateLessThan":{"AWS:EpochTime":1}' * 3000)},
    ],
)
def test_other_cookies_are_renewed(
    site: FolderCookies, trusted_keys: TrustedKeyGroup, clock: Any, change: dict[str, str | None]
) -> None:
    """Of another key or folder, or damaged: they decide when to renew, never whether to."""
    cookies = receive(site.grant_headers("v"))
    assert site.renew_headers("v", cookies) == ()
    changed = {k: v for k, v in (cookies | change).items() if v is not None}
    headers = site.renew_headers("v", changed)
    assert headers == site.grant_headers("v")
    assert headers == asyncio.run(site.renew_headers_async("v", changed))
    assert trusted_keys.check(f"{DOMAIN}/v/1", cookies=receive(headers))


def test_cookies_are_renewed_without_any(site: FolderCookies, clock: Any) -> None:
    """Such as after a login elsewhere."""
    assert site.renew_headers("v", {"session": "x"}) == site.grant_headers("v")


def test_cookies_of_another_folder_are_replaced(site: FolderCookies, clock: Any) -> None:
    cookies = receive(site.grant_headers("v"))
    assert site.renew_headers("v/", cookies) == ()
    for folder in ("w", "v/hd", "/", "V"):
        assert site.renew_headers(folder, cookies) == site.grant_headers(folder)


def test_cookies_of_an_old_key_are_replaced(pem: str, other_pem: str, clock: Any, now: int) -> None:
    """As soon as a key ring signs with the new one."""
    pairs = [KeyPair("KOLD", pem), KeyPair("KNEW", other_pem, active_from=now + 5)]
    site = FolderCookies(Distribution(DOMAIN, KeyRing(pairs)), path="/", **SHARED)
    cookies = receive(site.grant_headers("v"))
    assert site.renew_headers("v", cookies) == ()
    clock.shift(5)
    assert receive(site.renew_headers("v", cookies))["CloudFront-Key-Pair-Id"] == "KNEW"


def test_sha256_cookies_are_recognized(key: PrivateKey, clock: Any) -> None:
    signer = Signer("K2JCJMDEHXQW5F", key, hash_algorithm="SHA256")
    site = FolderCookies(Distribution(DOMAIN, signer), path="/", **SHARED)
    cookies = receive(site.grant_headers("v"))
    assert "CloudFront-Hash-Algorithm" in cookies
    assert site.renew_headers("v", cookies) == ()
    del cookies["CloudFront-Hash-Algorithm"]
    assert site.renew_headers("v", cookies) != ()


def test_other_conditions_are_renewed(site: FolderCookies, clock: Any, now: int) -> None:
    """A client with a new address, or a start that has not come yet."""
    cookies = receive(site.grant_headers("v", ip_address="192.0.2.1"))
    assert site.renew_headers("v", cookies, ip_address="192.0.2.1") == ()
    assert site.renew_headers("v", cookies, ip_address="192.0.2.2") != ()
    assert site.renew_headers("v", cookies) != ()
    late = receive(site.grant_headers("v", starts_at=now + 9))
    assert site.renew_headers("v", late, starts_at=now + 9) == ()
    assert site.renew_headers("v", late) != ()
    early = receive(site.grant_headers("v", starts_at=now - 1))
    assert site.renew_headers("v", early) == ()
    assert site.renew_headers("v", early, starts_at=now) == ()
    starting = receive(site.grant_headers("v", starts_at=now))  # refused in this second
    assert site.renew_headers("v", starting) != ()


# Mistakes


@pytest.mark.parametrize("folder", ["", "/v", "../v", "a//b", "a\0", f"{DOMAIN}/v", 7])
def test_bad_folder_is_refused(
    recording_distribution: Distribution, recorder: Any, folder: Any
) -> None:
    cookies = FolderCookies(recording_distribution, **SHARED)
    for use in (
        lambda: cookies.grant_headers(folder),
        lambda: asyncio.run(cookies.grant_headers_async(folder)),
        lambda: cookies.revoke_headers(folder),
        lambda: cookies.renew_headers(folder, {}),
        lambda: asyncio.run(cookies.renew_headers_async(folder, {})),
    ):
        with pytest.raises(ResourceError, match="folder"):
            use()
    assert recorder.signed == []


def test_bad_condition_is_refused_even_if_the_cookies_are_fresh(
    site: FolderCookies, clock: Any
) -> None:
    cookies = receive(site.grant_headers("v"))
    with pytest.raises(PolicyError, match="expires_in"):
        site.renew_headers("v", cookies, expires_in=-1)


@pytest.mark.parametrize(
    ("domain", "options", "message"),
    [
        (DOMAIN, {"domain": "example.org"}, "domain: example.org is not a parent of media"),
        (DOMAIN, {"domain": "www.example.com"}, "domain: www.example.com is not a parent"),
        (DOMAIN, {"domain": "com"}, "domain: browsers refuse cookies for com"),
        (DOMAIN, {"domain": "a b"}, "domain: must be a host name"),
        ("https://d1.cloudfront.net", {"domain": "example.com"}, ".*domain name .CNAME."),
        (DOMAIN, {"domain": "", "path": "v"}, "path: must be the encoded prefix"),
        (DOMAIN, {"domain": "", "path": ""}, "path: must be the encoded prefix"),
        (DOMAIN, {"domain": "", "path": "/" + "a" * 1024}, "path: browsers ignore a Path of more"),
        (DOMAIN, {"domain": "", "samesite": "laxer"}, "samesite: must be"),
        ("http://localhost", {"samesite": "None"}, "samesite: browsers drop .* over http"),
        ("http://localhost", {"partitioned": True}, "partitioned: browsers drop .* over http"),
    ],
)
def test_bad_options_are_refused(
    recording_signer: Signer, domain: str, options: Any, message: str
) -> None:
    """When it is made, not at the first login."""
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        FolderCookies(Distribution(domain, recording_signer), **options)


@pytest.mark.parametrize("distribution", [None, "https://media.example.com"])
def test_distribution_is_required(distribution: Any) -> None:
    with pytest.raises(ConfigurationError, match="distribution"):
        FolderCookies(distribution)


def test_missing_domain_is_logged(
    recording_signer: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the site knows its own host."""
    FolderCookies(Distribution("https://folder-cookies.example.com", recording_signer))
    (line,) = caplog.messages
    assert line.startswith("domain is not set, so browsers send the cookies to folder-cookies.")


def test_folder_that_is_not_below_the_path_is_refused(distribution: Distribution) -> None:
    cookies = FolderCookies(distribution, path="/v/", **SHARED)
    assert cookies.grant_headers("v/42")
    with pytest.raises(ConfigurationError, match="browsers do not send cookies for /v/ with"):
        cookies.grant_headers("w")


def test_folder_whose_path_is_too_long_for_a_cookie_is_refused(
    distribution: Distribution,
) -> None:
    """Browsers would ignore the `Path`, and send the cookies elsewhere."""
    with pytest.raises(ConfigurationError, match="a Path of more than 1024 bytes, got 1102"):
        FolderCookies(distribution, **SHARED).grant_headers("é" * 183 + "ab")


# The default duration


def test_default_duration_of_the_cookies(distribution: Distribution, clock: Any, now: int) -> None:
    """It is that of `FolderCookies`, unless a call has another."""
    cookies = FolderCookies(distribution, path="/", expires_in=900, **SHARED)
    assert read_end(receive(cookies.grant_headers("v"))) == now + 900
    assert read_end(receive(asyncio.run(cookies.grant_headers_async("v")))) == now + 900
    assert read_end(receive(cookies.grant_headers("v", expires_in=5))) == now + 5
    assert read_end(receive(cookies.grant_headers("v", expires_at=now + 7))) == now + 7
    sent = receive(cookies.grant_headers("v"))
    clock.shift(449)
    assert cookies.renew_headers("v", sent) == ()
    clock.shift(1)
    assert cookies.renew_headers("v", sent) != ()


def test_wrong_default_duration_is_refused(distribution: Distribution) -> None:
    with pytest.raises(PolicyError, match="expires_in"):
        FolderCookies(distribution, expires_in=0, **SHARED)

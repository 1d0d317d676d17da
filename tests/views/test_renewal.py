"""`FolderRenewal`: cookies decide when to renew, and `folder_for` decides whether to."""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cfsign import Allow, ConfigurationError, Distribution, Signer, TrustedKeyGroup
from cfsign.views import FolderCookies, FolderRenewal
from tests.conftest import RecordingKey
from tests.views.test_folder_cookies import DOMAIN, SHARED, receive, write_policy

OPEN = [("Content-Type", "text/html"), ("Cache-Control", "no-store")]
Headers = tuple[tuple[str, str], ...]
Renew = Callable[..., Headers]


@pytest.fixture
def cookies(distribution: Distribution) -> FolderCookies:
    """One set of cookies for the whole site, for ten minutes."""
    return FolderCookies(distribution, path="/", expires_in=600, **SHARED)


@pytest.fixture(params=["sync", "async", "async function"])
def renew(request: pytest.FixtureRequest, cookies: FolderCookies) -> Renew:
    """Return the headers for a result of `folder_for`, or an exception that it raises."""

    def build(
        result: Any,
        sent: dict[str, str] | None = None,
        before: Any = OPEN,
        cookies: FolderCookies = cookies,
    ) -> Headers:
        def folder_for(site_request: Any) -> Any:
            assert site_request == "the request"
            if isinstance(result, Exception):
                raise result
            return result

        async def folder_for_async(site_request: Any) -> Any:
            await asyncio.sleep(0)
            return folder_for(site_request)

        if request.param == "sync":
            return FolderRenewal(cookies, folder_for).build_headers(
                "the request", sent or {}, before
            )
        chosen = folder_for if request.param == "async" else folder_for_async
        renewal = FolderRenewal(cookies, chosen, can_await=True)
        return asyncio.run(renewal.build_headers_async("the request", sent or {}, before))

    return build


def test_user_without_cookies_gets_them(
    renew: Renew, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """Such as in the response to the login."""
    opened = receive(renew("videos/42"))
    assert trusted_keys.check(f"{DOMAIN}/videos/42/1.ts", cookies=opened)
    assert not trusted_keys.check(f"{DOMAIN}/videos/43/1.ts", cookies=opened)


def test_cookies_are_renewed_at_half_of_their_duration(renew: Renew, clock: Any) -> None:
    sent = receive(renew("v"))
    clock.shift(299)
    assert renew("v", sent) == ()
    clock.shift(1)
    assert receive(renew("v", sent)).keys() == sent.keys()


def test_allow_sets_the_conditions(renew: Renew, trusted_keys: TrustedKeyGroup, clock: Any) -> None:
    allow = Allow(folder="v", expires_in=timedelta(hours=1), ip_address="192.0.2.1")
    sent = receive(renew(allow))
    clock.shift(1799)
    assert renew(allow, sent) == ()
    assert trusted_keys.check(f"{DOMAIN}/v/1", cookies=sent, ip_address="192.0.2.1")
    assert not trusted_keys.check(f"{DOMAIN}/v/1", cookies=sent, ip_address="192.0.2.2")
    assert renew("v", sent) != ()  # without the address, these are others


def test_none_deletes_the_cookies_of_the_request(renew: Renew, clock: Any) -> None:
    """A logged-out user is never renewed, also with cookies that are due."""
    sent = receive(renew("v"))
    for seconds in (0, 400, 9999):
        clock.shift(seconds)
        headers = renew(None, sent)
        assert headers
        assert receive(headers) == {}
        assert all("Path=/;" in value and "example.com" in value for _, value in headers)
    assert renew(None, {"session": "x"}) == ()


def test_other_folder_of_the_user_replaces_the_cookies(
    renew: Renew, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    sent = receive(renew("v"))
    assert trusted_keys.check(f"{DOMAIN}/w/1", cookies=receive(renew("w", sent)))


@pytest.mark.parametrize(
    "before",
    [
        [("Set-Cookie", "CloudFront-Policy=x; Path=/")],
        [("set-cookie", "CloudFront-Expires=; Path=/v/; Max-Age=0")],
        [("Clear-Site-Data", '"cookies"')],
        [("cache-control", "public, max-age=60")],
        [("Cache-Control", "max-age=60")],
        [("Cache-Control", "private"), ("CDN-Cache-Control", "max-age=60")],
        [("cache-control", "no-store"), ("cloudflare-cdn-cache-control", "public")],
        [("Cache-Control", "private"), ("Surrogate-Control", "max-age=60")],
    ],
    ids=[
        "granted",
        "revoked",
        "clear-site-data",
        "public",
        "storable",
        "cdn",
        "vendor-of-cdn",
        "surrogate",
    ],
)
@pytest.mark.parametrize("result", ["v", None])
def test_some_responses_are_left_as_they_are(
    renew: Renew, recording_signer: Signer, recorder: Any, before: Any, result: Any
) -> None:
    """The site's own cookies win, and another user would get cookies from a shared cache."""
    site = FolderCookies(Distribution(DOMAIN, recording_signer), path="/", **SHARED)
    sent = {"CloudFront-Policy": "x", "session": "y"}
    assert renew(result, sent, before, cookies=site) == ()
    assert recorder.signed == []
    assert renew(result, sent, [("Set-Cookie", "session=CloudFront-Policy")], cookies=site)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ([], "private"),
        ([("Vary", "Cookie")], "private"),
        ([("Cache-Control", "private, max-age=60")], None),
        ([("Cache-Control", "private"), ("CDN-Cache-Control", "no-store")], None),
        ([("Cache-Control", "no-store")], None),
        # A cache may store it, and add it to the answer 304 for another user.
        ([("cache-control", "no-cache")], "private, no-cache"),
    ],
)
def test_response_with_cookies_is_private(
    renew: Renew, clock: Any, before: Any, expected: str | None
) -> None:
    sent = receive(renew("v"))
    assert dict(renew("v", {}, before)).get("Cache-Control") == expected
    assert dict(renew(None, sent, before)).get("Cache-Control") == expected
    assert renew("v", sent, before) == ()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (RuntimeError("a secret of the request"), "RuntimeError at .*test_renewal.py"),
        (KeyError("user"), "KeyError at"),
        (True, "folder_for returned a bool"),
        (200, "folder_for returned a int"),
        (["v"], "folder_for returned a list"),
        (Allow(), "an Allow without a folder"),
        ("", "folder"),
        ("../v", "folder"),
        ("/v", "folder"),
        ("a\0", "folder"),
        (Allow(folder="v", ip_address="2001:db8::1"), "IPv6"),
        (Allow(folder="v", expires_in=-1), "expires_in"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_mistakes_are_logged_and_nothing_is_renewed(
    renew: Renew,
    recording_signer: Signer,
    recorder: RecordingKey,
    caplog: pytest.LogCaptureFixture,
    result: Any,
    message: str,
) -> None:
    site = FolderCookies(Distribution(DOMAIN, recording_signer), path="/", **SHARED)
    assert renew(result, {"CloudFront-Policy": "x"}, cookies=site) == ()
    assert recorder.signed == []
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "cookies not renewed: " in record.getMessage()
    assert "folder_for" in record.getMessage()
    assert re.search(message, record.getMessage())
    assert "a secret" not in record.getMessage()


def test_key_that_cannot_sign_changes_nothing(
    caplog: pytest.LogCaptureFixture, renew: Renew
) -> None:
    class Broken(RecordingKey):
        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            raise ConnectionError("no key today")

    signer = Signer("K2JCJMDEHXQW5F", Broken())
    site = FolderCookies(Distribution(DOMAIN, signer), path="/", **SHARED)
    assert renew("v", cookies=site) == ()
    assert "cookies not renewed" in caplog.text


@pytest.mark.parametrize("folder", ["v", "v/a b", "größe", "/"])
def test_none_deletes_the_cookies_of_a_folder(
    distribution: Distribution, clock: Any, folder: str
) -> None:
    """Without `path`, the policy in the cookies tells their path."""
    cookies = FolderCookies(distribution, **SHARED)
    renewal = FolderRenewal(cookies, lambda request: None)
    granted = cookies.grant_headers(folder)
    headers = renewal.build_headers(None, receive(granted), OPEN)
    assert headers == cookies.revoke_headers(folder)


@pytest.mark.parametrize(
    "policy",
    [
        "x",
        "",
        "\udcff",
        write_policy("{}"),
        write_policy('"Resource":"https://other.example.com/v/*"'),
        write_policy(f'"Resource":"{DOMAIN}.evil/v/*"'),
        write_policy(f'"Resource":"{DOMAIN}/a;Domain=evil/*"'),
        write_policy(f'"Resource":"{DOMAIN}/a\r\nX: y/*"'),
        write_policy(f'"Resource":"{DOMAIN}/{"a" * 2000}/*"'),
    ],
)
def test_no_header_is_built_from_a_policy_of_somebody_else(
    distribution: Distribution, caplog: pytest.LogCaptureFixture, policy: str
) -> None:
    """Anyone can send any cookies."""
    renewal = FolderRenewal(FolderCookies(distribution, **SHARED), lambda request: None)
    caplog.clear()
    assert renewal.build_headers(None, {"CloudFront-Policy": policy}, OPEN) == ()
    assert caplog.text == ""


def test_cookies_that_pages_do_not_see_are_logged_at_start(
    distribution: Distribution, caplog: pytest.LogCaptureFixture
) -> None:
    FolderRenewal(FolderCookies(distribution, **SHARED), lambda request: "v")
    assert 'set the path of the cookies to "/"' in caplog.text


async def folder_for_async(request: Any) -> str:
    return "v"


class AsyncFunction:
    async def __call__(self, request: Any) -> str:
        return "v"


@pytest.mark.parametrize("function", [folder_for_async, AsyncFunction()], ids=["def", "object"])
def test_async_function_on_a_sync_site_is_refused(cookies: FolderCookies, function: Any) -> None:
    message = "is async, but the site is not; make it a plain function"
    with pytest.raises(TypeError, match=message) as caught:
        FolderRenewal(cookies, function)
    # A report with the variables needs a repr of the object that is not complete.
    report = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "<FolderRenewal, not checked yet>" in "".join(report.format())


def test_coroutine_of_a_plain_function_is_logged(
    cookies: FolderCookies, caplog: pytest.LogCaptureFixture
) -> None:
    """It is refused like any other result, and closed: Python would warn of it."""
    renewal = FolderRenewal(cookies, lambda request: folder_for_async(request))
    assert renewal.build_headers(None, {}, OPEN) == ()
    assert "folder_for returned a coroutine" in caplog.text


def test_asynchronous_key_on_a_sync_site_is_refused() -> None:
    class AsyncKey:
        async def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            return b""

        def public_key_pem(self) -> str:
            return ""

    site = FolderCookies(Distribution(DOMAIN, Signer("KASYNC", AsyncKey())), path="/", **SHARED)
    with pytest.raises(ConfigurationError, match="asynchronous private key"):
        FolderRenewal(site, lambda request: "v")
    FolderRenewal(site, lambda request: "v", can_await=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cookies": "x"}, "needs a FolderCookies, got str"),
        ({"folder_for": "v"}, "folder_for must be a function, got str"),
        ({"folder_for": None}, "folder_for must be a function"),
        ({"folder_for": AsyncFunction}, "folder_for must be a function"),
    ],
)
def test_wrong_arguments_are_refused(
    cookies: FolderCookies, change: dict[str, Any], message: str
) -> None:
    arguments: dict[str, Any] = {"cookies": cookies, "folder_for": lambda request: "v"}
    with pytest.raises(ConfigurationError, match=message):
        FolderRenewal(**arguments | change)

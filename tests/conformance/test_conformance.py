"""Every case of the table on every adapter, in process and over HTTP."""

import concurrent.futures
import contextlib
import os
import sys
import time

import pytest
import time_machine

from tests.conformance import site as site_module
from tests.conformance.cases import CASES, DJANGO, ROWS, STARTS, Request, Start
from tests.conformance.expectations import Refused, Signed
from tests.conformance.signature import count_signatures
from tests.conformance.site import VIDEOS_HOST
from tests.conformance.wire import send

NOW = 1_800_000_000


@pytest.mark.parametrize("case", [name for name in CASES if name != "own-folder"])
def test_case(site, case):
    """The response is the expected one."""
    site.check(case)


def test_two_users_in_turn_share_nothing(site):
    """Each gets only its own URL, headers and refusals."""
    locations = []
    for user in ("ada", "ben", "ada"):
        own = Request(f"{user}/a.txt", user=user)
        other = Request("eve/a.txt", user=user)
        reply = site.check("own-folder", own, Signed(f"/{user}/a.txt"))
        locations.append(reply.one("Location"))
        assert len(reply.all("Cache-Control")) == 1
        refusal = site.check("own-folder", other, Refused(403, own_page=True))
        assert user not in str((refusal.headers, refusal.body))
        headed = site.check("deny-403-headers")
        assert headed.one("X-Why") == "not yours"
        assert site.check("own-page-403").all("X-Why") == []
    assert "/ada/" in locations[0]
    assert "/ben/" in locations[1]


def test_fifty_users_at_once_each_get_their_own_url(site):
    """Concurrent requests are not mixed up."""

    def send(number):
        user = f"user-{number}"
        folder = user if number % 5 else "somebody"
        request = Request(f"{folder}/a.txt", user=user)
        return folder == user, request, *site.send("own-folder", request)

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        results = list(pool.map(send, range(100)))
    for allowed, request, reply, checker in results:
        expected = Signed(f"/{request.key}") if allowed else Refused(403, own_page=True)
        expected.check(request, reply, checker)


def test_two_tenants_at_once_are_kept_apart(site):
    """
    No URL and no cookie of one opens a file of the other.

    Both trust the same key, so only the host in the policy keeps them apart.
    """
    hosts = {"ada": site.domain, "vera": site.domain.replace(*VIDEOS_HOST)}
    seconds = float(os.environ.get("CFSIGN_TENANT_SECONDS", "0"))
    end = time.monotonic() + (seconds if site.way == "over HTTP" else 0)

    def send(number):
        user = ("ada", "vera")[number % 2]
        own, foreign = hosts[user], hosts["vera" if user == "ada" else "ada"]
        path = f"videos/{number}.ts"
        view = ("tenants", "tenant-cookies")[number // 2 % 2]
        reply, checker = site.send("allow-200", Request(path, view=view, user=user))
        assert reply.status == 303
        location = reply.one("Location")
        assert location.startswith(f"{own}/{path}")
        sent = (header.partition(";")[0].partition("=") for header in reply.all("Set-Cookie"))
        cookies = {name: value for name, _, value in sent if value.strip('"')}
        assert bool(cookies) is (view == "tenant-cookies")
        for url, is_allowed in ((location, True), (location.replace(own, foreign), False)):
            verdict = site.trusted_keys.check(url, cookies=cookies, at=checker.earliest)
            assert verdict.allowed is is_allowed
            if checker.fetch is not None:
                header = "; ".join(f"{name}={value}" for name, value in cookies.items())
                assert checker.fetch(url, header).status == (200 if is_allowed else 403)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        first = 0
        while first == 0 or time.monotonic() < end:
            list(pool.map(send, range(first, first + 40)))
            first += 40


def test_cookies_that_cannot_arrive_are_logged(adapter, site_settings, caplog):
    """Once for each host: the adapter passes on that of the request."""
    driver = site_module.driver(adapter)
    domain = f"https://media.{adapter}.example".replace("_", "-")
    settings = site_settings | {"CLOUDFRONT_DOMAIN": domain}
    with contextlib.ExitStack() as stack:
        if adapter in DJANGO:
            from django.test import override_settings

            stack.enter_context(override_settings(**settings))
        send = driver.client(driver.create_app(settings))
        for view in ("cookies", "json", "cookies"):
            request = Request("ada/a.txt", view=view)
            assert send(request, request.path(driver.PREFIX, "own-folder")).status in (200, 303)
    host = {"flask": "localhost", "falcon": "falconframework.org"}.get(
        adapter.partition("_")[0], "testserver"
    )
    lines = [line for line in caplog.messages if f"do not reach {domain}: browsers send" in line]
    assert len(lines) == 1
    assert f"send the cookies back to {host} only" in lines[0]
    is_http = any(f"http://{host} sets" in line for line in caplog.messages)
    assert is_http == (host != "localhost")


def test_redirect_to_a_stable_url_is_cached(adapter, site_settings, monkeypatch):
    """Only a browser may cache it. A refusal is never cached."""
    driver = site_module.driver(adapter)
    stable = {"expiry_step": 3600, "cache_redirect": True}
    config = site_settings["CLOUDFRONT_CONFIG"] | stable
    settings = site_settings | {"CLOUDFRONT_CONFIG": config}
    signed = []
    count_signatures(monkeypatch, signed)
    with contextlib.ExitStack() as stack:
        clock = stack.enter_context(time_machine.travel(NOW, tick=False))
        if adapter in DJANGO:
            from django.test import override_settings

            stack.enter_context(override_settings(**settings))
        send = driver.client(driver.create_app(settings))

        def request(case, user="ada"):
            sent = Request(f"{user}/a.txt", view="nested", user=user)
            return send(sent, sent.path(driver.PREFIX, case))

        for seconds, signatures in ((0, 1), (100, 1), (3600, 2)):
            clock.move_to(NOW + seconds)
            reply = request("own-folder")
            left = 3600 - seconds % 3600 - 60
            assert reply.status == 303
            assert reply.all("Cache-Control") == [f"private, max-age={left}"]
            assert reply.one("Vary").startswith("Cookie, Authorization")
            assert len(signed) == signatures
        refused = request("deny-403-headers")
        assert (refused.status, refused.all("Cache-Control")) == (403, ["no-store"])


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_start(adapter, site_settings, start):
    """A mistake is reported when the site starts."""
    driver = site_module.driver(adapter)

    def plain(self, *args, **kwargs):
        return 200

    async def plain_async(self, *args, **kwargs):
        return 200

    is_async = driver.IS_ASYNC is (start.authorize == "right")
    members = dict(start.members)
    if start.authorize != "none":
        members["authorize"] = plain_async if is_async else plain
    settings = site_settings if start.settings else {}
    expected = start.expectation(adapter)
    raised, message = "", ""
    try:
        driver.start(settings, members)
    except Exception as error:
        raised, message = type(error).__name__, str(error)
    assert raised == expected
    if not start.settings:
        for setting in ("CLOUDFRONT_DOMAIN", "key_pair_id", "private_key"):
            assert setting in message


def test_a_server_without_settings_does_not_start(adapter, servers):
    """Its log names the missing settings. Django reports them in its checks, and answers 500."""
    if adapter not in DJANGO:
        with pytest.raises(AssertionError, match="CLOUDFRONT_DOMAIN: missing"):
            servers.start(adapter, {})
        return
    settings = {"DJANGO_SETTINGS_MODULE": "tests.conformance.drivers.django_settings"}
    process, log = servers.spawn(adapter, [sys.executable, "-m", "django", "check"], settings)
    assert process.wait(30) == 1
    assert "(cfsign_django.E001) CLOUDFRONT_DOMAIN: missing" in log.read_text()
    prefix = site_module.driver(adapter).PREFIX
    reply = send(servers.start(adapter, {}), "GET", f"{prefix}/content/allow-200/a.txt")
    Refused(500).check(Request(), reply, None)


def test_rows_are_complete():
    """Each row has cases or a test; names are unique, and each difference has a reason."""
    names = [case.name for row in ROWS for case in row.cases]
    assert len(names) == len(set(names))
    for row in ROWS:
        assert bool(row.cases) is not bool(row.test)
        assert not row.test or callable(globals()[row.test])
        for case in row.cases:
            assert isinstance(case, Start) or case.name.replace("-", "").isalnum()
            for difference in case.differences.values():
                assert difference.why.endswith(".")

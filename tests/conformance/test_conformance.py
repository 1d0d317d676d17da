"""Every case of the table on every flavour, in process and over HTTP."""

import concurrent.futures
import contextlib
import sys

import pytest
import time_machine

from tests.conformance import site as site_module
from tests.conformance.cases import CASES, DJANGO, ROWS, STARTS, Request, Start
from tests.conformance.expectations import Refused, Signed
from tests.conformance.signature import count_signatures
from tests.conformance.wire import send

NOW = 1_800_000_000


@pytest.mark.parametrize("case", [name for name in CASES if name != "own-folder"])
def test_case(site, case):
    """The answer is the one that the table expects."""
    site.judge(case)


def test_two_viewers_in_a_row_share_nothing(site):
    """One viewer's URL, headers and refusal are not the next one's."""
    locations = []
    for viewer in ("ada", "ben", "ada"):
        own = Request(f"{viewer}/a.txt", viewer=viewer)
        other = Request("eve/a.txt", viewer=viewer)
        reply = site.judge("own-folder", own, Signed(f"/{viewer}/a.txt"))
        locations.append(reply.one("Location"))
        assert len(reply.all("Cache-Control")) == 1
        refusal = site.judge("own-folder", other, Refused(403, own_page=True))
        assert viewer not in str((refusal.headers, refusal.body))
        headed = site.judge("deny-403-headers")
        assert headed.one("X-Why") == "not yours"
        assert site.judge("own-page-403").all("X-Why") == []
    assert "/ada/" in locations[0]
    assert "/ben/" in locations[1]


def test_fifty_viewers_at_once_each_get_their_own(site):
    """However the requests come between one another."""

    def ask(number):
        viewer = f"viewer-{number}"
        folder = viewer if number % 5 else "somebody"
        request = Request(f"{folder}/a.txt", viewer=viewer)
        return folder == viewer, request, *site.ask("own-folder", request)

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(100)))
    for allowed, request, reply, judge in answers:
        expected = Signed(f"/{request.key}") if allowed else Refused(403, own_page=True)
        expected.judge(request, reply, judge)


def test_a_redirect_to_a_stable_url_may_be_kept(flavour, site_settings, monkeypatch):
    """By the viewer's browser; a refusal may not, nor what the site forbids."""
    driver = site_module.driver(flavour)
    stable = {"expiry_step": 3600, "cache_redirect": True}
    config = site_settings["CLOUDFRONT_CONFIG"] | stable
    settings = site_settings | {"CLOUDFRONT_CONFIG": config}
    signed = []
    count_signatures(monkeypatch, signed)
    with contextlib.ExitStack() as stack:
        clock = stack.enter_context(time_machine.travel(NOW, tick=False))
        if flavour in DJANGO:
            from django.test import override_settings

            stack.enter_context(override_settings(**settings))
        send = driver.client(driver.create_app(settings))

        def ask(case, viewer="ada"):
            request = Request(f"{viewer}/a.txt", view="nested", viewer=viewer)
            return send(request, request.path(driver.PREFIX, case))

        for late, signatures in ((0, 1), (100, 1), (3600, 2)):
            clock.move_to(NOW + late)
            reply = ask("own-folder")
            left = 3600 - late % 3600 - 60
            assert reply.status == 303
            assert reply.all("Cache-Control") == [f"private, max-age={left}"]
            assert reply.one("Vary").startswith("Cookie, Authorization")
            assert len(signed) == signatures
        refused = ask("deny-403-headers")
        assert (refused.status, refused.all("Cache-Control")) == (403, ["no-store"])


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_start(flavour, site_settings, start):
    """A mistake is reported when the site starts, before any request."""
    driver = site_module.driver(flavour)

    def plain(self, *args, **kwargs):
        return 200

    async def awaited(self, *args, **kwargs):
        return 200

    is_async = driver.IS_ASYNC is (start.authorize == "right")
    members = dict(start.members)
    if start.authorize != "none":
        members["authorize"] = awaited if is_async else plain
    settings = site_settings if start.settings else {}
    expected = start.expectation(flavour)
    raised, message = "", ""
    try:
        driver.start(settings, members)
    except Exception as error:
        raised, message = type(error).__name__, str(error)
    assert raised == expected
    if not start.settings:
        for setting in ("CLOUDFRONT_DOMAIN", "key_pair_id", "private_key"):
            assert setting in message


def test_a_server_without_settings_does_not_start(flavour, servers):
    """Its log names what is missing; Django's checks say it, and its server signs nothing."""
    if flavour not in DJANGO:
        with pytest.raises(AssertionError, match="CLOUDFRONT_DOMAIN is missing"):
            servers.start(flavour, {})
        return
    settings = {"DJANGO_SETTINGS_MODULE": "tests.conformance.drivers.django_settings"}
    process, log = servers.spawn(flavour, [sys.executable, "-m", "django", "check"], settings)
    assert process.wait(30) == 1
    assert "(cfsign_django.E001) CLOUDFRONT_DOMAIN is missing" in log.read_text()
    prefix = site_module.driver(flavour).PREFIX
    reply = send(servers.start(flavour, {}), "GET", f"{prefix}/content/allow-200/a.txt")
    Refused(500).judge(Request(), reply, None)


def test_the_table_is_whole():
    """Each row has what proves it; names are unique, and each difference has its reason."""
    names = [case.name for row in ROWS for case in row.cases]
    assert len(names) == len(set(names))
    for row in ROWS:
        assert bool(row.cases) is not bool(row.test)
        assert not row.test or callable(globals()[row.test])
        for case in row.cases:
            assert isinstance(case, Start) or case.name.replace("-", "").isalnum()
            for difference in case.differences.values():
                assert difference.why.endswith(".")

"""The distribution of a view, and of each request."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from cfsign import ConfigurationError, DecisionError, Deny, Distribution, Signer
from cfsign.views import AccessEvent, Framework, OptionAttributes, SiteConfig, ViewOptions
from cfsign.views.view_handlers import MAX_HANDLERS, ViewHandlers
from tests.conftest import RecordingKey

A, B = "https://a.example.com", "https://b.example.com"


class View(OptionAttributes):
    """A view without a framework."""

    def __init__(self, **options: Any) -> None:
        vars(self).update(options)


class Tenants(View):
    """A view of several tenants; the request is the result of the hook."""

    def distribution_for(self, request: Any) -> Any:
        if isinstance(request, Exception):
            raise request
        return request


class AsyncTenants(View):
    async def distribution_for(self, request: Any) -> Any:
        await asyncio.sleep(0)
        if isinstance(request, Exception):
            raise request
        return request


class RefusedError(Exception):
    """An exception of the framework that is a response."""


@pytest.fixture
def events() -> list[AccessEvent]:
    """The events that the observer got."""
    return []


@pytest.fixture
def site(recording_signer: Signer, events: list[AccessEvent]) -> SiteConfig:
    """A site with two distributions."""
    return SiteConfig(
        {"default": Distribution(A, recording_signer), "videos": Distribution(B, recording_signer)},
        observers=[lambda event, request: events.append(event)],
        framework=Framework(get_status=lambda e: 410 if isinstance(e, RefusedError) else None),
    )


def ask(handlers: ViewHandlers, view: Any, request: object, result: object = 200) -> Any:
    """Return the response to a request, from a sync or an async view."""
    if isinstance(view, AsyncTenants):
        return asyncio.run(ask_async(handlers, view, request, result))
    handler = handlers.fixed or handlers.choose(view.distribution_for, request)
    return handler.handle(request, "a.txt", handler.file_request("a.txt"), lambda: result)


async def ask_async(handlers: ViewHandlers, view: Any, request: object, result: object) -> Any:
    async def authorize() -> object:
        return result

    handler = handlers.fixed or await handlers.choose_async(view.distribution_for, request)
    return await handler.handle_async(request, "a.txt", handler.file_request("a.txt"), authorize)


@pytest.mark.parametrize("distribution", ["videos", "object", "foreign"])
def test_view_has_the_distribution_of_its_option(
    site: SiteConfig, recording_signer: Signer, distribution: str
) -> None:
    """An alias, one of the site's objects, or another one."""
    foreign = Distribution("https://c.example.com", recording_signer)
    given = {"object": site.distributions["videos"], "foreign": foreign}
    view = View(distribution=given.get(distribution, distribution))
    response = ask(site.handlers(view), view, None)
    domain = "https://c.example.com" if distribution == "foreign" else B
    assert response.location.startswith(f"{domain}/a.txt?")


def test_view_without_the_option_has_the_default(site: SiteConfig) -> None:
    view = View()
    assert ask(site.handlers(view), view, None).location.startswith(f"{A}/")


@pytest.mark.parametrize("view", [Tenants(), AsyncTenants()], ids=["sync", "async"])
@pytest.mark.parametrize(("choice", "domain"), [("default", A), ("videos", B)])
def test_distribution_of_each_request(
    site: SiteConfig, view: View, choice: str, domain: str, events: list[AccessEvent]
) -> None:
    handlers = site.handlers(view)
    assert handlers.fixed is None
    for given in (choice, site.distributions[choice]):
        assert ask(handlers, view, given).location.startswith(f"{domain}/a.txt?")
    assert [event.domain for event in events] == [domain, domain]


def test_async_view_may_have_a_plain_hook(site: SiteConfig) -> None:
    handlers = site.handlers(Tenants())
    response = asyncio.run(ask_async(handlers, Tenants(), "videos", 200))
    assert response.location.startswith(B)


@pytest.mark.parametrize("view", [Tenants(), AsyncTenants()], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("choice", "status"),
    [
        ("other.example.com", 404),
        ("", 404),
        ("https://evil.example", 404),
        (None, 404),
        (Deny(410), 410),
    ],
    ids=["alias", "empty", "url", "none", "deny"],
)
def test_unknown_distribution_is_refused_before_authorize(
    site: SiteConfig,
    view: View,
    choice: Any,
    status: int,
    events: list[AccessEvent],
    recorder: RecordingKey,
) -> None:
    """The event has no domain, and nothing is signed."""
    result: Any = lambda: pytest.fail("authorize was called")  # noqa: E731
    response = ask(site.handlers(view), view, choice, result)
    assert (type(response), response.status) == (Deny, status)
    (event,) = events
    assert (event.domain, event.outcome, event.status) == (None, "invalid", status)
    assert recorder.signed == []


@pytest.mark.parametrize("view", [Tenants(), AsyncTenants()], ids=["sync", "async"])
@pytest.mark.parametrize(
    "choice",
    [7, True, b"videos", ["videos"], {"domain": B}, object()],
    ids=lambda v: type(v).__name__,
)
def test_anything_else_is_an_error(
    site: SiteConfig, view: View, choice: object, events: list[AccessEvent], recorder: RecordingKey
) -> None:
    """It is a 500, not a 404: the site's code is wrong."""
    with pytest.raises(DecisionError, match="distribution_for returned a"):
        ask(site.handlers(view), view, choice)
    (event,) = events
    assert (event.domain, event.outcome, event.status) == (None, "error", 500)
    assert recorder.signed == []


@pytest.mark.parametrize("view", [Tenants(), AsyncTenants()], ids=["sync", "async"])
def test_exceptions_of_the_hook(site: SiteConfig, view: View, events: list[AccessEvent]) -> None:
    """The framework's own refuse; any other one is an error."""
    for error, outcome in ((RefusedError(), "invalid"), (KeyError("host"), "error")):
        with pytest.raises(type(error)):
            ask(site.handlers(view), view, error)
        assert events[-1].outcome == outcome
    assert [event.status for event in events] == [410, 500]


def test_coroutine_in_a_sync_view_is_an_error(site: SiteConfig) -> None:
    """Python does not warn that it was never awaited."""
    view = Tenants()
    with pytest.raises(DecisionError, match="returned a coroutine"):
        ask(site.handlers(view), view, AsyncTenants().distribution_for("videos"))


def test_handlers_of_objects_are_bounded(site: SiteConfig, recording_signer: Signer) -> None:
    """A hook may make a distribution for each request."""
    handlers = site.handlers(Tenants())
    first = handlers.choose(lambda request: site.distributions["videos"], None)
    for _ in range(MAX_HANDLERS + 5):
        made = Distribution(A, recording_signer)
        assert handlers.choose(lambda request, made=made: made, None).distribution is made
    assert handlers._get_handler.cache_info().currsize == MAX_HANDLERS
    again = handlers.choose(lambda request: site.distributions["videos"], None)
    assert again.distribution is first.distribution


def test_hook_can_fall_back_to_the_option(site: SiteConfig) -> None:
    class Falling(View):
        distribution = "videos"

        def distribution_for(self, request: Any) -> Any:
            return super().distribution_for(request)

    view = Falling()
    assert ask(site.handlers(view), view, None).location.startswith(B)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("other", "there is no distribution 'other'; the site has 'default', 'videos'"),
        ("https://c.example.com", "must be an alias or a Distribution, got a URL"),
        ("", "must be an alias or a Distribution, got text that is not an alias"),
        (7, "must be an alias or a Distribution, got int"),
        ({"domain": A}, "must be an alias or a Distribution, got dict"),
    ],
    ids=["unknown", "url", "empty", "int", "dict"],
)
def test_wrong_option_is_an_error(site: SiteConfig, value: Any, message: str) -> None:
    view = View(distribution=value)
    with pytest.raises(ConfigurationError, match=message):
        site.handlers(view)
    assert [each.setting for each in site.find_view_problems(view)] == ["View"]
    if value != "other":
        with pytest.raises(ConfigurationError, match=message):
            ViewOptions(distribution=value)


def test_view_for_tenants_is_checked_with_each_alias(recording_signer: Signer) -> None:
    """At start-up, not at the first request of the tenant."""
    stepped = Distribution(A, recording_signer, expiry_step=60)
    site = SiteConfig({"default": stepped, "videos": Distribution(B, recording_signer)})
    assert site.find_view_problems(View(cache_redirect=True)) == []
    (problem,) = site.find_view_problems(Tenants(cache_redirect=True))
    assert "cache_redirect needs an expiry_step" in problem.message


def test_refusal_is_logged_without_what_the_client_sent(
    site: SiteConfig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "cfsign")
    view = Tenants()
    ask(site.handlers(view), view, "evil.example.com")
    (line,) = caplog.messages
    assert line == "answered with 404: distribution_for returned an unknown alias"


def test_grant_and_revoke_with_an_alias(site: SiteConfig) -> None:
    """Each has its own handler, built once."""
    videos = site.cookie_handler("videos")
    assert videos.cookies is not None
    assert videos.cookies.distribution is site.distributions["videos"]
    assert site.cookie_handler("videos") is videos
    with pytest.raises(ConfigurationError, match="no distribution 'other'"):
        site.cookie_handler("other")

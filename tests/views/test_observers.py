"""Observers: how they are set, ordered and called."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from typing import Any

import pytest

from cfsign import Allow, CfsignError, ConfigurationError, Deny, Distribution, KeyUnavailableError
from cfsign.config import hide
from cfsign.views import AccessEvent, SiteConfig, ViewHandler, ViewOptions

SETTINGS = {"CLOUDFRONT_DOMAIN": "https://media.example.com"}


class Failing:
    fail_closed = True

    def __call__(self, event: AccessEvent, request: Any) -> None:
        raise OSError("disk full")


class AsyncObserver:
    async def __call__(self, event: AccessEvent, request: Any) -> None:
        raise AssertionError


async def observe_async(event: AccessEvent, request: Any) -> None:
    raise AssertionError


def handle(distribution: Distribution, result: Any = 200, name: str = "a.txt", **options: Any):
    events: list[AccessEvent] = []
    observers = [lambda event, request: events.append(event), *options.pop("observers", [])]
    handler = ViewHandler(distribution, ViewOptions(**options), observers=observers)

    def authorize() -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return handler.handle(None, name, handler.file_request(name), authorize), events


def test_event_of_a_redirect(recording_distribution: Distribution) -> None:
    response, [event] = handle(recording_distribution)
    assert event.resource == "a.txt"
    assert (event.folder, event.outcome, event.status) == (None, "allowed", 303)
    assert event.delivery == "redirect"
    assert event.domain == recording_distribution.domain
    assert event.hash_algorithm == "SHA1"
    assert f"Expires={event.expires_at}&" in response.location
    assert f"Key-Pair-Id={event.key_pair_id}" in response.location
    assert not event.is_cached
    assert event.duration > 0


def test_folder_of_cookies(recording_distribution: Distribution) -> None:
    options = {"delivery": "cookies", "folder": "vidéos/42", "cookie_domain": "example.com"}
    _, [event] = handle(recording_distribution, name="vidéos/42/a.ts", **options)
    assert event.folder == "vidéos/42"


def test_second_signature_of_a_step_is_cached(recording_signer: Any) -> None:
    distribution = Distribution("https://media.example.com", recording_signer, expiry_step=300)
    _, [first] = handle(distribution)
    _, [second] = handle(distribution)
    assert (first.is_cached, second.is_cached) == (False, True)


@pytest.mark.parametrize(
    ("result", "outcome", "status"),
    [
        (403, "refused", 403),
        (Deny(451), "refused", 451),
        (KeyUnavailableError("no answer"), "error", 500),
        (Allow(ip_address="2001:db8::1"), "refused", 403),
        (None, "error", 500),
        (ValueError("wrong"), "error", 500),
        (Allow(expires_at=5), "error", 500),
    ],
    ids=str,
)
def test_outcome(
    recording_distribution: Distribution, result: Any, outcome: str, status: int
) -> None:
    events: list[AccessEvent] = []
    handler = ViewHandler(
        recording_distribution,
        ViewOptions(),
        observers=[lambda event, request: events.append(event)],
    )

    def authorize() -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    errors = (CfsignError, ValueError)
    with pytest.raises(errors) if status == 500 else contextlib.nullcontext():
        handler.handle(None, "a.txt", handler.file_request("a.txt"), authorize)
    [event] = events
    assert (event.outcome, event.status, event.key_pair_id) == (outcome, status, None)


def test_unusable_path_is_invalid(recording_distribution: Distribution) -> None:
    response, [event] = handle(recording_distribution, name="../a.txt")
    assert response == Deny(404)
    assert (event.outcome, event.status, event.duration) == ("invalid", 404, 0.0)


@pytest.mark.parametrize("is_async", [False, True])
def test_error_of_the_folder_function_makes_an_event(
    recording_distribution: Distribution, recorder: Any, is_async: bool
) -> None:
    """It is called before `authorize`, when the path is validated."""
    events: list[AccessEvent] = []

    def find_folder(resource: str) -> str:
        raise LookupError("no folder")

    handler = ViewHandler(
        recording_distribution,
        ViewOptions(folder=find_folder),
        observers=[lambda event, request: events.append(event)],
    )

    async def authorize() -> int:
        raise AssertionError

    def handle() -> Any:
        arguments = (None, "a", handler.validate("a"), authorize)
        if is_async:
            return asyncio.run(handler.handle_async(*arguments))
        return handler.handle(*arguments)

    with pytest.raises(LookupError, match="no folder"):
        handle()
    with pytest.raises(LookupError, match="no folder"):
        handler.handle(None, "/a", handler.path_request("/a"), authorize)
    assert [(event.outcome, event.status) for event in events] == [("error", 500)] * 2
    assert recorder.signed == []


def test_observer_that_fails_closed_is_called_first(recording_distribution: Distribution) -> None:
    response, [event] = handle(recording_distribution, observers=[Failing()])
    assert response == Deny(503)
    assert (event.outcome, event.status, event.key_pair_id) == ("error", 503, None)


OUTCOMES: list[tuple[Any, str, int]] = [
    (200, "allowed", 303),
    (Deny(451), "refused", 451),
    (Allow(ip_address="2001:db8::1"), "refused", 403),
    (ValueError("wrong"), "error", 500),
    (None, "error", 500),
]


@pytest.mark.parametrize(("result", "outcome", "status"), OUTCOMES, ids=str)
@pytest.mark.parametrize("delivery", ["redirect", "json"])
def test_event_of_an_async_view(
    recording_distribution: Distribution, result: Any, outcome: str, status: int, delivery: Any
) -> None:
    """The same as of a sync view; and nothing is handed out if an observer fails closed."""
    events: list[AccessEvent] = []

    async def observe(event: AccessEvent, request: Any) -> None:
        await asyncio.sleep(0)
        events.append(event)

    async def authorize() -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    async def fail(event: AccessEvent, request: Any) -> None:
        await asyncio.sleep(0)
        raise OSError("disk full")

    fail.fail_closed = True  # type: ignore[attr-defined]
    options = ViewOptions(delivery=delivery)
    for observers in ([observe], [observe, fail]):
        handler = ViewHandler(recording_distribution, options, observers=observers)
        with (
            pytest.raises((CfsignError, ValueError)) if status == 500 else contextlib.nullcontext()
        ):
            response = asyncio.run(
                handler.handle_async(None, "a.txt", handler.validate("a.txt"), authorize)
            )
    first, second = events
    allowed = 200 if status == 303 and delivery == "json" else status
    assert (first.outcome, first.status) == (outcome, allowed)
    assert (first.key_pair_id is None) is (outcome != "allowed")
    assert (first.duration > 0) is (outcome == "allowed" or isinstance(result, Allow))
    assert (second.outcome, second.status) == ("error", 503)
    assert status == 500 or response == Deny(503)


def test_error_of_the_site_stays_an_error(recording_distribution: Distribution) -> None:
    with pytest.raises(ValueError, match="wrong"):
        handle(recording_distribution, ValueError("wrong"), observers=[Failing()])


@pytest.mark.parametrize("observers", [5, "audit", {"a": 1}, [None], ["audit"], [Failing]])
@pytest.mark.parametrize("where", ["handler", "site", "options", "settings"])
def test_observers_that_cannot_be_called_are_refused(
    recording_distribution: Distribution, pem: str, observers: Any, where: str
) -> None:
    config = {"private_key": pem, "key_pair_id": "K2JCJMDEHXQW5F", "observers": observers}
    make = {
        "handler": lambda: ViewHandler(recording_distribution, ViewOptions(), observers=observers),
        "site": lambda: SiteConfig(recording_distribution, observers=observers),
        "options": lambda: ViewOptions(observers=observers),
        "settings": lambda: SiteConfig.from_config(SETTINGS | {"CLOUDFRONT_CONFIG": config}),
    }
    with pytest.raises(ConfigurationError, match="observers must be"):
        make[where]()


@pytest.mark.parametrize(
    "observer",
    [observe_async, AsyncObserver(), functools.partial(observe_async)],
    ids=["function", "object", "partial"],
)
def test_async_observer_needs_an_async_view(
    recording_distribution: Distribution, observer: Any
) -> None:
    with pytest.raises(ConfigurationError, match="cannot await the async observer"):
        ViewHandler(recording_distribution, ViewOptions(), can_await=False, observers=[observer])
    assert ViewHandler(recording_distribution, ViewOptions(), observers=[observer])


def test_hidden_async_observer_is_logged_in_a_sync_view(
    recording_distribution: Distribution, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing shows before the call that the function returns a coroutine."""
    observer = lambda event, request: observe_async(event, request)  # noqa: E731
    handle(recording_distribution, observers=[observer])
    [record] = caplog.records
    assert "raised TypeError" in record.getMessage()


def test_settings_and_views_share_the_observers(pem: str) -> None:
    events: list[AccessEvent] = []
    config = {
        "private_key": pem,
        "key_pair_id": "K2JCJMDEHXQW5F",
        "observers": [lambda event, request: events.append(event)],
    }
    site = SiteConfig.from_config(SETTINGS | {"CLOUDFRONT_CONFIG": config})
    handler = site.handler(type("View", (), {"code": 302})())
    handler.handle(None, "a.txt", handler.file_request("a.txt"), lambda: 200)
    assert [event.status for event in events] == [302]


def test_async_observer_is_awaited_before_the_response(
    recording_distribution: Distribution,
) -> None:
    order: list[str] = []

    async def observe(event: AccessEvent, request: Any) -> None:
        await asyncio.sleep(0)
        order.append(event.outcome)

    async def authorize() -> int:
        order.append("authorize")
        return 200

    handler = ViewHandler(recording_distribution, ViewOptions(), observers=[observe])

    async def run() -> None:
        await handler.handle_async(None, "a.txt", handler.file_request("a.txt"), authorize)
        order.append("response")

    asyncio.run(run())
    assert order == ["authorize", "allowed", "response"]


def test_log_shows_no_text_of_a_foreign_error(
    recording_distribution: Distribution, caplog: pytest.LogCaptureFixture
) -> None:
    def observer(event: AccessEvent, request: Any) -> None:
        raise RuntimeError("https://media.example.com/a?Signature=abc")

    with caplog.at_level(logging.ERROR):
        handle(recording_distribution, observers=[observer])
    assert "Signature" not in caplog.text
    assert "observer raised RuntimeError at " in caplog.text


def test_no_frame_of_an_error_shows_the_decision(recording_distribution: Distribution) -> None:
    """Error reports print the variables of each frame; a parameter may be a token."""
    result = Allow(expires_at=5, query={"token": "a-secret"})
    with pytest.raises(CfsignError) as caught:
        handle(recording_distribution, hide(result))
    trace = caught.value.__traceback__
    while trace is not None:
        if "cfsign/views" in trace.tb_frame.f_code.co_filename.replace("\\", "/"):
            assert "a-secret" not in repr(trace.tb_frame.f_locals)
        trace = trace.tb_next

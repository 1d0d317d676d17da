"""Events: every decision of every adapter makes one, and an observer may refuse the request."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cfsign import Distribution
from cfsign.views import AccessEvent, ViewHandler, ViewOptions
from tests.conformance.cases import CASES, DJANGO, FALCON, Case
from tests.conformance.expectations import AllowedMethods, FailsToStart, Signed
from tests.conformance.site import driver, settings_from
from tests.conformance.wire import Reply, Request

Send = Callable[[Request, str], Reply]
SECRETS = ("Signature=", "Policy=", "Key-Pair-Id=", "CloudFront-", "?", "Expires")

#: FastAPI's dependency raises before the redirect is asked for.
RAISED = {"raise-403", "raise-404", "raise", "raise-value", "raise-key", "id-not-found", "id-error"}

#: The route calls `signed_redirect` with something that is not a path.
NO_PATH = {"id-none", "id-number", "id-bytes", "id-status"}

#: The cases in which `resource_for` refuses, or names a file that cannot be signed.
NO_FILE = ("id-deny", "id-not-found", "id-up", "id-absolute", "id-empty")

#: Only Falcon's router finds a view for a path with a line break.
UNROUTED = {"no-name-line"}


class Sink:
    """An observer that keeps what it is called with."""

    def __init__(self, error: Exception | None = None, *, fail_closed: bool = False) -> None:
        self.calls: list[tuple[AccessEvent, Any]] = []
        self.error = error
        self.fail_closed = fail_closed

    def __call__(self, event: AccessEvent, request: Any) -> None:
        self.calls.append((event, request))
        if self.error is not None:
            raise self.error


@contextlib.contextmanager
def observe(
    adapter: str, environ: dict[str, str], observers: list[Any], kind: str = "file"
) -> Iterator[Send]:
    """Yield the client of a new application with *observers*."""
    settings = settings_from({**environ, "SITE_KEY_KIND": kind})
    settings["CLOUDFRONT_CONFIG"]["observers"] = observers
    found = driver(adapter)
    with contextlib.ExitStack() as stack:
        if adapter in DJANGO:
            from django.test import override_settings

            stack.enter_context(override_settings(**settings))
        send = found.client(found.create_app(settings))
        yield lambda request, case: send(request, request.path(found.PREFIX, case))


def expect_outcome(case: Case, status: int) -> str:
    if case.name.startswith("unreachable"):
        return "key_unavailable"
    if isinstance(case.expected, Signed):
        return "allowed"
    if case.name.startswith(
        ("no-name", "name-too-long", "forward-twice", "folder-outside", *NO_FILE)
    ):
        return "invalid"
    if case.name in ("tenant-nobody", "tenant-none", "tenant-denied", "tenant-raising"):
        return "invalid"
    is_decided = case.name.startswith(("refuse", "deny"))
    return "error" if status == 500 and not is_decided else "refused"


def count_events(adapter: str, case: Case) -> int:
    if adapter == "fastapi" and case.name in RAISED | NO_PATH:
        return 0
    return 0 if adapter not in FALCON and case.name in UNROUTED else 1


@pytest.mark.parametrize("kind", ["file", "blocking", "async"])
def test_each_decision_makes_one_event(
    adapter: str, kind: str, site_environ: dict[str, str]
) -> None:
    cases = [
        case
        for case in CASES.values()
        if case.key == kind and not isinstance(case.expected, AllowedMethods)
        if case.name != "own-folder"  # another user and file in each request
    ]
    expectations = [case.expectation(adapter) for case in cases]
    if any(isinstance(each, FailsToStart) for each in expectations):
        return  # Falcon refuses an asynchronous key for a WSGI resource
    sink = Sink()
    with observe(adapter, site_environ, [sink], kind) as send:
        for case, expected in zip(cases, expectations, strict=True):
            if expected is not case.expected and not isinstance(expected, Signed):
                continue  # the framework itself answers otherwise
            sink.calls.clear()
            reply = send(case.request, case.name)
            assert len(sink.calls) == count_events(adapter, case), case.name
            for event, _ in sink.calls:
                check_event(event, case, reply)
    assert kind != "file" or len(cases) >= 100


def check_event(event: AccessEvent, case: Case, reply: Reply) -> None:
    assert event.status == reply.status, case.name
    assert event.outcome == expect_outcome(case, event.status), case.name
    is_allowed = event.outcome == "allowed"
    has_distribution = case.request.user in ("ada", "vera")
    assert (event.domain is not None) is has_distribution, case.name
    assert (event.key_pair_id, event.hash_algorithm is None, event.expires_at is None) == (
        ("K2JCJMDEHXQW5F", False, False) if is_allowed else (None, True, True)
    ), case.name
    assert (event.resource is None) is (
        case.name in NO_PATH | {"id-deny", "id-not-found", "id-error"}
    ), case.name
    folder = case.expected.folder.strip("/") if isinstance(case.expected, Signed) else ""
    assert event.folder == (folder or None), case.name
    assert event.duration > 0 or not is_allowed
    text = repr([event.resource, event.folder, event.key_pair_id, event.domain])
    if not case.name.startswith("name-question"):  # a name with a `?` in it
        assert not any(secret in text for secret in SECRETS), case.name


@pytest.mark.parametrize("view", ["content", "json", "cookies"])
def test_nothing_is_handed_out_if_an_observer_fails_closed(
    adapter: str, view: str, site_environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    later, failing = Sink(), Sink(OSError("disk full: Signature=abc"), fail_closed=True)
    with observe(adapter, site_environ, [later, failing]) as send:
        reply = send(Request("b/a.txt", view=view), "allow-200")
        refused = send(Request("b/a.txt", view=view), "deny")
    assert (reply.status, refused.status) == (503, 503)
    assert not reply.all("Location")
    assert not reply.all("Set-Cookie")
    assert b"Signature" not in reply.body
    assert [event.outcome for event, _ in failing.calls] == ["allowed", "refused"]
    # The others hear what became of the request.
    assert [(event.outcome, event.status) for event, _ in later.calls] == [("error", 503)] * 2
    assert later.calls[0][0].key_pair_id is None
    [first, _] = [record for record in caplog.records if "observer" in record.getMessage()]
    assert first.getMessage().startswith("the observer Sink raised OSError at ")
    assert "abc" not in first.getMessage()


def test_error_of_an_observer_is_logged(
    adapter: str, site_environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    failing, later = Sink(OSError("disk full")), Sink()
    with observe(adapter, site_environ, [failing, later]) as send, caplog.at_level(logging.ERROR):
        reply = send(Request(), "allow-200")
    assert reply.status == 303
    assert [event.outcome for event, _ in later.calls] == ["allowed"]
    [record] = [record for record in caplog.records if "observer" in record.getMessage()]
    assert "OSError" in record.getMessage()


def test_event_and_request_stay_together_in_threads(
    adapter: str, site_environ: dict[str, str]
) -> None:
    seen: list[tuple[str | None, str]] = []

    def record(event: AccessEvent, request: Any) -> None:
        path = request.path if hasattr(request, "path") else request.url.path
        seen.append((event.resource, path))

    with observe(adapter, site_environ, [record]) as send, ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda i: send(Request(f"file-{i}.txt"), "allow-200"), range(50)))
    assert {reply.status for reply in replies} == {303}
    assert sorted(resource for resource, _ in seen) == sorted(f"file-{i}.txt" for i in range(50))
    assert all(path.endswith(f"/{resource}") for resource, path in seen)


def test_event_and_request_stay_together_in_one_event_loop(
    site_settings: dict[str, Any],
) -> None:
    seen: list[tuple[str | None, int | None, Any]] = []

    async def record(event: AccessEvent, request: Any) -> None:
        await asyncio.sleep(0)
        seen.append((event.resource, event.expires_at, request))

    handler = ViewHandler(
        Distribution.from_config(site_settings), ViewOptions(delivery="json"), observers=[record]
    )

    async def send(number: int) -> Any:
        async def authorize() -> int:
            await asyncio.sleep(0.001 * (number % 7))
            return 200

        name = f"file-{number}.txt"
        return await handler.handle_async(number, name, handler.file_request(name), authorize)

    async def send_all() -> list[Any]:
        return await asyncio.gather(*map(send, range(50)))

    responses = asyncio.run(send_all())
    assert all(b"file-%d.txt" % i in response.body for i, response in enumerate(responses))
    assert len(seen) == 50
    assert all(resource == f"file-{request}.txt" for resource, _, request in seen)


def test_signature_in_a_path_is_redacted(adapter: str, site_environ: dict[str, str]) -> None:
    sink = Sink()
    with observe(adapter, site_environ, [sink]) as send:
        send(Request("a.txt%3FExpires=1&Signature=abc~"), "allow-200")
    [(event, _)] = sink.calls
    assert event.outcome == "allowed"
    assert event.resource == "a.txt?"

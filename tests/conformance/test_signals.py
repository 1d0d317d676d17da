"""The signals of Flask and Django: sent for each event, and never an error of the request."""

from __future__ import annotations

from typing import Any

import flask
import pytest

from cfsign.views import AccessEvent
from cfsign_flask import access_decided
from tests.conformance.cases import DJANGO, FLASK
from tests.conformance.site import driver
from tests.conformance.wire import Request


@pytest.mark.parametrize("adapter", FLASK)
def test_each_receiver_of_flask_is_called(
    adapter: str, site_settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    app, other = (driver(adapter).create_app(site_settings) for _ in range(2))
    seen: list[tuple[Any, AccessEvent, str]] = []

    def fail(sender: flask.Flask, event: AccessEvent) -> None:
        raise ValueError("Signature=abc")

    async def receive_async(sender: flask.Flask, event: AccessEvent) -> None:
        raise AssertionError

    def receive(sender: flask.Flask, event: AccessEvent) -> None:
        seen.append((sender, event, flask.request.path))

    request = Request()
    path = request.path(driver(adapter).PREFIX, "allow-200")
    with (
        access_decided.connected_to(fail, app),
        access_decided.connected_to(receive_async, app),
        access_decided.connected_to(receive, app),
    ):
        assert driver(adapter).client(app)(request, path).status == 303
        assert driver(adapter).client(other)(request, path).status == 303
    assert driver(adapter).client(app)(request, path).status == 303
    [(sender, event, requested)] = seen
    assert (sender, event.outcome, requested) == (app, "allowed", path)
    assert sorted(record.getMessage().partition(" at ")[0] for record in caplog.records) == [
        "the observer test_each_receiver_of_flask_is_called.<locals>.fail raised ValueError",
        "the observer test_each_receiver_of_flask_is_called.<locals>.receive_async raised "
        "TypeError",
    ]


@pytest.mark.parametrize("adapter", DJANGO)
def test_each_receiver_of_django_is_called(
    adapter: str, make_client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    send = make_client(adapter, "in process")
    from cfsign_django.signals import access_decided

    seen: list[tuple[str, str, str, Any]] = []

    def fail(**kwargs: Any) -> None:
        raise ValueError("wrong")

    async def receive_async(event: AccessEvent, request: Any, **kwargs: Any) -> None:
        seen.append(("async", event.outcome, request.path, kwargs["sender"]))

    def receive(event: AccessEvent, request: Any, **kwargs: Any) -> None:
        seen.append(("sync", event.outcome, request.path, kwargs["sender"]))

    receivers = (fail, receive_async, receive)
    request = Request()
    path = request.path(driver(adapter).PREFIX, "deny")
    for receiver in receivers:
        access_decided.connect(receiver)
    try:
        assert send(request, path).status == 403
    finally:
        for receiver in receivers:
            access_decided.disconnect(receiver)
    assert send(request, path).status == 403
    assert sorted(seen, key=str) == [
        ("async", "refused", path, AccessEvent),
        ("sync", "refused", path, AccessEvent),
    ]
    assert any(record.name == "django.dispatch" for record in caplog.records)


@pytest.mark.parametrize("adapter", FLASK)
def test_async_observer_is_refused_by_flask(adapter: str, site_settings: dict[str, Any]) -> None:
    from cfsign import ConfigurationError

    async def observe(event: AccessEvent, request: Any) -> None:
        raise AssertionError

    config = site_settings["CLOUDFRONT_CONFIG"] | {"observers": [observe]}
    with pytest.raises(ConfigurationError, match="cannot await the async observer"):
        driver(adapter).create_app(site_settings | {"CLOUDFRONT_CONFIG": config})

"""From the requested path and the result of `authorize` to the response."""

from __future__ import annotations

import asyncio
import gc
import json
from http import HTTPStatus
from typing import Any

import pytest

from cfsign import (
    Allow,
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
from cfsign.views import FileRequest, ViewHandler, ViewOptions, ViewResponse
from tests.views.helpers import allow, build_options, get_location, respond, respond_async

DOMAIN = "https://media.example.com"

DELIVERIES = pytest.mark.parametrize("delivery", ["redirect", "json", "cookies"])


def test_allowed_request_is_redirected_to_the_signed_url(
    recording_distribution: Distribution, recorder: Any, clock: Any, now: int
) -> None:
    """303, not cached, with one signature."""
    response = allow(recording_distribution, "a b.pdf")
    assert len(recorder.signed) == 1
    location = recording_distribution.sign_path("a b.pdf")
    assert location.startswith(f"{DOMAIN}/a%20b.pdf?Expires={now + 60}&Signature=")
    headers = (("Location", location), ("Cache-Control", "no-store"))
    assert response == ViewResponse(303, headers)


def test_signed_url_is_allowed_by_the_checking_side(
    distribution: Distribution, trusted_keys: TrustedKeyGroup, clock: Any
) -> None:
    """Also for names with special characters."""
    for name in ("a.pdf", "ä ö.pdf", "100%.txt", "a+b", "a*b", "dir/x?y#z"):
        assert trusted_keys.check(get_location(allow(distribution, name)))


def test_code_and_headers_are_those_of_the_options(recording_distribution: Distribution) -> None:
    """Two responses of one handler are separate."""
    options = ViewOptions(code=HTTPStatus.FOUND, headers={"X-Robots-Tag": "noindex"})
    handler = ViewHandler(recording_distribution, options)
    for name in ("a", "b"):
        response = request_file(handler, name).respond(200)
        assert isinstance(response, ViewResponse)
        assert (response.status, type(response.status)) == (302, int)
        assert ("X-Robots-Tag", "noindex") in response.headers
        assert get_location(response).startswith(f"{DOMAIN}/{name}?")


@pytest.mark.parametrize("name", ["Cache-Control", "cache-control", "CACHE-CONTROL"])
def test_cache_control_of_the_options_replaces_no_store(
    recording_distribution: Distribution, name: str
) -> None:
    """In any case, there is one such header."""
    response = allow(recording_distribution, headers={name: "private, max-age=5", "X-A": "b"})
    assert response.headers[1:] == ((name, "private, max-age=5"), ("X-A", "b"))


def test_json(recording_distribution: Distribution, clock: Any, now: int) -> None:
    """The URL and its expiry, not cached."""
    response = allow(
        recording_distribution, "é", Allow(expires_in=7), delivery="json", headers={"X-A": "b"}
    )
    assert response.status == 200
    assert response.headers == (
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("X-A", "b"),
    )
    assert json.loads(response.body) == {
        "url": recording_distribution.sign_path("é", expires_in=7),
        "expires_at": now + 7,
    }


@pytest.mark.parametrize("is_async", [False, True])
@DELIVERIES
def test_delivery_is_that_of_the_options(
    recording_distribution: Distribution, clock: Any, delivery: Any, is_async: bool
) -> None:
    """The signed URL in a header, the signed URL in JSON, or the unsigned URL and cookies."""
    handler = ViewHandler(recording_distribution, build_options(delivery=delivery))
    request = request_file(handler, "b/a.pdf")
    response = asyncio.run(request.respond_async(200)) if is_async else request.respond(200)
    assert isinstance(response, ViewResponse)
    names = [name for name, _ in response.headers]
    signed = f"{DOMAIN}/b/a.pdf?Expires="
    assert response.status == (200 if delivery == "json" else 303)
    assert (response.location or "").startswith(signed) == (delivery == "redirect")
    assert (signed.encode() in response.body) == (delivery == "json")
    assert ("Set-Cookie" in names) == (delivery == "cookies")


@pytest.mark.parametrize(
    "result",
    [400, 401, 403, HTTPStatus.NOT_FOUND, 500, 599, Deny(), Deny(401, {"X": "y"})],
    ids=repr,
)
@DELIVERIES
def test_refusal_signs_nothing(
    recording_distribution: Distribution, recorder: Any, result: Any, delivery: Any
) -> None:
    """The Deny has the status and the headers of the result."""
    deny = respond(recording_distribution, "b/a", result, delivery=delivery)
    assert deny == (result if isinstance(result, Deny) else Deny(result))
    assert recorder.signed == []


@pytest.mark.parametrize(
    "result",
    [None, True, False, "200", 199, 201, 299, 303, 700, 0, -200, 200.0, (200,), [], {}, Allow],
    ids=repr,
)
@DELIVERIES
def test_unknown_result_is_an_error_and_signs_nothing(
    recording_distribution: Distribution, recorder: Any, result: Any, delivery: Any
) -> None:
    """In every delivery, and also with a location."""
    for location in ("", f"{DOMAIN}/b/c"):
        with pytest.raises(DecisionError, match="authorize "):
            respond(recording_distribution, "b/a", result, delivery=delivery, location=location)
    assert recorder.signed == []


def test_coroutine_is_an_error_and_signs_nothing(
    recording_distribution: Distribution, recorder: Any
) -> None:
    """A coroutine that is not awaited is true."""

    async def authorize() -> int:
        return 200

    with pytest.raises(DecisionError, match="coroutine that was not awaited"):
        respond(recording_distribution, "a", authorize())
    gc.collect()
    assert recorder.signed == []


def test_allowed_statuses_replace_the_default(
    recording_distribution: Distribution, recorder: Any
) -> None:
    """200 no longer allows."""
    assert allow(recording_distribution, "a", 201, allowed_statuses=(201,))
    recorder.signed.clear()
    with pytest.raises(DecisionError):
        respond(recording_distribution, "a", 200, allowed_statuses=(201,))
    assert recorder.signed == []


@pytest.mark.parametrize(
    ("result", "condition"),
    [
        (Allow(expires_in=5), b'"DateLessThan":{"AWS:EpochTime":1767225605}'),
        (Allow(expires_at=1767225700), b'"DateLessThan":{"AWS:EpochTime":1767225700}'),
        (Allow(starts_at=1767225600), b'"DateGreaterThan":{"AWS:EpochTime":1767225600}'),
        (Allow(ip_address="192.0.2.1"), b'"IpAddress":{"AWS:SourceIp":"192.0.2.1/32"}'),
    ],
    ids=repr,
)
@DELIVERIES
def test_conditions_of_an_allow_are_signed(
    recording_distribution: Distribution,
    recorder: Any,
    clock: Any,
    result: Allow,
    condition: bytes,
    delivery: Any,
) -> None:
    """An expiry, a start and an address are in the policy."""
    allow(recording_distribution, "dir/a", result, delivery=delivery)
    assert condition in recorder.signed[0][0]


@pytest.mark.parametrize(
    "result",
    [
        Allow(expires_in=0),
        Allow(expires_at=1767225600),
        Allow(expires_in=5, expires_at=1999999999),
        Allow(starts_at=1999999999),
        Allow(ip_address="everybody"),
    ],
    ids=repr,
)
def test_wrong_condition_is_an_error_and_signs_nothing(
    recording_distribution: Distribution, recorder: Any, clock: Any, result: Allow
) -> None:
    """It is a mistake of the site."""
    with pytest.raises(PolicyError):
        respond(recording_distribution, "a", result)
    assert recorder.signed == []


def test_only_an_allowed_request_is_signed(
    recording_distribution: Distribution, recorder: Any
) -> None:
    """Not the request itself, nor a refusal."""
    request = request_file(ViewHandler(recording_distribution, ViewOptions()), "a.pdf")
    assert recorder.signed == []
    assert request.respond(403) == Deny(403)
    assert recorder.signed == []
    assert isinstance(request.respond(200), ViewResponse)
    assert len(recorder.signed) == 1


@pytest.mark.parametrize(
    "resource",
    [
        *("", "/", "../a", "a/../b", "a//b", "a//", ".", "a\0b", "a\r\nb", "/a.txt", "//a.txt"),
        pytest.param("a" * 9000, id="long"),
    ],
)
def test_invalid_name_is_refused_before_authorize(
    recording_distribution: Distribution, recorder: Any, resource: str
) -> None:
    """A rule for `a.txt` would not recognize `/a.txt`, which has the same URL."""
    handler = ViewHandler(recording_distribution, ViewOptions())
    assert handler.file_request(resource) == Deny(404)
    assert recorder.signed == []


@pytest.mark.parametrize("resource", ["a", "a/b.pdf", "docs/", "é ä", "a*b", "..a", "%2e%2e/a"])
def test_valid_name_is_a_request(
    recording_distribution: Distribution, recorder: Any, resource: str
) -> None:
    """Nothing is signed yet."""
    handler = ViewHandler(recording_distribution, ViewOptions())
    assert isinstance(handler.file_request(resource), FileRequest)
    assert recorder.signed == []


def test_url_that_is_too_long_when_signed_is_a_404(recording_distribution: Distribution) -> None:
    """The client sent the name, so it is not an error of the site."""
    request = request_file(ViewHandler(recording_distribution, ViewOptions()), "a" * 8100)
    assert request.respond(200) == Deny(404)


@pytest.mark.parametrize("delivery", ["redirect", "json"])
def test_location_is_signed_in_place_of_the_resource(
    recording_distribution: Distribution, clock: Any, delivery: Any
) -> None:
    """The 2012 class uses it. The resource and the query string are ignored."""
    location = f"{DOMAIN}/fixed.pdf?v=1"
    response = allow(recording_distribution, "x", 200, "v=2", location=location, delivery=delivery)
    signed = json.loads(response.body)["url"] if delivery == "json" else response.location
    assert signed == recording_distribution.sign_path("fixed.pdf", query="v=1")


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
        f"{DOMAIN}.evil.example/film.mp4",
    ],
)
@DELIVERIES
def test_wrong_location_is_refused(
    recording_distribution: Distribution, delivery: Any, location: str
) -> None:
    """The constructor raises for every delivery, because the location goes into a header."""
    with pytest.raises(ResourceError):
        ViewHandler(recording_distribution, ViewOptions(delivery=delivery), location=location)


def test_key_that_cannot_sign_is_an_error() -> None:
    """Neither an Allow nor a Deny."""

    class LockedKey:
        def sign(self, message: bytes, hash_algorithm: str) -> bytes:
            raise SigningKeyError("the module is locked; log in first")

        def public_key_pem(self) -> str:
            return ""

    with pytest.raises(SigningKeyError, match="log in first"):
        respond(Distribution(DOMAIN, Signer("K", LockedKey())))


def test_repr_has_no_secret(recording_distribution: Distribution) -> None:
    """It shows the unsigned URL and no key."""
    handler = ViewHandler(recording_distribution, ViewOptions())
    assert repr(handler) == f"<ViewHandler {DOMAIN} redirect>"
    assert repr(handler.file_request("a.pdf")) == f"<FileRequest {DOMAIN}/a.pdf>"


def test_replace_returns_another_handler(recording_distribution: Distribution) -> None:
    """It checks the options and keeps the location."""
    location = f"{DOMAIN}/fixed"
    handler = ViewHandler(recording_distribution, ViewOptions(), location=location)
    other = handler.replace(allowed_statuses=(202,))
    response = request_file(other, "a").respond(202)
    assert isinstance(response, ViewResponse)
    assert get_location(response).startswith(f"{location}?")
    assert isinstance(request_file(handler, "a").respond(200), ViewResponse)
    with pytest.raises(ConfigurationError):
        handler.replace(code=301)


def request_file(handler: ViewHandler, resource: str) -> FileRequest:
    """Return the request for a valid name."""
    request = handler.file_request(resource)
    assert isinstance(request, FileRequest)
    return request


@DELIVERIES
def test_client_on_ipv6_is_refused_with_403(
    recording_distribution: Distribution,
    recorder: Any,
    caplog: pytest.LogCaptureFixture,
    delivery: Any,
) -> None:
    """CloudFront could not match its address. The site made no mistake, so it is not a 500."""
    result = Allow(ip_address="2001:db8::1")
    options: Any = {"delivery": delivery, "cookie_domain": ""}
    assert respond(recording_distribution, "a/b", result, **options) == Deny(403)
    assert asyncio.run(respond_async(recording_distribution, "a/b", result, **options)) == Deny(403)
    assert len(caplog.messages) == 2
    assert "answered with 403" in caplog.messages[0]
    assert "CloudFront does not match IPv6 addresses" in caplog.messages[0]
    assert recorder.signed == []

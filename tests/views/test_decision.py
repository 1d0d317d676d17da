"""The result of `authorize`: the values that allow, those that refuse, and all others."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import Allow, DecisionError, Deny, decide


@pytest.mark.parametrize("result", [200, 204, HTTPStatus.OK, HTTPStatus.NO_CONTENT])
def test_status_that_allows(result: int) -> None:
    """200 and 204, as in the 2012 class."""
    assert decide(result) == Allow()


@pytest.mark.parametrize("result", [400, 401, 403, 404, 410, 451, 500, 503, 599])
def test_status_that_refuses(result: int) -> None:
    """Every error status refuses with that status."""
    assert decide(result) == Deny(result)


def test_http_status_becomes_an_int() -> None:
    """Some frameworks print it."""
    deny = decide(HTTPStatus.NOT_FOUND)
    assert isinstance(deny, Deny)
    assert type(deny.status) is int
    assert deny.status == 404


def test_allow_and_deny_are_returned_unchanged() -> None:
    """With all their attributes."""
    allow = Allow(expires_at=datetime(2026, 1, 1, tzinfo=UTC), starts_at=1, ip_address="192.0.2.1")
    deny = Deny(401, {"WWW-Authenticate": "Basic"})
    assert decide(allow) is allow
    assert decide(deny) is deny
    short = Allow(expires_in=timedelta(seconds=5))
    assert decide(short) == short != Allow()


class Truthy:
    """An object that is true, and equals every status."""

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash(200)


UNKNOWN = [
    (None, "authorize returned None"),
    (True, "authorize returned True"),
    (False, "authorize returned False"),
    ("200", "a str"),
    (b"200", "a bytes"),
    ("yes", "a str"),
    ("", "a str"),
    (200.0, "a float"),
    (200 + 0j, "a complex"),
    ((200,), "a tuple"),
    ([], "a list"),
    ({"status": 200}, "a dict"),
    (Allow, "a type"),
    (Truthy(), "a Truthy"),
    (object(), "a object"),
    (decide, "a function"),
    (-200, "the status -200"),
    (0, "the status 0"),
    (1, "the status 1"),
    (100, "the status 100"),
    (199, "the status 199"),
    (201, "the status 201"),
    (206, "the status 206"),
    (299, "the status 299"),
    (301, "the status 301"),
    (303, "the status 303"),
    (399, "the status 399"),
    (600, "the status 600"),
    (700, "the status 700"),
    (HTTPStatus.FOUND, "the status 302"),
    (HTTPStatus.CREATED, "the status 201"),
]


@pytest.mark.parametrize(("result", "named"), UNKNOWN, ids=[named for _, named in UNKNOWN])
def test_anything_else_is_an_error(result: object, named: str) -> None:
    """The error names the status or the type, and the results that are allowed."""
    with pytest.raises(DecisionError, match=named) as caught:
        decide(result)
    assert "200" in str(caught.value)
    assert "400 to 599" in str(caught.value)


def test_coroutine_is_an_error() -> None:
    """It is closed, so Python does not warn that it was never awaited."""

    async def authorize() -> int:
        return 200

    with pytest.raises(
        DecisionError, match="that was not awaited; use a plain function, or the async view"
    ):
        decide(authorize())
    gc.collect()  # an open coroutine would warn here, and warnings are errors


def test_other_awaitables_are_errors() -> None:
    """Such as a task."""

    async def decide_on_task() -> None:
        task = asyncio.ensure_future(asyncio.sleep(0, 200))
        with pytest.raises(DecisionError, match="a Task"):
            decide(task)
        assert await task == 200

    asyncio.run(decide_on_task())


def test_error_does_not_show_the_result() -> None:
    """It could be a secret."""
    with pytest.raises(DecisionError) as caught:
        decide("a-session-secret")
    assert "a-session-secret" not in str(caught.value)


def test_allowed_statuses_replace_the_default() -> None:
    """An error status never allows."""
    assert decide(201, (201,)) == Allow()
    assert decide(299, frozenset({200, 299})) == Allow()
    assert decide(206, range(200, 300)) == Allow()
    with pytest.raises(
        DecisionError, match="the status 200; return a status that allows \\(201\\)"
    ):
        decide(200, (201,))
    assert decide(403, (200, 403)) == Deny(403)
    with pytest.raises(DecisionError):
        decide(200, ())
    with pytest.raises(DecisionError, match="authorize returned True"):
        decide(True, (1, True))


@pytest.mark.parametrize("result", [1, 100, 199, 300, 302, 399])
def test_only_a_success_status_can_allow(result: int) -> None:
    """Nor does `True` in `allowed_statuses` stand for 1."""
    for allowed in ((result,), (True,), (True, 200.5, result)):
        with pytest.raises(DecisionError, match=f"the status {result}"):
            decide(result, allowed)  # type: ignore[arg-type]


@pytest.mark.parametrize("result", [10**5000, -(10**5000), 1000], ids=["long", "minus", "four"])
def test_number_of_many_digits_is_an_error(result: int) -> None:
    """Python refuses to convert an int of over 4,300 digits to text."""
    with pytest.raises(DecisionError, match="a number of many digits"):
        decide(result, (200, 10**5000))


@given(st.integers() | st.none() | st.booleans() | st.floats() | st.text() | st.binary())
def test_only_200_and_204_allow(result: object) -> None:
    """Of all simple values."""
    try:
        allowed = isinstance(decide(result), Allow)
    except DecisionError:
        allowed = False
    assert allowed == (type(result) is int and result in (200, 204))


@pytest.mark.parametrize("status", [200, 303, 399, 600, 0, -1, True, None, "403", 403.0])
def test_deny_needs_an_error_status(status: Any) -> None:
    """A success or a redirect is not a refusal."""
    with pytest.raises(
        DecisionError,
        match="the status of Deny does not refuse the request; use one from 400 to 599",
    ):
        Deny(status)


@pytest.mark.parametrize(
    "headers",
    [
        None,
        "X: y",
        [("X", "y")],
        {"X": 1},
        {1: "x"},
        {"X": "a\r\nSet-Cookie: b"},
        {"X": "a\nb"},
        {"X": "a\0"},
        {"X": "a → b"},
        {"X\r\nY": "a"},
        {"X Y": "a"},
        {"X:": "a"},
        {"": "a"},
        {"É": "a"},
    ],
)
def test_wrong_headers_of_deny_are_refused(headers: Any) -> None:
    """They could add another header."""
    with pytest.raises(DecisionError, match="names to values, all text on one line"):
        Deny(401, headers)


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "Connection", "KEEP-ALIVE", "Upgrade", "Trailer", "TE"],
)
def test_headers_of_the_server_are_refused(name: str) -> None:
    """They frame the message or belong to the connection (RFC 9112, section 6)."""
    with pytest.raises(DecisionError, match=f"must not have {name}; remove it: the server"):
        Deny(401, {"X": "y", name: "5"})


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (
            {"Content-Type": "application/json"},
            "not have a Content-Type; remove it: the error page sets",
        ),
        ({"X": "y", "content-type": "text/html"}, "not have a Content-Type"),
        (
            {"Location": "/login"},
            "not have a Location; to send the client to a login page, return a redirect",
        ),
        ({"LOCATION": "/login"}, "not have a Location"),
    ],
)
def test_headers_of_another_response_are_refused(headers: dict[str, str], message: str) -> None:
    """The error page has its Content-Type, and no browser follows the Location of a 403."""
    with pytest.raises(DecisionError, match=message):
        Deny(401, headers)


def test_deny_may_clear_a_cookie() -> None:
    """Such as that of an expired session."""
    assert Deny(401, {"Set-Cookie": "s=; Max-Age=0"}).headers["Set-Cookie"] == "s=; Max-Age=0"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451, 501])
def test_refusal_is_not_cached(status: int) -> None:
    """By default, caches may store a 404, a 410 and a 501 (RFC 9110, section 15.1)."""
    deny = decide(status)
    assert isinstance(deny, Deny)
    assert dict(deny.headers) == {"Cache-Control": "no-store"}


@pytest.mark.parametrize("name", ["Cache-Control", "cache-control"])
def test_cache_control_of_deny_replaces_no_store(name: str) -> None:
    """In any case, there is one such header."""
    assert dict(Deny(404, {name: "private, max-age=5"}).headers) == {name: "private, max-age=5"}


def test_allow_is_hashable_and_deny_is_not() -> None:
    """A Deny holds a mapping."""
    assert not isinstance(Deny(), Hashable)
    assert Deny(404) == Deny(404) != Deny(410)
    assert {Allow(expires_in=5), Allow(expires_in=5)} == {Allow(expires_in=5)}


def test_deny_copies_its_headers() -> None:
    """Later changes of the dict have no effect, and the copy is read-only."""
    headers = {"WWW-Authenticate": 'Basic realm="a b"'}
    deny = Deny(401, headers)
    headers["X"] = "y"
    assert dict(deny.headers) == {
        "Cache-Control": "no-store",
        "WWW-Authenticate": 'Basic realm="a b"',
    }
    with pytest.raises(TypeError):
        deny.headers["X"] = "y"  # type: ignore[index]
    assert Deny() == Deny(403, {})

"""What `authorize` returned: the few values that are a yes, those that are a no, and the rest."""

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
def test_a_status_that_allows(result: int) -> None:
    """200 and 204, as in the original, with nothing changed."""
    assert decide(result) == Allow()


@pytest.mark.parametrize("result", [400, 401, 403, 404, 410, 451, 500, 503, 599])
def test_a_status_that_refuses(result: int) -> None:
    """Any error's status is a refusal with that status."""
    assert decide(result) == Deny(result)


def test_an_http_status_becomes_a_plain_number() -> None:
    """Adapters pass it on to frameworks that print it."""
    denied = decide(HTTPStatus.NOT_FOUND)
    assert isinstance(denied, Deny)
    assert type(denied.status) is int
    assert denied.status == 404


def test_allow_and_deny_pass_as_they_are() -> None:
    """With all that they say."""
    allow = Allow(expires_at=datetime(2026, 1, 1, tzinfo=UTC), starts_at=1, ip_address="192.0.2.1")
    deny = Deny(401, {"WWW-Authenticate": "Basic"})
    assert decide(allow) is allow
    assert decide(deny) is deny
    brief = Allow(expires_in=timedelta(seconds=5))
    assert decide(brief) == brief != Allow()


class Truthy:
    """Says yes to whoever asks whether it is true, and equals any status."""

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return hash(200)


NOT_UNDERSTOOD = [
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


@pytest.mark.parametrize(("result", "said"), NOT_UNDERSTOOD)
def test_anything_else_is_an_error_and_so_a_no(result: object, said: str) -> None:
    """The error says what was returned, by type or status, and what would have been understood."""
    with pytest.raises(DecisionError, match=said) as caught:
        decide(result)
    assert "200" in str(caught.value)
    assert "400 to 599" in str(caught.value)


def test_a_coroutine_is_closed_and_refused() -> None:
    """An async authorize on a sync path: truthy, never awaited; nor does Python warn of it."""

    async def authorize() -> int:
        return 200

    with pytest.raises(
        DecisionError, match="that was not awaited; use a plain function, or the async view"
    ):
        decide(authorize())
    gc.collect()  # a coroutine that was not closed would warn here, and warnings are errors


def test_other_awaitables_are_refused() -> None:
    """A future or a task is no answer before it is awaited."""

    async def ask() -> None:
        task = asyncio.ensure_future(asyncio.sleep(0, 200))
        with pytest.raises(DecisionError, match="a Task"):
            decide(task)
        assert await task == 200

    asyncio.run(ask())


def test_what_was_returned_is_not_echoed() -> None:
    """It may be anything, a secret too."""
    with pytest.raises(DecisionError) as caught:
        decide("a-session-secret")
    assert "a-session-secret" not in str(caught.value)


def test_the_site_may_name_other_statuses() -> None:
    """Those then allow, and no others; a refusal's status never does."""
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
def test_no_other_status_allows_whoever_names_it(result: int) -> None:
    """A yes is 200 to 299; nor is `True`, which equals 1, a status among those that allow."""
    for allowed in ((result,), (True,), (True, 200.5, result)):
        with pytest.raises(DecisionError, match=f"the status {result}"):
            decide(result, allowed)  # type: ignore[arg-type]


@pytest.mark.parametrize("result", [10**5000, -(10**5000), 1000], ids=["long", "minus", "four"])
def test_a_number_too_long_to_print_is_an_error_of_ours(result: int) -> None:
    """Python refuses to turn an int of over 4,300 digits into text."""
    with pytest.raises(DecisionError, match="a number of many digits"):
        decide(result, (200, 10**5000))


@given(st.integers() | st.none() | st.booleans() | st.floats() | st.text() | st.binary())
def test_only_two_numbers_are_a_yes(result: object) -> None:
    """Out of everything, 200 and 204 alone."""
    try:
        allowed = isinstance(decide(result), Allow)
    except DecisionError:
        allowed = False
    assert allowed == (type(result) is int and result in (200, 204))


@pytest.mark.parametrize("status", [200, 303, 399, 600, 0, -1, True, None, "403", 403.0])
def test_deny_takes_an_errors_status(status: Any) -> None:
    """A refusal that would be a success or a redirect is refused itself."""
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
def test_denys_headers_stay_on_their_line(headers: Any) -> None:
    """Names and values, and nothing that begins another header."""
    with pytest.raises(DecisionError, match="names to values, all text on one line"):
        Deny(401, headers)


@pytest.mark.parametrize(
    "name",
    ["Content-Length", "transfer-encoding", "Connection", "KEEP-ALIVE", "Upgrade", "Trailer", "TE"],
)
def test_denys_headers_do_not_break_the_message(name: str) -> None:
    """What frames a message or belongs to a connection is the server's alone."""
    with pytest.raises(DecisionError, match=f"must not have {name}; remove it: the server"):
        Deny(401, {"X": "y", name: "5"})


@pytest.mark.parametrize(
    ("headers", "mend"),
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
def test_denys_headers_do_not_speak_of_another_answer(headers: dict[str, str], mend: str) -> None:
    """They land on the site's own error page; and no browser follows a 403's Location."""
    with pytest.raises(DecisionError, match=mend):
        Deny(401, headers)


def test_deny_may_clear_a_cookie() -> None:
    """A session that is over, say."""
    assert Deny(401, {"Set-Cookie": "s=; Max-Age=0"}).headers["Set-Cookie"] == "s=; Max-Age=0"


@pytest.mark.parametrize("status", [401, 403, 404, 410, 451, 501])
def test_a_refusal_is_not_stored(status: int) -> None:
    """A cache keeps a 404, a 410 and a 501 of itself; a viewer may be allowed the next moment."""
    denied = decide(status)
    assert isinstance(denied, Deny)
    assert dict(denied.headers) == {"Cache-Control": "no-store"}


@pytest.mark.parametrize("name", ["Cache-Control", "cache-control"])
def test_denys_own_cache_control_wins(name: str) -> None:
    """In whatever letters it is written, there is one of it."""
    assert dict(Deny(404, {name: "private, max-age=5"}).headers) == {name: "private, max-age=5"}


def test_deny_says_that_it_has_no_hash() -> None:
    """Where one is asked for, and not by a failure of its headers; an Allow has one."""
    assert not isinstance(Deny(), Hashable)
    assert Deny(404) == Deny(404) != Deny(410)
    assert {Allow(expires_in=5), Allow(expires_in=5)} == {Allow(expires_in=5)}


def test_deny_keeps_a_copy_of_its_headers() -> None:
    """What happens to the caller's dict afterwards does not reach the viewer, nor the reverse."""
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

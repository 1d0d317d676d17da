"""The answer as a value."""

from __future__ import annotations

import dataclasses
import json

import pytest

from cfsign.views import ViewResponse
from cfsign.views.response import build_json, build_redirect

URL = "https://media.example.com/a?Expires=1&Signature=a~b-c__&Key-Pair-Id=K"


def test_a_redirect_goes_to_the_byte() -> None:
    """With the headers that it is given, and no body."""
    answer = build_redirect(URL, 303, (("Cache-Control", "no-store"),))
    assert answer == ViewResponse(303, (("Location", URL), ("Cache-Control", "no-store")))
    assert answer.location == URL
    assert answer.body == b""


def test_json_holds_the_url_and_its_end() -> None:
    """For scripts that cannot follow a redirect to another origin."""
    answer = build_json(URL, 1767225600, (("X-A", "b"),))
    assert answer.status == 200
    assert answer.headers == (
        ("Content-Type", "application/json"),
        ("X-A", "b"),
    )
    assert json.loads(answer.body) == {"url": URL, "expires_at": 1767225600}
    assert answer.location is None


def test_an_answer_cannot_be_changed() -> None:
    """One viewer's answer can never become the next one's."""
    answer = build_redirect(URL, 303, ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.status = 200  # type: ignore[misc]
    assert isinstance(answer.headers, tuple)


def test_an_answer_does_not_show_the_url() -> None:
    """It opens the file for whoever reads the log."""
    for answer in (build_redirect(URL, 303, ()), build_json(URL, 1, ())):
        assert "Signature" not in f"{answer!r} {answer}"
        assert str(answer.status) in repr(answer)

"""The response as a value."""

from __future__ import annotations

import dataclasses
import json

import pytest

from cfsign.views import ViewResponse
from cfsign.views.response import build_json, build_redirect

URL = "https://media.example.com/a?Expires=1&Signature=a~b-c__&Key-Pair-Id=K"


def test_redirect() -> None:
    """It has the location, the headers, and no body."""
    response = build_redirect(URL, 303, (("Cache-Control", "no-store"),))
    assert response == ViewResponse(303, (("Location", URL), ("Cache-Control", "no-store")), b"")
    assert response.location == URL


def test_json() -> None:
    """It has the URL and its expiry, and no location."""
    response = build_json(URL, 1767225600, (("X-A", "b"),))
    assert response.status == 200
    assert response.headers == (("Content-Type", "application/json"), ("X-A", "b"))
    assert json.loads(response.body) == {"url": URL, "expires_at": 1767225600}
    assert response.location is None


def test_response_is_immutable() -> None:
    """One response cannot become another user's."""
    response = build_redirect(URL, 303, ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        response.status = 200  # type: ignore[misc]
    assert isinstance(response.headers, tuple)


def test_repr_does_not_show_the_url() -> None:
    """A log must not hold a signed URL."""
    for response in (build_redirect(URL, 303, ()), build_json(URL, 1, ())):
        assert "Signature" not in f"{response!r} {response}"
        assert str(response.status) in repr(response)

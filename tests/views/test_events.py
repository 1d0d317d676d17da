"""The event of a decision."""

from __future__ import annotations

import dataclasses

import pytest

from tests.observers.events import EVENT


@pytest.mark.parametrize("name", ["resource", "folder"])
def test_event_holds_no_signature_and_no_key(name: str) -> None:
    """By every way to build one, so no caller can forget it."""
    for path in (f"a?Signature={'aB3' * 40}", f"a?{'aB3' * 40}", "a?-----BEGIN PRIVATE KEY-----"):
        event = dataclasses.replace(EVENT, **{name: path})
        assert getattr(event, name).startswith("a?")
        assert "aB3" * 10 not in repr(event)
        assert "BEGIN" not in repr(event)


def test_other_paths_stay() -> None:
    assert EVENT.resource == "ada/a.pdf"
    assert dataclasses.replace(EVENT, resource=None, folder="/").folder == "/"


def test_event_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EVENT.status = 200  # type: ignore[misc]

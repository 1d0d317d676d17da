"""Each mistake, made as a user makes it, is the first cause that is named."""

from __future__ import annotations

import re

import pytest

from cfsign import Mistake, explain
from tests.explanation import table
from tests.explanation.makers import NOW, Asked, World
from tests.explanation.mistakes import ROWS, Row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_the_first_cause_is_the_right_one(world: World, row: Row) -> None:
    """And what is said can be printed, hints, and is no secret."""
    asked = row.make(world)
    told = explain(asked.url, world.trusted, **{"at": NOW} | asked.more)
    assert told.causes, told
    first = told.causes[0]
    assert first.mistake is row.mistake, str(told)
    assert first.message
    assert first.hint
    assert str(first).isprintable()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_the_verdict_is_checks(world: World, row: Row) -> None:
    """To the letter, whatever else is said."""
    asked = row.make(world)
    more = {"at": NOW} | asked.more
    told = explain(asked.url, world.trusted, **more)
    known = {name: more[name] for name in ("cookies", "at", "ip_address") if name in more}
    assert told.verdict == world.trusted.check(asked.url, **known)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_no_whole_signature_is_shown(world: World, row: Row) -> None:
    """Nor a policy's base64, in any form of the explanation."""
    asked = row.make(world)
    told = explain(asked.url, world.trusted, **{"at": NOW} | asked.more)
    shown = f"{told}{told!r}{told.to_dict()}"
    secrets = [
        value[:24]
        for _, value in re.findall(
            r"(Signature|Policy)['\"]?[=:, ]+['\"]?([^&'\" ]{24,})", given(asked)
        )
    ]
    assert not any(secret in shown for secret in secrets)


def given(asked: Asked) -> str:
    return f"{asked.url} {asked.more.get('cookies')}"


def test_every_mistake_is_made() -> None:
    """A mistake that no row makes is one that nobody has seen named."""
    elsewhere = {
        Mistake.NOT_A_URL,
        Mistake.UNUSABLE_ARGUMENT,
        Mistake.NO_PUBLIC_KEY,
        Mistake.UNUSABLE_KEYS,
        Mistake.NOT_BASE64,
        Mistake.HASHED_TWICE,
        Mistake.POLICY_SHAPE,
        Mistake.POLICY_TOO_LONG,
        Mistake.VIEWER_ADDRESS_UNKNOWN,
    }
    assert {row.mistake for row in ROWS} | elsewhere == set(Mistake)


def test_the_table_is_up_to_date(world: World) -> None:
    """If not: `python -m tests.explanation.table`."""
    assert table.PAGE.read_text("utf-8") == table.page(world)

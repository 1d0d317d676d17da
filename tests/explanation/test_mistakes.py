"""Each mistake, made as a user makes it, is the first cause of the explanation."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import cfsign.explanation
from cfsign import Mistake, explain
from tests.explanation import table
from tests.explanation.makers import NOW, World
from tests.explanation.mistakes import ROWS, Row

FOLDER = Path(cfsign.explanation.__file__).parent


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_first_cause_is_the_mistake(world: World, row: Row) -> None:
    arguments = row.make(world)
    explanation = explain(arguments.url, world.trusted, **{"at": NOW} | arguments.more)
    assert explanation.causes, explanation
    first = explanation.causes[0]
    assert first.mistake is row.mistake, str(explanation)
    assert first.message
    assert first.hint
    assert str(first).isprintable()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_verdict_is_the_same_as_of_check(world: World, row: Row) -> None:
    arguments = row.make(world)
    more = {"at": NOW} | arguments.more
    explanation = explain(arguments.url, world.trusted, **more)
    known = {name: more[name] for name in ("cookies", "at", "ip_address") if name in more}
    assert explanation.verdict == world.trusted.check(arguments.url, **known)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)
def test_no_whole_signature_or_policy_is_shown(world: World, row: Row) -> None:
    """Neither in the text, nor in the repr, nor in the JSON."""
    arguments = row.make(world)
    explanation = explain(arguments.url, world.trusted, **{"at": NOW} | arguments.more)
    shown = f"{explanation}{explanation!r}{explanation.to_dict()}"
    request = f"{arguments.url} {arguments.more.get('cookies')}"
    secrets = [
        value[:24]
        for _, value in re.findall(r"(Signature|Policy)['\"]?[=:, ]+['\"]?([^&'\" ]{24,})", request)
    ]
    assert not any(secret in shown for secret in secrets)


def test_every_mistake_has_a_row_or_a_test() -> None:
    """The mistakes without a row have a test in test_explain.py."""
    without_row = {
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
    assert {row.mistake for row in ROWS} | without_row == set(Mistake)


def test_comments_of_mistake_name_the_file_of_the_rule() -> None:
    file = ""
    names = []
    for line in inspect.getsource(Mistake).splitlines():
        if match := re.match(r"    # ([\w/]+\.py)", line):
            file = (FOLDER / match[1]).read_text("utf-8")
        elif match := re.match(r"    ([A-Z0-9_]+) = ", line):
            names.append(match[1])
            assert re.search(rf"Mistake\.{match[1]}\b", file), line
    assert names == [mistake.name for mistake in Mistake]


def test_table_is_up_to_date(world: World) -> None:
    """If this fails, run `python -m tests.explanation.table`."""
    assert table.PAGE.read_text("utf-8") == table.build_page(world)

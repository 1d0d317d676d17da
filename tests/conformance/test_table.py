"""The table of docs/conformance.md is the one that the cases make."""

import pytest

from tests.conformance import table


def test_the_page_is_up_to_date():
    """If not: `python -m tests.conformance.table`."""
    text = table.PAGE.read_text("utf-8")
    assert table.replaced(text) == text


def test_the_table_is_readable():
    """A line a row, a cell a flavour, every note told and none told twice."""
    lines = table.markdown().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) - 1 == len(table.ROWS) <= 45
    assert {row.count(" | ") for row in rows} == {7}
    notes = [line for line in lines if line[:1].isdigit() and ". " in line[:4]]
    assert len(set(notes)) == len(notes)
    assert all(any(f"[{number}]" in row for row in rows) for number in range(1, len(notes) + 1))


def test_a_page_without_markers_is_refused():
    """Nothing is written where nobody looks for it."""
    with pytest.raises(ValueError, match="conformance"):
        table.replaced("# A page\n")

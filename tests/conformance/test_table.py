"""The table of docs/conformance.md is the one of the cases."""

import pytest

from tests.conformance import table


def test_page_is_up_to_date():
    """If not: `python -m tests.conformance.table`."""
    text = table.PAGE.read_text("utf-8")
    assert table.replace_table(text) == text


def test_table_is_complete():
    """It has a line for each row, a cell for each adapter, and each note once."""
    lines = table.markdown().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) - 1 == len(table.ROWS) <= 60
    assert {row.count(" | ") for row in rows} == {len(table.ADAPTERS) + 1}
    notes = [line for line in lines if line[:1].isdigit() and ". " in line[:4]]
    assert len(set(notes)) == len(notes)
    assert all(any(f"[{number}]" in row for row in rows) for number in range(1, len(notes) + 1))


def test_page_without_markers_is_refused():
    """Otherwise the table would be lost silently."""
    with pytest.raises(ValueError, match="conformance"):
        table.replace_table("# A page\n")

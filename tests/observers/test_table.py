"""The line and the table of docs/events.md are those of a run."""

from __future__ import annotations

import pytest

pytest.importorskip("opentelemetry.sdk")

from tests.observers import table


def test_page_is_current() -> None:
    """If not: `python -m tests.observers.table`."""
    text = table.PAGE.read_text("utf-8")
    assert text == table.replace_parts(text)


def test_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="audit"):
        table.replace_parts("# Events\n")

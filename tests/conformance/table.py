"""
The table of docs/conformance.md, made of the cases that the suite runs:
`python -m tests.conformance.table`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.cases import CASES, FLAVOURS, ROWS, STARTS, Row

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"

_TITLES = {
    "flask_sync": "Flask",
    "flask_async": "Flask, async",
    "django_sync": "Django",
    "django_async": "Django, async",
    "falcon_wsgi": "Falcon",
    "falcon_asgi": "Falcon, ASGI",
}


def markdown() -> str:
    """Return the table, its notes, and a line that says how it came about."""
    notes: list[str] = []
    lines = [_line(row, notes) for row in ROWS]
    return "\n".join(
        [
            f"{len(CASES) + len(STARTS)} cases, each on all six flavours, in process and over "
            "HTTP against gunicorn and uvicorn; the local edge judges every signed URL.",
            "A number is a difference that the framework forces.",
            "",
            f"| | the answer | {' | '.join(_TITLES[flavour] for flavour in FLAVOURS)} |",
            f"|---|---|{':-:|' * len(FLAVOURS)}",
            *lines,
            "",
            *(f"{number}. {note}" for number, note in enumerate(notes, 1)),
        ]
    )


def _line(row: Row, notes: list[str]) -> str:
    cells = [", ".join(_marks(row, flavour, notes)) or "✓" for flavour in FLAVOURS]
    return f"| {row.asked} | {row.answer} | {' | '.join(cells)} |"


def _marks(row: Row, flavour: str, notes: list[str]) -> Iterator[str]:
    """Give the numbers of the notes on a flavour; a tick with one whose answer is the same."""
    found = [case.differences[flavour] for case in row.cases if flavour in case.differences]
    for difference in dict.fromkeys((found.why, found.expected is None) for found in found):
        why, is_alike = difference
        if why not in notes:
            notes.append(why)
        yield f"{'✓ ' if is_alike else ''}[{notes.index(why) + 1}]"


def replaced(text: str) -> str:
    """Return the page with the table between its markers; raises ValueError without them."""
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    if pattern.search(text) is None:
        raise ValueError(f"conformance.md has no {BEGIN} and {END}, each on a line of its own")
    return pattern.sub(lambda found: f"{found[1]}\n{markdown()}\n\n{found[2]}", text)


if __name__ == "__main__":
    PAGE.write_text(replaced(PAGE.read_text("utf-8")), "utf-8")

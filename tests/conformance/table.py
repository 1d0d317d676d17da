"""Write the table of docs/conformance.md from the cases: `python -m tests.conformance.table`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.cases import ADAPTERS, CASES, ROWS, STARTS, Row

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
BEGIN, END = "<!-- conformance -->", "<!-- /conformance -->"

_TITLES = {
    "flask_sync": "Flask",
    "flask_async": "Flask, async",
    "django_sync": "Django",
    "django_async": "Django, async",
    "falcon_wsgi": "Falcon",
    "falcon_asgi": "Falcon, ASGI",
    "starlette": "Starlette",
    "fastapi": "FastAPI",
}


def markdown() -> str:
    """Return the table with its notes."""
    notes: list[str] = []
    lines = [_line(row, notes) for row in ROWS]
    return "\n".join(
        [
            f"Each of {len(CASES) + len(STARTS)} cases runs on all eight adapters, in process and "
            "over HTTP with gunicorn and uvicorn. The local edge checks every signed URL.",
            "A number stands for a difference that the framework forces.",
            "",
            f"| situation | response | {' | '.join(_TITLES[adapter] for adapter in ADAPTERS)} |",
            f"|---|---|{':-:|' * len(ADAPTERS)}",
            *lines,
            "",
            *(f"{number}. {note}" for number, note in enumerate(notes, 1)),
        ]
    )


def _line(row: Row, notes: list[str]) -> str:
    cells = [", ".join(_marks(row, adapter, notes)) or "✓" for adapter in ADAPTERS]
    return f"| {row.situation} | {row.response} | {' | '.join(cells)} |"


def _marks(row: Row, adapter: str, notes: list[str]) -> Iterator[str]:
    """Yield the number of each note on an adapter, with a tick if the response is the same."""
    found = [case.differences[adapter] for case in row.cases if adapter in case.differences]
    for difference in dict.fromkeys((found.why, found.expected is None) for found in found):
        why, is_same = difference
        if why not in notes:
            notes.append(why)
        yield f"{'✓ ' if is_same else ''}[{notes.index(why) + 1}]"


def replace_table(text: str) -> str:
    """Return the page with a new table between its markers; raises ValueError without them."""
    pattern = re.compile(f"({re.escape(BEGIN)}\n).*?({re.escape(END)})", re.DOTALL)
    if pattern.search(text) is None:
        raise ValueError(f"{PAGE.name} has no {BEGIN} and {END}, each on its own line")
    return pattern.sub(lambda found: f"{found[1]}\n{markdown()}\n\n{found[2]}", text)


if __name__ == "__main__":
    PAGE.write_text(replace_table(PAGE.read_text("utf-8")), "utf-8")

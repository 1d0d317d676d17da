"""Write docs/403.md from the rows in mistakes.py: `python -m tests.explanation.table`."""

from __future__ import annotations

from pathlib import Path

from cfsign import explain
from cfsign.explanation.error_response import read_response
from tests.explanation.makers import NOW, World
from tests.explanation.mistakes import ROWS, Row

PAGE = Path(__file__).parents[2] / "docs" / "403.md"

_HEAD = """\
# Causes of a 403

This table lists common mistakes with signed URLs and signed cookies: what CloudFront responds, and
what [`cfsign explain`](checking.md) prints. Each row is a test. It makes the mistake with the named
tool and checks that `explain` reports this cause first.

A canned policy does not contain the URL that was signed. `explain` therefore tries likely URLs, and
can only name a mistake that it tries. A removed parameter, another path and an unknown other host
are recognized only with a custom policy.

CloudFront's error codes were observed. AWS does not list them.

| mistake | made with | CloudFront responds | `explain` prints |
|---|---|---|---|
"""


def build_page(world: World) -> str:
    return _HEAD + "".join(_build_line(world, row) for row in ROWS)


def _build_line(world: World, row: Row) -> str:
    arguments = row.make(world)
    explanation = explain(arguments.url, world.trusted, **{"at": NOW} | arguments.more)
    response = read_response(arguments.more.get("response"))
    code = explanation.code
    if response is not None:
        code = f"{'S3: ' if response.is_from_s3 else ''}{response.code or response.status}"
    cells = (row.title, row.by, code or "", str(explanation.causes[0]))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(build_page(World.make()), "utf-8")

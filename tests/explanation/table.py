"""
The page docs/403.md, made of the suite's mistakes: `python -m tests.explanation.table`.
"""

from __future__ import annotations

from pathlib import Path

from cfsign import explain
from cfsign.explanation.error_response import read_response
from tests.explanation.makers import NOW, World
from tests.explanation.mistakes import ROWS, Row

PAGE = Path(__file__).parents[2] / "docs" / "403.md"

_HEAD = """\
# 403, but why?

What goes wrong with signed URLs and signed cookies, what CloudFront says to it, and what
`cfsign explain` says. Each row is a test: the mistake is made as it stands here, by the tool
that is named, and the sentence is the first cause that is told.

Where the URL that was signed differs from the one requested, a canned policy does not carry the
former: only what `explain` tries can be told of it. A dropped parameter, and a path or a host that
nobody named, can be told of a custom policy alone.

CloudFront's answers are those that its users have seen; AWS documents no list of them.

| the mistake | made by | CloudFront says | `explain` says |
|---|---|---|---|
"""


def page(world: World) -> str:
    return _HEAD + "".join(_line(world, row) for row in ROWS)


def _line(world: World, row: Row) -> str:
    asked = row.make(world)
    told = explain(asked.url, world.trusted, **{"at": NOW} | asked.more)
    response = read_response(asked.more.get("response"))
    code = told.code
    if response is not None:
        code = f"{'S3: ' if response.is_from_s3 else ''}{response.code or response.status}"
    cells = (row.title, row.by, code or "", str(told.causes[0]))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(World.make()), "utf-8")

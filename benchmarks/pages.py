"""
What a run writes: the page of results and its plots, the README's ratios, the capacity page.

`python -m benchmarks.pages` writes them anew of the figures that are kept.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import capacity, readme, tables
from benchmarks.results import FILE, FOLDER, Results, committed

ROOT = Path(__file__).parents[1]
#: Where a page holds a section that is written here, and what writes it.
MARKED = {
    "docs/speed.md": ("speed", readme.section),
    "docs/capacity.md": ("capacity", capacity.section),
}


def write(results: Results, folder: Path) -> None:
    """Write the page, the plots and the raw figures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE.name).write_text(results.to_json(), "utf-8")
    (folder / "README.md").write_text(tables.page(results), "utf-8")
    write_plots(results, folder)


def write_plots(results: Results, folder: Path) -> None:
    """Draw the plots."""
    from benchmarks import plots  # here: the pages alone need no matplotlib

    plots.write(results, folder)


def write_marked(results: Results) -> None:
    """Write the sections between the markers of the README and of the capacity page."""
    for name in MARKED:
        path = ROOT / name
        path.write_text(replaced(name, path.read_text("utf-8"), results), "utf-8")


def replaced(name: str, text: str, results: Results | None) -> str:
    """Return a page with its section between the markers: none, where nothing was measured yet."""
    marker, section = MARKED[name]
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    if pattern.search(text) is None:
        raise ValueError(f"{name} has no {begin} and {end}, each on a line of its own")
    written = "" if results is None else f"\n{section(results)}\n\n"
    return pattern.sub(lambda found: f"{found[1]}{written}{found[2]}", text)


if __name__ == "__main__":
    kept = committed()
    if kept is None:
        raise SystemExit("nothing was measured yet: python -m benchmarks")
    write(kept, FOLDER)
    write_marked(kept)

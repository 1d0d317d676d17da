"""
Write the results: the page of all results with its plots, docs/speed.md and docs/capacity.md.

`python -m benchmarks.pages` writes them again from the committed results.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks import capacity, speed, tables
from benchmarks.results import FILE, FOLDER, Results, load_committed

ROOT = Path(__file__).parents[1]
#: Pages with a generated section between two markers: the marker, and the function.
SECTIONS = {
    "docs/speed.md": ("speed", speed.build_section),
    "docs/capacity.md": ("capacity", capacity.build_section),
}


def write_results(results: Results, folder: Path) -> None:
    """Write the page of all results, the plots and the raw figures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE.name).write_text(results.to_json(), "utf-8")
    (folder / "README.md").write_text(tables.build_page(results), "utf-8")
    write_plots(results, folder)


def write_plots(results: Results, folder: Path) -> None:
    """Draw the plots."""
    from benchmarks import plots  # imported here: the pages alone do not need matplotlib

    plots.write_plots(results, folder)


def write_sections(results: Results) -> None:
    """Write the generated sections of the documents."""
    for name in SECTIONS:
        path = ROOT / name
        path.write_text(replace_section(name, path.read_text("utf-8"), results), "utf-8")


def replace_section(name: str, text: str, results: Results) -> str:
    """Return the text of a page with its section replaced."""
    marker, build_section = SECTIONS[name]
    begin, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    pattern = re.compile(f"({re.escape(begin)}\n).*?({re.escape(end)})", re.DOTALL)
    if pattern.search(text) is None:
        raise ValueError(f"{name} needs the lines {begin} and {end}")
    section = build_section(results)
    return pattern.sub(lambda match: f"{match[1]}\n{section}\n\n{match[2]}", text)


if __name__ == "__main__":
    committed = load_committed()
    if committed is None:
        raise SystemExit("there are no results; run python -m benchmarks")
    write_results(committed, FOLDER)
    write_sections(committed)

"""The pages that a run writes, and that the committed ones belong to the committed results."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import capacity, names, pages, speed, tables
from benchmarks.results import FILE, FOLDER, load_committed
from benchmarks.targets import check_targets

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", pages.SECTIONS)
def test_committed_sections_are_up_to_date(name):
    """If this fails, run `python -m benchmarks.pages`."""
    text = (ROOT / name).read_text("utf-8")
    assert pages.replace_section(name, text, load_committed()) == text


def test_committed_page_is_up_to_date():
    results = load_committed()
    assert not results.is_quick
    assert results.to_json() == FILE.read_text("utf-8")
    assert (FOLDER / "README.md").read_text("utf-8") == tables.build_page(results)


def test_ratios(results):
    assert [ratio for _, ratio in speed.list_ratios(results)] == [
        "0.99",
        "1.03",
        "2.48",
        "0.20",
        "1,100",
        "1.96",
        "0.97 … 0.97",
    ]


def test_section_is_replaced_between_its_markers(results):
    text = "before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n"
    written = pages.replace_section("docs/speed.md", text, results)
    assert written.startswith("before\n<!-- speed -->\n\n<picture>")
    assert written.endswith("\n\n<!-- /speed -->\nafter\n")
    assert "old" not in written
    assert pages.replace_section("docs/speed.md", written, results) == written


def test_missing_markers_are_an_error(results):
    with pytest.raises(ValueError, match=r"docs/speed\.md needs the lines <!-- speed -->"):
        pages.replace_section("docs/speed.md", "nothing", results)


def test_made_up_results_meet_every_limit(results):
    targets = list(check_targets(results))
    assert [target.name for target in targets if not target.is_met] == []
    assert len({target.name for target in targets}) == len(targets) == 14


@pytest.mark.parametrize(
    ("case", "subject", "slower"),
    [
        (names.OUR_PART, names.CFSIGN, 2),
        (names.URL_RSA, names.CFSIGN, 1.03),
        (names.URL_P256, names.CFSIGN, 1.3),
        (names.MANY, names.CFSIGN, 1.3),
        (names.PLAYLIST, names.CFSIGN, 1.6),
        (names.URL_PURE, names.CFSIGN, 1.1),
        (names.BULK_RSA, names.TWO_WORKERS, 1.2),
        (names.BULK_PURE, names.TWO_WORKERS, 1.2),
        (f"{names.VIEW}: Django", names.SIGNED, 1.3),
        (f"{names.RATE}: Flask", names.STABLE_WARM, 0.8),
        (names.IMPORT, names.CFSIGN, 2),
    ],
)
def test_limit_that_is_not_met_is_shown(results, case, subject, slower):
    results.measurements = [
        replace(each, samples=tuple(sample * slower for sample in each.samples))
        if (each.case, each.subject) == (case, subject)
        else each
        for each in results.measurements
    ]
    assert [target.is_met for target in check_targets(results)].count(False) >= 1
    assert "| **no** |" in tables.build_page(results)


def test_pages_of_a_run_without_measurements(results):
    results.measurements = []
    results.failures = {"everything": "ValueError: no such module"}
    assert "- everything: ValueError: no such module" in tables.build_page(results)
    assert {target.is_met for target in check_targets(results)} == {None}
    assert {ratio for _, ratio in speed.list_ratios(results)} == {"?"}
    assert "| Flask | ? | ? | ? | ? |" in capacity.build_section(results)


def test_pages_of_an_older_run_have_fewer_adapters(results):
    assert capacity.build_section(results).count("| FastAPI |") == 2
    results.measurements = [each for each in results.measurements if "FastAPI" not in each.case]
    assert "FastAPI" not in capacity.build_section(results)
    assert "FastAPI" not in results.list_adapters()


def test_tables_show_each_figure_with_its_unit_and_ratio(results):
    page = tables.build_page(results)
    assert "| cfsign | 4,510 | 222 µs | -5.0 … +15.0 % | 0.99 |" in page
    assert "|  | stable URL, warm | 3,900 | -5.0 … +15.0 % | 0.97 | 256 µs |" in page
    growth = "| 1,000 … 1,000,000 | 1.00 ms … 1.00 s | 1.00 | linear |"
    assert f"| {names.GROW_URLS} {growth}" in page


@pytest.mark.parametrize(("load", "is_busy"), [("0.40", False), ("3.58", True)])
def test_page_warns_of_a_busy_machine(results, load, is_busy):
    results.machine["load before the run"] = load
    assert ("**The machine was busy**" in tables.build_page(results)) is is_busy


def test_number_of_cores():
    """1,000 redirects of half a millisecond take half a core, if it may be busy all the time."""
    assert capacity.count_cores(1000, 0.0005, busy=1.0) == 0.5
    assert capacity.count_cores(1000, 0.0006) == pytest.approx(1.0)


def test_capacity_tables(results):
    section = capacity.build_section(results)
    assert "| Flask | 0.83 | 0.5 | 0.43 | 0.42 |" in section
    assert "| Flask | 0.83 | 0.083 | 0.0083 |" in section
    assert "| RSA-2048 | 222 µs | 0.37 |" in section


def test_plots_are_reproducible(results, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from benchmarks.plots import THEMES

    first, second = tmp_path / "first", tmp_path / "second"
    pages.write_results(results, first)
    monkeypatch.setattr("benchmarks.plots.THEMES", THEMES[:1])
    pages.write_results(results, second)
    plots = sorted(path.name for path in first.glob("*.svg"))
    assert len(plots) == 8
    for name in plots:
        content = (first / name).read_bytes()
        assert ElementTree.fromstring(content).tag.endswith("svg")
        if "light" in name:
            assert content == (second / name).read_bytes()
    for page in ((first / "README.md").read_text("utf-8"), speed.build_section(results)):
        for link in re.findall(r'(?:src|srcset)="([^"]+)"', page):
            assert (first / Path(link).name).exists()


def test_plots_of_a_run_without_measurements(results, tmp_path):
    pytest.importorskip("matplotlib")
    results.measurements = []
    pages.write_results(results, tmp_path)
    assert (tmp_path / "speed-light.svg").exists()


@pytest.mark.parametrize("is_quick", [True, False])
def test_quick_run_leaves_the_committed_results_alone(results, tmp_path, monkeypatch, is_quick):
    monkeypatch.setattr(pages, "write_plots", lambda results, folder: None)
    committed, written_sections = tmp_path / "committed", []
    results.is_quick = is_quick
    monkeypatch.setattr(command, "measure", lambda pace: replace(results, is_quick=pace.is_quick))
    monkeypatch.setattr(command, "FOLDER", committed)
    monkeypatch.setattr(command, "QUICK_FOLDER", tmp_path / "quick")
    monkeypatch.setattr(pages, "write_sections", written_sections.append)
    monkeypatch.setattr("sys.argv", ["benchmarks", *["--quick"] * is_quick])
    assert command.main() == 0
    assert committed.exists() is not is_quick
    assert len(written_sections) == (not is_quick)
    written = tmp_path / ("quick" if is_quick else "committed")
    assert ("A quick run" in (written / "README.md").read_text("utf-8")) is is_quick
    assert json.loads((written / "results.json").read_text("utf-8"))["is_quick"] is is_quick


def test_failure_is_reported_after_writing_the_results(results, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pages, "write_plots", lambda results, folder: None)
    results.failures = {"wrk": "not installed"}
    monkeypatch.setattr(command, "measure", lambda pace: results)
    monkeypatch.setattr(command, "QUICK_FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--quick"])
    assert command.main() == 1
    assert "NOT MEASURED: wrk: not installed" in capsys.readouterr().out
    assert (tmp_path / "results.json").exists()

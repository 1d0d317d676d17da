"""The pages say what was measured, and nothing else; those that are kept are up to date."""

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import capacity, names, pages, readme, tables
from benchmarks.results import FILE, FOLDER, committed
from benchmarks.targets import targets

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", pages.MARKED)
def test_the_marked_sections_are_of_the_kept_results(name):
    """To mend: python -m benchmarks.pages."""
    text = (ROOT / name).read_text("utf-8")
    assert pages.replaced(name, text, committed()) == text


def test_the_kept_page_is_of_the_kept_results():
    """And none is kept of a quick run."""
    kept = committed()
    if kept is None:
        assert not list(FOLDER.glob("*"))
        return
    assert not kept.is_quick
    assert kept.to_json() == FILE.read_text("utf-8")
    assert (FOLDER / "README.md").read_text("utf-8") == tables.page(kept)


def test_the_readme_has_five_ratios_of_the_results(results):
    """In the order in which they are told."""
    assert [ratio for ratio, _ in readme.ratios(results)] == [
        "0.99",
        "0.20",
        "1,100",
        "1.96",
        "0.97 … 0.97",
    ]
    section = readme.section(results)
    assert len(re.findall(r"^- \*\*", section, re.MULTILINE)) == 5
    assert "1.03 times botocore's, and 2.48 times" in section


def test_a_section_is_put_between_its_markers(results):
    """A second time it comes out the same; without results there is none."""
    text = "before\n<!-- speed -->\nold\n<!-- /speed -->\nafter\n"
    written = pages.replaced("docs/speed.md", text, results)
    assert written.startswith("before\n<!-- speed -->\n\n<picture>")
    assert written.endswith("\n\n<!-- /speed -->\nafter\n")
    assert "old" not in written
    assert pages.replaced("docs/speed.md", written, results) == written
    empty = "before\n<!-- speed -->\n<!-- /speed -->\nafter\n"
    assert pages.replaced("docs/speed.md", written, None) == empty
    with pytest.raises(ValueError, match=r"docs/speed\.md has no <!-- speed -->"):
        pages.replaced("docs/speed.md", "nothing", results)


def test_every_number_is_held_in_the_made_up_run(results):
    """Each once, with what was measured."""
    found = list(targets(results))
    assert [each.what for each in found if not each.is_held] == []
    assert len({each.what for each in found}) == len(found) == 14
    assert found[0].measured == "0.20: 1.40 µs and 7.00 µs"


@pytest.mark.parametrize(
    ("case", "subject", "slower"),
    [
        (names.OUR_PART, names.CFSIGN, 1.2),
        (names.URL_RSA, names.CFSIGN, 1.03),
        (names.URL_P256, names.CFSIGN, 1.1),
        (names.MANY, names.CFSIGN, 1.3),
        (names.URL_PURE, names.CFSIGN, 1.1),
        (names.BULK_RSA, names.TWO_WORKERS, 1.2),
        (names.BULK_PURE, names.TWO_WORKERS, 1.2),
        (f"{names.VIEW}: Django", names.SIGNED, 1.2),
        (f"{names.RATE}: Flask", names.STABLE_WARM, 0.9),
        (names.IMPORT, names.CFSIGN, 2),
    ],
)
def test_a_number_that_is_not_held_is_said(results, case, subject, slower):
    """One flavour that is too slow is enough."""
    results.measurements = [
        replace(each, samples=tuple(sample * slower for sample in each.samples))
        if (each.case, each.subject) == (case, subject)
        else each
        for each in results.measurements
    ]
    assert [each.is_held for each in targets(results)].count(False) >= 1
    assert "| **no** |" in tables.page(results)


def test_what_was_not_measured_is_said(results):
    """No page fails for want of a figure."""
    results.measurements = []
    results.failures = {"everything": "ValueError: the machine is on fire"}
    page = tables.page(results)
    assert "- everything: ValueError: the machine is on fire" in page
    assert {each.is_held for each in targets(results)} == {None}
    assert "**?** of the speed" in readme.section(results)
    assert "| Flask | ? | ? | ? | ? |" in capacity.section(results)


def test_the_page_names_who_was_measured_and_on_what(results):
    """And shows each figure with its unit and its ratio."""
    page = tables.page(results)
    assert "- processor: A" in page
    assert "| cfsign | 4,510 | 222 µs | -5.0 … +15.0 % | 0.99 |" in page
    assert "|  | stable URL, warm | 3,900 | -5.0 … +15.0 % | 0.97 | 256 µs |" in page
    growth = "| 1,000 … 1,000,000 | 1.00 ms … 1.00 s | 1.00 | linear |"
    assert f"| {names.GROW_URLS} {growth}" in page
    assert "A quick run" not in page
    assert "**The machine" not in page


def test_a_busy_machine_is_said(results):
    """A reader then trusts no figure too much."""
    results.machine["load before the run"] = "3.58"
    assert "**The machine had other work** (a load of 3.6 before" in tables.page(results)


def test_cores_are_the_processors_time_and_the_room_left():
    """1,000 redirects of half a millisecond take half a core's time; it is busy for 60 %."""
    assert capacity.cores(1000, 0.0005, busy=1.0) == 0.5
    assert capacity.cores(1000, 0.0006) == pytest.approx(1.0)


def test_the_capacity_page_has_the_cores(results):
    """By key, and by how many files share a signature of cookies."""
    section = capacity.section(results)
    assert "| Flask | 0.83 | 0.5 | 0.43 | 0.42 |" in section
    assert "| Flask | 0.83 | 0.083 | 0.0083 |" in section
    assert "| RSA-2048 | 222 µs | 0.37 |" in section


def test_the_plots_are_drawn_the_same_again(results, tmp_path, monkeypatch):
    """Four plots, as SVG and PNG, for the light and for the dark."""
    pytest.importorskip("matplotlib")
    from benchmarks.plots import THEMES

    first, second = tmp_path / "first", tmp_path / "second"
    pages.write(results, first)
    monkeypatch.setattr("benchmarks.plots.THEMES", THEMES[:1])
    pages.write(results, second)
    plots = sorted(path.name for path in first.glob("*.*g"))
    assert len(plots) == 16
    for name in plots:
        drawn = (first / name).read_bytes()
        if "light" in name:
            assert drawn == (second / name).read_bytes()
        if name.endswith(".svg"):
            assert ElementTree.fromstring(drawn).tag.endswith("svg")
        else:
            assert drawn.startswith(b"\x89PNG")
    for page in ((first / "README.md").read_text("utf-8"), readme.section(results)):
        for link in re.findall(r'(?:src|srcset)="([^"]+)"', page):
            assert (first / Path(link).name).exists()


def test_plots_of_nothing_are_drawn(results, tmp_path):
    """A run of which everything failed is written down too."""
    pytest.importorskip("matplotlib")
    results.measurements = []
    pages.write(results, tmp_path)
    assert (tmp_path / "speed-light.svg").exists()


@pytest.mark.parametrize("is_quick", [True, False])
def test_a_quick_run_leaves_the_kept_results_alone(results, tmp_path, monkeypatch, is_quick):
    """And says on every page that it means nothing."""
    monkeypatch.setattr(pages, "write_plots", lambda results, folder: None)
    kept, marked = tmp_path / "kept", []
    results.is_quick = is_quick
    monkeypatch.setattr(command, "measure", lambda pace: replace(results, is_quick=pace.is_quick))
    monkeypatch.setattr(command, "FOLDER", kept)
    monkeypatch.setattr(command, "QUICK_FOLDER", tmp_path / "quick")
    monkeypatch.setattr(pages, "write_marked", marked.append)
    monkeypatch.setattr("sys.argv", ["benchmarks", *["--quick"] * is_quick])
    assert command.main() == 0
    assert kept.exists() is not is_quick
    assert len(marked) == (not is_quick)
    written = tmp_path / ("quick" if is_quick else "kept")
    assert ("A quick run" in (written / "README.md").read_text("utf-8")) is is_quick
    assert json.loads((written / "results.json").read_text("utf-8"))["is_quick"] is is_quick


def test_a_run_that_lacks_something_fails(results, tmp_path, monkeypatch, capsys):
    """It is written down all the same."""
    monkeypatch.setattr(pages, "write_plots", lambda results, folder: None)
    results.failures = {"wrk": "not installed"}
    monkeypatch.setattr(command, "measure", lambda pace: results)
    monkeypatch.setattr(command, "QUICK_FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--quick"])
    assert command.main() == 1
    assert "NOT MEASURED: wrk: not installed" in capsys.readouterr().out

"""`cfsign demo --once`: all as expected, able to fail, and nothing left of it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfsign import demo
from cfsign.demo import files, stage, steps
from cfsign.demo.sites import FRAMEWORKS
from cfsign.edge import WSGIEdge
from tests.demo.playing import (
    Break,
    all_may_read,
    edge_that_strips_nothing,
    no_edge,
    one_byte_lost,
    other_keys,
    without_waiting,
)

PLAYING = Path(__file__).parent / "playing.py"


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = threading.active_count()
    yield
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """What the command did on each framework, all three at once."""
    folder = tmp_path_factory.mktemp("played")
    command = [sys.executable, "-W", "error", "-m", "cfsign", "demo", "--once", "--framework"]
    processes = {
        name: subprocess.Popen(
            [*command, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={"TMPDIR": str(folder)},
        )
        for name in FRAMEWORKS
    }
    ended = {name: process.communicate(timeout=60) for name, process in processes.items()}
    assert list(folder.iterdir()) == []
    return {name: (processes[name].returncode, *ended[name]) for name in FRAMEWORKS}


def test_every_step_is_as_expected_and_printed(
    framework: str, played: dict[str, tuple[int, str, str]]
) -> None:
    code, out, err = played[framework]
    assert (code, err) == (0, "")
    *lines, last = out.splitlines()
    assert last == f"{len(lines)} of {len(lines)} steps as expected"
    assert all(line.startswith("ok      ") for line in lines)
    assert all("  expected " in line and "  saw " in line for line in lines)
    assert len({line.index("  expected ") for line in lines}) == 1
    text = "\n".join(lines)
    for title in (
        *(file.name for file in files.FILES if file.folder != files.ALBUM),
        *(f"by cookies: {file.title}" for file in files.FILES if file.folder == files.ALBUM),
        *("nobody asks for /content", "Ada asks for Ben's /content", "HEAD", "Range", "by JSON"),
        *("one letter of the signature changed (canned)", "the end moved by an hour (custom)"),
        *("the same signature on another file (custom)", "an unknown key id (canned)"),
        *("no parameters at all (canned)", "its cookies: A day at the lake house/plan.txt"),
        "of CloudFront's names it has seen",
    ):
        assert f"ok      {title}" in text
    for code in ("AccessDenied", "InvalidKey", "MalformedSignature", "MalformedPolicy"):
        assert f"saw 403 {code}" in text


def test_the_steps_are_the_same_on_every_framework(
    played: dict[str, tuple[int, str, str]],
) -> None:
    assert len({out for _, out, _ in played.values()}) == 1


@pytest.mark.parametrize(
    ("broken", "failing", "holding"),
    [
        (other_keys, "Huts + passes.txt", "nobody asks for /link"),
        (no_edge, "no parameters at all (custom)", "Huts + passes.txt"),
        (edge_that_strips_nothing, "of CloudFront's names it has seen", "Huts + passes.txt"),
        (all_may_read, "Ada asks for Ben's /folder", "nobody asks for /link"),
        (one_byte_lost, "Polar lights over the fjord.svg", "Huts + passes.txt"),
    ],
)
def test_what_is_broken_is_seen(
    broken: Break,
    failing: str,
    holding: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    without_waiting(monkeypatch)
    broken(monkeypatch)
    assert demo.play_once() == 1
    text = capsys.readouterr().out
    assert f"FAILED  {failing}  " in text
    assert f"ok      {holding}  " in text


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name != "flask"])
def test_what_is_broken_is_seen_on_the_others_too(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", PLAYING, name, "all_may_read"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"TMPDIR": str(tmp_path)},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "")
    for view in ("content", "link", "folder"):
        assert f"FAILED  Ada asks for Ben's /{view}  " in done.stdout
    assert done.stdout.count("FAILED") == 3
    assert "ok      nobody asks for /link  " in done.stdout


def test_an_edge_that_never_sees_an_end_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        stage, "WSGIEdge", lambda app, keys, **_: WSGIEdge(app, keys, clock=lambda: 1)
    )
    monkeypatch.setattr(steps, "_PATIENCE", -1)
    assert demo.play_once() == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("FAILED")] == [
        line for line in lines if files.BRIEF.name in line
    ]
    assert last == f"{len(lines) - 1} of {len(lines)} steps as expected"


def test_a_step_that_raises_fails_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    without_waiting(monkeypatch)

    def raise_error(viewer: object) -> str:
        raise LookupError("no such thing")

    monkeypatch.setattr(steps, "head", raise_error)
    assert demo.play_once() == 1
    text = capsys.readouterr().out
    assert "saw LookupError: no such thing\n" in text
    assert text.count("FAILED") == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_nothing(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_error(*_: object) -> str:
        raise error

    # At the first step, with the viewers logged in and both servers running.
    monkeypatch.setattr("cfsign.demo.step.Step.play", raise_error)
    with pytest.raises(error):
        demo.play_once()

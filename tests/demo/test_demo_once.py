"""`cfsign demo --once`: its steps succeed, fail if the demo is broken, and leave no files."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from cfsign import demo
from cfsign.demo import files, servers, steps
from cfsign.demo.sites import FRAMEWORKS
from cfsign.edge import WSGIEdge
from tests.demo.broken_demo import (
    Break,
    allow_every_user,
    forward_credentials,
    remove_edge,
    skip_expiry,
    truncate_picture,
    trust_other_keys,
)

BROKEN_DEMO = Path(__file__).parent / "broken_demo.py"


@pytest.fixture(autouse=True)
def _check_that_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = threading.active_count()
    yield
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str, str]]:
    """The exit code, stdout and stderr of the command on each framework, run concurrently."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-W", "error", "-m", "cfsign", "demo", "--once", "--framework"]
    processes = {
        name: subprocess.Popen(
            [*command, name],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        for name in FRAMEWORKS
    }
    ended = {name: process.communicate(timeout=180) for name, process in processes.items()}
    assert list(folder.iterdir()) == []
    return {name: (processes[name].returncode, *ended[name]) for name in FRAMEWORKS}


def test_every_step_succeeds(framework: str, outputs: dict[str, tuple[int, str, str]]) -> None:
    code, out, err = outputs[framework]
    assert (code, err) == (0, "")
    *lines, last = out.splitlines()
    assert last == f"{len(lines)} of {len(lines)} steps as expected"
    assert all(line.startswith("ok      ") for line in lines)
    assert all("  expected " in line and "  got " in line for line in lines)
    assert len({line.index("  expected ") for line in lines}) == 1
    text = "\n".join(lines)
    for title in (
        *(file.name for file in files.FILES if file.folder != files.ALBUM),
        *(f"with cookies: {file.title}" for file in files.FILES if file.folder == files.ALBUM),
        *("/content without login", "/content of Ben's file, as Ada", "HEAD", "Range"),
        "signed URL as JSON",
        *("one character of the signature changed (canned)", "expiry moved by an hour (custom)"),
        *("signature used for another file (custom)", "unknown key pair id (canned)"),
        "all signature parameters removed (canned)",
        "album cookies for A day at the lake house/plan.txt",
        "requests with a credential at the origin",
    ):
        assert f"ok      {title}" in text
    for code in ("AccessDenied", "InvalidKey", "MalformedSignature", "MalformedPolicy"):
        assert f"got 403 {code}" in text


def test_steps_are_the_same_on_every_framework(
    outputs: dict[str, tuple[int, str, str]],
) -> None:
    assert len({out for _, out, _ in outputs.values()}) == 1


def get_failed_titles(output: str) -> list[str]:
    lines = [line for line in output.splitlines() if line.startswith("FAILED")]
    return [line.removeprefix("FAILED").partition("  expected ")[0].strip() for line in lines]


@pytest.mark.parametrize(
    ("break_demo", "failing", "succeeding"),
    [
        (trust_other_keys, "Huts + passes.txt", "/link without login"),
        (remove_edge, "all signature parameters removed (custom)", "Huts + passes.txt"),
        (forward_credentials, "requests with a credential at the origin", "Huts + passes.txt"),
    ],
)
def test_broken_demo_fails(
    break_demo: Break,
    failing: str,
    succeeding: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    skip_expiry(monkeypatch)
    break_demo(monkeypatch)
    assert demo.run_once() == 1
    output = capsys.readouterr().out
    assert failing in get_failed_titles(output)
    assert f"ok      {succeeding}  " in output


def test_fault_fails_only_its_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three independent faults in one run: an open access rule, a lost byte, an exception."""

    def raise_error(browser: object) -> str:
        raise LookupError("no such thing")

    skip_expiry(monkeypatch)
    allow_every_user(monkeypatch)
    truncate_picture(monkeypatch)
    monkeypatch.setattr(steps, "request_head", raise_error)
    assert demo.run_once() == 1
    output = capsys.readouterr().out
    assert get_failed_titles(output) == [
        *(f"/{view} of Ben's file, as Ada" for view in ("content", "link", "folder")),
        "Polar lights over the fjord.svg",
        "HEAD",
    ]
    assert "got LookupError: no such thing\n" in output


@pytest.mark.parametrize("name", [name for name in FRAMEWORKS if name != "flask"])
def test_broken_demo_fails_on_other_frameworks(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", BROKEN_DEMO, name, "allow_every_user"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, "")
    for view in ("content", "link", "folder"):
        assert f"FAILED  /{view} of Ben's file, as Ada  " in done.stdout
    assert done.stdout.count("FAILED") == 3
    assert "ok      /link without login  " in done.stdout


def test_edge_that_ignores_expiry_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        servers, "WSGIEdge", lambda app, keys, **_: WSGIEdge(app, keys, clock=lambda: 1)
    )
    monkeypatch.setattr(steps, "_EXPIRY_TIMEOUT", -1)
    assert demo.run_once() == 1
    output = capsys.readouterr().out
    assert get_failed_titles(output) == [f"{files.BRIEF.name}, until it expires"]
    *lines, last = output.splitlines()
    assert last == f"{len(lines) - 1} of {len(lines)} steps as expected"


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_interrupt_leaves_nothing(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_error(*_: object) -> str:
        raise error

    # In the first step, while both servers run and the users are logged in.
    monkeypatch.setattr(steps.Step, "run", raise_error)
    with pytest.raises(error):
        demo.run_once()

"""`cfsign demo --once`: all as expected, able to fail, and nothing left of it."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cfsign import TrustedKeyGroup, demo
from cfsign.demo import files, site, stage, steps
from cfsign.edge import WSGIEdge

Break = Callable[[pytest.MonkeyPatch], None]


@pytest.fixture(autouse=True)
def _nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    threads = threading.active_count()
    yield
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []


def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the one slow step out, where it is not what is tried."""
    expected = f"200 {steps.digest(files.BRIEF.content)}, then 403 AccessDenied"
    monkeypatch.setattr(steps, "expiry", lambda viewer: expected)


def test_every_step_is_as_expected_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo.play_once() == 0
    *lines, last = capsys.readouterr().out.splitlines()
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


def other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    key = stage.load_private_key(stage.generate_private_key_pem())
    group = TrustedKeyGroup({stage._KEY_PAIR_ID: key.public_key_pem()})
    monkeypatch.setattr(stage, "TrustedKeyGroup", lambda keys: group)


def no_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "WSGIEdge", lambda app, keys: app)


def edge_that_strips_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def edge(app: Any, keys: Any) -> Any:
        def checked(environ: Any, start_response: Any) -> Any:
            def allowed(_: Any, start_response: Any) -> Any:
                return app(environ, start_response)

            return WSGIEdge(allowed, keys)(environ, start_response)

        return checked

    monkeypatch.setattr(stage, "WSGIEdge", edge)


def all_may_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "may_read", lambda viewer, resource: True)


def one_byte_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextlib.contextmanager
    def folder() -> Iterator[Path]:
        with files.private_folder() as path:
            file = path / files.PICTURE.name
            file.write_bytes(file.read_bytes()[:-1])
            yield path

    monkeypatch.setattr(stage, "private_folder", folder)


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


def test_an_edge_that_never_sees_an_end_is_seen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stage, "WSGIEdge", lambda app, keys: WSGIEdge(app, keys, clock=lambda: 1))
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

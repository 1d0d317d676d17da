"""Fixtures for the command line: `cfsign` in this process, or as a new process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cfsign.cli import main


class Result(NamedTuple):
    """The exit code of a command, and what it printed."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CLOUDFRONT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """`cfsign` in this process. Keyword arguments are environment variables."""

    def run(*arguments: str, stdin: str = "", cwd: Path | None = None, **variables: str) -> Result:
        with monkeypatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            if cwd is not None:
                patch.chdir(cwd)
            capsys.readouterr()
            exit_code = main(arguments)
        return Result(exit_code, *capsys.readouterr())

    return run


@pytest.fixture
def run_process() -> Callable[..., Result]:
    """`cfsign` as a process, without a terminal."""

    def run_process(*arguments: str, stdin: str = "", **variables: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "cfsign", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=os.environ | variables,
            start_new_session=True,  # without a terminal for passwords
            timeout=60,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run_process


@pytest.fixture
def key_file(tmp_path: Path, pem: str) -> str:
    path = tmp_path / "key.pem"
    path.write_text(pem)
    return str(path)

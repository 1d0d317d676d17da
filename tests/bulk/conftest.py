"""Fixtures for bulk signing: a folder with a key, and `cfsign sign-many`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ..conftest import KEY_PAIR_ID

LATER = 2000000000
PROGRAM = [sys.executable, "-m", "cfsign", "sign-many"]

Command = Callable[..., int]


@pytest.fixture
def folder(pem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder. The environment holds all settings except the expiry."""
    (tmp_path / "key.pem").write_text(pem)
    work = tmp_path / "work"
    work.mkdir()
    for name in [name for name in os.environ if name.startswith("CLOUDFRONT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDFRONT_KEY_PAIR_ID", KEY_PAIR_ID)
    monkeypatch.setenv("CLOUDFRONT_PRIVATE_KEY_FILE", str(tmp_path / "key.pem"))
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def sign_many(folder: Path) -> Command:
    """`cfsign sign-many` in this process. The expiry is `LATER` unless it is an argument."""
    pytest.importorskip("click")
    from cfsign.cli import main

    def run(*arguments: str) -> int:
        expiry = [] if any(word.startswith("--expires") for word in arguments) else [until()]
        return main(["sign-many", *arguments, *expiry])

    return run


@pytest.fixture
def run_process(folder: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """`cfsign sign-many` as a process, whose streams are bytes."""
    pytest.importorskip("click")

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*PROGRAM, *arguments, until()], input=stdin, capture_output=True, check=False
        )

    return run


def until() -> str:
    return f"--expires-at={LATER}"

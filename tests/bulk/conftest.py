"""What the tests of bulk signing share: a folder with a key, and the command, here or outside."""

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
    """A folder to work in, and the settings in the environment, but for the expiry."""
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
    """`cfsign sign-many` in this process, until `LATER` if nothing else is said."""
    pytest.importorskip("click")
    from cfsign.cli import main

    def run(*arguments: str) -> int:
        given = [] if any(word.startswith("--expires") for word in arguments) else [until()]
        return main(["sign-many", *arguments, *given])

    return run


@pytest.fixture
def streamed(folder: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """`cfsign sign-many` as a process, with bytes in and bytes out."""
    pytest.importorskip("click")

    def run(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*PROGRAM, *arguments, until()], input=given, capture_output=True, check=False
        )

    return run


def until() -> str:
    return f"--expires-at={LATER}"

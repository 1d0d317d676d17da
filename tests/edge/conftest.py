"""A key pair's files, and `cfsign edge` as a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cfsign import Signer
from tests.checking.conftest import ec_peer, group, rsa_peer, stranger  # noqa: F401 - fixtures

_PATIENCE = 30


@dataclass
class Running:
    """A local edge that is running."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""

    def stop(self) -> str:
        """Stop it as Ctrl-C does, and return its log."""
        self.process.terminate()
        self.process.wait(_PATIENCE)
        return "".join(self.lines)


@pytest.fixture
def keys(tmp_path: Path, public_pem: str) -> Path:
    """The folder with the public key."""
    (tmp_path / "public.pem").write_text(public_pem)
    return tmp_path


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A folder of files."""
    folder = tmp_path / "bucket"
    (folder / "open").mkdir(parents=True)
    (folder / "a b.txt").write_bytes(b"0123456789")
    (folder / "open" / "b.txt").write_bytes(b"for everybody")
    return folder


@pytest.fixture
def sign(signer: Signer) -> Callable[..., str]:
    """Signs a URL for a minute."""

    def sign(url: str, **options: Any) -> str:
        return signer.sign_url(url, expires_in=60, **options)

    return sign


@pytest.fixture
def run_edge(keys: Path) -> Iterator[Callable[..., Running]]:
    """Runs `cfsign edge` in the folder of the key, until the test ends."""
    with contextlib.ExitStack() as stack:

        def run(*arguments: str | Path) -> Running:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "cfsign", "edge", *map(str, arguments)],
                    cwd=keys,
                    env={**os.environ, "PYTHONUNBUFFERED": "1"},
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            running = Running(process)
            assert process.stdout is not None
            assert process.stderr is not None
            reader = threading.Thread(target=lambda: running.lines.extend(process.stderr or ()))
            reader.start()
            stack.callback(reader.join, _PATIENCE)
            stack.callback(process.kill)
            line = process.stdout.readline().strip()
            assert re.fullmatch(r"http://\S+/", line), (line, running.stop())
            running.url = line.removesuffix("/")
            return running

        yield run

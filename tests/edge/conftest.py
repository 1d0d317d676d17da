"""A public key, a folder of files, and `cfsign edge` in a separate process."""

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
from tests.checking.conftest import ec_peer, group, rsa_peer, untrusted_peer  # noqa: F401 - fixtures

_TIMEOUT = 30


@dataclass
class Running:
    """A running `cfsign edge`, its log so far and its URL."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    url: str = ""

    def stop(self) -> str:
        """Stop it by SIGTERM, and return its log."""
        self.process.terminate()
        self.process.wait(_TIMEOUT)
        return "".join(self.lines)


@pytest.fixture
def keys(tmp_path: Path, public_pem: str) -> Path:
    """A folder with the public key in public.pem."""
    (tmp_path / "public.pem").write_text(public_pem)
    return tmp_path


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    """A folder with two files."""
    folder = tmp_path / "bucket"
    (folder / "open").mkdir(parents=True)
    (folder / "a b.txt").write_bytes(b"0123456789")
    (folder / "open" / "b.txt").write_bytes(b"public")
    return folder


@pytest.fixture
def sign(signer: Signer) -> Callable[..., str]:
    """A function that signs a URL for 60 seconds."""

    def sign(url: str, **options: Any) -> str:
        return signer.sign_url(url, expires_in=60, **options)

    return sign


@pytest.fixture
def run_edge(keys: Path) -> Iterator[Callable[..., Running]]:
    """A function that runs `cfsign edge` next to public.pem until the test ends."""
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
            stack.callback(reader.join, _TIMEOUT)
            stack.callback(process.kill)
            line = process.stdout.readline().strip()
            assert re.fullmatch(r"https?://\S+/", line), (line, running.stop())
            running.url = line.removesuffix("/")
            return running

        yield run

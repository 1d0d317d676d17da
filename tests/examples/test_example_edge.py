"""`examples/edge.py` by itself: what it says when it starts, and when it cannot."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

for _package in ("httpx", "waitress", "whitenoise"):
    pytest.importorskip(_package)

EDGE = Path(__file__).parents[2] / "examples" / "edge.py"

Start = Callable[[int], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path, public_pem: str) -> Iterator[Start]:
    """Starts the edge on a port, in a process that ends with the test."""
    shutil.copy(EDGE, tmp_path)
    (tmp_path / "public.pem").write_text(public_pem)
    (tmp_path / "bucket").mkdir()
    started: list[subprocess.Popen[str]] = []

    def start(port: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-u", "edge.py", "bucket", "K1=public.pem"]
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_prints_its_address_and_each_denial(start: Start) -> None:
    import httpx

    process = start(0)
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    found = re.fullmatch(r"The edge  (http://127\.0\.0\.1:\d+)/  Stop with Ctrl-C\.\n", line)
    assert found is not None, line
    with httpx.Client(trust_env=False) as viewer:
        assert viewer.get(f"{found[1]}/a.txt?Signature=s3cret").status_code == 403
    assert process.stderr.readline() == "GET /a.txt: 403 MissingKey: no key pair id\n"


def test_a_busy_port_is_one_line(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        process = start(port)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, "")
    assert error.splitlines()[-1].endswith(
        f"error: port {port} cannot be opened (Address already in use); give another with --port"
    )
    assert "Traceback" not in error

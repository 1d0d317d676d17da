"""
Load: each flavour on a real server with two workers, 50 connections, beside its bare redirect.

`python -m benchmarks.load --seconds 30` writes `benchmarks/load.md`. It needs the `wrk` command
(Debian: apt-get install wrk) and `pip install -e '.[test]'`. All traffic stays on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from benchmarks.sites import FLAVOURS, is_asgi
from cfsign import TrustedKeyGroup, load_private_key
from cfsign.keys import generate_private_key_pem

HERE = Path(__file__).parent
ROOT = HERE.parent
CONNECTIONS = 50
WORKERS = 2


@dataclass(frozen=True)
class Run:
    """What one load run came to."""

    per_second: float
    answered: int
    wrong: int
    socket_errors: int
    p99_ms: float
    viewers_checked: int
    viewers_mixed_up: int
    memory_after_5s_mb: float
    memory_at_end_mb: float


@contextmanager
def serving(flavour: str, environ: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Start the flavour's server on a free port; give its URL and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    factory = "benchmarks.sites:create_app"
    if is_asgi(flavour):
        arguments = [
            "uvicorn",
            "--factory",
            factory,
            "--port",
            str(port),
            "--workers",
            f"{WORKERS}",
        ]
        arguments += ["--log-level", "warning", "--no-access-log"]
    else:
        arguments = ["gunicorn", f"{factory}()", "--bind", f"127.0.0.1:{port}"]
        arguments += ["--workers", f"{WORKERS}", "--threads", "4", "--log-level", "warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, "LOAD_FLAVOUR": flavour, **environ},
        start_new_session=True,
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/bare/x", process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit("the server ended before it answered")
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


class Viewers:
    """Viewers beside the load, each of whom must get their own file's URL, and one that opens."""

    def __init__(self, url: str, trusted_keys: TrustedKeyGroup | None) -> None:
        self.checked = self.mixed_up = 0
        self._url = url
        self._trusted_keys = trusted_keys
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Viewers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client() as client:
            while not self._stop.wait(0.02):
                name = f"file-viewer-{self.checked}.txt"
                location = client.get(f"{self._url}{name}").headers.get("Location", "")
                self.checked += 1
                opens = self._trusted_keys is None or self._trusted_keys.check(location).allowed
                self.mixed_up += urlsplit(location).path != f"/{name}" or not opens


def memory_mb(process_id: int) -> float:
    """Return the resident memory of a server and its workers, in MB."""
    listing = subprocess.run(
        ["ps", "-o", "rss=", "-g", str(os.getpgid(process_id))], capture_output=True, text=True
    )
    return sum(map(int, listing.stdout.split())) / 1024


def load(url: str, process_id: int, prefix: str, seconds: int, keys: Any) -> Run:
    """Run wrk for *seconds*, with viewers beside it, and watch the memory."""
    line = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--duration"]
    line += [f"{seconds}s", "--timeout", "10s", "--script", str(HERE / "load.lua"), url, "--"]
    with Viewers(f"{url}{prefix}", keys) as viewers:
        wrk = subprocess.Popen([*line, prefix], stdout=subprocess.PIPE, text=True)
        time.sleep(min(5, seconds / 2))
        after_5s = memory_mb(process_id)
        time.sleep(max(0, seconds - 6))
        at_end = memory_mb(process_id)
        output, _ = wrk.communicate()
    found = re.search(r"RESULT (.*)", output)
    if found is None:
        raise SystemExit(f"wrk said nothing of use:\n{output}")
    result = json.loads(found[1])
    return Run(
        per_second=result["answered"] / result["seconds"],
        answered=result["answered"],
        wrong=result["wrong"],
        socket_errors=result["socket_errors"],
        p99_ms=result["p99_ms"],
        viewers_checked=viewers.checked,
        viewers_mixed_up=viewers.mixed_up,
        memory_after_5s_mb=after_5s,
        memory_at_end_mb=at_end,
    )


def main() -> int:
    """Load every flavour, write the table, and fail if an answer was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    pem = generate_private_key_pem()
    keys = TrustedKeyGroup({"K1": load_private_key(pem).public_key_pem()})
    rows, bad = [], 0
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key.pem"
        key.write_text(pem)
        for title, flavour in FLAVOURS.items():
            with serving(flavour, {"LOAD_KEY": str(key)}) as (url, process_id):
                signed = load(url, process_id, "/content/", seconds, keys)
                bare = load(url, process_id, "/bare/", seconds, None)
            print(title, signed, bare, sep="\n  ", flush=True)
            rows.append(row(title, signed, bare))
            bad += sum(
                run.wrong + run.socket_errors + run.viewers_mixed_up for run in (signed, bare)
            )
    (HERE / "load.md").write_text(page(rows, seconds), "utf-8")
    return 1 if bad else 0


def row(title: str, signed: Run, bare: Run) -> str:
    """Write one line of the table."""
    cells = (
        title,
        f"{signed.per_second:,.0f}",
        f"{bare.per_second:,.0f}",
        f"{signed.per_second / bare.per_second:.2f}",
        f"{signed.p99_ms:.0f}",
        f"{signed.wrong + signed.socket_errors} of {signed.answered:,}",
        f"{signed.viewers_mixed_up} of {signed.viewers_checked:,}",
        f"{signed.memory_after_5s_mb:.0f} → {signed.memory_at_end_mb:.0f}",
    )
    return f"| {' | '.join(cells)} |"


def page(rows: list[str], seconds: int) -> str:
    """Write the whole page."""
    return f"""# Under load

Written by `python -m benchmarks.load --seconds {seconds}`: each flavour under gunicorn (4 threads a
worker) or uvicorn with {WORKERS} workers, {CONNECTIONS} connections of `wrk` for {seconds} s on a
signed redirect (RSA-2048, SHA-1, `cryptography`), then as long on the framework's own bare redirect
to a URL as long. `wrk` and the server share this machine's {os.cpu_count()} cores
({platform.machine()}, Python {platform.python_version()}), so the ratio says more than the numbers.
Beside the load, a viewer asks for files of their own, and each answer is checked by
`TrustedKeyGroup` and must name the file asked for.

| flavour | signed, a second | bare, a second | ratio | p99, ms | errors | mixed up | MB 5 s → end |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    sys.exit(main())

"""
Load: each flavour on a real server with two workers, 50 connections, beside its bare redirect.

`python -m benchmarks.load --seconds 30` writes `benchmarks/load.md`, and fails if an answer was
wrong, a viewer was mixed up or a server grew. It needs the `wrk` command (Debian: apt-get install
wrk) and `pip install -e '.[test]'`. All traffic stays on loopback.
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
#: What a server may grow by between the fifth second and the end, in MB: the allocator's noise.
GROWTH_MB = 2.0


@dataclass(frozen=True)
class Run:
    """What one load run came to."""

    per_second: float
    answered: int
    errors: int
    mixed_up: int
    p99_ms: float
    memory_after_5s_mb: float
    memory_at_end_mb: float

    @property
    def is_bad(self) -> bool:
        """Whether anything is not as it should be."""
        growth = self.memory_at_end_mb - self.memory_after_5s_mb
        return not self.answered or bool(self.errors or self.mixed_up) or growth > GROWTH_MB


@contextmanager
def serving(flavour: str, environ: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Start the flavour's server on a free port; give its URL and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    factory = "benchmarks.sites:create_app"
    if is_asgi(flavour):
        arguments = ["uvicorn", "--factory", factory, "--port", f"{port}"]
        arguments += ["--workers", f"{WORKERS}", "--log-level", "warning", "--no-access-log"]
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
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not answer")


class Viewer:
    """A viewer beside the load, whose every URL must be of the file asked for, and open it."""

    def __init__(self, url: str, trusted_keys: TrustedKeyGroup | None) -> None:
        self.checked = self.errors = self.mixed_up = 0
        self._url = url
        self._trusted_keys = trusted_keys
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Viewer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(trust_env=False) as client:
            while not self._stop.wait(0.02):
                self.checked += 1
                name = f"viewer-{self.checked}.txt"
                try:
                    location = client.get(f"{self._url}{name}").headers.get("Location", "")
                except httpx.HTTPError:
                    self.errors += 1
                    continue
                self.mixed_up += urlsplit(location).path != f"/{name}"
                if self._trusted_keys is not None:
                    self.errors += not self._trusted_keys.check(location).allowed


def memory_mb(process_id: int) -> float:
    """Return the resident memory of a server and its workers, in MB."""
    listing = subprocess.run(
        ["ps", "-o", "rss=", "-g", str(os.getpgid(process_id))], capture_output=True, text=True
    )
    return sum(map(int, listing.stdout.split())) / 1024


def load(url: str, process_id: int, prefix: str, seconds: int, keys: Any) -> Run:
    """Run wrk for *seconds*, with a viewer beside it, and watch the memory."""
    line = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--duration"]
    line += [f"{seconds}s", "--timeout", "10s", "--script", str(HERE / "load.lua"), url, "--"]
    with Viewer(f"{url}{prefix}", keys) as viewer:
        wrk = subprocess.Popen([*line, prefix], stdout=subprocess.PIPE, text=True)
        settled = min(5, seconds / 2)
        time.sleep(settled)
        after_5s = memory_mb(process_id)
        time.sleep(seconds - 0.5 - settled)
        at_end = memory_mb(process_id)
        output, _ = wrk.communicate()
    found = re.search(r"RESULT (.*)", output)
    if found is None:
        raise SystemExit(f"wrk said nothing of use:\n{output}")
    result = json.loads(found[1])
    return Run(
        per_second=result["answered"] / result["seconds"],
        answered=result["answered"] + viewer.checked,
        errors=result["wrong"] + result["socket_errors"] + viewer.errors,
        mixed_up=result["mixed_up"] + viewer.mixed_up,
        p99_ms=result["p99_ms"],
        memory_after_5s_mb=after_5s,
        memory_at_end_mb=at_end,
    )


def main() -> int:
    """Load every flavour and write the table; return 1 if a run was bad."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    pem = generate_private_key_pem()
    keys = TrustedKeyGroup({"K1": load_private_key(pem).public_key_pem()})
    rows, bad = [], False
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key.pem"
        key.write_text(pem)
        for title, flavour in FLAVOURS.items():
            with serving(flavour, {"LOAD_KEY": str(key)}) as (url, process_id):
                # Before and after: the machine's own speed may drift within a minute.
                before = load(url, process_id, "/bare/", seconds // 2, None)
                signed = load(url, process_id, "/content/", seconds, keys)
                after = load(url, process_id, "/bare/", seconds // 2, None)
            print(title, before, signed, after, sep="\n  ", flush=True)
            rows.append(row(title, signed, (before, after)))
            bad = bad or any(run.is_bad for run in (before, signed, after))
    (HERE / "load.md").write_text(page(rows, seconds), "utf-8")
    return int(bad)


def row(title: str, signed: Run, bare: tuple[Run, Run]) -> str:
    """Write one line of the table."""
    before, after = (run.per_second for run in bare)
    cells = (
        title,
        f"{signed.per_second:,.0f}",
        f"{before:,.0f} … {after:,.0f}",
        f"{signed.per_second * 2 / (before + after):.2f}",
        f"{signed.p99_ms:.0f}",
        f"{signed.errors} of {signed.answered:,}",
        f"{signed.mixed_up} of {signed.answered:,}",
        f"{signed.memory_after_5s_mb:.1f} → {signed.memory_at_end_mb:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def page(rows: list[str], seconds: int) -> str:
    """Write the whole page."""
    return f"""# Under load

Written by `python -m benchmarks.load --seconds {seconds}`: each flavour under gunicorn (4 threads a
worker) or uvicorn with {WORKERS} workers, {CONNECTIONS} connections of `wrk` for {seconds} s on a
signed redirect (RSA-2048, SHA-1, `cryptography`), and half as long before and after on the
framework's own bare redirect to a URL as long. `wrk` and the server share this machine's
{os.cpu_count()} cores ({platform.machine()}, Python {platform.python_version()}), so the ratio
says more than the numbers; where the two bare figures differ, the machine's own speed has drifted,
and the ratio says less too.
Every request is for a file of its own, and every answer must lead to a file that was asked for and
that no other answer led to. A viewer beside the load asks for files too, and `TrustedKeyGroup` must
open each of them.

| flavour | signed, a second | bare, twice | ratio | p99, ms | errors | mixed up | MB, 5 s … end |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    sys.exit(main())

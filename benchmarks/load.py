"""
Load each adapter on a real server with two workers and 50 connections, and check all responses.

`python -m benchmarks.load --seconds 30` writes `benchmarks/load.md`. It fails if a response was
wrong, if two clients got each other's URL, or if the server's memory grew. It needs the `wrk`
command (Debian: apt-get install wrk) and `pip install -e '.[test]'`. All traffic stays on this
machine.
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

from benchmarks.sites import ADAPTERS, is_asgi
from cfsign import TrustedKeyGroup, load_private_key
from cfsign.keys import generate_private_key_pem

HERE = Path(__file__).parent
ROOT = HERE.parent
CONNECTIONS = 50
WORKERS = 2
#: How much a server may grow between the fifth second and the end, in MB.
GROWTH_MB = 2.0


@dataclass(frozen=True)
class Run:
    """The result of one load run."""

    per_second: float
    responses: int
    errors: int
    mixed_up: int
    p99_ms: float
    memory_after_5s_mb: float
    memory_at_end_mb: float

    @property
    def has_failed(self) -> bool:
        """True if there were errors, or if memory grew."""
        growth = self.memory_at_end_mb - self.memory_after_5s_mb
        return not self.responses or bool(self.errors or self.mixed_up) or growth > GROWTH_MB


@contextmanager
def start_server(adapter: str, environ: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Start the adapter's server on a free port; yield its URL and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    factory = "benchmarks.sites:create_app"
    if is_asgi(adapter):
        arguments = ["uvicorn", "--factory", factory, "--port", f"{port}"]
        arguments += ["--workers", f"{WORKERS}", "--log-level", "warning", "--no-access-log"]
    else:
        arguments = ["gunicorn", f"{factory}()", "--bind", f"127.0.0.1:{port}"]
        arguments += ["--workers", f"{WORKERS}", "--threads", "4", "--log-level", "warning"]
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env={**os.environ, "LOAD_ADAPTER": adapter, **environ},
        start_new_session=True,
    )
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/bare/x", process)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise SystemExit("the server ended before it was ready")
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the server does not respond")


class Client:
    """A client that runs during the load and checks that each URL opens the requested file."""

    def __init__(self, url: str, trusted_keys: TrustedKeyGroup | None) -> None:
        self.checked = self.errors = self.mixed_up = 0
        self._url = url
        self._trusted_keys = trusted_keys
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Client:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(trust_env=False) as client:
            while not self._stop.wait(0.02):
                self.checked += 1
                name = f"client-{self.checked}.txt"
                try:
                    location = client.get(f"{self._url}{name}").headers.get("Location", "")
                except httpx.HTTPError:
                    self.errors += 1
                    continue
                self.mixed_up += urlsplit(location).path != f"/{name}"
                if self._trusted_keys is not None:
                    self.errors += not self._trusted_keys.check(location).allowed


def measure_memory_mb(process_id: int) -> float:
    """Return the resident memory of a server and its workers, in MB."""
    listing = subprocess.run(
        ["ps", "-o", "rss=", "-g", str(os.getpgid(process_id))], capture_output=True, text=True
    )
    return sum(map(int, listing.stdout.split())) / 1024


def load(url: str, process_id: int, prefix: str, seconds: int, keys: Any) -> Run:
    """Run wrk and a `Client` for *seconds*, and measure the memory."""
    line = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--duration"]
    line += [f"{seconds}s", "--timeout", "10s", "--script", str(HERE / "load.lua"), url, "--"]
    with Client(f"{url}{prefix}", keys) as client:
        wrk = subprocess.Popen([*line, prefix], stdout=subprocess.PIPE, text=True)
        settled = min(5, seconds / 2)
        time.sleep(settled)
        after_5s = measure_memory_mb(process_id)
        time.sleep(seconds - 0.5 - settled)
        at_end = measure_memory_mb(process_id)
        output, _ = wrk.communicate()
    match = re.search(r"RESULT (.*)", output)
    if match is None:
        raise SystemExit(f"wrk printed no result:\n{output}")
    result = json.loads(match[1])
    return Run(
        per_second=result["responses"] / result["seconds"],
        responses=result["responses"] + client.checked,
        errors=result["wrong"] + result["socket_errors"] + client.errors,
        mixed_up=result["mixed_up"] + client.mixed_up,
        p99_ms=result["p99_ms"],
        memory_after_5s_mb=after_5s,
        memory_at_end_mb=at_end,
    )


def main() -> int:
    """Load every adapter and write the page; return 1 if a run failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=30)
    seconds = parser.parse_args().seconds
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    pem = generate_private_key_pem()
    keys = TrustedKeyGroup({"K1": load_private_key(pem).public_key_pem()})
    rows, has_failed = [], False
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key.pem"
        key.write_text(pem)
        for title, adapter in ADAPTERS.items():
            with start_server(adapter, {"LOAD_KEY": str(key)}) as (url, process_id):
                # Before and after, because the machine's speed may change within a minute.
                before = load(url, process_id, "/bare/", seconds // 2, None)
                signed = load(url, process_id, "/content/", seconds, keys)
                after = load(url, process_id, "/bare/", seconds // 2, None)
            print(title, before, signed, after, sep="\n  ", flush=True)
            rows.append(build_row(title, signed, (before, after)))
            has_failed = has_failed or any(run.has_failed for run in (before, signed, after))
    (HERE / "load.md").write_text(build_page(rows, seconds), "utf-8")
    return int(has_failed)


def build_row(title: str, signed: Run, bare: tuple[Run, Run]) -> str:
    """Return one row of the table."""
    before, after = (run.per_second for run in bare)
    cells = (
        title,
        f"{signed.per_second:,.0f}",
        f"{before:,.0f} … {after:,.0f}",
        f"{signed.per_second * 2 / (before + after):.2f}",
        f"{signed.p99_ms:.0f}",
        f"{signed.errors} of {signed.responses:,}",
        f"{signed.mixed_up} of {signed.responses:,}",
        f"{signed.memory_after_5s_mb:.1f} → {signed.memory_at_end_mb:.1f}",
    )
    return f"| {' | '.join(cells)} |"


def build_page(rows: list[str], seconds: int) -> str:
    """Return the page as Markdown."""
    return f"""# Under load

Written by `python -m benchmarks.load --seconds {seconds}`. Each adapter runs with {WORKERS} workers
under gunicorn (4 threads each) or uvicorn. `wrk` loads a signed redirect (RSA-2048, SHA-1,
`cryptography`) for {seconds} s with {CONNECTIONS} connections. Before and after, it loads a bare
redirect of the framework, whose URL is as long, for half that time. `wrk` and the server share the
{os.cpu_count()} cores of this machine ({platform.machine()}, Python {platform.python_version()}),
so the ratio says more than the rates. If the two bare rates differ, the machine's speed changed.

Each request is for another file, and each response must lead to a requested file that no other
response led to. Another client requests files during the load, and `TrustedKeyGroup` must allow
each of its URLs.

| adapter | signed per second | bare, twice | ratio | p99, ms | errors | mixed up | MB, 5 s → end |
|---|---|---|---|---|---|---|---|
{chr(10).join(rows)}
"""


if __name__ == "__main__":
    sys.exit(main())

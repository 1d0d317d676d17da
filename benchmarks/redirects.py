"""
Measure the redirects per second of each adapter on a real server, signed and bare.

Each adapter has three servers: one with an RSA key, one with a P-256 key and one with stable URLs.
They run at the same time and are loaded one after the other. Each round starts new servers, because
two processes of one program differ by a few percent while they live. The servers run on one core
and the load generator on another, if the machine has two; on shared cores the rates of two rounds
differ by half. The CPU time of the servers is measured as well: it tells how many cores a site
needs.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.cores import on_core
from benchmarks.load import CONNECTIONS, start_server
from benchmarks.material import Key
from benchmarks.names import BARE, CPU, RATE, SIGNED_P256, SIGNED_RSA, STABLE_WARM
from benchmarks.rounds import Run
from benchmarks.sites import ADAPTERS
from cfsign import TrustedKeyGroup, load_private_key

_SCRIPT = Path(__file__).parent / "redirects.lua"


@dataclass(frozen=True)
class Target:
    """A path prefix of a server to load, and the keys to verify its redirects (None if bare)."""

    url: str
    prefix: str
    process_id: int
    trusted: TrustedKeyGroup | None

    def check(self) -> None:
        """Raise ValueError unless the response is a redirect to a URL that is allowed."""
        response = httpx.get(f"{self.url}{self.prefix}file-1.txt", trust_env=False)
        if response.status_code != 303:
            raise ValueError(f"the response has status {response.status_code}")
        location = response.headers["Location"]
        if self.trusted is not None and not self.trusted.check(location).allowed:
            raise ValueError("the URL of the redirect is refused")

    def load(self, seconds: int) -> tuple[float, float]:
        """Load the server; return the redirects per second, and the CPU seconds of each."""
        line = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS)]
        line += ["--duration", f"{seconds}s", "--script", str(_SCRIPT), self.url, "--", self.prefix]
        before = _read_cpu_seconds(self.process_id)
        with on_core(1):
            done = subprocess.run(
                line, capture_output=True, text=True, check=True, timeout=seconds + 30
            )
        used = _read_cpu_seconds(self.process_id) - before
        match = re.search(r"RESULT (.*)", done.stdout)
        if match is None:
            raise ValueError("wrk printed no result")
        result = json.loads(match[1])
        if result["errors"] or not result["responses"]:
            raise ValueError(f"{result['errors']} of {result['responses']} responses were wrong")
        return result["responses"] / result["seconds"], used / result["responses"]


def _read_cpu_seconds(process_id: int) -> float:
    server = psutil.Process(process_id)
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def measure(run: Run, keys: dict[str, Key]) -> None:
    """Load all adapters."""
    if shutil.which("wrk") is None:
        run.results.failures[RATE] = "wrk is not installed; on Debian: apt-get install wrk"
        return
    seconds, rounds = (1, 1) if run.pace.is_quick else (2, 5)
    for title, adapter in ADAPTERS.items():
        print(RATE, title, flush=True)
        with run.attempt(f"{RATE}: {title}"):
            figures: dict[str, list[tuple[float, float]]] = {}
            for number in range(rounds):
                for name, pair in _load_once(adapter, keys, seconds, backwards=bool(number % 2)):
                    figures.setdefault(name, []).append(pair)
            for name, pairs in figures.items():
                run.add(f"{RATE}: {title}", name, "/s", [rate for rate, _ in pairs])
                run.add(f"{CPU}: {title}", name, "s", [used for _, used in pairs])


def _load_once(
    adapter: str, keys: dict[str, Key], seconds: int, *, backwards: bool
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Start servers and load each target once."""
    with ExitStack() as stack:

        def start(adapter: str, environ: dict[str, str]) -> tuple[str, int]:
            return stack.enter_context(start_server(adapter, environ))

        with on_core(0):
            targets = _start_targets(adapter, keys, start)
        for target in targets.values():
            target.check()
            target.load(1)  # to warm caches
        for name in list(targets)[::-1] if backwards else list(targets):
            yield name, targets[name].load(seconds)


def _start_targets(
    adapter: str,
    keys: dict[str, Key],
    start: Callable[[str, dict[str, str]], tuple[str, int]],
) -> dict[str, Target]:
    rsa, p256 = keys["RSA-2048"], keys["P-256"]
    plain = start(adapter, {"LOAD_KEY": str(rsa.file)})
    short = start(adapter, {"LOAD_KEY": str(p256.file)})
    stable = start(adapter, {"LOAD_KEY": str(rsa.file), "LOAD_EXPIRY_STEP": "86400"})
    # The bare redirects come from the server with stable URLs, which are compared with them.
    return {
        BARE: Target(stable[0], "/bare/", stable[1], None),
        SIGNED_RSA: Target(plain[0], "/content/", plain[1], _trust(rsa)),
        SIGNED_P256: Target(short[0], "/content/", short[1], _trust(p256)),
        STABLE_WARM: Target(stable[0], "/content/", stable[1], _trust(rsa)),
    }


def _trust(key: Key) -> TrustedKeyGroup:
    """Return a group that trusts the key under the id that the sites use."""
    return TrustedKeyGroup({"K1": load_private_key(key.pem).public_key_pem()})

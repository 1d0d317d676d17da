"""
Redirects a second of each flavour on a real server, beside the framework's bare redirect.

Three servers of a flavour stand at once, and are loaded in turn: one whose key is RSA, one whose
key is P-256, and one with stable URLs. Each round has servers of its own, since two processes of
the same program differ by some hundredths for as long as they live. They stay on one core and the
load generator on another, where the machine has two: else they would take turns on both, and the
rates of two rounds differ by half. What a redirect takes of the server's processor is measured too,
which tells how many cores a site needs.
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
from benchmarks.load import CONNECTIONS, serving
from benchmarks.material import Key
from benchmarks.names import BARE, CPU, RATE, SIGNED_P256, SIGNED_RSA, STABLE_WARM
from benchmarks.rounds import Run
from benchmarks.sites import FLAVOURS
from cfsign import TrustedKeyGroup, load_private_key

_SCRIPT = Path(__file__).parent / "redirects.lua"


@dataclass(frozen=True)
class Target:
    """What is loaded: a prefix of a server's, and who judges its redirects (nobody the bare)."""

    url: str
    prefix: str
    process_id: int
    trusted: TrustedKeyGroup | None

    def check(self) -> None:
        """Raise ValueError unless an answer is a redirect, and its URL opens."""
        answer = httpx.get(f"{self.url}{self.prefix}file-1.txt", trust_env=False)
        if answer.status_code != 303:
            raise ValueError(f"the answer is {answer.status_code}")
        if self.trusted is not None and not self.trusted.check(answer.headers["Location"]).allowed:
            raise ValueError("the redirect's URL does not open")

    def load(self, seconds: int) -> tuple[float, float]:
        """Load it; return the redirects a second, and the processor's seconds of each."""
        line = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS)]
        line += ["--duration", f"{seconds}s", "--script", str(_SCRIPT), self.url, "--", self.prefix]
        before = _cpu_seconds(self.process_id)
        with on_core(1):
            done = subprocess.run(
                line, capture_output=True, text=True, check=True, timeout=seconds + 30
            )
        used = _cpu_seconds(self.process_id) - before
        found = re.search(r"RESULT (.*)", done.stdout)
        if found is None:
            raise ValueError("wrk said nothing of use")
        result = json.loads(found[1])
        if result["errors"] or not result["answered"]:
            raise ValueError(f"{result['errors']} of {result['answered']} answers were wrong")
        return result["answered"] / result["seconds"], used / result["answered"]


def _cpu_seconds(process_id: int) -> float:
    server = psutil.Process(process_id)
    times = [each.cpu_times() for each in (server, *server.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def measure(run: Run, keys: dict[str, Key]) -> None:
    """Load every flavour."""
    if shutil.which("wrk") is None:
        run.results.failures[RATE] = "wrk is not installed: apt-get install wrk"
        return
    seconds, rounds = (1, 1) if run.pace.is_quick else (2, 5)
    for title, flavour in FLAVOURS.items():
        print(RATE, title, flush=True)
        with run.attempt(f"{RATE}: {title}"):
            figures: dict[str, list[tuple[float, float]]] = {}
            for number in range(rounds):
                for name, pair in _round(flavour, keys, seconds, backwards=bool(number % 2)):
                    figures.setdefault(name, []).append(pair)
            for name, pairs in figures.items():
                run.add(f"{RATE}: {title}", name, "/s", [rate for rate, _ in pairs])
                run.add(f"{CPU}: {title}", name, "s", [used for _, used in pairs])


def _round(
    flavour: str, keys: dict[str, Key], seconds: int, *, backwards: bool
) -> Iterator[tuple[str, tuple[float, float]]]:
    """Start servers, and load each of the targets once."""
    with ExitStack() as stack:
        with on_core(0):
            targets = _targets(flavour, keys, lambda *of: stack.enter_context(serving(*of)))
        for target in targets.values():
            target.check()
            target.load(1)  # warm
        for name in list(targets)[::-1] if backwards else list(targets):
            yield name, targets[name].load(seconds)


def _targets(
    flavour: str,
    keys: dict[str, Key],
    start: Callable[[str, dict[str, str]], tuple[str, int]],
) -> dict[str, Target]:
    rsa, p256 = keys["RSA-2048"], keys["P-256"]
    plain = start(flavour, {"LOAD_KEY": str(rsa.file)})
    short = start(flavour, {"LOAD_KEY": str(p256.file)})
    stable = start(flavour, {"LOAD_KEY": str(rsa.file), "LOAD_EXPIRY_STEP": "86400"})
    # The bare one is asked of the server with stable URLs, since these are judged by it.
    return {
        BARE: Target(stable[0], "/bare/", stable[1], None),
        SIGNED_RSA: Target(plain[0], "/content/", plain[1], _renamed(rsa)),
        SIGNED_P256: Target(short[0], "/content/", short[1], _renamed(p256)),
        STABLE_WARM: Target(stable[0], "/content/", stable[1], _renamed(rsa)),
    }


def _renamed(key: Key) -> TrustedKeyGroup:
    """Trust the key under the id that the sites under load give it."""
    return TrustedKeyGroup({"K1": load_private_key(key.pem).public_key_pem()})

"""Time the views by `python -m benchmarks.views` in another process."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.names import BARE, SIGNED, STABLE_WARM, VIEW
from benchmarks.rounds import Run

_SUBJECTS = {"bare_us": BARE, "signed_us": SIGNED, "stable_us": STABLE_WARM}


def measure(run: Run) -> None:
    """Time a request to each kind of view."""
    print(VIEW, flush=True)
    with run.attempt(VIEW):
        # In another process: Django can be configured only once, and this process did.
        rounds = "10" if run.pace.is_quick else "300"
        command = [sys.executable, "-m", "benchmarks.views", "--json", "--rounds", rounds]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise ChildProcessError(done.stderr.strip().splitlines()[-1])
        for row in json.loads(done.stdout):
            for column, subject in _SUBJECTS.items():
                run.add(f"{VIEW}: {row['adapter']}", subject, "s", [row[column] / 1e6])

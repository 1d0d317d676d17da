"""The views in process, as `benchmarks.views` measures them, in a process of their own."""

from __future__ import annotations

import json
import subprocess
import sys

from benchmarks.names import BARE, SIGNED, STABLE_WARM, VIEW
from benchmarks.rounds import Run

_COLUMNS = {"bare_us": BARE, "signed_us": SIGNED, "stable_us": STABLE_WARM}
# A process of its own: it settles Django, which can be settled once.
_CODE = """
import gc, json, sys
from benchmarks.views import measure
gc.disable()
print(json.dumps(measure(int(sys.argv[1]))))
"""


def measure(run: Run) -> None:
    """Time a request to each kind of view; of many rounds the least median counts."""
    print(VIEW, flush=True)
    with run.attempt(VIEW):
        line = [sys.executable, "-c", _CODE, "10" if run.pace.is_quick else "300"]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise ChildProcessError(done.stderr.strip().splitlines()[-1])
        for row in json.loads(done.stdout):
            for column, subject in _COLUMNS.items():
                run.add(f"{VIEW}: {row['flavour']}", subject, "s", [row[column] / 1e6])

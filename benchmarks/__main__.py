"""
Speed: this library beside its peers, in one run.

`pip install -e '.[bench]' && python -m benchmarks` takes a quarter of an hour, and writes the
table, the plots and the raw figures into `benchmarks/results`, the five ratios into the README and
the tables of `docs/capacity.md`. `--quick` is for trying it out: its figures mean nothing, and go
to `build/benchmarks/quick`. It needs node with npm, and the `wrk` command (Debian: apt-get install
nodejs npm wrk); what cannot be measured is left out and said, and the command then fails.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import pages
from benchmarks.names import AWS_SDK
from benchmarks.results import FOLDER, Results
from benchmarks.rounds import QUICK, Pace, Run

QUICK_FOLDER = Path(__file__).parents[1] / "build" / "benchmarks" / "quick"


def main() -> int:
    """Measure all and write it down; return 1 if something could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="only see that all works")
    pace = QUICK if parser.parse_args().quick else Pace()
    begin = time.monotonic()
    results = measure(pace)
    folder = QUICK_FOLDER if pace.is_quick else FOLDER
    pages.write(results, folder)
    if not pace.is_quick:
        pages.write_marked(results)
    print(f"{time.monotonic() - begin:.0f} s; written to {os.path.relpath(folder)}")
    for what, why in results.failures.items():
        print(f"NOT MEASURED: {what}: {why}")
    return int(bool(results.failures))


def measure(pace: Pace) -> Results:
    """Measure all."""
    # Imported here, since they need the peers, and the tests of the pages do not.
    from benchmarks import (
        bulk,
        growth,
        inprocess,
        javascript,
        machine,
        memory,
        redirects,
        signing,
        startup,
    )
    from benchmarks.material import make_key

    today = datetime.now(UTC).date().isoformat()
    results = Results(today, pace.is_quick, machine.machine(), machine.versions())
    run = Run(pace, results)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keys = {algorithm: make_key(algorithm, folder) for algorithm in ("RSA-2048", "P-256")}
        peer = None
        with run.attempt(AWS_SDK):
            results.versions |= javascript.install()
            peer = stack.enter_context(javascript.peer(keys))
        signing.measure(run, keys, peer)
        bulk.measure(run, keys)
        startup.measure(run)
        memory.measure(run)
        inprocess.measure(run)
        redirects.measure(run, keys)
        growth.measure(run, keys)
    return results


if __name__ == "__main__":
    sys.exit(main())

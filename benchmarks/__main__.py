"""
Measure the speed of cfsign and of other libraries in one run.

    pip install -e '.[bench]'
    python -m benchmarks

It takes a quarter of an hour. It writes the results, tables and plots to `benchmarks/results`, and
the generated sections of `docs/speed.md` and `docs/capacity.md`. With `--quick` it only checks that
the benchmarks work, and writes to `build/benchmarks/quick`. It needs node with npm, and the `wrk`
command (Debian: apt-get install nodejs npm wrk). What cannot be measured is reported and left out,
and the exit code is then 1.
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
    """Run all benchmarks and write the results; return 1 if something could not be measured."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="only check that the benchmarks work")
    pace = QUICK if parser.parse_args().quick else Pace()
    begin = time.monotonic()
    results = measure(pace)
    folder = QUICK_FOLDER if pace.is_quick else FOLDER
    pages.write_results(results, folder)
    if not pace.is_quick:
        pages.write_sections(results)
    print(f"{time.monotonic() - begin:.0f} s; written to {os.path.relpath(folder)}")
    for name, error in results.failures.items():
        print(f"NOT MEASURED: {name}: {error}")
    return int(bool(results.failures))


def measure(pace: Pace) -> Results:
    """Run all benchmarks."""
    # Imported here: these modules need the other libraries, which tests of the pages do not have.
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
    results = Results(today, pace.is_quick, machine.describe_machine(), machine.list_versions())
    run = Run(pace, results)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        keys = {algorithm: make_key(algorithm, folder) for algorithm in ("RSA-2048", "P-256")}
        peer = None
        with run.attempt(AWS_SDK):
            results.versions |= javascript.install()
            peer = stack.enter_context(javascript.start_peer(keys))
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

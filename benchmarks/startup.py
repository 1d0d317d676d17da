"""Start-up: what an import takes, each time in a new interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from time import perf_counter

from benchmarks.names import BARE_INTERPRETER, IMPORT
from benchmarks.rounds import Run

IMPORTS = {
    BARE_INTERPRETER: "pass",
    "cfsign": "import cfsign",
    "botocore.signers": "import botocore.signers",
    "cloudfront_signed_cookies": "import cloudfront_signed_cookies.signer",
    "storages.backends.s3": "import storages.backends.s3",
}

_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def measure(run: Run) -> None:
    """Time each import."""
    print(IMPORT, flush=True)
    samples: dict[str, list[float]] = {name: [] for name in IMPORTS}
    with run.attempt(IMPORT):
        for code in IMPORTS.values():
            _seconds(code)  # compiles, and warms the system's cache of files
        for _ in range(run.pace.few(15)):
            for name, code in IMPORTS.items():
                samples[name].append(_seconds(code))
        for name, figures in samples.items():
            run.add(IMPORT, name, "s", figures)


def _seconds(code: str) -> float:
    # With bytecode, as anything that is installed has it.
    environ = {name: each for name, each in os.environ.items() if name != _NO_BYTECODE}
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environ)
    return perf_counter() - begin

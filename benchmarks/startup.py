"""Time imports, each in a new interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from time import perf_counter

from benchmarks.names import BARE_INTERPRETER, BOTOCORE_SIGNERS, CFSIGN, IMPORT
from benchmarks.rounds import Run

IMPORTS = {
    BARE_INTERPRETER: "pass",
    CFSIGN: "import cfsign",
    BOTOCORE_SIGNERS: "import botocore.signers",
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
            _time_import(code)  # compiles the modules, and fills the file cache
        for _ in range(run.pace.few(15)):
            for name, code in IMPORTS.items():
                samples[name].append(_time_import(code))
        for name, figures in samples.items():
            run.add(IMPORT, name, "s", figures)


def _time_import(code: str) -> float:
    # With bytecode files, which installed packages have.
    environ = {name: each for name, each in os.environ.items() if name != _NO_BYTECODE}
    begin = perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=environ)
    return perf_counter() - begin

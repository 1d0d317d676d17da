"""Time `sign_urls`, with one signature per URL, with one and with two workers."""

from __future__ import annotations

from collections import deque
from itertools import islice
from time import perf_counter

from benchmarks import ours
from benchmarks.material import EXPIRES_AT, URLS, Key
from benchmarks.names import BULK_P256, BULK_PURE, BULK_RSA, ONE_WORKER, TWO_WORKERS
from benchmarks.rounds import Run
from cfsign import Signer

WORKERS = {ONE_WORKER: 1, TWO_WORKERS: 2}


def time_signing(signer: Signer, count: int, workers: int) -> float:
    """Return the seconds from the call to the last of *count* signed URLs."""
    begin = perf_counter()
    signed = signer.sign_urls(islice(URLS, count), expires_at=EXPIRES_AT, workers=workers)
    deque(signed, maxlen=0)
    return perf_counter() - begin


def measure(run: Run, keys: dict[str, Key]) -> None:
    """Time each kind of key. Workers are threads with `cryptography`, processes with `rsa`."""
    divisor = 20 if run.pace.is_quick else 1
    kinds = (
        (BULK_RSA, ours.make_signer(keys["RSA-2048"]), 4000, 9),
        (BULK_P256, ours.make_signer(keys["P-256"]), 40_000, 7),
        (BULK_PURE, ours.make_signer(keys["RSA-2048"], backend="rsa"), 1000, 3),
    )
    for case, signer, count, rounds in kinds:
        print(case, flush=True)
        with run.attempt(case):
            _check(signer, keys["P-256" if case == BULK_P256 else "RSA-2048"])
            samples: dict[str, list[float]] = {name: [] for name in WORKERS}
            for _ in range(run.pace.few(rounds)):
                for name, workers in WORKERS.items():
                    took = time_signing(signer, count // divisor, workers)
                    samples[name].append(took / (count // divisor))
            for name, figures in samples.items():
                run.add(case, name, "s", figures)


def _check(signer: Signer, key: Key) -> None:
    for url in signer.sign_urls(URLS[:3], expires_at=EXPIRES_AT, workers=2):
        key.check_url(url)

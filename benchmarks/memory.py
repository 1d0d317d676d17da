"""Measure the peak memory of a process that signs a number of URLs."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.names import MEMORY
from benchmarks.rounds import Run

ONE_SIGNATURE = "SignedPolicy.urls"
WITHOUT_SIGNATURE = "sign_urls without the signature"
IN_THREADS = "sign_urls, P-256, 2 workers"
BOTOCORE_LOOP = "botocore in a loop, without the signature"
CASES = (ONE_SIGNATURE, WITHOUT_SIGNATURE, IN_THREADS, BOTOCORE_LOOP)
COUNTS = (1000, 1_000_000)


def measure(run: Run) -> None:
    """Measure each case with a thousand URLs and with a million."""
    print(MEMORY, flush=True)
    for case in CASES:
        for count in (1000, 20_000) if run.pace.is_quick else COUNTS:
            with run.attempt(f"{MEMORY}: {case}"):
                line = [sys.executable, "-m", "benchmarks.memory", case, str(count)]
                done = subprocess.run(
                    line, check=True, stdout=subprocess.PIPE, text=True, timeout=300
                )
                run.add(MEMORY, case, "MB", [float(done.stdout)], count)


def _make_urls(count: int) -> Iterator[str]:
    return (f"https://media.example.com/videos/42/{number:07}.mp4" for number in range(count))


def _sign(case: str, urls: Iterator[str]) -> Iterable[str]:
    # Imported here, so that the process loads only what its case needs.
    from cfsign import Policy, Signer
    from cfsign.keys import generate_private_key_pem

    expires_at = 1999999999
    if case == BOTOCORE_LOOP:
        from datetime import UTC, datetime

        from botocore.signers import CloudFrontSigner

        signer = CloudFrontSigner("K1", lambda message: bytes(256))
        expiry = datetime.fromtimestamp(expires_at, UTC)
        return (signer.generate_presigned_url(url, date_less_than=expiry) for url in urls)
    if case == WITHOUT_SIGNATURE:
        return Signer("K1", _Stub()).sign_urls(urls, expires_at=expires_at)
    p256 = Signer("K1", generate_private_key_pem("P-256"))
    if case == ONE_SIGNATURE:
        policy = Policy("https://media.example.com/videos/42/*", expires_at)
        return p256.sign_policy(policy).urls(urls)
    return p256.sign_urls(urls, expires_at=expires_at, workers=2)


class _Stub:
    def sign(self, message: bytes, hash_algorithm: str) -> bytes:
        return bytes(256)

    def public_key_pem(self) -> str:
        return ""


def main() -> None:
    """Sign, and print the peak of the resident memory in MB."""
    case, count = sys.argv[1:]
    deque(_sign(case, _make_urls(int(count))), maxlen=0)
    print(_read_peak_mb())


def _read_peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # `ru_maxrss` would include the memory of the parent before exec
        match = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if match is not None:
            return int(match[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main()

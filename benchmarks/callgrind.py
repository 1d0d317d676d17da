"""
Count the instructions of what a signed URL costs beside its signature.

Times differ by a tenth from run to run, and by more on a machine with other work; what the
processor was told to do hardly differs, so that a change of the code shows. Run it from the
repository:

    apt-get install valgrind
    pip install . botocore
    python -m benchmarks.callgrind

It takes some minutes, since valgrind is fifty times as slow as the processor, and writes
callgrind.md. Each way of signing runs twice, for N and for 2 N URLs; the difference, over N, has
neither the start of Python in it nor the imports. All sign with a key that does not sign, but
returns the same 256 bytes.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

DOMAIN = "https://d111111abcdef8.cloudfront.net"
PATH = "content/reports/2026/annual-report.pdf"
URL = f"{DOMAIN}/{PATH}"
KEY_PAIR_ID = "K2JCJMDEHXQW5F"
EXPIRY = datetime(2030, 1, 1, tzinfo=UTC)
SIGNATURE = bytes(range(256))  # as long as one by RSA-2048
COUNT = 1000


class Key:
    """A private key that takes no time."""

    def sign(self, message, hash_algorithm):
        """Return what might be a signature."""
        return SIGNATURE

    def public_key_pem(self):
        """Return nothing: nobody asks."""
        return ""


def signer():
    """Make our signer."""
    from cfsign import Signer

    return Signer(KEY_PAIR_ID, Key())


def botocore(count: int) -> None:
    """Sign by botocore, as its documents say."""
    from botocore.signers import CloudFrontSigner

    sign = CloudFrontSigner(KEY_PAIR_ID, lambda message: SIGNATURE).generate_presigned_url
    for _ in range(count):
        sign(URL, date_less_than=EXPIRY)


def sign_url(count: int) -> None:
    """Sign one by one."""
    sign, expires_at = signer().sign_url, int(EXPIRY.timestamp())
    for _ in range(count):
        sign(URL, expires_at=expires_at)


def sign_url_with_a_query(count: int) -> None:
    """Sign a URL with parameters of its own."""
    sign, expires_at = signer().sign_url, int(EXPIRY.timestamp())
    for _ in range(count):
        sign(f"{URL}?version=3&lang=en", expires_at=expires_at)


def sign_urls(count: int) -> None:
    """Sign a series, with a signature for each."""
    for _ in signer().sign_urls([URL] * count, expires_at=EXPIRY):
        pass


def distribution(count: int) -> None:
    """Sign plain paths."""
    from cfsign import Distribution

    sign = Distribution(DOMAIN, signer()).sign_path
    for _ in range(count):
        sign(PATH)


def one_signature(count: int) -> None:
    """Give one signature to all URLs of a folder."""
    from cfsign import Policy

    signed = signer().sign_policy(Policy(f"{DOMAIN}/content/*", EXPIRY))
    for _ in signed.urls([URL] * (32 * count)):
        pass


WAYS: dict[str, tuple[str, Callable[[int], None], int]] = {
    "botocore": ("botocore's `generate_presigned_url`", botocore, 1),
    "sign_url": ("`Signer.sign_url`", sign_url, 1),
    "query": ("`Signer.sign_url`, a query of two parameters", sign_url_with_a_query, 1),
    "sign_urls": ("`Signer.sign_urls`", sign_urls, 1),
    "distribution": ("`Distribution.sign_path`", distribution, 1),
    "one": ("`SignedPolicy.urls`, one signature for all", one_signature, 32),
}


def main() -> None:
    """Count all ways and write the table, or, as a process of its own, sign in one way."""
    if len(sys.argv) > 1:
        way, count = sys.argv[1:]
        WAYS[way][1](int(count))
        return
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed: apt-get install valgrind, or your system's like of it")
    per_url = {}
    for way, (_, _, urls) in WAYS.items():
        per_url[way] = (instructions(way, 2 * COUNT) - instructions(way, COUNT)) / (COUNT * urls)
        print(f"{way}: {per_url[way]:,.0f}", flush=True)
    Path(__file__).with_suffix(".md").write_text(report(per_url))


def instructions(way: str, count: int) -> int:
    """Run *way* for *count* rounds under callgrind; return the instructions of the process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    done = subprocess.run(
        [*command, "-m", "benchmarks.callgrind", way, str(count)],
        env=os.environ | {"PYTHONHASHSEED": "0"},  # dicts of text, the same at each run
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def report(per_url: dict[str, float]) -> str:
    """Write the table."""
    rows = [
        f"| {WAYS[way][0]} | {count:,.0f} | {count / per_url['botocore']:.3f} |"
        for way, count in per_url.items()
    ]
    return "\n".join(
        [
            "# Instructions a signed URL",
            "",
            "What a URL costs beside its signature, counted by callgrind, since times tell",
            "little on a machine with other work. `python -m benchmarks.callgrind` writes this,",
            "and its text says how.",
            "",
            f"CPython {platform.python_version()} on {platform.machine()}, "
            f"botocore {version('botocore')}; the URL is `{URL}`.",
            "",
            "| way | instructions a URL | of botocore's |",
            "| --- | ---: | ---: |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()

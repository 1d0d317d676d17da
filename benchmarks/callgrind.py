"""
Count the instructions of a signed URL, without those of the signature.

Times vary by a tenth from run to run, and by more on a busy machine. The number of instructions
hardly varies, so it shows the effect of a change in the code. Run it from the repository:

    apt-get install valgrind
    pip install . botocore
    python -m benchmarks.callgrind

It takes some minutes, because valgrind is fifty times slower, and writes callgrind.md. Each case
runs twice, for N and for 2 N URLs. The difference divided by N does not include the start of Python
and its imports. The private key is a stub that returns 256 constant bytes.
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
    """A private key that takes no time to sign."""

    def sign(self, message, hash_algorithm):
        """Return constant bytes as the signature."""
        return SIGNATURE

    def public_key_pem(self):
        """Return an empty text: nothing is verified."""
        return ""


def make_signer():
    """Return a signer with the stub."""
    from cfsign import Signer

    return Signer(KEY_PAIR_ID, Key())


def sign_with_botocore(count: int) -> None:
    """Sign URLs with botocore, as its documentation shows."""
    from botocore.signers import CloudFrontSigner

    sign = CloudFrontSigner(KEY_PAIR_ID, lambda message: SIGNATURE).generate_presigned_url
    for _ in range(count):
        sign(URL, date_less_than=EXPIRY)


def sign_url(count: int) -> None:
    """Sign URLs one by one."""
    sign, expires_at = make_signer().sign_url, int(EXPIRY.timestamp())
    for _ in range(count):
        sign(URL, expires_at=expires_at)


def sign_url_with_a_query(count: int) -> None:
    """Sign URLs with a query."""
    sign, expires_at = make_signer().sign_url, int(EXPIRY.timestamp())
    for _ in range(count):
        sign(f"{URL}?version=3&lang=en", expires_at=expires_at)


def sign_urls(count: int) -> None:
    """Sign URLs by `sign_urls`."""
    for _ in make_signer().sign_urls([URL] * count, expires_at=EXPIRY):
        pass


def sign_path(count: int) -> None:
    """Sign plain paths."""
    from cfsign import Distribution

    sign = Distribution(DOMAIN, make_signer()).sign_path
    for _ in range(count):
        sign(PATH)


def sign_once(count: int) -> None:
    """Sign a policy once for all URLs of a folder."""
    from cfsign import Policy

    signed = make_signer().sign_policy(Policy(f"{DOMAIN}/content/*", EXPIRY))
    for _ in signed.urls([URL] * (32 * count)):
        pass


def respond(count: int) -> None:
    """Redirect requests as a view does, without its framework."""
    _respond(count, expiry_step=None)


def respond_stable(count: int) -> None:
    """Redirect requests to a URL that stays the same and is cached."""
    _respond(count, expiry_step=86400)


def _respond(count: int, expiry_step: int | None) -> None:
    from cfsign import Distribution
    from cfsign.views import ViewHandler, ViewOptions

    distribution = Distribution(DOMAIN, make_signer(), expiry_step=expiry_step)
    handler = ViewHandler(distribution, ViewOptions())
    for _ in range(count):
        handler.handle(None, PATH, handler.file_request(PATH), lambda: 200)


CASES: dict[str, tuple[str, Callable[[int], None], int]] = {
    "botocore": ("botocore's `generate_presigned_url`", sign_with_botocore, 1),
    "sign_url": ("`Signer.sign_url`", sign_url, 1),
    "query": ("`Signer.sign_url`, two query parameters", sign_url_with_a_query, 1),
    "sign_urls": ("`Signer.sign_urls`", sign_urls, 1),
    "sign_path": ("`Distribution.sign_path`", sign_path, 1),
    "respond": ("a view's redirect, without its framework", respond, 1),
    "respond_stable": ("a view's redirect to a stable URL", respond_stable, 1),
    "sign_once": ("`SignedPolicy.urls` (one signature for all URLs)", sign_once, 32),
}


def main() -> None:
    """Count all cases and write the page; or, with arguments, run one case."""
    if len(sys.argv) > 1:
        case, count = sys.argv[1:]
        CASES[case][1](int(count))
        return
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is not installed; on Debian: apt-get install valgrind")
    per_url = {}
    for case, (_, _, urls) in CASES.items():
        difference = count_instructions(case, 2 * COUNT) - count_instructions(case, COUNT)
        per_url[case] = difference / (COUNT * urls)
        print(f"{case}: {per_url[case]:,.0f}", flush=True)
    Path(__file__).with_suffix(".md").write_text(build_page(per_url))


def count_instructions(case: str, count: int) -> int:
    """Run *case* for *count* rounds under callgrind; return the instructions of the process."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", sys.executable]
    done = subprocess.run(
        [*command, "-m", "benchmarks.callgrind", case, str(count)],
        env=os.environ | {"PYTHONHASHSEED": "0"},  # the same dict order in each run
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(re.search(r"Collected : (\d+)", done.stderr)[1])


def build_page(per_url: dict[str, float]) -> str:
    """Return the page as Markdown."""
    rows = [
        f"| {CASES[case][0]} | {count:,.0f} | {count / per_url['botocore']:.3f} |"
        for case, count in per_url.items()
    ]
    return "\n".join(
        [
            "# Instructions per signed URL",
            "",
            "The instructions of a signed URL without its signature, counted by callgrind.",
            "Unlike times, they do not change with other work on the machine. Written by",
            "`python -m benchmarks.callgrind`; its source explains the method.",
            "",
            f"CPython {platform.python_version()} on {platform.machine()}, "
            f"botocore {version('botocore')}; the URL is `{URL}`.",
            "",
            "| call | instructions per URL | compared with botocore |",
            "| --- | ---: | ---: |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    main()

"""The section of docs/speed.md: the plot and a table of ratios."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.names import (
    AWS_SDK,
    BARE,
    BOTOCORE,
    BULK_RSA,
    CFSIGN,
    LIMIT,
    MANY,
    ONE_WORKER,
    OUR_PART,
    RATE,
    STABLE_WARM,
    TWO_WORKERS,
    URL_RSA,
)
from benchmarks.results import Results
from benchmarks.sites import ADAPTERS
from benchmarks.tables import build_picture, build_table

_FOLDER = "../benchmarks/results/"


def list_ratios(results: Results) -> Iterator[tuple[str, str]]:
    """Yield the name of each comparison, and its ratio."""
    for other, name in (
        (LIMIT, "bare `cryptography` signatures"),
        (BOTOCORE, "botocore"),
        (AWS_SDK, "`@aws-sdk/cloudfront-signer`"),
    ):
        ratio = results.speed(URL_RSA, CFSIGN, other)
        yield f"RSA-2048 URLs per second, compared with {name}", _format_ratio(ratio)
    yield (
        "time per URL without the signature, compared with botocore",
        _format_ratio(results.ratio(OUR_PART, CFSIGN, BOTOCORE)),
    )
    yield (
        "URLs per second under one policy, compared with botocore, which signs each of them",
        _format_ratio(results.speed(MANY, CFSIGN, BOTOCORE)),
    )
    yield (
        "`sign_urls(workers=2)` on two cores, compared with one worker",
        _format_ratio(results.speed(BULK_RSA, TWO_WORKERS, ONE_WORKER)),
    )
    yield (
        "redirects per second with stable URLs, compared with the framework's bare redirects "
        "(slowest to fastest adapter)",
        _format_stable_range(results),
    )


def build_section(results: Results) -> str:
    """Return the section as Markdown."""
    machine = results.machine
    return "\n\n".join(
        [
            build_picture("speed", "Signed URLs per second of cfsign and other libraries", _FOLDER),
            f"Ratios of one run on {machine['processor']}, {machine['cores']} cores, "
            f"{machine['Python']}:",
            build_table(("comparison", "ratio"), list_ratios(results)),
            "[All results](../benchmarks/results/README.md) include the other libraries and the "
            "limits that this project sets itself.",
        ]
    )


def _format_stable_range(results: Results) -> str:
    cases = [f"{RATE}: {adapter}" for adapter in ADAPTERS]
    ratios = [results.ratio(case, STABLE_WARM, BARE) for case in cases]
    known = sorted(ratio for ratio in ratios if ratio is not None)
    return f"{_format_ratio(known[0])} … {_format_ratio(known[-1])}" if known else "?"


def _format_ratio(ratio: float | None) -> str:
    if ratio is None:
        return "?"
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio >= 10 else f"{ratio:.2f}"

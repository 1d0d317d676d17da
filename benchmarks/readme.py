"""The README's section: the plot, and the five figures that matter, each a ratio."""

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
from benchmarks.sites import FLAVOURS
from benchmarks.tables import picture

_FOLDER = "../benchmarks/results/"


def ratios(results: Results) -> Iterator[tuple[str, str]]:
    """Give the five ratios, and what each is of."""
    limit, botocore, sdk = (
        _written(results.speed(URL_RSA, CFSIGN, other)) for other in (LIMIT, BOTOCORE, AWS_SDK)
    )
    yield (
        limit,
        "of the speed of the bare signature: RSA-2048 URLs with `cryptography`; that is "
        f"{botocore} times botocore's, and {sdk} times `@aws-sdk/cloudfront-signer`'s",
    )
    yield (
        _written(results.ratio(OUR_PART, CFSIGN, BOTOCORE)),
        "of botocore's time for all that is not the signature, though more is checked",
    )
    yield (
        _written(results.speed(MANY, CFSIGN, BOTOCORE)),
        "times botocore's URLs under one policy: one signature serves them all, and each is "
        "checked against it",
    )
    yield (
        _written(results.speed(BULK_RSA, TWO_WORKERS, ONE_WORKER)),
        "times as many URLs a second with `sign_urls(workers=2)` on two cores",
    )
    yield (
        _stable(results),
        "of the framework's bare redirects a second with stable URLs and a warm cache, from the "
        "worst to the best of the six flavours",
    )


def section(results: Results) -> str:
    """Return the section, in Markdown."""
    machine = results.machine
    lines = [
        picture("speed", "Signed URLs a second of cfsign and its peers", _FOLDER),
        "",
        f"Five ratios of one run ({machine['processor']}, {machine['cores']} cores, "
        f"{machine['Python']}):",
        "",
        *(f"- **{ratio}** {of}" for ratio, of in ratios(results)),
        "",
        "All figures, those of the other peers among them, and which of the project's targets are "
        f"held, are in [benchmarks/results]({_FOLDER}README.md).",
    ]
    return "\n".join(lines)


def _stable(results: Results) -> str:
    cases = [f"{RATE}: {flavour}" for flavour in FLAVOURS]
    found = [results.ratio(case, STABLE_WARM, BARE) for case in cases]
    known = sorted(ratio for ratio in found if ratio is not None)
    return f"{_written(known[0])} … {_written(known[-1])}" if known else "?"


def _written(ratio: float | None) -> str:
    if ratio is None:
        return "?"
    return f"{float(f'{ratio:.2g}'):,.0f}" if ratio >= 10 else f"{ratio:.2f}"

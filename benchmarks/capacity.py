"""Capacity: how many cores a site needs for so many redirects a second, by what was measured."""

from __future__ import annotations

from benchmarks.figures import duration
from benchmarks.names import (
    BARE,
    CFSIGN,
    CPU,
    SIGNED_P256,
    SIGNED_RSA,
    STABLE_WARM,
    URL_P256,
    URL_RSA,
)
from benchmarks.results import Results
from benchmarks.sites import FLAVOURS
from benchmarks.tables import table

#: What a core may be busy with, so that a queue stays short when viewers come in bursts.
BUSY = 0.6
PER_SECOND = 1000
#: Files that a viewer fetches in a session: pictures of a page, segments of a video.
FILES = (1, 10, 100)


def cores(per_second: float, cpu_seconds: float, busy: float = BUSY) -> float:
    """
    Return how many cores serve so many redirects a second.

    Args:
        per_second: Redirects a second, at the peak.
        cpu_seconds: What the server's processors take for one.
        busy: The share of its time that a core is to be busy.
    """
    return per_second * cpu_seconds / busy


def section(results: Results) -> str:
    """Return the tables of the page, in Markdown."""
    return "\n\n".join(
        [
            f"Measured on {results.machine['processor']}, {results.machine['Python']}, "
            f"on {results.date} ([all results](../benchmarks/results/README.md)).",
            f"Cores for {PER_SECOND:,} redirects a second:",
            _by_key(results),
            f"Cores for {PER_SECOND:,} files a second with cookies, one signature for a whole "
            "session (RSA-2048), by how many files a session fetches:",
            _by_session(results),
            f"The signature alone, without a web server, for {PER_SECOND:,} URLs a second:",
            _signatures(results),
        ]
    )


def _by_key(results: Results) -> str:
    kinds = (SIGNED_RSA, SIGNED_P256, STABLE_WARM, BARE)
    rows = [(flavour, *(_cell(results, flavour, kind) for kind in kinds)) for flavour in FLAVOURS]
    head = ("", "RSA-2048", "P-256", "stable URLs, warm", "the framework's bare redirect")
    return table(head, rows)


def _by_session(results: Results) -> str:
    rows = [
        (flavour, *(_cell(results, flavour, SIGNED_RSA, 1 / files) for files in FILES))
        for flavour in FLAVOURS
    ]
    words = {1: "1 file"}
    return table(("", *(words.get(files, f"{files} files") for files in FILES)), rows)


def _cell(results: Results, flavour: str, kind: str, share: float = 1.0) -> str:
    found = results.find(f"{CPU}: {flavour}", kind)
    return "?" if found is None else _written(cores(PER_SECOND * share, found.median))


def _signatures(results: Results) -> str:
    rows = []
    for case, name in ((URL_RSA, "RSA-2048"), (URL_P256, "P-256")):
        found = results.find(case, CFSIGN)
        if found is not None:
            needed = _written(cores(PER_SECOND, found.median))
            rows.append((name, duration(found.median), needed))
    return table(("key", "a URL", "cores"), rows)


def _written(needed: float) -> str:
    return f"{needed:.1f}" if needed >= 1 else f"{needed:.2g}"

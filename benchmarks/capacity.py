"""The section of docs/capacity.md: how many cores a site needs, computed from the results."""

from __future__ import annotations

from benchmarks.formatting import format_duration
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
from benchmarks.tables import build_table

#: The share of its time that a core may be busy, so that queues stay short during bursts.
BUSY = 0.6
PER_SECOND = 1000
#: Files per session: pictures of a page, segments of a video.
FILES = (1, 10, 100)


def count_cores(per_second: float, cpu_seconds: float, busy: float = BUSY) -> float:
    """
    Return the number of cores that a number of redirects needs.

    Args:
        per_second: Redirects per second at the peak.
        cpu_seconds: The CPU time of the server for one redirect.
        busy: The share of its time that a core may be busy.
    """
    return per_second * cpu_seconds / busy


def build_section(results: Results) -> str:
    """Return the tables as Markdown."""
    return "\n\n".join(
        [
            f"Measured on {results.machine['processor']}, {results.machine['Python']}, "
            f"on {results.date} ([all results](../benchmarks/results/README.md)).",
            f"Cores for {PER_SECOND:,} redirects per second:",
            _tabulate_keys(results),
            f"Cores for {PER_SECOND:,} files per second with cookies that are signed once per "
            "session (RSA-2048), by the number of files per session:",
            _tabulate_sessions(results),
            f"Cores for {PER_SECOND:,} signatures per second, without a web server:",
            _tabulate_signatures(results),
        ]
    )


def _tabulate_keys(results: Results) -> str:
    kinds = (SIGNED_RSA, SIGNED_P256, STABLE_WARM, BARE)
    rows = [
        (adapter, *(_format_cell(results, adapter, kind) for kind in kinds))
        for adapter in results.list_adapters()
    ]
    return build_table(("", "RSA-2048", "P-256", "stable URLs, warm", "bare redirect"), rows)


def _tabulate_sessions(results: Results) -> str:
    rows = [
        (adapter, *(_format_cell(results, adapter, SIGNED_RSA, 1 / files) for files in FILES))
        for adapter in results.list_adapters()
    ]
    head = ("", *(f"{files} file{'s' if files > 1 else ''}" for files in FILES))
    return build_table(head, rows)


def _format_cell(results: Results, adapter: str, kind: str, share: float = 1.0) -> str:
    measured = results.find(f"{CPU}: {adapter}", kind)
    if measured is None:
        return "?"
    return _format_cores(count_cores(PER_SECOND * share, measured.median))


def _tabulate_signatures(results: Results) -> str:
    rows = []
    for case, name in ((URL_RSA, "RSA-2048"), (URL_P256, "P-256")):
        measured = results.find(case, CFSIGN)
        if measured is not None:
            cores = _format_cores(count_cores(PER_SECOND, measured.median))
            rows.append((name, format_duration(measured.median), cores))
    return build_table(("key", "time per URL", "cores"), rows)


def _format_cores(cores: float) -> str:
    return f"{cores:.1f}" if cores >= 1 else f"{cores:.2g}"

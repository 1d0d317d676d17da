"""The page of all results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.formatting import format_duration, format_number, format_rate, format_spread
from benchmarks.machine import CORES, LOAD
from benchmarks.names import (
    BARE,
    BARE_INTERPRETER,
    BULKS,
    CPU,
    GROWTHS,
    IMPORT,
    MEMORY,
    PLAYLIST,
    RATE,
    SIGNED,
    SIGNED_P256,
    SIGNED_RSA,
    SINGLES,
    STABLE_WARM,
    VIEW,
)
from benchmarks.results import Results
from benchmarks.sites import ADAPTERS
from benchmarks.targets import check_targets

QUICK_WARNING = (
    "> **A quick run**, to check that the benchmarks work. Do not quote these figures.\n\n"
)

SUBJECTS = """Each library is used as its documentation recommends: the signer is made once, and the
key is parsed once if the library allows it. `TrustedKeyGroup` verifies the output of each before it
is timed. Without the signature, the output must equal botocore's byte for byte.

- `bare sign` is the upper limit: only the signature calls, for the same policies. With P-256 it
  signs by RFC 6979, as cfsign does, because stable URLs need it. `cryptography` uses a `random k`
  by default, which is faster.
- `botocore` is `CloudFrontSigner` with the callback that its documentation shows, or the same
  callback for P-256. It does not support SHA-256.
- `cfsign, from a path` is `Distribution.sign_path`. `django-storages` is `S3Storage.url`. Both turn
  the name of a file into a URL and read the clock.
- `cloudfront-signed-cookies` only makes cookies, here with a custom policy.
- `@aws-sdk/cloudfront-signer` takes the key as text and parses it for each signature. With a
  `KeyObject`, which it does not document, it parses the key once.
- `aws-cloudfront-sign` takes the key as text, too. It writes both `Expires` and `Policy` into a
  URL, which AWS does not document; `Expires` is removed before verification.
- `key file read for each URL` is what flask-cloudfront (2012) and the example in botocore's
  docstring do.
- The other libraries sign each URL again, also under one policy for many URLs and for the same URL
  again."""


def build_page(results: Results) -> str:
    """Return the page as Markdown."""
    option = " --quick" if results.is_quick else ""
    parts = [
        f"# Speed: all results\n\n{QUICK_WARNING if results.is_quick else ''}"
        f"{_warn_of_load(results)}Written by `python -m benchmarks{option}` on {results.date} "
        "([raw figures](results.json)).\n\n"
        "Each figure is the median of several rounds, except memory and the runs with a million "
        "URLs, which were measured once. In each round all subjects of a table run one after the "
        "other, so that changes in the machine's speed affect all of them.\n"
        "The spread is the range of the middle half of the rounds. A ratio is the median of the "
        "ratios of the rounds.",
        build_picture("speed-all", "Signed URLs per second by library"),
        _list_failures(results),
        "## Limits\n\n" + _tabulate_targets(results),
        "## One core\n\n" + "\n\n".join(_tabulate_cases(results, SINGLES)),
        "## Bulk signing\n\n`sign_urls` with one signature per URL. Workers are threads with "
        "`cryptography`, and processes with `rsa`.\n\n"
        + "\n\n".join(_tabulate_cases(results, BULKS)),
        _describe_playlists(results),
        "## Redirects\n\nTwo worker processes (gunicorn with 4 threads each, or uvicorn) run on "
        "one core, and `wrk` with 50 connections on another. The CPU time is the server's.\n\n"
        + build_picture("redirects", "Redirects per second by adapter")
        + "\n\n"
        + _tabulate_redirects(results),
        "CPU time per request in one process, without a server and without the signature "
        "(the lowest median of many rounds):\n\n" + _tabulate_views(results),
        "## Start-up and memory\n\n"
        + _tabulate_imports(results)
        + "\n\n"
        + _tabulate_memory(results),
        "## Growth\n\nThe exponent is the slope of the line fitted to the logarithms: 1 is linear, "
        "0 is constant.\n\n"
        + build_picture("growth", "Growth of the cost")
        + "\n\n"
        + _tabulate_growth(results),
        "## Machine and versions\n\n" + _list_versions(results) + "\n\n" + SUBJECTS,
        "## Instructions\n\n[callgrind.md](../callgrind.md) counts the instructions of cfsign and "
        "botocore without the signature. Other work on the machine does not change these counts.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def build_picture(name: str, description: str, folder: str = "") -> str:
    """Return HTML that shows a plot, in its dark version for readers with a dark theme."""
    return (
        "<picture>\n"
        f'  <source media="(prefers-color-scheme: dark)" srcset="{folder}{name}-dark.svg">\n'
        f'  <img src="{folder}{name}-light.svg" alt="{description}">\n'
        "</picture>"
    )


def build_table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "--:") -> str:
    """Return a Markdown table; all columns but the first are aligned by *align*."""
    lines = [head, ["---", *[align] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _warn_of_load(results: Results) -> str:
    load, cores = (float(results.machine.get(name, 0)) for name in (LOAD, CORES))
    if load <= cores / 4:
        return ""
    return f"> **The machine was busy** (load {load:.1f} before the run).\n\n"


def _list_failures(results: Results) -> str:
    if not results.failures:
        return ""
    lines = "\n".join(f"- {what}: {why}" for what, why in results.failures.items())
    return f"## Not measured\n\n{lines}"


def _describe_playlists(results: Results) -> str:
    table = "".join(_tabulate_cases(results, [PLAYLIST]))
    return table and f"## Playlists\n\n`sign_hls`, with one signature for all segments.\n\n{table}"


def _tabulate_targets(results: Results) -> str:
    words = {True: "yes", False: "**no**", None: "?"}
    rows = [
        (each.name, each.limit, each.measured, words[each.is_met])
        for each in check_targets(results)
    ]
    return build_table(("what", "limit", "measured", "met"), rows, "---")


def _tabulate_cases(results: Results, cases: Iterable[str]) -> Iterator[str]:
    for case in cases:
        measured = results.of(case)
        if not measured:
            continue
        first = measured[0].subject
        rows = [
            (
                each.subject,
                format_rate(each),
                format_duration(each.median),
                format_spread(each),
                _format_ratio(results.speed(case, each.subject, first)),
            )
            for each in measured
        ]
        yield f"**{case}**\n\n" + build_table(
            ("", "per second", "time", "spread", f"speed compared with {first}"), rows
        )


def _format_ratio(ratio: float | None) -> str:
    if ratio is None:
        return "?"
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.2g}"


def _tabulate_redirects(results: Results) -> str:
    rows = []
    for adapter in ADAPTERS:
        case = f"{RATE}: {adapter}"
        for kind in (BARE, STABLE_WARM, SIGNED_P256, SIGNED_RSA):
            rate, cpu = results.find(case, kind), results.find(f"{CPU}: {adapter}", kind)
            if rate is None or cpu is None:
                continue
            ratio = _format_ratio(results.ratio(case, kind, BARE))
            figures = (
                format_number(rate.median),
                format_spread(rate),
                ratio,
                format_duration(cpu.median),
            )
            rows.append((adapter if kind == BARE else "", kind, *figures))
    head = ("adapter", "kind", "per second", "spread", "compared with bare", "CPU time")
    return build_table(head, rows) if rows else "Not measured."


def _tabulate_views(results: Results) -> str:
    cases = dict.fromkeys(each.case for each in results.measurements)
    rows = []
    for case in (case for case in cases if case.startswith(f"{VIEW}: ")):
        times = {each.subject: format_duration(each.median) for each in results.of(case)}
        excess = results.excess(case, SIGNED, BARE)
        stable = results.speed(case, STABLE_WARM, BARE)
        overhead = "?" if excess is None else f"{excess * 1e6:.1f} µs"
        rows.append([case.rpartition(": ")[2], *times.values(), overhead, _format_ratio(stable)])
    head = ("", BARE, SIGNED, STABLE_WARM, "signed minus bare", "stable: speed compared with bare")
    return build_table(head, rows) if rows else "Not measured."


def _tabulate_imports(results: Results) -> str:
    rows = []
    for each in results.of(IMPORT):
        excess = results.excess(IMPORT, each.subject, BARE_INTERPRETER)
        over = "" if each.subject == BARE_INTERPRETER or excess is None else format_duration(excess)
        rows.append((each.subject, format_duration(each.median), format_spread(each), over))
    return build_table(("import", "time", "spread", "over a bare interpreter"), rows)


def _tabulate_memory(results: Results) -> str:
    counts = sorted({each.at for each in results.of(MEMORY) if each.at is not None})
    rows = []
    for way in dict.fromkeys(each.subject for each in results.of(MEMORY)):
        measured = [results.find(MEMORY, way, count) for count in counts]
        rows.append((way, *(f"{each.median:.1f} MB" if each else "?" for each in measured)))
    return build_table(("peak memory", *(f"{each:,} URLs" for each in counts)), rows)


def _tabulate_growth(results: Results) -> str:
    rows = []
    for case in GROWTHS:
        points, exponent = results.growth(case), results.exponent(case)
        if exponent is None:
            continue
        (first, least), (last, most) = points[0], points[-1]
        rows.append(
            (
                case,
                f"{first:,} … {last:,}",
                f"{format_duration(least.median)} … {format_duration(most.median)}",
                f"{exponent:.2f}",
                name_growth(exponent),
            )
        )
    return build_table(("number of", "range", "time", "exponent", "growth"), rows)


def name_growth(exponent: float) -> str:
    """Return a word for an exponent."""
    if exponent > 1.1:
        return "worse than linear"
    if exponent >= 0.9:
        return "linear"
    return "less than linear" if exponent > 0.1 else "constant"


def _list_versions(results: Results) -> str:
    lines = [f"- {name}: {value}" for name, value in results.machine.items()]
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return "\n".join([*lines, f"- {versions}"])

"""The page of the results: tables of everything that was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmarks.figures import digits, duration, rate, spread
from benchmarks.machine import CORES, LOAD
from benchmarks.names import (
    BARE,
    BARE_INTERPRETER,
    BULKS,
    CPU,
    GROWTHS,
    IMPORT,
    LIMIT,
    MEMORY,
    ONE_WORKER,
    RATE,
    SIGNED,
    SIGNED_P256,
    SIGNED_RSA,
    SINGLES,
    STABLE_WARM,
    VIEW,
)
from benchmarks.results import Results
from benchmarks.sites import FLAVOURS
from benchmarks.targets import targets

QUICK = (
    "> **A quick run**, to see that all works: too short to mean anything. "
    "Never quote these figures.\n\n"
)

PEERS = """Each peer is used the best way that its documents give: a signer made once, a key parsed
once where the peer lets one, an expiry made once. What each makes is verified before it is timed,
by `TrustedKeyGroup`; what is made with a signature that takes no time must be equal to the byte.

- `bare sign` is the limit: the backend's own call over the same policies, nothing around it.
  With P-256 it makes the same signature each time, by RFC 6979, as stable URLs need it and this
  library signs; `cryptography` unasked takes `k at random`, which is quicker.
- `botocore` is its `CloudFrontSigner`, with the callback of its documents for `cryptography` or, in
  pure Python, for `rsa`; with P-256 the same callback for such a key. It knows no SHA-256.
- `django-storages` is `S3Storage.url`, which turns a file's name into a URL and reads the clock, as
  `cfsign, from a path` does: `Distribution.sign`.
- `cloudfront-signed-cookies` makes cookies only; they are made of a custom policy.
- `@aws-sdk/cloudfront-signer` takes the key as text, as its types say, and parses it each time.
  With a `KeyObject`, which is not documented, it parses once.
- `aws-cloudfront-sign` takes the key as text too. It writes `Expires` beside `Policy` into a URL,
  which the documents leave open; it is verified without.
- `key file read each time` is the way of flask-cloudfront (2012), and of the example in botocore's
  docstring.
- No peer has one signature for many URLs: with one policy for all, each URL is signed again. None
  has stable URLs: the same URL again is signed again."""


def page(results: Results) -> str:
    """Return the whole page, in Markdown."""
    parts = [
        f"# Speed, measured\n\n{QUICK if results.is_quick else ''}{_other_work(results)}"
        "Written by `pip install -e '.[bench]' && python -m benchmarks`"
        f"{' --quick' if results.is_quick else ''} on {results.date}; "
        "the raw figures are in [results.json](results.json).\n"
        "A figure is the median of several rounds, but for the memory, and the time of a million "
        "URLs under Growth: each was measured once. In each round every subject of a table is "
        "timed for a moment, in turn, so that the drift of the machine's speed meets all alike.\n"
        "The spread is that of the middle half of the rounds, and a ratio is the median of the "
        "rounds' own ratios.",
        picture("speed-all", "Signed URLs a second, by who signs them"),
        _failures(results),
        "## Numbers to hold\n\n" + _targets(results),
        "## One core\n\n" + "\n\n".join(_cases(results, SINGLES)),
        "## Bulk\n\n`sign_urls`, each URL with a signature of its own: with `cryptography` in "
        "threads, with `rsa` in processes.\n\n" + "\n\n".join(_cases(results, BULKS)),
        "## Redirects\n\nTwo worker processes (gunicorn with 4 threads each, or uvicorn) on one "
        "core, and 50 connections of `wrk` on another, so that neither takes the other's time. The "
        "processor's time is the server's alone.\n\n"
        + picture("redirects", "Redirects a second of the six flavours")
        + "\n\n"
        + _redirects(results),
        "In process, without a server, the signature taking no time: the processor's "
        "time of a request, the median of a round, and of many rounds the least:\n\n"
        + _views(results),
        "## Start-up and memory\n\n" + _imports(results) + "\n\n" + _memory(results),
        "## Growth\n\nThe exponent is the slope of the line fitted to the logarithms: 1 is linear, "
        "0 is flat.\n\n" + picture("growth", "How the cost grows") + "\n\n" + _growth(results),
        "## What was measured\n\n" + _versions(results) + "\n\n" + PEERS,
        "## Instructions\n\nThose of our part and of botocore's are counted by "
        "`python -m benchmarks.callgrind`, which no other work on the machine disturbs: "
        "[callgrind.md](../callgrind.md).",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def picture(name: str, description: str, folder: str = "") -> str:
    """Return what shows a plot, the one for the reader's light or dark."""
    return (
        "<picture>\n"
        f'  <source media="(prefers-color-scheme: dark)" srcset="{folder}{name}-dark.svg">\n'
        f'  <img src="{folder}{name}-light.svg" alt="{description}">\n'
        "</picture>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "--:") -> str:
    """Return a table whose first column is text, and the others figures, to the right."""
    lines = [head, ["---", *[align] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _other_work(results: Results) -> str:
    load, cores = (float(results.machine.get(name, 0)) for name in (LOAD, CORES))
    if load <= cores / 4:
        return ""
    return f"> **The machine had other work** (a load of {load:.1f} before the run).\n\n"


def _failures(results: Results) -> str:
    if not results.failures:
        return ""
    lines = "\n".join(f"- {what}: {why}" for what, why in results.failures.items())
    return f"## Not measured\n\n{lines}"


def _targets(results: Results) -> str:
    words = {True: "yes", False: "**no**", None: "?"}
    rows = [(each.what, each.hold, each.measured, words[each.is_held]) for each in targets(results)]
    return table(("what", "hold", "measured", "held"), rows, "---")


def _cases(results: Results, cases: Iterable[str]) -> Iterator[str]:
    for case in cases:
        found = results.of(case)
        if not found:
            continue
        first = found[0].subject
        of_first = {LIMIT: "of the bare sign's speed", ONE_WORKER: "of one worker's speed"}.get(
            first, f"of {first}'s speed"
        )
        rows = [
            (
                each.subject,
                rate(each),
                duration(each.median),
                spread(each),
                _ratio(results.speed(case, each.subject, first)),
            )
            for each in found
        ]
        yield f"**{case}**\n\n" + table((" ", "a second", "each", "spread", of_first), rows)


def _ratio(ratio: float | None) -> str:
    if ratio is None:
        return "?"
    return f"{ratio:.2f}" if ratio >= 0.095 else f"{ratio:.2g}"


def _redirects(results: Results) -> str:
    rows = []
    for flavour in FLAVOURS:
        case = f"{RATE}: {flavour}"
        for kind in (BARE, STABLE_WARM, SIGNED_P256, SIGNED_RSA):
            found, used = results.find(case, kind), results.find(f"{CPU}: {flavour}", kind)
            if found is None or used is None:
                continue
            ratio = _ratio(results.ratio(case, kind, BARE))
            figures = (digits(found.median), spread(found), ratio, duration(used.median))
            rows.append((flavour if kind == BARE else "", kind, *figures))
    head = ("flavour", "kind", "a second", "spread", "of the bare ones", "processor's time of one")
    return table(head, rows) if rows else "Not measured."


def _views(results: Results) -> str:
    cases = dict.fromkeys(each.case for each in results.measurements)
    rows = []
    for case in (case for case in cases if case.startswith(f"{VIEW}: ")):
        times = {each.subject: duration(each.median) for each in results.of(case)}
        excess = results.excess(case, SIGNED, BARE)
        stable = results.speed(case, STABLE_WARM, BARE)
        more = "?" if excess is None else f"{excess * 1e6:.1f} µs"
        rows.append([case.rpartition(": ")[2], *times.values(), more, _ratio(stable)])
    head = ("", BARE, SIGNED, STABLE_WARM, "signed over bare", "stable, of the bare one's speed")
    return table(head, rows) if rows else "Not measured."


def _imports(results: Results) -> str:
    rows = []
    for each in results.of(IMPORT):
        excess = results.excess(IMPORT, each.subject, BARE_INTERPRETER)
        over = "" if each.subject == BARE_INTERPRETER or excess is None else duration(excess)
        rows.append((each.subject, duration(each.median), spread(each), over))
    return table(("import of", "time", "spread", "over a bare interpreter"), rows)


def _memory(results: Results) -> str:
    counts = sorted({each.at for each in results.of(MEMORY) if each.at is not None})
    rows = []
    for way in dict.fromkeys(each.subject for each in results.of(MEMORY)):
        found = [results.find(MEMORY, way, count) for count in counts]
        rows.append((way, *(f"{each.median:.1f} MB" if each else "?" for each in found)))
    return table(("peak memory of a process", *(f"{each:,} URLs" for each in counts)), rows)


def _growth(results: Results) -> str:
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
                f"{duration(least.median)} … {duration(most.median)}",
                f"{exponent:.2f}",
                kind_of_growth(exponent),
            )
        )
    return table(("number of", "from … to", "time", "exponent", "that is"), rows)


def kind_of_growth(exponent: float) -> str:
    """Say what an exponent means."""
    if exponent > 1.1:
        return "worse than linear"
    if exponent >= 0.9:
        return "linear"
    return "less than linear" if exponent > 0.1 else "flat"


def _versions(results: Results) -> str:
    lines = [f"- {name}: {value}" for name, value in results.machine.items()]
    named = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return "\n".join([*lines, f"- {named}"])

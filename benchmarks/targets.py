"""The limits that this project sets itself, and whether a run keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.names import (
    AWS_SDK,
    AWS_SDK_OBJECT,
    BARE,
    BARE_INTERPRETER,
    BOTOCORE,
    BOTOCORE_SIGNERS,
    BULK_PURE,
    BULK_RSA,
    CFSIGN,
    HUNDRED,
    IMPORT,
    LIMIT,
    MANY,
    ONE_WORKER,
    OUR_PART,
    PLAYLIST,
    RATE,
    SIGNED,
    STABLE_WARM,
    TWO_WORKERS,
    URL_P256,
    URL_PURE,
    URL_RSA,
    VIEW,
)
from benchmarks.results import Results

_MAX_VIEW_SECONDS = 30e-6


@dataclass(frozen=True)
class Target:
    """A limit, what was measured, and whether it is met; None if it was not measured."""

    name: str
    limit: str
    measured: str
    is_met: bool | None


def check_targets(results: Results) -> Iterator[Target]:
    """Yield each limit with its measurement."""
    yield _at_most(
        "time per canned URL without the signature, compared with botocore",
        results.ratio(OUR_PART, CFSIGN, BOTOCORE),
        0.35,
    )
    for other, name, least in (
        (LIMIT, "bare `sign` calls", 0.97),
        (BOTOCORE, "botocore", 1.0),
        (AWS_SDK, f"`{AWS_SDK}`", 1.0),
        (AWS_SDK_OBJECT, f"`{AWS_SDK}` with a KeyObject", 1.0),
    ):
        ratio = results.speed(URL_RSA, CFSIGN, other)
        yield _at_least(f"RSA-2048 URLs per second, compared with {name}", ratio, least)
    yield _at_least(
        "P-256 URLs per second, compared with bare `sign` calls (RFC 6979)",
        results.speed(URL_P256, CFSIGN, LIMIT),
        0.80,
    )
    yield _urls_under_one_policy(results)
    yield _at_most(
        "time of `sign_hls` for 10,000 segments, compared with 100 RSA-2048 signatures",
        results.ratio(PLAYLIST, CFSIGN, HUNDRED),
        1,
    )
    yield _at_least(
        "`rsa` backend, compared with `rsa.sign`", results.speed(URL_PURE, CFSIGN, LIMIT), 3
    )
    for case, backend in ((BULK_RSA, "cryptography"), (BULK_PURE, "rsa")):
        yield _at_least(
            f"`sign_urls(workers=2)` with `{backend}`, compared with one worker",
            results.speed(case, TWO_WORKERS, ONE_WORKER),
            1.8,
        )
    yield _slowest_view(results)
    yield _slowest_stable(results)
    yield _import_time(results)


def _at_least(name: str, ratio: float | None, least: float) -> Target:
    limit = f"more than {least:g}" if least == 1 else f"at least {least:g}"
    if ratio is None:
        return Target(name, limit, "not measured", None)
    return Target(name, limit, f"{ratio:.2f}", ratio > 1 if least == 1 else ratio >= least)


def _at_most(name: str, ratio: float | None, most: float) -> Target:
    limit = f"at most {most:g}"
    if ratio is None:
        return Target(name, limit, "not measured", None)
    return Target(name, limit, f"{ratio:.2f}", ratio <= most)


def _urls_under_one_policy(results: Results) -> Target:
    name = "URLs under one policy in the time of botocore for one, without its signature"
    ours, theirs = results.find(MANY, CFSIGN), results.find(OUR_PART, BOTOCORE)
    if ours is None or theirs is None:
        return _at_least(name, None, 28)
    return _at_least(name, theirs.median / ours.median, 28)


def _slowest_view(results: Results) -> Target:
    name = "time of a view over the framework's bare redirect, without the signature"
    limit = f"at most {_MAX_VIEW_SECONDS * 1e6:.0f} µs"
    measured = {case: results.excess(case, SIGNED, BARE) for case in _cases(results, VIEW)}
    known = {case: seconds for case, seconds in measured.items() if seconds is not None}
    if not known:
        return Target(name, limit, "not measured", None)
    case, seconds = max(known.items(), key=lambda item: item[1])
    is_met = seconds <= _MAX_VIEW_SECONDS
    return Target(f"{name} ({_adapter(case)})", limit, f"{seconds * 1e6:.1f} µs", is_met)


def _slowest_stable(results: Results) -> Target:
    name = "redirects per second with warm stable URLs, compared with bare redirects"
    measured = {case: results.ratio(case, STABLE_WARM, BARE) for case in _cases(results, RATE)}
    known = {case: ratio for case, ratio in measured.items() if ratio is not None}
    if not known:
        return _at_least(name, None, 0.85)
    case, ratio = min(known.items(), key=lambda item: item[1])
    return _at_least(f"{name} ({_adapter(case)})", ratio, 0.85)


def _import_time(results: Results) -> Target:
    name = "`import cfsign`, compared with `import botocore.signers`"
    ours = results.excess(IMPORT, CFSIGN, BARE_INTERPRETER)
    theirs = results.excess(IMPORT, BOTOCORE_SIGNERS, BARE_INTERPRETER)
    return _at_most(name, None if ours is None or theirs is None else ours / theirs, 0.36)


def _cases(results: Results, prefix: str) -> list[str]:
    """Return the cases of all adapters whose names start with *prefix*."""
    cases = dict.fromkeys(each.case for each in results.measurements)
    return [case for case in cases if case.startswith(f"{prefix}: ")]


def _adapter(case: str) -> str:
    return f"{case.rpartition(': ')[2]}, the slowest adapter"

"""The numbers to hold, and whether they are held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.names import (
    AWS_SDK,
    AWS_SDK_OBJECT,
    BARE,
    BARE_INTERPRETER,
    BOTOCORE,
    BULK_PURE,
    BULK_RSA,
    CFSIGN,
    IMPORT,
    LIMIT,
    LIMIT_RANDOM,
    MANY,
    ONE_WORKER,
    OUR_PART,
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


@dataclass(frozen=True)
class Target:
    """One of them; `is_held` is None where it was not measured."""

    what: str
    hold: str
    measured: str
    is_held: bool | None


def targets(results: Results) -> Iterator[Target]:
    """Give every number to hold, with what was measured of it."""
    yield _own_part(results)
    for other, least in ((LIMIT, 0.97), (BOTOCORE, 1.0), (AWS_SDK, 1.0), (AWS_SDK_OBJECT, 1.0)):
        name = f"RSA-2048 URLs a second, of what {_doer(other)} does"
        yield _at_least(name, results.speed(URL_RSA, CFSIGN, other), least)
    name = "P-256 URLs a second, of what the bare `sign` does"
    for other, how in ((LIMIT, "by RFC 6979, as ours"), (LIMIT_RANDOM, "with k at random")):
        yield _at_least(f"{name} {how}", results.speed(URL_P256, CFSIGN, other), 0.85)
    yield _many(results)
    name = "the `rsa` backend, times as fast as `rsa.sign`"
    yield _at_least(name, results.speed(URL_PURE, CFSIGN, LIMIT), 3)
    for case, how in ((BULK_RSA, "`cryptography`"), (BULK_PURE, "`rsa`")):
        name = f"`sign_urls(workers=2)` with {how}, times as fast as one"
        yield _at_least(name, results.speed(case, TWO_WORKERS, ONE_WORKER), 1.8)
    yield _view(results)
    name = "stable URLs, warm, of the bare redirects a second: "
    yield _worst_flavour(
        name, {of: results.ratio(of, STABLE_WARM, BARE) for of in _of(results, RATE)}
    )
    yield _import(results)


def _doer(name: str) -> str:
    return {LIMIT: "the bare `sign`", AWS_SDK_OBJECT: f"`{AWS_SDK}` with a KeyObject"}.get(
        name, f"`{name}`"
    )


def _at_least(what: str, ratio: float | None, least: float) -> Target:
    hold = f"more than {least:g}" if least == 1 else f"at least {least:g}"
    if ratio is None:
        return Target(what, hold, "not measured", None)
    return Target(what, hold, f"{ratio:.2f}", ratio > 1 if least == 1 else ratio >= least)


def _own_part(results: Results) -> Target:
    what = "a canned URL, our part: all but the signature"
    hold = "at most 1.5 µs where botocore's is 7.0 µs: 0.21 of it"
    ratio = results.ratio(OUR_PART, CFSIGN, BOTOCORE)
    ours, theirs = results.find(OUR_PART, CFSIGN), results.find(OUR_PART, BOTOCORE)
    if ratio is None or ours is None or theirs is None:
        return Target(what, hold, "not measured", None)
    measured = f"{ratio:.2f}: {ours.median * 1e6:.2f} µs and {theirs.median * 1e6:.2f} µs"
    return Target(what, hold, measured, ratio <= 1.5 / 7.0)


def _many(results: Results) -> Target:
    what, hold = "one `SignedPolicy`, URLs a second a core", "at least 4,000,000"
    found = results.find(MANY, CFSIGN)
    if found is None:
        return Target(what, hold, "not measured", None)
    return Target(what, hold, f"{1 / found.median:,.0f}", 1 / found.median >= 4e6)


def _view(results: Results) -> Target:
    what = "a view over the framework's bare redirect, but for the signature: "
    extra = {of: results.excess(of, SIGNED, BARE) for of in _of(results, VIEW)}
    found = {of: excess for of, excess in extra.items() if excess is not None}
    if not found:
        return Target(what + "the worst flavour", "at most 25 µs", "not measured", None)
    worst = max(found, key=lambda of: found[of])
    measured = f"{found[worst] * 1e6:.1f} µs"
    return Target(what + _flavour(worst), "at most 25 µs", measured, found[worst] <= 25e-6)


def _worst_flavour(what: str, ratios: dict[str, float | None]) -> Target:
    found = {of: ratio for of, ratio in ratios.items() if ratio is not None}
    if not found:
        return _at_least(f"{what}the worst flavour", None, 0.95)
    worst = min(found, key=lambda of: found[of])
    return _at_least(what + _flavour(worst), found[worst], 0.95)


def _import(results: Results) -> Target:
    what, hold = "`import cfsign`, over a bare interpreter", "at most 30 ms"
    excess = results.excess(IMPORT, CFSIGN, BARE_INTERPRETER)
    if excess is None:
        return Target(what, hold, "not measured", None)
    return Target(what, hold, f"{excess * 1e3:.1f} ms", excess <= 0.03)


def _of(results: Results, prefix: str) -> list[str]:
    """Return the cases of the six flavours."""
    cases = dict.fromkeys(each.case for each in results.measurements)
    return [case for case in cases if case.startswith(f"{prefix}: ")]


def _flavour(case: str) -> str:
    return f"{case.rpartition(': ')[2]}, the worst of the six"

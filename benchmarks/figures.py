"""Figures as a reader wants them: digits that mean something, and a unit."""

from __future__ import annotations

from benchmarks.results import Measurement

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def digits(number: float) -> str:
    """Write a number with three digits that count, and no more than it needs."""
    if number >= 100:
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.{max(0, 2 - len(str(int(number))) + 1)}f}" if number >= 1 else f"{number:.2g}"


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it."""
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{digits(seconds / size)} {unit}"


def rate(measurement: Measurement) -> str:
    """Write how many of it there are in a second."""
    return digits(1 / measurement.median)


def spread(measurement: Measurement) -> str:
    """Write the quartiles, in percent of the median: -1 +2 is close, -30 +40 is noise."""
    low, high = (each / measurement.median - 1 for each in measurement.spread)
    return f"{low * 100:+.1f} … {high * 100:+.1f} %"

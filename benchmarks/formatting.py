"""Format numbers and times with three significant digits and a unit."""

from __future__ import annotations

from benchmarks.results import Measurement

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def format_number(number: float) -> str:
    """Format a number with three significant digits; below 1, with two."""
    if number >= 100:
        return f"{float(f'{number:.3g}'):,.0f}"
    return f"{number:.{max(0, 2 - len(str(int(number))) + 1)}f}" if number >= 1 else f"{number:.2g}"


def format_duration(seconds: float) -> str:
    """Format a time in the largest unit in which it is at least 1."""
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{format_number(seconds / size)} {unit}"


def format_rate(measurement: Measurement) -> str:
    """Format the number of times per second."""
    return format_number(1 / measurement.median)


def format_spread(measurement: Measurement) -> str:
    """Format the quartiles in percent of the median: -1 … +2 is stable, -30 … +40 is noise."""
    low, high = (each / measurement.median - 1 for each in measurement.spread)
    return f"{low * 100:+.1f} … {high * 100:+.1f} %"

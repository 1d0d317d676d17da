"""The results of a run: measurements, machine, versions and failures. They are saved as JSON."""

from __future__ import annotations

import json
import math
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.names import CPU
from benchmarks.sites import ADAPTERS

FOLDER = Path(__file__).parent / "results"
FILE = FOLDER / "results.json"
_SEPARATOR = ",\n  "


@dataclass(frozen=True)
class Measurement:
    """
    One sample per round.

    Attributes:
        case: What was timed.
        subject: The library, or the variant, that was timed.
        unit: "s" (seconds each), "/s" or "MB".
        samples: One figure per round, in the order of the rounds.
        at: The number of items, if the growth with that number is measured.
    """

    case: str
    subject: str
    unit: str
    samples: tuple[float, ...]
    at: int | None = None

    @property
    def median(self) -> float:
        """The median of the samples."""
        return statistics.median(self.samples)

    @property
    def spread(self) -> tuple[float, float]:
        """The first and the third quartile."""
        if len(self.samples) == 1:
            return self.samples[0], self.samples[0]
        low, _, high = statistics.quantiles(self.samples, n=4, method="inclusive")
        return low, high


@dataclass
class Results:
    """All figures of one run."""

    date: str
    is_quick: bool
    machine: dict[str, str]
    versions: dict[str, str]
    measurements: list[Measurement] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def find(self, case: str, subject: str, at: int | None = None) -> Measurement | None:
        """Return a measurement, or None if there is not one."""
        for each in self.measurements:
            if (each.case, each.subject, each.at) == (case, subject, at):
                return each
        return None

    def of(self, case: str) -> list[Measurement]:
        """Return all measurements of a case, in the order in which they were made."""
        return [each for each in self.measurements if each.case == case]

    def list_adapters(self) -> list[str]:
        """Return the adapters whose redirects were measured, or all if none was."""
        measured = [adapter for adapter in ADAPTERS if self.of(f"{CPU}: {adapter}")]
        return measured or list(ADAPTERS)

    def ratio(self, case: str, subject: str, other: str) -> float | None:
        """
        Return a subject's figure divided by the other's, or None if one is missing.

        It is the median of the ratios of the rounds. In a round both are measured one after the
        other, so that slow changes in the machine's speed cancel.
        """
        mine, theirs = self.find(case, subject), self.find(case, other)
        if mine is None or theirs is None:
            return None
        return statistics.median(a / b for a, b in zip(mine.samples, theirs.samples, strict=True))

    def speed(self, case: str, subject: str, other: str) -> float | None:
        """Return how many times faster than *other* a subject is, if the figures are times."""
        return self.ratio(case, other, subject)

    def excess(self, case: str, subject: str, other: str) -> float | None:
        """Return the median difference between a subject's figure and the other's."""
        mine, theirs = self.find(case, subject), self.find(case, other)
        if mine is None or theirs is None:
            return None
        return statistics.median(a - b for a, b in zip(mine.samples, theirs.samples, strict=True))

    def growth(self, case: str) -> list[tuple[int, Measurement]]:
        """Return the points of a growth curve, sorted by number."""
        points = [(each.at, each) for each in self.of(case) if each.at is not None]
        return sorted(points, key=lambda point: point[0])

    def exponent(self, case: str) -> float | None:
        """
        Return the exponent of a growth curve: the slope of the line fitted to its logarithms.

        1 is linear, 0 is constant. None if there are fewer than two points.
        """
        points = self.growth(case)
        if len(points) < 2:
            return None
        x = [math.log(at) for at, _ in points]
        y = [math.log(each.median) for _, each in points]
        return statistics.linear_regression(x, y).slope

    def to_json(self) -> str:
        """Return the results as JSON, with one measurement per line."""
        plain = asdict(self)
        figures = [json.dumps(each, ensure_ascii=False) for each in plain.pop("measurements")]
        head = json.dumps(plain, indent=1, ensure_ascii=False).removesuffix("\n}")
        return f'{head},\n "measurements": [\n  {_SEPARATOR.join(figures)}\n ]\n}}\n'

    @classmethod
    def from_json(cls, text: str) -> Results:
        """Parse the JSON that `to_json` returns."""
        plain: dict[str, Any] = json.loads(text)
        measurements = [
            Measurement(**{**each, "samples": tuple(each["samples"])})
            for each in plain.pop("measurements")
        ]
        return cls(**plain, measurements=measurements)


def load_committed() -> Results | None:
    """Return the committed results, or None if they do not exist yet."""
    return Results.from_json(FILE.read_text("utf-8")) if FILE.exists() else None

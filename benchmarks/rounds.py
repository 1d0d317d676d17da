"""Rounds: every subject is timed for a moment, in turn, again and again."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from time import perf_counter
from typing import TypeVar

from benchmarks.results import Measurement, Results

T = TypeVar("T")


@dataclass(frozen=True)
class Pace:
    """
    How thorough a run is.

    Attributes:
        rounds: How often each subject is timed.
        seconds: How long it is timed at once.
        is_quick: Whether it is only to see that all works.
    """

    rounds: int = 40
    seconds: float = 0.05
    is_quick: bool = False

    def few(self, rounds: int) -> int:
        """Return how often to time what takes long: *rounds*, or twice in a quick run."""
        return 2 if self.is_quick else rounds


QUICK = Pace(rounds=4, seconds=0.01, is_quick=True)


@dataclass(frozen=True)
class Subject:
    """
    Somebody who is timed.

    Attributes:
        name: As it stands in the tables.
        timed: Does the work so many times and returns the seconds that it took.
        check: Raises unless what it makes is right, so that nobody is timed doing something else.
    """

    name: str
    timed: Callable[[int], float]
    check: Callable[[], None]


def one_by_one(call: Callable[[T], object], what: Sequence[T]) -> Callable[[int], float]:
    """Return a function that times *call* with one thing at a time, such as a URL."""

    def timed(times: int) -> float:
        batch = list(islice(cycle(what), times))
        begin = perf_counter()
        for each in batch:
            call(each)
        return perf_counter() - begin

    return timed


def all_at_once(
    call: Callable[[Iterable[T]], Iterable[object]], what: Sequence[T]
) -> Callable[[int], float]:
    """Return a function that times *call* with all of them, the result thrown away as it comes."""

    def timed(times: int) -> float:
        batch = list(islice(cycle(what), times))
        begin = perf_counter()
        deque(call(batch), maxlen=0)
        return perf_counter() - begin

    return timed


class Run:
    """A run under way: its pace, and the results so far."""

    def __init__(self, pace: Pace, results: Results) -> None:
        self.pace = pace
        self.results = results

    def add(
        self, case: str, subject: str, unit: str, samples: Iterable[float], at: int | None = None
    ) -> None:
        """Keep a figure, with six digits: the pages are written of what is kept, to the digit."""
        kept = tuple(float(f"{sample:.6g}") for sample in samples)
        self.results.measurements.append(Measurement(case, subject, unit, kept, at))

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """Write down what fails within, and let the run go on; the command fails at its end."""
        try:
            yield
        except (Exception, SystemExit) as error:  # a peer may raise anything
            message = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            self.results.failures[what] = message
            print(f"FAILED {what}: {message}", flush=True)

    def time(self, case: str, makers: Iterable[tuple[str, Callable[[], Subject]]]) -> None:
        """
        Time the subjects of a case, round by round, and keep the seconds that each time takes.

        Args:
            case: The case's name.
            makers: For each subject its name, and what makes it: one that cannot be made, or whose
                work is wrong, is left out and said.
        """
        print(case, flush=True)
        subjects = []
        for name, make in makers:
            with self.attempt(f"{case}: {name}"):
                subject = make()
                subject.check()
                subjects.append((subject, _calibrated(subject, self.pace.seconds)))
        samples: dict[str, list[float]] = {subject.name: [] for subject, _ in subjects}
        with _no_garbage_collection():
            for number in range(self.pace.rounds):
                # Forth and back, so that nobody is always behind the same neighbour.
                for subject, times in subjects if number % 2 else subjects[::-1]:
                    with self.attempt(f"{case}: {subject.name}"):
                        samples[subject.name].append(subject.timed(times) / times)
        for name, figures in samples.items():
            if len(figures) == self.pace.rounds:
                self.add(case, name, "s", figures)


def _calibrated(subject: Subject, seconds: float) -> int:
    """Return how many times a subject does its work in about so many seconds."""
    times = 1
    while (took := subject.timed(times)) < seconds / 4:
        times *= 2
    return max(1, round(times * seconds / took))


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

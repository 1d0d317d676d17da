"""Time subjects in rounds: in each round every subject runs for a short time."""

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
    The number and the length of rounds.

    Attributes:
        rounds: How often each subject is timed.
        seconds: How long each subject runs in a round.
        is_quick: True if the run only checks that the benchmarks work.
    """

    rounds: int = 40
    seconds: float = 0.05
    is_quick: bool = False

    def few(self, rounds: int) -> int:
        """Return *rounds*, or 2 in a quick run. For subjects that take long."""
        return 2 if self.is_quick else rounds


QUICK = Pace(rounds=4, seconds=0.01, is_quick=True)


@dataclass(frozen=True)
class Subject:
    """
    A library, or a variant of a call, that is timed.

    Attributes:
        name: The name in the tables.
        run: Does the work a number of times, and returns the seconds that it took.
        check: Raises an error if the output of the work is wrong.
    """

    name: str
    run: Callable[[int], float]
    check: Callable[[], None]


def time_one_by_one(call: Callable[[T], object], items: Sequence[T]) -> Callable[[int], float]:
    """Return a function that times *call* with one item at a time, such as a URL."""

    def run(times: int) -> float:
        batch = list(islice(cycle(items), times))
        begin = perf_counter()
        for each in batch:
            call(each)
        return perf_counter() - begin

    return run


def time_all_at_once(
    call: Callable[[Iterable[T]], Iterable[object]], items: Sequence[T]
) -> Callable[[int], float]:
    """Return a function that times one *call* with all items, whose results are discarded."""

    def run(times: int) -> float:
        batch = list(islice(cycle(items), times))
        begin = perf_counter()
        deque(call(batch), maxlen=0)
        return perf_counter() - begin

    return run


class Run:
    """A run in progress: its pace and the results so far."""

    def __init__(self, pace: Pace, results: Results) -> None:
        self.pace = pace
        self.results = results

    def add(
        self, case: str, subject: str, unit: str, samples: Iterable[float], at: int | None = None
    ) -> None:
        """Add a measurement, rounded to the six digits that are saved."""
        rounded = tuple(float(f"{sample:.6g}") for sample in samples)
        self.results.measurements.append(Measurement(case, subject, unit, rounded, at))

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Record an error as a failure of *name*, and continue with the run."""
        try:
            yield
        except (Exception, SystemExit) as error:  # a library may raise any error
            message = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            self.results.failures[name] = message
            print(f"FAILED {name}: {message}", flush=True)

    def time(self, case: str, makers: Iterable[tuple[str, Callable[[], Subject]]]) -> None:
        """
        Time the subjects of a case, round by round, and add their measurements.

        Args:
            case: The name of the case.
            makers: For each subject its name, and a function that makes it. A subject that cannot
                be made, or whose output is wrong, is reported and left out.
        """
        print(case, flush=True)
        subjects = []
        for name, make in makers:
            with self.attempt(f"{case}: {name}"):
                subject = make()
                subject.check()
                subjects.append((subject, _count_repetitions(subject, self.pace.seconds)))
        samples: dict[str, list[float]] = {subject.name: [] for subject, _ in subjects}
        with _disable_garbage_collection():
            for number in range(self.pace.rounds):
                # In alternating order, so that no subject always runs after the same one.
                for subject, times in subjects if number % 2 else subjects[::-1]:
                    with self.attempt(f"{case}: {subject.name}"):
                        samples[subject.name].append(subject.run(times) / times)
        for name, figures in samples.items():
            if len(figures) == self.pace.rounds:
                self.add(case, name, "s", figures)


def _count_repetitions(subject: Subject, seconds: float) -> int:
    """Return how many times a subject can do its work in *seconds*."""
    times = 1
    while (took := subject.run(times)) < seconds / 4:
        times *= 2
    return max(1, round(times * seconds / took))


@contextmanager
def _disable_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""One step of `cfsign demo --once`, and the line that tells how it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """
    How a step went.

    Attributes:
        title: What was done.
        expected: What should be seen.
        saw: What was seen.
    """

    title: str
    expected: str
    saw: str

    @property
    def ok(self) -> bool:
        """Whether what was seen is what was expected."""
        return self.saw == self.expected

    def __str__(self) -> str:
        verdict = "ok" if self.ok else "FAILED"
        return f"{verdict:6}  {self.title:45}  expected {self.expected:42}  saw {self.saw}"


@dataclass(frozen=True, slots=True)
class Step:
    """
    Something to do, and what must come of it.

    Attributes:
        title: What is done.
        expected: What must be seen.
        see: Does it, and returns what is seen.
        args: What `see` is called with.
    """

    title: str
    expected: str
    see: Callable[..., str]
    args: tuple[object, ...] = ()

    def play(self) -> Line:
        """Do it. An error is something seen like any other, and ends its own step alone."""
        try:
            saw = self.see(*self.args)
        except Exception as error:
            saw = f"{type(error).__name__}: {error}"
        return Line(self.title, self.expected, saw)

"""The clock of an edge under test."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class Clock:
    """
    A clock that goes with the machine's until it is moved or stopped.

    It is the edge's alone: the site under test goes on by the machine's. Where a test moves that
    (time-machine, freezegun), this moves along.
    """

    def __init__(self) -> None:
        self._ahead = 0.0
        self._stopped_at: float | None = None

    def __call__(self) -> float:
        """Return the time in epoch seconds."""
        now = time.time() if self._stopped_at is None else self._stopped_at
        return now + self._ahead

    @property
    def at(self) -> float:
        """The time in epoch seconds; it is set to those or an aware `datetime`, and stands."""
        return self()

    @at.setter
    def at(self, moment: float | datetime) -> None:
        if isinstance(moment, datetime):
            if moment.utcoffset() is None:
                raise ValueError("give an aware datetime: datetime.now(UTC)")
            moment = moment.timestamp()
        self._stopped_at, self._ahead = float(moment), 0.0

    def shift(self, by: float | timedelta) -> None:
        """Move the clock on by seconds or a `timedelta`, which may be negative."""
        self._ahead += by.total_seconds() if isinstance(by, timedelta) else by

    def reset(self) -> None:
        """Go with the machine's clock again."""
        self._stopped_at, self._ahead = None, 0.0

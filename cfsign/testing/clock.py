"""The clock of an edge under test."""

from __future__ import annotations

import time
from datetime import datetime, timedelta


class Clock:
    """
    A clock that follows the machine's until a test moves or stops it.

    Only the edge uses it; the site under test uses the machine's clock. If a test moves that one
    (time-machine, freezegun), this clock moves with it.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._stopped_at: float | None = None

    def __call__(self) -> float:
        """Return the time in epoch seconds."""
        now = time.time() if self._stopped_at is None else self._stopped_at
        return now + self._offset

    @property
    def at(self) -> float:
        """
        The time in epoch seconds.

        Setting it, to epoch seconds or to an aware `datetime`, stops the clock at that time.

        Raises:
            ValueError: The datetime has no time zone.
        """
        return self()

    @at.setter
    def at(self, value: float | datetime) -> None:
        if isinstance(value, datetime):
            if value.utcoffset() is None:
                raise ValueError(
                    "the datetime has no time zone; use an aware one: datetime.now(UTC)"
                )
            value = value.timestamp()
        self._stopped_at, self._offset = float(value), 0.0

    def shift(self, by: float | timedelta) -> None:
        """Move the clock by a number of seconds or a `timedelta`; negative values move it back."""
        self._offset += by.total_seconds() if isinstance(by, timedelta) else by

    def reset(self) -> None:
        """Follow the machine's clock again."""
        self._stopped_at, self._offset = None, 0.0

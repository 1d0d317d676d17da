"""Bind processes to cores, so that the measured process does not share its core."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """
    Keep this process, and processes that it starts in the context, on one core.

    This works on Linux. On other systems it does nothing.

    Args:
        number: The index among the cores that this process may use, modulo their number.
    """
    if sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(before)[number % len(before)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

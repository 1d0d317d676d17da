"""Cores: what runs on which, so that what is measured does not share its core with what is not."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """
    Keep this process on one core, and for as long as they live those that it starts meanwhile.

    Only Linux lets us; elsewhere nothing changes.

    Args:
        number: Of the cores that it may be on, from 0; one that is not there is one that is.
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

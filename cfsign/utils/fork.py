"""Reset locks and caches in a child process after a fork."""

from __future__ import annotations

import os
from collections.abc import Callable


def run_after_fork(reset: Callable[[], None]) -> None:
    """
    Call *reset* in each child process that is forked from now on.

    A lock that another thread held at the fork stays locked in the child for ever, because that
    thread does not exist there. Windows has no fork, so nothing is registered there.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=reset)

"""What goes to standard error; it needs no click, since that it is missing is a message too."""

from __future__ import annotations

import contextlib
import sys


def say(message: str) -> None:
    """Print a message, if anybody takes it: that nobody does is no failure of the command's."""
    if sys.stderr is not None:  # closed: print would take standard output in its place
        with contextlib.suppress(OSError):
            print(f"cfsign: {message}", file=sys.stderr)

"""A path as the command line takes it."""

from __future__ import annotations

import os
from pathlib import Path


def file(text: str) -> Path:
    """Read a path; `~` is the home folder in `--option=~/a` too, where a shell leaves it."""
    return Path(os.path.expanduser(text))

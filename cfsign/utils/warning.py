"""Warnings that name the line of the site's code."""

from __future__ import annotations

import sys
import warnings

from cfsign.errors import CfsignWarning


def warn_caller(message: str) -> None:
    """
    Warn (`CfsignWarning`) at the line outside of this project that led here.

    The number of our frames differs: a decorator, an adapter or a generated `__init__` may be among
    them.
    """
    level, frame = 1, sys._getframe()
    # By the module's name, because a generated function has no file.
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(("cfsign.", "cfsign_")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, CfsignWarning, stacklevel=level)

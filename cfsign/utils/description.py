"""Describe a wrong value in an error, without showing what may be a secret."""

from __future__ import annotations

# The longest text that an error shows. Numbers, also with a unit, are shorter.
_MAX_SHOWN = 11

# The longest name that an error shows. A name of this project is shorter, most secrets are longer.
_MAX_NAME = 32


def describe_name(name: object) -> str:
    """Describe an unknown name for an error's text; a long one may be a secret."""
    text = str(name)
    return repr(text) if len(text) <= _MAX_NAME else f"a name of {len(text)} characters"


def describe_value(value: object) -> str:
    """
    Describe a number or duration that a user has set, for an error's text.

    Only numbers and short texts are shown: any other value may be a secret in the wrong place.
    """
    if isinstance(value, int):
        return format_number(value)
    if isinstance(value, str):
        return f"text of {len(value)} characters" if len(value) > _MAX_SHOWN else repr(value)
    return repr(value) if isinstance(value, float) else type(value).__name__


def format_number(number: int) -> str:
    """Return *number* for an error's text: Python converts at most 4300 digits."""
    return str(number) if abs(number) < 10**20 else "a number of more than 20 digits"

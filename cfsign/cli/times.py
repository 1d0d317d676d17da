"""Times as the command line takes them."""

from __future__ import annotations

import re
from datetime import datetime

import click

from cfsign.errors import PolicyError
from cfsign.signing.times import lifetime_from_text


def duration(text: str) -> int:
    """Turn seconds, or a number with s, m, h or d behind it, into seconds."""
    try:
        return lifetime_from_text(text, "duration")
    except PolicyError as error:
        raise click.BadParameter(str(error)) from None


def moment(text: str) -> int | datetime:
    """Turn epoch seconds, or a date and time, into what the library then checks."""
    if re.fullmatch(r"[0-9]{1,20}", text):
        return int(text)
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        when = None
    if when is None or when.utcoffset() is None:
        raise click.BadParameter("give epoch seconds or a time with its zone: 2027-01-31T12:00Z")
    return when

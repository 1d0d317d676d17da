"""
Moments and lifetimes, as users give them, into the epoch seconds that CloudFront takes.

No function here reads a clock: now is an argument.
AWS, "Create a signed URL using a canned policy": seconds since 1970 in UTC, a 32-bit integer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from cfsign.errors import PolicyError

if TYPE_CHECKING:
    import datetime

Moment: TypeAlias = "int | datetime.datetime"
Lifetime: TypeAlias = "int | datetime.timedelta"

#: The last second of a signed 32-bit integer, 2038-01-19 03:14:07 UTC.
LATEST = 2147483647

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def epoch_seconds(moment: Moment, field: str) -> int:
    """
    Turn *moment* into whole epoch seconds, a fraction cut off.

    Args:
        moment: An aware datetime, or epoch seconds as an int.
        field: The argument's name, for the error.

    Raises:
        PolicyError: Naive, in milliseconds, out of range, or of another type.
    """
    if isinstance(moment, bool) or not isinstance(moment, int):
        moment = _timestamp(moment, field)
    if moment > LATEST:
        raise PolicyError(
            f"{field} is past {LATEST} (January 2038), the last second that CloudFront takes; "
            "are these milliseconds? Divide by 1000",
            field=field,
        )
    if moment < 1:
        raise PolicyError(f"{field} lies before 1970; give epoch seconds", field=field)
    return int(moment)


def _timestamp(moment: object, field: str) -> int:
    import datetime  # only who gives one waits for it

    if not isinstance(moment, datetime.datetime):
        raise PolicyError(
            f"{field} is an aware datetime or whole epoch seconds (int), "
            f"not {type(moment).__name__}",
            field=field,
        )
    if moment.utcoffset() is None:
        raise PolicyError(
            f"{field} is a naive datetime, whose time zone nobody knows; "
            "give an aware one: datetime.now(timezone.utc) + ...",
            field=field,
        )
    return int(moment.timestamp())


def moment_from_text(text: str, field: str) -> int:
    """
    Read a moment as a document writes it, in ISO 8601 with its zone: "2026-01-01T00:00:00Z".

    Args:
        text: The moment.
        field: What it is called, for the error.

    Raises:
        PolicyError: It is none, has no zone, or is one that `epoch_seconds` refuses.
    """
    import datetime  # as above

    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise PolicyError(
            f"{field} is no moment in ISO 8601 with a time zone; "
            'write it as "2026-01-01T00:00:00Z", or as epoch seconds',
            field=field,
        )
    return epoch_seconds(moment, field)


def lifetime_from_text(text: str, field: str) -> int:
    """
    Read a lifetime as variables and options write it: seconds, or a number with s, m, h or d.

    Args:
        text: The lifetime, such as "900", "15m" or "2h".
        field: What it is called, for the error.

    Returns:
        The seconds; whether so many make a lifetime is not looked into.

    Raises:
        PolicyError: It is not written so.
    """
    match = re.fullmatch(r"([0-9]{1,13})([smhd]?)", text)
    if match is None:
        raise PolicyError(
            "this is no lifetime; give seconds, or a number with s, m, h or d: 90, 15m, 2h",
            field=field,
        )
    return int(match[1]) * _UNITS[match[2]]


def lifetime_seconds(lifetime: Lifetime, field: str) -> int:
    """
    Turn *lifetime* into whole seconds, at least 1, a fraction cut off.

    Args:
        lifetime: A timedelta, or seconds as an int.
        field: The argument's name, for the error.

    Raises:
        PolicyError: Less than a second, or of another type.
    """
    if isinstance(lifetime, bool) or not isinstance(lifetime, int):
        lifetime = _total_seconds(lifetime, field)
    if lifetime < 1:
        raise PolicyError(
            f"{field} is less than one second; give a lifetime of 1 or more", field=field
        )
    return int(lifetime)


def _total_seconds(lifetime: object, field: str) -> int:
    import datetime  # as above

    if not isinstance(lifetime, datetime.timedelta):
        raise PolicyError(
            f"{field} is a timedelta or whole seconds (int), not {type(lifetime).__name__}",
            field=field,
        )
    return lifetime // datetime.timedelta(seconds=1)


def standing_lifetime(
    lifetime: Lifetime, field: str, now: int, mend: str = "give fewer seconds, such as 60"
) -> int:
    """
    Turn *lifetime*, which is to serve from *now* on, into whole seconds, as `lifetime_seconds`.

    Raises:
        PolicyError: Also if it would already end later than CloudFront can tell; *mend* is what to
            do then.
    """
    seconds = lifetime_seconds(lifetime, field)
    if now + seconds > LATEST:
        raise PolicyError(
            f"{field} ends past {LATEST} (January 2038), the last second that CloudFront takes; "
            f"{mend}",
            field=field,
        )
    return seconds


def expiry(expires_in: Lifetime | None, expires_at: Moment | None, now: float) -> int:
    """
    Settle when a signature expires, in epoch seconds.

    Args:
        expires_in: A lifetime from *now*; or
        expires_at: the moment itself. One of the two, never both.
        now: The clock's epoch seconds, of which a fraction does not count.

    Raises:
        PolicyError: Both or neither given, or the expiry is not in the future.
    """
    # As most are, so that they cost no more.
    if expires_in is None and type(expires_at) is int and now < expires_at <= LATEST:
        return expires_at
    if expires_at is None and type(expires_in) is int and 0 < expires_in <= LATEST - now:
        return int(now) + expires_in
    if expires_in is not None and expires_at is not None:
        raise PolicyError("expires_in and expires_at are both given; give one", field="expires_in")
    now = int(now)
    if expires_in is not None:
        mend = "give fewer seconds (is this a moment? give it as expires_at)"
        return now + standing_lifetime(expires_in, "expires_in", now, mend)
    if expires_at is None:
        raise PolicyError(
            "an expiry is required: give expires_in (seconds or a timedelta) "
            "or expires_at (epoch seconds or an aware datetime)",
            field="expires_at",
        )
    moment = epoch_seconds(expires_at, "expires_at")
    if moment <= now:
        raise PolicyError(
            f"expires_at lies {now - moment} s in the past; give a moment to come, in UTC",
            field="expires_at",
        )
    return moment

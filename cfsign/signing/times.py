"""
Convert timestamps and durations to the whole seconds that CloudFront uses.

No function here reads a clock: the current time is an argument.
AWS, "Create a signed URL using a canned policy": seconds since 1970 in UTC.
"""

from __future__ import annotations

import re
from binascii import crc32
from typing import TYPE_CHECKING, TypeAlias

from cfsign.errors import PolicyError
from cfsign.limits import LATEST_EXPIRY
from cfsign.utils.description import describe_value, format_number

if TYPE_CHECKING:
    import datetime

Timestamp: TypeAlias = "int | datetime.datetime"
Duration: TypeAlias = "int | datetime.timedelta"

_LATEST = f"{LATEST_EXPIRY} (April 2262), the last second that CloudFront accepts"

# In September 2001.
_EARLIEST_TIMESTAMP = 1_000_000_000

_YEAR = 31_557_600
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def to_epoch_seconds(timestamp: Timestamp, field: str) -> int:
    """
    Convert a timestamp to whole epoch seconds, without the fraction.

    Args:
        timestamp: An aware datetime, or epoch seconds as an int.
        field: The name of the argument, for the error.

    Raises:
        PolicyError: The timestamp is naive, in milliseconds, out of range or of another type.
    """
    if isinstance(timestamp, bool) or not isinstance(timestamp, int):
        timestamp = _datetime_to_seconds(timestamp, field)
    if timestamp > LATEST_EXPIRY:
        raise PolicyError(
            f"{field} is after {_LATEST}, got {format_number(timestamp)}",
            hint="if these are milliseconds, divide by 1000",
            field=field,
        )
    if timestamp < 0:
        raise PolicyError(
            f"{field} is before 1970, got {format_number(timestamp)}",
            hint="use epoch seconds",
            field=field,
        )
    return int(timestamp)


def _datetime_to_seconds(timestamp: object, field: str) -> int:
    import datetime  # imported only where a datetime is given: it takes a millisecond

    if not isinstance(timestamp, datetime.datetime):
        raise PolicyError(
            f"{field} must be an aware datetime or whole epoch seconds (int), "
            f"got {type(timestamp).__name__}",
            field=field,
        )
    if timestamp.utcoffset() is None:
        raise PolicyError(
            f"{field} is a naive datetime, without a time zone",
            hint="use an aware one: datetime.now(timezone.utc) + ...",
            field=field,
        )
    return int(timestamp.timestamp())


def parse_timestamp(text: str, field: str) -> int:
    """
    Parse an ISO 8601 timestamp with its time zone, such as "2026-01-01T00:00:00Z".

    Args:
        text: The timestamp.
        field: The name of the setting or member, for the error.

    Returns:
        Epoch seconds.

    Raises:
        PolicyError: The text is not such a timestamp, or `to_epoch_seconds` refuses it.
    """
    import datetime  # as above

    try:
        timestamp = datetime.datetime.fromisoformat(text)
    except ValueError:
        timestamp = None
    if timestamp is None or timestamp.utcoffset() is None:
        raise PolicyError(
            f"{field} must be an ISO 8601 timestamp with a time zone, got {_describe_time(text)}",
            hint='write it as "2026-01-01T00:00:00Z", or as epoch seconds',
            field=field,
        )
    return to_epoch_seconds(timestamp, field)


def _describe_time(text: str) -> str:
    return repr(text) if re.fullmatch(r"[0-9TZ:+. -]{1,40}", text) else describe_value(text)


def parse_duration(text: str, field: str) -> int:
    """
    Parse a duration: seconds, or a number with s, m, h or d, such as "900", "15m" or "2h".

    Args:
        text: The duration.
        field: The name of the setting, for the error.

    Returns:
        Seconds, possibly 0.

    Raises:
        PolicyError: The text is not a duration.
    """
    match = re.fullmatch(r"([0-9]{1,13})([smhd]?)", text)
    if match is None:
        raise PolicyError(
            f"invalid duration: {describe_value(text)}",
            hint="use seconds, or a number with s, m, h or d (90, 15m, 2h)",
            field=field,
        )
    return int(match[1]) * _UNITS[match[2]]


def to_seconds(duration: Duration, field: str) -> int:
    """
    Convert a duration to whole seconds, without the fraction.

    Args:
        duration: A timedelta, or seconds as an int.
        field: The name of the argument, for the error.

    Raises:
        PolicyError: The duration is less than a second or of another type.
    """
    if isinstance(duration, bool) or not isinstance(duration, int):
        duration = _timedelta_to_seconds(duration, field)
    if duration < 1:
        raise PolicyError(
            f"{field} must be a positive number of seconds, got {format_number(duration)}",
            field=field,
        )
    return int(duration)


def _timedelta_to_seconds(duration: object, field: str) -> int:
    import datetime  # as above

    if not isinstance(duration, datetime.timedelta):
        raise PolicyError(
            f"{field} must be a timedelta or whole seconds (int), got {type(duration).__name__}",
            field=field,
        )
    return duration // datetime.timedelta(seconds=1)


def check_duration(
    duration: Duration, field: str, now: float, hint: str = "use fewer seconds, such as 60"
) -> int:
    """
    Return a duration that starts at *now* in whole seconds.

    Args:
        duration: A timedelta, or seconds as an int.
        field: The name of the argument, for the error.
        now: Epoch seconds.
        hint: The fix if the duration is too long.

    Raises:
        PolicyError: As for `to_seconds`, or the duration ends after the last second that CloudFront
            accepts, or is so long that it is probably a timestamp.
    """
    seconds = to_seconds(duration, field)
    # Not `now + seconds`: a float cannot hold every int.
    if seconds > LATEST_EXPIRY - now:
        raise PolicyError(
            f"{field} ends after {_LATEST}, got {format_number(seconds)}",
            hint=hint,
            field=field,
        )
    # A timestamp that is passed by mistake would be a signature for decades.
    if seconds >= _EARLIEST_TIMESTAMP:
        raise PolicyError(
            f"{field} looks like a timestamp: {seconds} seconds are {seconds // _YEAR} years",
            hint=hint,
            field=field,
        )
    return seconds


def resolve_expiry(expires_in: Duration | None, expires_at: Timestamp | None, now: float) -> int:
    """
    Return when a signature expires, in epoch seconds.

    Args:
        expires_in: A duration from *now*; or
        expires_at: the timestamp itself. Exactly one of the two is not None.
        now: Epoch seconds; a fraction is ignored.

    Raises:
        PolicyError: Both or neither are given, or the expiry is not in the future.
    """
    if expires_in is not None and expires_at is not None:
        raise PolicyError(
            "expires_in and expires_at cannot be combined", hint="use one", field="expires_in"
        )
    now = int(now)
    if expires_in is not None:
        hint = "use fewer seconds; a timestamp belongs into expires_at"
        return now + check_duration(expires_in, "expires_in", now, hint)
    if expires_at is None:
        raise PolicyError(
            "an expiry is required",
            hint="set expires_in (seconds or a timedelta) "
            "or expires_at (epoch seconds or an aware datetime)",
            field="expires_at",
        )
    seconds = to_epoch_seconds(expires_at, "expires_at")
    if seconds < _EARLIEST_TIMESTAMP <= now:
        raise PolicyError(
            f"expires_at is epoch seconds, and {seconds} is in the past (before 2001)",
            hint="did you mean expires_in?",
            field="expires_at",
        )
    if seconds <= now:
        raise PolicyError(
            f"expires_at is {now - seconds} s in the past",
            hint="use a later timestamp, in UTC",
            field="expires_at",
        )
    return seconds


def round_up_expiry(expires_at: int, resource: str, step: int, jitter: int | None = None) -> int:
    """
    Round an expiry up to a step, so that signing again within the step gives the same URL.

    Args:
        expires_at: Epoch seconds, at most `LATEST_EXPIRY`.
        resource: The URL or pattern to be signed.
        step: Seconds between two expiries of one resource.
        jitter: Seconds over which the expiries of different resources are spread. None: all
            expire at the same time, at multiples of the step.

    Returns:
        Epoch seconds, less than a step after *expires_at*.
    """
    phase = 0
    if jitter is not None:
        # A hash of the text alone, so that every process and machine computes the same. The text
        # may hold characters that are refused later, when it is signed.
        phase = crc32(resource.encode("utf-8", "surrogatepass")) % jitter
    return min(expires_at + (phase - expires_at) % step, LATEST_EXPIRY)


def check_jitter(jitter: Duration, step: int | None) -> int:
    """
    Return the jitter in whole seconds.

    Raises:
        PolicyError: The jitter is not a duration, is longer than the step, or there is no step.
    """
    seconds = to_seconds(jitter, "expiry_jitter")
    if step is None:
        raise PolicyError(
            "expiry_jitter needs an expiry_step", hint="set both or neither", field="expiry_jitter"
        )
    if seconds > step:
        raise PolicyError(
            f"expiry_jitter is longer than expiry_step, got {format_number(seconds)}",
            hint=f"use at most {step} seconds",
            field="expiry_jitter",
        )
    return seconds

"""Mistakes with start and expiry: the unit, the clock, and the times themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Context
from cfsign.explanation.display import to_printable
from cfsign.limits import LATEST_32_BIT_EXPIRY, LATEST_EXPIRY

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 31_557_600

# An expiry before this is not a real one, but a duration or a time that was divided by 1,000.
_EARLIEST = 946_684_800  # 2000-01-01
_FURTHEST_ZONE = 14 * _HOUR
_LIKELY_DURATION = 15 * _MINUTE
_LIKELY_SKEW = 10 * _MINUTE

UNSET = re.compile("undefined|null|none|nil|nan|false|true", re.IGNORECASE)
"""A variable without a value, as languages write it."""

_WHOLE = re.compile("[0-9]{1,20}")
_UNITS = (("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000))


def check_time_format(context: Context) -> Iterator[Cause]:
    """Yield a cause for each time that is not in whole epoch seconds."""
    if context.is_canned:
        yield from _check_number("Expires", context.credential.expires or "", is_quoted=False)
        return
    for name in ("DateLessThan", "DateGreaterThan"):
        value = context.conditions.get(name, {})
        time = value.get("AWS:EpochTime", {}) if isinstance(value, dict) else value
        if not isinstance(time, dict | list):
            text = time if isinstance(time, str) else json.dumps(time)
            yield from _check_number(name, text, is_quoted=isinstance(time, str))


def _check_number(name: str, text: str, is_quoted: bool) -> Iterator[Cause]:
    reason = Reason.MALFORMED_POLICY
    if is_unset(text) and text not in ("true", "false"):
        yield build_unset(name, text, "pass whole epoch seconds, such as int(time.time()) + 60")
        return
    whole, dot, _ = text.partition(".")
    evidence = f"{name} is {to_printable(text, 40)}"
    if _WHOLE.fullmatch(whole) and int(whole) > LATEST_EXPIRY:
        unit, seconds = _to_seconds(int(whole))
        yield Cause(
            Mistake.MILLISECONDS,
            reason,
            f"{name} is in {unit}, not in seconds" if unit else f"{name} is later than 2262",
            f"use whole epoch seconds: {seconds}" if unit else f"use at most {LATEST_EXPIRY}",
            f"{evidence}, but the latest possible time is {format_time(LATEST_EXPIRY)}",
        )
    elif is_quoted and _WHOLE.fullmatch(whole):
        message, hint = f"The time in {name} is in quotes", "write it as a number without quotes"
        yield Cause(Mistake.QUOTED_NUMBER, reason, message, hint, evidence)
    elif dot or not re.fullmatch("[1-9][0-9]{0,19}", text):
        yield Cause(
            Mistake.NOT_EPOCH_SECONDS,
            reason,
            f"{name} is not whole epoch seconds",
            "use seconds since 1970-01-01 00:00 UTC, digits only: int(time.time()) + 60",
            evidence,
        )


def is_unset(text: str) -> bool:
    """Return True if *text* is what a language writes for a variable without a value."""
    return UNSET.fullmatch(text) is not None


def build_unset(name: str, text: str, hint: str) -> Cause:
    """Build the cause for a member of the policy that is null, undefined, None or NaN."""
    return Cause(
        Mistake.VALUE_UNSET,
        Reason.MALFORMED_POLICY,
        f"{name} is {text}: the variable that should hold it is not set",
        hint,
    )


def _to_seconds(number: int) -> tuple[str, int]:
    for unit, factor in _UNITS:
        if _EARLIEST <= number // factor <= LATEST_EXPIRY:
            return unit, number // factor
    return "", number


def check_times(context: Context) -> Iterator[Cause]:
    """Yield a cause if the policy has expired or is not valid yet."""
    statement, at = context.statement, context.at
    if statement is None or at is None:
        return
    expires_at, starts_at = statement.expires_at, statement.starts_at
    if starts_at is not None and starts_at >= expires_at:
        yield Cause(
            Mistake.NEVER_VALID,
            Reason.EXPIRED if at >= expires_at else Reason.NOT_YET_VALID,
            "The policy is never valid: it ends before it starts",
            "set DateGreaterThan to an earlier time than DateLessThan",
            f"it starts at {format_time(starts_at)} and ends at {format_time(expires_at)}",
        )
    if at >= expires_at:
        yield from _check_expired(context, expires_at, starts_at, at)
    elif starts_at is not None and at <= starts_at:
        yield from _check_start(starts_at, at)


def _check_expired(
    context: Context, expires_at: int, starts_at: int | None, at: float
) -> Iterator[Cause]:
    age = at - expires_at
    evidence = f"it expired at {format_time(expires_at)}, the request is from {format_time(at)}"
    if expires_at < _EARLIEST:
        yield _build_not_a_timestamp(expires_at, evidence)
    network = context.statement.network if context.statement else None
    was_valid = (
        context.reason is Reason.EXPIRED
        and bool(context.keys)
        and (starts_at is None or starts_at < expires_at)
        and (network is None or (context.address is not None and context.address in network))
    )
    yield Cause(
        Mistake.EXPIRED,
        Reason.EXPIRED,
        f"The policy expired {format_duration(age)} ago"
        f"{' and was valid until then' if was_valid else ''}",
        "sign the URL when it is needed, or for a longer time. CloudFront checks every request, "
        "also that of a resumed download or a video segment",
        evidence,
    )
    if _LIKELY_DURATION < age <= _FURTHEST_ZONE and -age % _HOUR <= _LIKELY_DURATION:
        yield Cause(
            Mistake.CLOCK,
            Reason.EXPIRED,
            "If it was signed just now, the signer used local time as UTC, or its clock is slow",
            "use aware times, datetime.now(timezone.utc), and synchronize the clock by NTP",
            f"{format_duration(age)} is almost a whole number of hours, like a time zone's offset",
            certain=False,
        )


def _build_not_a_timestamp(expires_at: int, evidence: str) -> Cause:
    if _EARLIEST <= expires_at * 1_000 <= LATEST_32_BIT_EXPIRY:
        return Cause(
            Mistake.SECONDS_FOR_MILLISECONDS,
            Reason.EXPIRED,
            "The expiry was given in seconds to a signer that takes milliseconds and divides them "
            "by 1,000, as the JavaScript SDK does",
            f"pass a Date or milliseconds. The intended expiry was about {expires_at * 1_000}",
            evidence,
        )
    return Cause(
        Mistake.DURATION_FOR_TIMESTAMP,
        Reason.EXPIRED,
        f"The expiry is {expires_at}, which is a duration, not a timestamp",
        "add it to the current time: int(time.time()) + duration",
        evidence,
    )


def _check_start(starts_at: int, at: float) -> Iterator[Cause]:
    wait = starts_at - at
    evidence = f"it starts after {format_time(starts_at)}, the request is from {format_time(at)}"
    if wait <= _LIKELY_SKEW:
        yield Cause(
            Mistake.CLOCK,
            Reason.NOT_YET_VALID,
            f"The policy becomes valid in {format_duration(wait)}: the signer's clock is fast, "
            "or the policy starts in the second in which it was signed",
            "set the start some minutes earlier or leave it out, and synchronize the clock by NTP",
            evidence,
        )
    yield Cause(
        Mistake.NOT_YET_VALID,
        Reason.NOT_YET_VALID,
        f"The policy is not valid yet: it becomes valid in {format_duration(wait)}",
        "wait, or sign with an earlier DateGreaterThan or without one",
        evidence,
    )


def format_time(seconds: float) -> str:
    """Return epoch seconds as a date and time in UTC."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "a time outside the calendar"


def format_duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    rest = max(0, int(min(seconds, 10**12)))
    parts = []
    units = (("year", _YEAR), ("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", 1))
    for name, size in units:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts[:2]) or "less than a second"

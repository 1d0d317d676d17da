"""Mistakes in the times: the unit, the clock, and the times themselves."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from cfsign.checking.verdict import Reason
from cfsign.explanation.cause import Cause, Mistake
from cfsign.explanation.context import Case
from cfsign.explanation.display import shown

_MAX_EPOCH_SECONDS = 2_147_483_647
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3_600, 86_400, 31_557_600

# Epoch seconds before this are no expiry: lifetimes, or times that were divided by 1,000.
_EARLIEST = 946_684_800  # 2000-01-01
_FURTHEST_ZONE = 14 * _HOUR
_LIKELY_LIFETIME = 15 * _MINUTE
_LIKELY_SKEW = 10 * _MINUTE

_WHOLE = re.compile("[0-9]{1,20}")
_UNITS = (("milliseconds", 1_000), ("microseconds", 1_000_000), ("nanoseconds", 1_000_000_000))


def find_in_numbers(case: Case) -> Iterator[Cause]:
    """Find times that are not whole epoch seconds."""
    if case.is_canned:
        yield from _number("Expires", case.credential.expires or "", quoted=False)
        return
    for name in ("DateLessThan", "DateGreaterThan"):
        value = case.conditions.get(name)
        moment = value.get("AWS:EpochTime") if isinstance(value, dict) else value
        if moment is not None and not isinstance(moment, dict | list):
            text = moment if isinstance(moment, str) else json.dumps(moment)
            yield from _number(name, text, quoted=isinstance(moment, str))


def _number(name: str, text: str, quoted: bool) -> Iterator[Cause]:
    whole, dot, _ = text.partition(".")
    evidence = f"{name} is {shown(text, 40)}"
    if _WHOLE.fullmatch(whole) and int(whole) > _MAX_EPOCH_SECONDS:
        unit, seconds = _in_seconds(int(whole))
        yield Cause(
            Mistake.MILLISECONDS,
            Reason.MALFORMED_POLICY,
            f"{name} is in {unit}" if unit else f"{name} is past 2038, more than 32 bits hold",
            f"give whole epoch seconds: {seconds}" if unit else "give at most 2147483647",
            f"{evidence}, in seconds a time far past {when(_MAX_EPOCH_SECONDS)}",
        )
    elif quoted:
        yield Cause(
            Mistake.QUOTED_NUMBER,
            Reason.MALFORMED_POLICY,
            f"The time in {name} is in quotes",
            "write it as a bare number",
            evidence,
        )
    elif dot or not re.fullmatch("[1-9][0-9]{0,19}", text):
        yield Cause(
            Mistake.NOT_EPOCH_SECONDS,
            Reason.MALFORMED_POLICY,
            f"{name} is not whole epoch seconds",
            "give seconds since 1970-01-01 00:00 UTC as digits alone: int(time.time()) + 60",
            evidence,
        )


def _in_seconds(number: int) -> tuple[str, int]:
    for unit, factor in _UNITS:
        if _EARLIEST <= number // factor <= _MAX_EPOCH_SECONDS:
            return unit, number // factor
    return "", number


def find_in_times(case: Case) -> Iterator[Cause]:
    """Find a policy that has expired, or is not valid yet."""
    statement, at = case.statement, case.at
    if statement is None or at is None:
        return
    expires_at, starts_at = statement.expires_at, statement.starts_at
    if starts_at is not None and starts_at >= expires_at:
        yield Cause(
            Mistake.NEVER_VALID,
            Reason.EXPIRED if at >= expires_at else Reason.NOT_YET_VALID,
            "The policy was never valid: it ends before it starts",
            "put DateGreaterThan before DateLessThan",
            f"it starts at {when(starts_at)} and ends at {when(expires_at)}",
        )
    if at >= expires_at:
        yield from _expired(case, expires_at, starts_at, at)
    elif starts_at is not None and at <= starts_at:
        yield from _not_yet_valid(starts_at, at)


def _expired(case: Case, expires_at: int, starts_at: int | None, at: float) -> Iterator[Cause]:
    past = at - expires_at
    evidence = f"it ended at {when(expires_at)}, and the request is of {when(at)}"
    if expires_at < _EARLIEST:
        yield from _no_time(expires_at, evidence)
    is_right = case.reason is Reason.EXPIRED and bool(case.keys)
    is_ever = starts_at is None or starts_at < expires_at
    network = case.statement.network if case.statement else None
    is_theirs = network is None or (case.address is not None and case.address in network)
    before = "; it was valid until then" if is_right and is_ever and is_theirs else ""
    yield Cause(
        Mistake.EXPIRED,
        Reason.EXPIRED,
        f"It expired {span(past)} ago{before}",
        "sign anew when it is asked for, and for longer if viewers need longer; "
        "each request counts, of a download resumed and of each segment too",
        evidence,
    )
    if _LIKELY_LIFETIME < past <= _FURTHEST_ZONE and -past % _HOUR <= _LIKELY_LIFETIME:
        yield Cause(
            Mistake.CLOCK,
            Reason.EXPIRED,
            "If it was signed only just now, the signer took its local time for UTC, "
            "or its clock is behind",
            "make times aware, datetime.now(timezone.utc), and let the clock be set by NTP",
            f"{span(past)} is almost a whole number of hours, as time zones are apart",
            certain=False,
        )


def _no_time(expires_at: int, evidence: str) -> Iterator[Cause]:
    if _EARLIEST <= expires_at * 1_000 <= _MAX_EPOCH_SECONDS:
        yield Cause(
            Mistake.SECONDS_FOR_MILLISECONDS,
            Reason.EXPIRED,
            "The expiry is a time divided by 1,000: seconds were given to a signer that takes "
            "milliseconds, as the JavaScript SDK does",
            f"give it a Date or milliseconds; {expires_at} would have been "
            f"about {expires_at * 1_000}",
            evidence,
        )
    else:
        yield Cause(
            Mistake.DURATION_FOR_TIMESTAMP,
            Reason.EXPIRED,
            f"The expiry is {expires_at}: a lifetime, where a point in time is due",
            "add it to the present: int(time.time()) + lifetime",
            evidence,
        )


def _not_yet_valid(starts_at: int, at: float) -> Iterator[Cause]:
    ahead = starts_at - at
    evidence = f"it starts after {when(starts_at)}, and the request is of {when(at)}"
    if ahead <= _LIKELY_SKEW:
        yield Cause(
            Mistake.CLOCK,
            Reason.NOT_YET_VALID,
            f"It is not valid for another {span(ahead)}: the signer's clock is ahead, "
            "or it starts in the very second of signing",
            "leave the start out, or set it some minutes back, and let the clock be set by NTP",
            evidence,
        )
    yield Cause(
        Mistake.NOT_YET_VALID,
        Reason.NOT_YET_VALID,
        f"It is not valid yet, for another {span(ahead)}",
        "wait, or sign it with an earlier DateGreaterThan, or without one",
        evidence,
    )


def when(seconds: float) -> str:
    """Write a point in time, as far as the calendar goes."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return "a time that no calendar has"


def span(seconds: float) -> str:
    """Write a length of time in its two largest units."""
    rest = max(0, int(min(seconds, 10**12)))
    parts = []
    units = (("year", _YEAR), ("day", _DAY), ("hour", _HOUR), ("minute", _MINUTE), ("second", 1))
    for name, size in units:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' if count > 1 else ''}")
    return " ".join(parts[:2]) or "less than a second"

"""Timestamps and durations. No function reads a clock."""

from __future__ import annotations

import enum
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfsign import PolicyError
from cfsign.limits import LATEST_EXPIRY
from cfsign.signing.times import resolve_expiry, to_epoch_seconds, to_seconds

UTC = UTC


class Numbered(int, enum.Enum):
    """An int subclass whose `str()` is a name."""

    NEW_YEAR = 1767225600


@pytest.mark.parametrize(
    ("timestamp", "seconds"),
    [
        (1, 1),
        (1767225600, 1767225600),
        (datetime(2050, 1, 1, tzinfo=UTC), 2524608000),
        (LATEST_EXPIRY, LATEST_EXPIRY),
        (datetime(2026, 1, 1, tzinfo=UTC), 1767225600),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 1767225600),
        (datetime(2026, 1, 1, microsecond=999999, tzinfo=UTC), 1767225600),
        (datetime(2262, 4, 11, 23, 47, 16, tzinfo=UTC), LATEST_EXPIRY),
    ],
)
def test_timestamp_is_converted_to_whole_seconds(timestamp: int | datetime, seconds: int) -> None:
    assert to_epoch_seconds(timestamp, "expires_at") == seconds


OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(datetime(1971, 1, 1), datetime(2262, 1, 1), timezones=OFFSETS))
def test_offset_of_an_aware_datetime_counts(timestamp: datetime) -> None:
    seconds = to_epoch_seconds(timestamp, "expires_at")
    assert datetime.fromtimestamp(seconds, UTC) == timestamp.astimezone(UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    ("timestamp", "hint"),
    [
        (datetime(2026, 1, 1), r"aware one: datetime\.now\(timezone\.utc\)"),
        (1767225600000, "milliseconds.*divide by 1000"),
        (LATEST_EXPIRY + 1, "after 9223372036"),
        (datetime(2262, 4, 11, 23, 47, 17, tzinfo=UTC), "after 9223372036"),
        (-5, "before 1970, got .*; use epoch seconds"),
        (datetime(1969, 12, 31, tzinfo=UTC), "is before 1970"),
        (1767225600.0, "aware datetime or whole epoch seconds.*got float"),
        ("1767225600", "got str"),
        (True, "got bool"),
        (None, "got NoneType"),
        (timedelta(1), "got timedelta"),
    ],
)
@pytest.mark.parametrize("field", ["expires_at", "starts_at"])
def test_bad_timestamp_is_refused(timestamp: Any, hint: str, field: str) -> None:
    with pytest.raises(PolicyError, match=f"{field} .*{hint}") as caught:
        to_epoch_seconds(timestamp, field)
    assert caught.value.field == field


def test_int_subclass_becomes_a_plain_int() -> None:
    """Its text must not get into a policy."""
    assert f"{to_epoch_seconds(Numbered.NEW_YEAR, 'expires_at')}" == "1767225600"


@pytest.mark.parametrize(
    ("duration", "seconds"),
    [(1, 1), (60, 60), (timedelta(minutes=5), 300), (timedelta(seconds=1.9), 1), (10**12, 10**12)],
)
def test_duration_is_converted_to_whole_seconds(duration: int | timedelta, seconds: int) -> None:
    assert to_seconds(duration, "expires_in") == seconds


@pytest.mark.parametrize(
    ("duration", "hint"),
    [
        (0, "positive number of seconds, got 0"),
        (-60, "positive number of seconds"),
        (timedelta(milliseconds=999), "positive number of seconds"),
        (timedelta(-1), "positive number of seconds"),
        (60.0, "timedelta or whole seconds.*got float"),
        ("60", "got str"),
        (True, "got bool"),
        (None, "got NoneType"),
    ],
)
def test_bad_duration_is_refused(duration: Any, hint: str) -> None:
    with pytest.raises(PolicyError, match=f"the_name .*{hint}") as caught:
        to_seconds(duration, "the_name")
    assert caught.value.field == "the_name"


def test_expiry_is_a_duration_from_now_or_a_timestamp() -> None:
    assert resolve_expiry(60, None, 1000) == 1060
    assert resolve_expiry(timedelta(minutes=1), None, 1000) == 1060
    assert resolve_expiry(None, 1001, 1000) == 1001
    assert resolve_expiry(None, datetime(2026, 1, 1, tzinfo=UTC), 1000) == 1767225600


@pytest.mark.parametrize(
    ("expires_in", "expires_at", "field", "hint"),
    [
        (60, 2000, "expires_in", "cannot be combined; use one"),
        (None, None, "expires_at", "an expiry is required; set expires_in .* or expires_at"),
        (None, 1000, "expires_at", "is 0 s in the past; use a later timestamp, in UTC"),
        (None, 900, "expires_at", "is 100 s in the past"),
        (None, datetime(1971, 1, 1, tzinfo=UTC), "expires_at", "in the past"),
        (LATEST_EXPIRY, None, "expires_in", "after 9223372036 .*use fewer seconds"),
        (timedelta.max, None, "expires_in", "after 9223372036 .*use fewer seconds"),
        (1795566569, None, "expires_in", r"like a timestamp.*a timestamp belongs into expires_at"),
        (timedelta(seconds=2147483647), None, "expires_in", "seconds are 68 years"),
        (1767225600000, None, "expires_in", r"after .*a timestamp belongs into expires_at"),
    ],
)
def test_bad_expiry_is_refused(expires_in: Any, expires_at: Any, field: str, hint: str) -> None:
    """Both, neither, or one that is not in the future."""
    if expires_in is None:
        now = 10**8 if isinstance(expires_at, datetime) else 1000
    else:
        now = 1767225600
    with pytest.raises(PolicyError, match=hint) as caught:
        resolve_expiry(expires_in, expires_at, now)
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["starts_at", "active_from"])
def test_zero_is_1970(field: str) -> None:
    """It is the first timestamp, not one before it."""
    assert to_epoch_seconds(0, field) == 0
    assert to_epoch_seconds(datetime(1970, 1, 1, tzinfo=UTC), field) == 0


@pytest.mark.parametrize("expires_at", [0, 60, 86400 * 365, datetime(1970, 1, 2, tzinfo=UTC)])
def test_duration_as_a_timestamp_has_a_hint(expires_at: Any) -> None:
    """A past timestamp that is not from before 2001 is an ordinary mistake."""
    now = 1767225600
    with pytest.raises(PolicyError, match=r"\(before 2001\); did you mean expires_in\?") as caught:
        resolve_expiry(None, expires_at, now)
    assert caught.value.field == "expires_at"
    with pytest.raises(PolicyError, match="in the past; use a later timestamp"):
        resolve_expiry(None, now - 60, now)

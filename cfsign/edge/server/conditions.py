"""Conditional requests (RFC 9110, section 13)."""

from __future__ import annotations

import re
from calendar import timegm
from collections.abc import Mapping
from email.utils import parsedate
from http import HTTPStatus

# RFC 9110, section 8.8.3.
_ENTITY_TAG = re.compile(r'(W/)?("[^"]*")')


def check_conditions(
    environ: Mapping[str, str], etag: str | None, modified_at: float | None
) -> HTTPStatus:
    """
    Evaluate the conditions of a GET or HEAD request (RFC 9110, section 13.2.2).

    Args:
        environ: The WSGI environment.
        etag: The strong entity tag of the file, with its quotes.
        modified_at: The last modification, in whole epoch seconds.

    Returns:
        200 if the file is sent, 304, or 412.
    """
    condition = environ.get("HTTP_IF_MATCH")
    if condition is not None:
        if not _contains(condition, etag, weak=False):
            return HTTPStatus.PRECONDITION_FAILED
    elif not _is_unmodified(environ.get("HTTP_IF_UNMODIFIED_SINCE"), modified_at, default=True):
        return HTTPStatus.PRECONDITION_FAILED
    condition = environ.get("HTTP_IF_NONE_MATCH")
    if condition is not None:
        is_unmodified = _contains(condition, etag, weak=True)
    else:
        is_unmodified = _is_unmodified(
            environ.get("HTTP_IF_MODIFIED_SINCE"), modified_at, default=False
        )
    return HTTPStatus.NOT_MODIFIED if is_unmodified else HTTPStatus.OK


def matches_if_range(condition: str, etag: str | None, modified_at: float | None) -> bool:
    """Return True if `If-Range` names the current file (RFC 9110, section 13.1.5)."""
    if condition.startswith(('"', "W/")):
        return condition == etag  # a weak ETag never matches
    date = _parse_date(condition)
    return date is not None and date == modified_at


def _contains(condition: str, etag: str | None, *, weak: bool) -> bool:
    """Compare entity tags, `weak` or strong (RFC 9110, section 8.8.3.2)."""
    if condition.strip() == "*":
        return True
    tags = _ENTITY_TAG.findall(condition)
    return any(tag == etag and (weak or not mark) for mark, tag in tags)


def _is_unmodified(since: str | None, modified_at: float | None, *, default: bool) -> bool:
    """Return True if the file is not newer than *since*; *default* if a date is unknown."""
    date = None if since is None else _parse_date(since)
    return default if date is None or modified_at is None else modified_at <= date


def _parse_date(text: str) -> float | None:
    """Return a date, which is always in UTC, as epoch seconds; None if it is not valid."""
    date = parsedate(text)
    try:
        return None if date is None else timegm(date)
    except (ValueError, OverflowError):  # a year after 9999
        return None

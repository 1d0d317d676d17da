"""The diagnosis of a site's settings: all problems, not only the first."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cfsign.config.checks import find_risks
from cfsign.config.configuration import Configuration, load_values
from cfsign.config.context import Ring, load_ring
from cfsign.config.settings import Settings
from cfsign.doctor.verification import LoadedKey, match_public_key, verify_key, verify_urls
from cfsign.doctor.views import ViewCheck, check_options
from cfsign.errors import CfsignError, Problem

#: The levels of a problem, the most severe first.
LEVELS = ("error", "warning", "note")

_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("s", 1))


def diagnose(
    settings: Settings,
    public_key: str | os.PathLike[str] | None = None,
    check_views: ViewCheck | None = None,
) -> list[Problem]:
    """
    Return all problems of *settings*, the errors first.

    Args:
        settings: The settings that the site would use.
        public_key: The path of the public key that was uploaded to CloudFront, if known.
        check_views: A function that checks the site's views, if there are any.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values, problems = load_values(settings)
    problems += [
        Problem("settings", str(each.message), level="warning", rule="warning") for each in caught
    ]
    configuration = None if has_errors(problems) else Configuration(**values)
    ring = load_ring(settings)
    problems += find_risks(settings, ring)
    if ring is not None:
        problems += _describe_schedule(settings, ring, time.time())
    keys = [*_load_key(settings, values), *_load_ring_keys(settings, ring)]
    usable = []
    for key in keys:
        found = verify_key(key)
        problems += found
        if not has_errors(found):
            usable.append(key)
    matches = [] if public_key is None else match_public_key("--public-key", usable, public_key)
    problems += matches
    if configuration is not None:
        problems += check_options(configuration, check_views)
        verified = verify_urls(configuration, keys, usable)
        # A check with the key's own public half proves nothing if CloudFront has another one.
        problems += [each for each in verified if each.level == "error" or not has_errors(matches)]
    return sorted(problems, key=lambda problem: LEVELS.index(problem.level))


def has_errors(problems: list[Problem]) -> bool:
    """Return True if one of *problems* is an error."""
    return any(problem.level == "error" for problem in problems)


def _load_key(settings: Settings, values: Mapping[str, Any]) -> Iterator[LoadedKey]:
    if "private_key" in values:
        wanted_hash = settings.values.get("hash_algorithm")
        yield LoadedKey(settings.labels["private_key"], values["private_key"], wanted_hash)


def _load_ring_keys(settings: Settings, ring: Ring | None) -> Iterator[LoadedKey]:
    for pair in () if ring is None else ring.pairs:
        try:
            key = pair.load_key()
        except CfsignError:  # reported by the check of the setting
            continue
        label = settings.labels[ring.setting] if ring is not None else ""
        yield LoadedKey(label, key, pair.hash_algorithm, pair.key_pair_id)


def _describe_schedule(settings: Settings, ring: Ring, now: float) -> Iterator[Problem]:
    """Yield a note for each key that says when it signs."""
    active = [pair for pair in ring.pairs if pair.active_from_seconds <= now]
    for older, newer in pairwise(active):
        yield settings.build_problem(
            ring.setting,
            f"{older.key_pair_id}: signed until {_time(newer.active_from_seconds)}",
            "remove it when the last URL that it signed has expired: see KeyRing.removable_at "
            "and cfsign aws rotate",
            "note",
            "key-schedule",
        )
    messages = [
        f"{pair.key_pair_id}: signs now"
        + (f", since {_time(pair.active_from_seconds)}" if pair.active_from_seconds else "")
        for pair in active[-1:]
    ]
    for pair in ring.pairs[len(active) :]:
        start = pair.active_from_seconds
        messages.append(f"{pair.key_pair_id}: signs from {_time(start)}, in {_span(start - now)}")
    for message in messages:
        yield settings.build_problem(ring.setting, message, level="note", rule="key-schedule")


def _time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _span(seconds: float) -> str:
    unit, length = next(
        ((unit, length) for unit, length in _UNITS if seconds >= 2 * length), _UNITS[-1]
    )
    return f"{seconds / length:.0f} {unit}"

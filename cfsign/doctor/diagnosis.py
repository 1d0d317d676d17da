"""The diagnosis of a site's settings: all problems, not only the first."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from cfsign.config.checks import find_risks
from cfsign.config.configuration import Configuration, load_values
from cfsign.config.context import Ring, load_ring
from cfsign.config.settings import Settings
from cfsign.config.site_settings import DEFAULT, SiteSettings
from cfsign.doctor.verification import LoadedKey, match_public_key, verify_key, verify_urls
from cfsign.doctor.views import ViewCheck, check_options
from cfsign.errors import CfsignError, Problem

#: The levels of a problem, the most severe first.
LEVELS = ("error", "warning", "note")

_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("s", 1))


def diagnose(
    settings: Settings | SiteSettings,
    public_key: str | os.PathLike[str] | None = None,
    check_views: ViewCheck | None = None,
) -> list[Problem]:
    """
    Return all problems of *settings*, the errors first.

    Args:
        settings: The settings that the site would use, of one distribution or of all.
        public_key: The path of the public key that was uploaded to CloudFront, if known.
        check_views: A function that checks the site's views, if there are any.
    """
    if isinstance(settings, Settings):
        settings = SiteSettings({DEFAULT: settings})
    problems = list(settings.problems)
    distributions = {
        alias: _examine(each, problems) for alias, each in settings.distributions.items()
    }
    usable = [key for each in distributions.values() for key in each.usable]
    matches = [] if public_key is None else match_public_key("--public-key", usable, public_key)
    problems += matches
    configurations = {alias: each.configuration for alias, each in distributions.items()}
    complete = {alias: each for alias, each in configurations.items() if each is not None}
    if complete and len(complete) == len(configurations) and not settings.problems:
        problems += check_options(complete, check_views)
    for alias, each in distributions.items():
        if each.configuration is None:
            continue
        for problem in verify_urls(each.configuration, each.keys, each.usable):
            # A check with the key's own public half proves nothing if CloudFront has another one.
            if problem.level == "error" or not has_errors(matches):
                problems.append(problem if len(distributions) == 1 else _add_alias(problem, alias))
    return sorted(problems, key=lambda problem: LEVELS.index(problem.level))


@dataclass(frozen=True, slots=True)
class _Distribution:
    """
    The settings and keys of one distribution, as far as they can be read.

    Attributes:
        configuration: Its settings, or None if they have errors.
        keys: Its keys.
        usable: Those of *keys* that have no errors.
    """

    configuration: Configuration | None
    keys: list[LoadedKey]
    usable: list[LoadedKey]


def _examine(settings: Settings, problems: list[Problem]) -> _Distribution:
    """Examine one distribution, and add its problems to *problems*."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        values, found = load_values(settings)
    found += [
        Problem("settings", str(each.message), level="warning", rule="warning") for each in caught
    ]
    configuration = None if has_errors(found) else Configuration(**values)
    ring = load_ring(settings)
    found += find_risks(settings, ring)
    if ring is not None:
        found += _describe_schedule(settings, ring, time.time())
    problems += found
    keys = [*_load_key(settings, values), *_load_ring_keys(settings, ring)]
    usable = []
    for key in keys:
        verified = verify_key(key)
        problems += verified
        if not has_errors(verified):
            usable.append(key)
    return _Distribution(configuration, keys, usable)


def _add_alias(problem: Problem, alias: str) -> Problem:
    if problem.setting != "verification":
        return problem
    return replace(problem, setting=f'verification of "{alias}"')


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

"""The key ring: its document, its files, and which of its keys signs when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from cfsign.doctor.finding import Finding
from cfsign.doctor.key_file import examine_document, examine_key_file
from cfsign.doctor.key_pair_id import examine_key_pair_id
from cfsign.doctor.settings import Settings
from cfsign.errors import CfsignError
from cfsign.keyring.document import KeyPair
from cfsign.keyring.ring import build_source
from cfsign.keyring.source import ListedPairs, RingSource
from cfsign.keys import is_key_text

_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60), ("s", 1))


def ring_of(settings: Settings) -> tuple[str, RingSource, list[KeyPair]] | None:
    """
    Return the setting that gives a key ring, the ring's source, and its pairs, the oldest first.

    None is for no ring, and for one that cannot be read, which the settings' own check tells.
    """
    try:
        if "keys" in settings.values:
            name: str = "keys"
            source: RingSource = ListedPairs(settings.values["keys"])
        elif "key_ring" in settings.values:
            name, source = "key_ring", build_source(settings.values["key_ring"])
        else:
            return None
        pairs = source.read_pairs(source.read_state())
    except CfsignError:
        return None
    return settings.shown(name), source, sorted(pairs, key=lambda pair: pair.active_from_seconds)


def examine_ring(
    setting: str, source: RingSource, pairs: list[KeyPair], now: float
) -> Iterator[Finding]:
    """
    Yield what is wrong with the ring's files and ids, and which key signs when.

    Args:
        setting: The setting that gives the ring.
        source: Where its pairs come from.
        pairs: The pairs, the oldest first.
        now: The moment, in epoch seconds.
    """
    holds_secrets = any(_is_secret(pair) for pair in pairs)
    for document in source.files:
        yield from examine_document(setting, document, holds_secrets=holds_secrets)
    for pair in pairs:
        for finding in (
            *examine_key_pair_id(setting, pair.key_pair_id),
            *examine_key_file(setting, pair.private_key),
        ):
            yield replace(finding, found=f"{pair.key_pair_id}: {finding.found}")
    yield from _schedule(setting, pairs, now)


def _is_secret(pair: KeyPair) -> bool:
    """Tell whether a document that has *pair* has the key itself, or a password."""
    return pair.password is not None or is_key_text(pair.private_key)


def _schedule(setting: str, pairs: list[KeyPair], now: float) -> Iterator[Finding]:
    """Yield when each key signs."""
    active = [pair for pair in pairs if pair.active_from_seconds <= now]
    for older, newer in pairwise(active):
        yield Finding(
            "note",
            setting,
            f"{older.key_pair_id}: signed until {_time(newer.active_from_seconds)}",
            "remove it once the last URL that it signed has expired: KeyRing.removable_at, or "
            "cfsign aws rotate",
        )
    for pair in active[-1:]:
        since = f", since {_time(pair.active_from_seconds)}" if pair.active_from_seconds else ""
        yield Finding("note", setting, f"{pair.key_pair_id}: signs now{since}")
    for pair in pairs[len(active) :]:
        when = f"{_time(pair.active_from_seconds)}, in {_span(pair.active_from_seconds - now)}"
        yield Finding("note", setting, f"{pair.key_pair_id}: signs from {when}")


def _time(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _span(seconds: float) -> str:
    unit, length = next(
        ((unit, length) for unit, length in _UNITS if seconds >= 2 * length), _UNITS[-1]
    )
    return f"{seconds / length:.0f} {unit}"

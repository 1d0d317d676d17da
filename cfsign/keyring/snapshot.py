"""What a key ring was at one reading: which key signs from when, and what would change that."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import time
from typing import Any

from cfsign.errors import CfsignError, ConfigurationError
from cfsign.keyring.key_pair import KeyPair, names_file
from cfsign.keyring.source import RingSource, last_change, mark
from cfsign.keys import is_blocking
from cfsign.signing.signer import Signer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    What a ring was at one reading.

    Attributes:
        signers: Each signer with the moment it signs from, in epoch seconds, the oldest first.
        since: When this schedule came to be, in epoch seconds, as far as one can know.
        state: The source's state before it was read.
        marks: The key files, with their marks before they were read.
    """

    signers: tuple[tuple[int, Signer], ...]
    since: int
    state: Any = field(repr=False)  # may be the whole document
    marks: tuple[tuple[Path, object], ...]

    @classmethod
    def first(cls, source: RingSource) -> Snapshot:
        """Read *source*; raises ConfigurationError."""
        snapshot = cls._read(source, source.state(), since=0)
        # What no document on disk holds may be as new as this process.
        since = math.ceil(time())
        if source.files:
            since = last_change([*source.files, *(path for path, _ in snapshot.marks)]) or since
        return replace(snapshot, since=since)

    def next(self, source: RingSource, state: Any) -> Snapshot:
        """
        Read *source*, which has changed to *state*.

        Raises:
            ConfigurationError: It cannot be read, or has another key under an id that it had.
        """
        snapshot = self._read(source, state, since=self.since)
        problems = [f"{source.name}: {problem}" for problem in self._changed_keys(snapshot)]
        if problems:
            raise ConfigurationError(problems)
        if snapshot.schedule != self.schedule:
            return replace(snapshot, since=math.ceil(time()))
        # The very signers, where they sign alike: by them a cache knows what it has of each key.
        both = zip(self.signers, snapshot.signers, strict=True)
        signers = (
            (start, old if _sign_alike(old, new) else new) for (start, old), (_, new) in both
        )
        return replace(snapshot, signers=tuple(signers))

    @classmethod
    def _read(cls, source: RingSource, state: Any, since: int) -> Snapshot:
        try:
            pairs = source.pairs(state)
            files = (Path(pair.private_key) for pair in pairs if names_file(pair.private_key))
            # Before the keys are read: what is written from now on makes a difference.
            marks = tuple((path, mark(path)) for path in files)
            return cls(_signers(pairs), since, state, marks)
        except ConfigurationError as error:
            problems = [f"{source.name}: {problem}" for problem in error.problems]
        raise ConfigurationError(problems)

    def _changed_keys(self, later: Snapshot) -> Iterator[str]:
        """Say whose key is another in *later*; CloudFront's never changes under its id."""
        before = {signer.key_pair_id: signer for _, signer in self.signers}
        for _, signer in later.signers:
            old = before.get(signer.key_pair_id)
            if old is not None and not _same_key(old, signer):
                yield (
                    f"{signer.key_pair_id}: the key has changed under its id, where CloudFront "
                    "knows the old one; put the old key back: a new key has a new id, and an entry "
                    "of its own beside the old"
                )

    @property
    def schedule(self) -> list[tuple[int, str]]:
        """Which key signs from when."""
        return [(start, signer.key_pair_id) for start, signer in self.signers]

    def is_changed(self, state: Any) -> bool:
        """Tell whether the source is in another state now, or a key file was written to."""
        return state != self.state or any(mark(path) != was for path, was in self.marks)

    def current(self) -> Signer:
        """Return the newest signer that is active."""
        now = time()
        active = [signer for start, signer in self.signers if start <= now]
        # There was one when this was read. Should the clock be set back, the first signs on.
        return active[-1] if active else self.signers[0][1]


def _signers(pairs: Iterable[KeyPair]) -> tuple[tuple[int, Signer], ...]:
    """Read the keys of *pairs*, the oldest first; raises ConfigurationError, with every problem."""
    ordered = sorted(pairs, key=lambda pair: pair.start)
    signers, problems = [], clashes(ordered, time())
    for pair in ordered:
        try:
            signers.append((pair.start, pair.signer()))
        except CfsignError as error:
            problems.append(f"{pair.key_pair_id}: {error}")
    if problems:
        raise ConfigurationError(problems)
    return tuple(signers)


def _same_key(one: Signer, other: Signer) -> bool:
    """Tell whether both sign with one key; a key of one's own is the same object, and not asked."""
    if one._key is other._key:
        return True
    # One store's PEM may break its lines elsewhere than another's.
    halves = {"".join(signer.public_key_pem().split()) for signer in (one, other)}
    return len(halves) == 1


def _sign_alike(one: Signer, other: Signer) -> bool:
    """Tell whether two signers with one key are as good as each other."""
    if one.hash_algorithm != other.hash_algorithm:
        return False
    if one._key is other._key:
        return True
    # Of a key that lies elsewhere one place may be out of reach, and the other not.
    return type(one._key) is type(other._key) and not is_blocking(one._key)


def clashes(ordered: list[KeyPair], now: float) -> list[str]:
    """Say which pairs, the oldest first, cannot be in one ring, and whether none signs yet."""
    if not ordered:
        return ["there is no key; give at least one that signs"]
    first = ordered[0]
    problems = []
    if first.start > now:
        problems.append(
            f"no key is active yet: {first.key_pair_id} is the first, from {_iso(first.start)}; "
            "keep the one before it in the ring until then"
        )
    counts = Counter(pair.key_pair_id for pair in ordered)
    problems += [
        f"{key_pair_id} is there {count} times; CloudFront gives each public key its own id"
        for key_pair_id, count in counts.items()
        if count > 1
    ]
    problems += [
        f"{older.key_pair_id} and {newer.key_pair_id} sign from the same moment"
        f"{f', {_iso(newer.start)}' if newer.start else ''}; give the newer a later active_from"
        for older, newer in pairwise(ordered)
        if older.start == newer.start
    ]
    return problems


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()

"""A snapshot of a key ring: its signers and their start times, and the versions of its files."""

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

from cfsign.errors import CfsignError, ConfigurationError, Problem
from cfsign.keyring.document import KeyPair, list_problems
from cfsign.keyring.source import RingSource, find_last_change, read_file_version
from cfsign.keys import is_blocking, is_key_path
from cfsign.signing.signer import Signer
from cfsign.utils.secret import Secret


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    The keys of a ring, as loaded at one time.

    Attributes:
        signers: Each signer with the time it becomes active, in epoch seconds, the oldest first.
        since: When this schedule was introduced, in epoch seconds, as far as it can be known.
        state: The source's state before it was read.
        key_files: The key files, with their versions before they were read.
    """

    signers: tuple[tuple[int, Signer], ...]
    since: int
    state: Any
    key_files: tuple[tuple[Path, object], ...] = field(repr=False)  # may be a key in its place

    @classmethod
    def read_first(cls, source: RingSource) -> Snapshot:
        """Read *source* for the first time; raise ConfigurationError with every mistake."""
        snapshot = cls._read(source, source.read_state(), since=0)
        # Without a document on disk, the schedule may be as new as this process.
        since = math.ceil(time())
        if source.files:
            files = [*source.files, *(path for path, _ in snapshot.key_files)]
            since = find_last_change(files) or since
        return replace(snapshot, since=since)

    def read_next(self, source: RingSource, state: Any) -> Snapshot:
        """
        Read *source* again, after it has changed to *state*.

        Raises:
            ConfigurationError: The source cannot be read, or the key of a key pair id has changed.
        """
        snapshot = self._read(source, state, since=self.since)
        problems = [replace(p, setting=source.name) for p in self._find_changed_keys(snapshot)]
        if problems:
            raise ConfigurationError(problems)
        if snapshot.schedule != self.schedule:
            return replace(snapshot, since=math.ceil(time()))
        # Keep the old signer objects where possible: caches use them as keys.
        both = zip(self.signers, snapshot.signers, strict=True)
        signers = (
            (start, old if _is_interchangeable(old, new) else new)
            for (start, old), (_, new) in both
        )
        return replace(snapshot, signers=tuple(signers))

    @classmethod
    def _read(cls, source: RingSource, state: Any, since: int) -> Snapshot:
        try:
            pairs = source.read_pairs(state)
            # Versions first, so that a write while the keys are read counts as a change.
            key_files = Secret(_read_key_file_versions(pairs))
            return cls(_load_signers(pairs), since, state, key_files.reveal())
        except ConfigurationError as error:
            problems = list_problems(error, source.name)
        raise ConfigurationError(problems)

    def _find_changed_keys(self, later: Snapshot) -> Iterator[Problem]:
        """Yield a problem for each id whose key differs in *later*."""
        before = {signer.key_pair_id: signer for _, signer in self.signers}
        for _, signer in later.signers:
            old = before.get(signer.key_pair_id)
            if old is not None and not _is_same_key(old, signer):
                yield Problem(
                    "",
                    f"the private key of {signer.key_pair_id} has changed, but CloudFront has the "
                    "old public key under this id",
                    "restore the old key, and add the new one as a separate entry with its own id",
                )

    def find_changed_hashes(self, earlier: Snapshot) -> Iterator[tuple[str, str, str]]:
        """Yield id, old and new hash algorithm of each key that differs from *earlier*."""
        before = {signer.key_pair_id: signer.hash_algorithm for _, signer in earlier.signers}
        for _, signer in self.signers:
            old = before.get(signer.key_pair_id, signer.hash_algorithm)
            if old != signer.hash_algorithm:
                yield signer.key_pair_id, old, signer.hash_algorithm

    @property
    def schedule(self) -> list[tuple[int, str]]:
        """The time each key becomes active, in epoch seconds, and its key pair id."""
        return [(start, signer.key_pair_id) for start, signer in self.signers]

    def is_changed(self, state: Any) -> bool:
        """Return True if *state* is another state of the source, or a key file has changed."""
        return state != self.state or any(
            read_file_version(path) != version for path, version in self.key_files
        )

    def current(self) -> Signer:
        """Return the newest active signer."""
        now = time()
        active = [signer for start, signer in self.signers if start <= now]
        # One was active when this was read. If the clock was set back since, the first one signs.
        return active[-1] if active else self.signers[0][1]


def find_conflicts(ordered: list[KeyPair], now: float) -> list[Problem]:
    """Return the problems that a ring of these pairs, the oldest first, has at the time *now*."""
    if not ordered:
        return [Problem("", "there is no key", "add at least one key pair")]
    first = ordered[0]
    problems = []
    if first.active_from_seconds > now:
        when = _format_time(first.active_from_seconds)
        problems.append(
            Problem(
                "",
                f"no key is active yet: {first.key_pair_id} is the first, from {when}",
                "keep an older key in the ring until then",
            )
        )
    counts = Counter(pair.key_pair_id for pair in ordered)
    problems += [
        Problem(
            "",
            f"{key_pair_id} is listed {count} times",
            "list it once: each public key in CloudFront has its own id",
        )
        for key_pair_id, count in counts.items()
        if count > 1
    ]
    for older, newer in pairwise(ordered):
        start = newer.active_from_seconds
        if older.active_from_seconds == start:
            when = f"at the same time, {_format_time(start)}" if start else "without a start time"
            problems.append(
                Problem(
                    "",
                    f"{older.key_pair_id} and {newer.key_pair_id} become active {when}",
                    "set a later active_from for the newer key",
                )
            )
    return problems


def _read_key_file_versions(pairs: Iterable[KeyPair]) -> tuple[tuple[Path, object], ...]:
    paths = (Path(pair.private_key) for pair in pairs if is_key_path(pair.private_key))
    return tuple((path, read_file_version(path)) for path in paths)


def _load_signers(pairs: Iterable[KeyPair]) -> tuple[tuple[int, Signer], ...]:
    """Load the keys, the oldest first; raise ConfigurationError with every problem."""
    ordered = sorted(pairs, key=lambda pair: pair.active_from_seconds)
    signers, problems = [], find_conflicts(ordered, time())
    for pair in ordered:
        try:
            signers.append((pair.active_from_seconds, pair.load_signer()))
        except CfsignError as error:
            problems += list_problems(error, pair.key_pair_id)
    if problems:
        raise ConfigurationError(problems)
    return tuple(signers)


def _is_same_key(one: Signer, other: Signer) -> bool:
    """Return True if both signers have the same key."""
    if one._key is other._key:  # a custom key object; its public key need not be read
        return True
    # White space differs between the PEM of different stores.
    pems = {"".join(signer.public_key_pem().split()) for signer in (one, other)}
    return len(pems) == 1


def _is_interchangeable(one: Signer, other: Signer) -> bool:
    """Return True if two signers of the same key make no difference to the user."""
    if one.hash_algorithm != other.hash_algorithm:
        return False
    if one._key is other._key:
        return True
    # A remote key may be reachable in one place and unreachable in another.
    return type(one._key) is type(other._key) and not is_blocking(one._key)


def _format_time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()

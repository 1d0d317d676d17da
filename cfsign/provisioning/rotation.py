"""
Rotating a key without a viewer's noticing, by CloudFront's own procedure.

1. A new key pair, its public half in the key group, beside the old one.
2. Both are known to every edge: the new key signs, from a moment that the key ring's document says.
3. The last URL and cookie of the old key has expired: it leaves the key group, and is deleted.

How far a rotation has come is not written down but read off: a private key that waits beside the
document, the document's keys and their moments, the key group. So a run that was cut off anywhere
is carried on by the next. (AWS, "Rotating key pairs".)
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from cfsign.errors import SigningKeyError
from cfsign.keyring.document import KeyPair, build_pairs
from cfsign.keyring.source import find_last_change
from cfsign.keys import is_key_path, is_key_text, load_private_key
from cfsign.provisioning.actions import Actions
from cfsign.provisioning.aws import AWSError
from cfsign.provisioning.cloudfront import CloudFront, KeyGroup, fingerprint
from cfsign.provisioning.creation import add_key, new_private_key
from cfsign.provisioning.files import write_private_key
from cfsign.provisioning.ring_file import RingFile, successor

#: Clocks differ: seconds.
MARGIN = 300


@dataclass(frozen=True, slots=True)
class Progress:
    """
    How far a rotation has come.

    Attributes:
        told: What comes next, and when.
        due: When there is more to do, in epoch seconds; None if nothing is left.
    """

    told: str
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """
    The rotation of the key of one key ring in one key group.

    Attributes:
        cloudfront: CloudFront.
        actions: What changes something.
        ring: The key ring's document, which the site reads.
        key_group: The key group's name or id.
        longest_lifetime: The longest that any URL or cookie lives, in seconds.
        deployment: How long every edge may take to know a new key, in seconds.
        refresh_every: How many seconds lie between two looks of the site at its key ring.
        algorithm: The new key's: "RSA-2048" or "P-256"; None is that of the key that signs now.
        clock: Tells the epoch seconds.
    """

    cloudfront: CloudFront
    actions: Actions
    ring: RingFile
    key_group: str
    longest_lifetime: int
    deployment: int = 900
    refresh_every: int = 30
    algorithm: str | None = None
    clock: Callable[[], float] = time.time

    def run(self, *, start: bool) -> Progress:
        """
        Do what is due now.

        Args:
            start: Whether to begin a rotation where none is in progress.

        Raises:
            ConfigurationError: The key ring's document is not there or not understood.
            SigningKeyError: A key's file cannot be read or written.
            AWSError: CloudFront did not do it; or the key group is full, or another's.
        """
        now = int(self.clock())
        pairs = self.ring.pairs(now)
        group = self._group(pairs, now)
        if self.ring.pending.exists() or (start and len(pairs) == 1):
            pairs, group = self._introduce(pairs, group, now)
        return self._retire(pairs, group, now)

    def _group(self, pairs: list[KeyPair], now: int) -> KeyGroup:
        group = self.cloudfront.key_group(self.key_group)
        if group is None:
            raise AWSError(
                f"there is no key group {self.key_group!r} in this account; check the name "
                "and --profile, or make it: cfsign aws create-key"
            )
        # Those that sign now, or will: the ones before may have been taken out already.
        needed = pairs[pairs.index(_signing(pairs, now)) :]
        missing = [pair.key_pair_id for pair in needed if pair.key_pair_id not in group.key_ids]
        if missing:
            raise AWSError(
                f"{missing[0]} is in the key ring {str(self.ring.path)!r} and not in the key group "
                f"{group.name!r}; check that the two belong together; nothing was changed"
            )
        return group

    def _introduce(
        self, pairs: list[KeyPair], group: KeyGroup, now: int
    ) -> tuple[list[KeyPair], KeyGroup]:
        """Make the new key, or go on with the one that waits, until the document has it."""
        pending, signing = self.ring.pending, _signing(pairs, now)
        _require_file(signing)
        # Whoever reads the key that signs must read the new one, too.
        model = _file_of(signing) or self.ring.path
        public = self._public_half_of_pending() if pending.exists() else None
        key_id = None if public is None else self.cloudfront.id_of(public)
        if key_id not in group.key_ids:
            self.cloudfront.require_room(group)
        if public is None:
            algorithm = self.algorithm or _algorithm(signing)
            if signing.password is not None:
                self.actions.warn(
                    f"{signing.key_pair_id} is encrypted with a password, and the new key is not: "
                    "its file's mode alone guards it"
                )
            public = new_private_key(self.actions, pending, algorithm, model)
        if key_id is None:
            name = f"{group.name}-{fingerprint(public)[:12]}"
            key_id = self.cloudfront.upload(name, public)
        group = add_key(self.cloudfront, group, key_id)
        if key_id not in [pair.key_pair_id for pair in pairs]:
            pairs = [*pairs, self._into_the_ring(signing, key_id, model)]
        self.actions.do(f"remove {pending}", pending.unlink, None)
        return pairs, group

    def _into_the_ring(self, signing: KeyPair, key_id: str, model: Path) -> KeyPair:
        # Copied, not renamed: until the document has the key, the next run must find it waiting.
        key_file = self.ring.key_file(key_id)
        if not key_file.exists():
            self.actions.do(
                f"write {key_file} (the private key)",
                lambda: write_private_key(key_file, self.ring.pending.read_text("ascii"), model),
                None,
            )
        elif key_file.read_bytes() != self.ring.pending.read_bytes():
            raise SigningKeyError(
                f"{str(key_file)!r} is there already and holds something else; move it away, and "
                "run this again",
                source=str(key_file),
            )
        # By the clock as it is once the key is in the group, which may have taken its time.
        start = int(self.clock()) + self.deployment
        entry = successor(signing, key_id, key_file, start)
        self.actions.do(
            f"add {key_id} to {self.ring.path}, signing from {_time(start)}",
            lambda: self.ring.add(entry),
            None,
        )
        (pair,) = build_pairs([entry], self.ring.path.parent)
        return pair

    def _retire(self, pairs: list[KeyPair], group: KeyGroup, now: int) -> Progress:
        """Remove each key that nothing alive was signed with."""
        for old, new in pairwise(pairs):
            # Where the new key came in late, the old one signed on until then.
            replaced = max(new.active_from_seconds, find_last_change(self._files(new)))
            due = replaced + self.refresh_every + self.longest_lifetime + MARGIN
            if now < due:
                return Progress(_waiting(old.key_pair_id, new, due, now), due)
            group = self._remove(old.key_pair_id, group)
        return Progress(f"{pairs[-1].key_pair_id} signs alone; no rotation is in progress")

    def _files(self, pair: KeyPair) -> list[Path]:
        """Return what the site must have read before that pair signs."""
        key = _file_of(pair)
        return [self.ring.path] if key is None else [self.ring.path, key]

    def _remove(self, key_id: str, group: KeyGroup) -> KeyGroup:
        if key_id in group.key_ids:
            kept = [other for other in group.key_ids if other != key_id]
            group = self.cloudfront.set_keys(group, kept)
        self.cloudfront.delete_public_key(key_id)
        # Last, so that a run that is cut off before knows what is left to do.
        self.actions.do(
            f"take {key_id} out of {self.ring.path}; its private key's file may be deleted",
            lambda: self.ring.remove(key_id),
            None,
        )
        return group

    def _public_half_of_pending(self) -> str:
        try:
            return load_private_key(self.ring.pending).public_key_pem()
        except SigningKeyError as error:
            raise SigningKeyError(
                f"{error} (the key waits there from a run that was cut off; mend it, or delete it "
                "if it is empty, and run this again)",
                source=error.source,
            ) from None


def _signing(pairs: list[KeyPair], now: int) -> KeyPair:
    """Return the newest key pair that is active; the ring has been seen to have one."""
    return [pair for pair in pairs if pair.active_from_seconds <= now][-1]


def _require_file(signing: KeyPair) -> None:
    """Refuse to replace a key that nobody can read by one in a file."""
    key = signing.private_key
    if not is_key_path(key) and not is_key_text(key):
        raise SigningKeyError(
            f"{signing.key_pair_id}, which signs now, is kept in AWS KMS (kms:), and the new key "
            "would lie in a file; make the new key in KMS, upload its public half, put that into "
            "the key group, and add it to the key ring by hand (docs/keys.md); nothing was made"
        )


def _algorithm(signing: KeyPair) -> str:
    """Return the kind of a key that is text or in a file, as all of these have it."""
    return str(getattr(signing.load_key(), "algorithm"))  # noqa: B009 - not in the protocol


def _file_of(pair: KeyPair) -> Path | None:
    """Return the file of a pair's private half, or None if the document itself holds it."""
    key = pair.private_key
    return Path(key) if is_key_path(key) and os.path.isfile(key) else None


def _waiting(old_id: str, new: KeyPair, due: int, now: int) -> str:
    new_id, start = new.key_pair_id, new.active_from_seconds
    if now < start:
        signs = f"{new_id} signs from {_time(start)}; the site must have the key ring by then"
    else:
        signs = f"{new_id} signs since {_time(start)}"
    return (
        f"{signs}\n{old_id} may be in use until {_time(due)}, and stays until then; "
        "run this again after that"
    )


def _time(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"

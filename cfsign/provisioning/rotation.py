"""
Replace the signing key without interrupting any user (AWS, "Rotating key pairs").

1. A new key pair is created. Its public key is added to the key group, next to the old one.
2. When every edge has both public keys, the new key signs, from a time in the key ring's document.
3. When the last URL and cookie of the old key has expired, the old public key is removed from the
   key group and deleted.

The progress is not recorded. It is derived from a private key that is pending next to the document,
from the keys in the document and from the key group. So the next run continues an interrupted one.
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
from cfsign.provisioning.cloudfront import CloudFront, KeyGroup, build_fingerprint
from cfsign.provisioning.creation import create_private_key
from cfsign.provisioning.files import read_private_key, write_private_key
from cfsign.provisioning.ring_file import RingFile, build_entry
from cfsign.utils.secret import Secret

#: How much the clocks of the site, the edges and this machine may differ, in seconds.
MARGIN = 300


@dataclass(frozen=True, slots=True)
class Progress:
    """
    The state of a rotation.

    Attributes:
        message: What happens next, and when.
        due: When the next step is due, in epoch seconds; None if the rotation is complete.
    """

    message: str
    due: int | None = None


@dataclass(frozen=True, slots=True)
class Rotation:
    """
    The rotation of the key of one key ring and one key group.

    Attributes:
        cloudfront: CloudFront.
        actions: Makes the changes.
        ring: The key ring's document, which the site reads.
        key_group: The key group's name or id.
        max_expires_in: The longest duration of any URL or cookie, in seconds.
        deployment: The seconds until every edge has a new key.
        refresh_every: How often, in seconds, the site checks its key ring for changes.
        algorithm: The new key's algorithm, "RSA-2048" or "P-256"; None for the old key's.
        clock: Returns the epoch seconds.
    """

    cloudfront: CloudFront
    actions: Actions
    ring: RingFile
    key_group: str
    max_expires_in: int
    deployment: int = 900
    refresh_every: int = 30
    algorithm: str | None = None
    clock: Callable[[], float] = time.time

    def run(self, *, start: bool) -> Progress:
        """
        Run the steps that are due now.

        Args:
            start: True to start a rotation if none is in progress.

        Raises:
            ConfigurationError: The key ring's document is missing or not valid.
            SigningKeyError: A key file cannot be read or written, or other users can write to
                the folder.
            AWSError: A call to CloudFront failed, the key group is full, or it is not the ring's.
        """
        now = int(self.clock())
        self.ring.check_access()
        pairs = self.ring.read_pairs(now)
        group = self._find_key_group(pairs, now)
        # A link that leads nowhere counts: it must not be followed later.
        if os.path.lexists(self.ring.pending_key) or (start and len(pairs) == 1):
            pairs, group = self._add_key(pairs, group, now)
        return self._remove_old_keys(pairs, group, now)

    def _find_key_group(self, pairs: list[KeyPair], now: int) -> KeyGroup:
        group = self.cloudfront.find_key_group(self.key_group)
        if group is None:
            raise AWSError(
                f"there is no key group {self.key_group!r} in this account",
                hint="check the name and --profile, or create it: cfsign aws create-key",
            )
        # Keys before the active one may have been removed from the group already.
        needed = pairs[pairs.index(_find_active(pairs, now)) :]
        missing = [pair.key_pair_id for pair in needed if pair.key_pair_id not in group.key_ids]
        if missing:
            raise AWSError(
                f"{missing[0]} is in the key ring {str(self.ring.path)!r}, but not in the key "
                f"group {group.name!r}, so nothing was changed",
                hint="check that the key ring and the key group belong together",
            )
        return group

    def _add_key(
        self, pairs: list[KeyPair], group: KeyGroup, now: int
    ) -> tuple[list[KeyPair], KeyGroup]:
        """Create a new key, or continue with the pending one, and add it to group and document."""
        pending, active = self.ring.pending_key, _find_active(pairs, now)
        _require_local(active)
        # The processes that read the active key must be able to read the new one.
        model = _find_key_file(active) or self.ring.path
        public_key = self._read_pending(model) if os.path.lexists(pending) else None
        key_id = None if public_key is None else self.cloudfront.find_key_id(public_key)
        if key_id not in group.key_ids:
            self.cloudfront.require_room(group)
        if public_key is None:
            if active.password is not None:
                self.actions.warn(
                    f"{active.key_pair_id} is encrypted with a password, and the new key is not: "
                    "only the mode of its file protects it"
                )
            # Not in the PrivateKey protocol, but keys from text or files have it.
            algorithm = self.algorithm or str(getattr(active.load_key(), "algorithm", ""))
            public_key = create_private_key(self.actions, pending, algorithm, model)
        if key_id is None:
            name = f"{group.name}-{build_fingerprint(public_key)[:12]}"
            key_id = self.cloudfront.upload_public_key(name, public_key)
        group = self.cloudfront.add_key(group, key_id)
        if key_id not in [pair.key_pair_id for pair in pairs]:
            pairs = [*pairs, self._add_to_ring(active, key_id, model)]
        self.actions.run(f"remove {pending}", pending.unlink, None)
        return pairs, group

    def _add_to_ring(self, active: KeyPair, key_id: str, model: Path) -> KeyPair:
        # Copied, not renamed: an interrupted run must leave the pending key for the next one.
        pending, key_file = self.ring.pending_key, self.ring.build_key_path(key_id)
        if not os.path.lexists(key_file):
            self.actions.run(
                f"write {key_file} (the private key)",
                lambda: write_private_key(
                    key_file, Secret(read_private_key(pending, model).reveal().decode()), model
                ),
                None,
            )
        elif read_private_key(key_file, model) != read_private_key(pending, model):
            raise SigningKeyError(
                f"{str(key_file)!r} already exists with another content",
                hint="move it to another folder, and run this again",
                source=str(key_file),
            )
        # The clock is read again: adding the key to the group may have taken some time.
        start = int(self.clock()) + self.deployment
        entry = build_entry(active, key_id, key_file, start)
        self.actions.run(
            f"add {key_id} to {self.ring.path}, signing from {_format_time(start)}",
            lambda: self.ring.add(entry),
            None,
        )
        (pair,) = build_pairs([entry], self.ring.path.parent)
        return pair

    def _remove_old_keys(self, pairs: list[KeyPair], group: KeyGroup, now: int) -> Progress:
        """Remove each key whose last URL and cookie has expired."""
        for old, new in pairwise(pairs):
            # If the site got the new key late, the old one signed until then.
            key_file = _find_key_file(new)
            files = [self.ring.path] if key_file is None else [self.ring.path, key_file]
            replaced = max(new.active_from_seconds, find_last_change(files))
            due = replaced + self.refresh_every + self.max_expires_in + MARGIN
            if now < due:
                return Progress(_describe_next_step(old.key_pair_id, new, due, now), due)
            group = self._remove_key(old.key_pair_id, group)
        return Progress(f"{pairs[-1].key_pair_id} is the only key; no rotation is in progress")

    def _remove_key(self, key_id: str, group: KeyGroup) -> KeyGroup:
        if key_id in group.key_ids:
            others = [other for other in group.key_ids if other != key_id]
            group = self.cloudfront.set_keys(group, others)
        self.cloudfront.delete_public_key(key_id)
        # Last, so that the next run can continue an interrupted one.
        self.actions.run(
            f"remove {key_id} from {self.ring.path}; the file of its private key can be deleted",
            lambda: self.ring.remove(key_id),
            None,
        )
        return group

    def _read_pending(self, model: Path) -> str:
        """Return the public key of the pending private key."""
        pending = self.ring.pending_key
        try:
            return load_private_key(read_private_key(pending, model).reveal()).public_key_pem()
        except SigningKeyError as error:
            if error.source:  # it cannot be read, and the error says why
                raise
            raise SigningKeyError(
                f"the key of an interrupted run in {str(pending)!r} cannot be used: "
                f"{error.message}",
                hint="repair it, or delete it if it is empty, and run this again",
                source=str(pending),
            ) from None


def _find_active(pairs: list[KeyPair], now: int) -> KeyPair:
    """Return the newest active key pair; `RingFile.read_pairs` requires one."""
    return [pair for pair in pairs if pair.active_from_seconds <= now][-1]


def _require_local(active: KeyPair) -> None:
    """Raise SigningKeyError for a key in KMS: a key in a file would be a weaker replacement."""
    key = active.private_key
    if not is_key_path(key) and not is_key_text(key):
        raise SigningKeyError(
            f"the active key {active.key_pair_id} is in AWS KMS (kms:), and a rotation creates "
            "keys only in files, so nothing was changed",
            hint="rotate by hand, as docs/keys.md describes: create a key in KMS and upload its "
            "public key",
        )


def _find_key_file(pair: KeyPair) -> Path | None:
    """Return the file of the private key, or None if the document contains the key itself."""
    key = pair.private_key
    return Path(key) if is_key_path(key) and os.path.isfile(key) else None


def _describe_next_step(old_id: str, new: KeyPair, due: int, now: int) -> str:
    new_id, start = new.key_pair_id, new.active_from_seconds
    if now < start:
        state = f"{new_id} signs from {_format_time(start)}; the site needs the key ring by then"
    else:
        state = f"{new_id} has signed since {_format_time(start)}"
    return (
        f"{state}\n{old_id} may be in use until {_format_time(due)} and is not removed before; "
        "run this again after that"
    )


def _format_time(timestamp: int) -> str:
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"

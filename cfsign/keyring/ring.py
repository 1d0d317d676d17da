"""A key ring: several key pairs, of which the newest active one signs."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Collection
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING
from weakref import WeakSet

from cfsign.errors import CfsignError, ConfigurationError, PolicyError
from cfsign.keyring.document import KeyPair
from cfsign.keyring.snapshot import Snapshot
from cfsign.keyring.source import (
    DocumentFile,
    ListedPairs,
    LoadedDocument,
    Loader,
    RingSource,
    build_source,
)
from cfsign.keys import Unpicklable
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.signer import Signer
from cfsign.signing.times import Duration, to_seconds
from cfsign.utils.description import describe_value
from cfsign.utils.fork import run_after_fork
from cfsign.utils.secret import hide, hide_arguments

if TYPE_CHECKING:
    from logging import Logger

#: A longer interval would make key rotation by a document too slow.
_MAX_REFRESH_EVERY = 24 * 60 * 60


class KeyRing(Unpicklable, BaseSigner):
    """
    A signer backed by several key pairs; the newest active one signs.

    It can be used like a `Signer`. Changes of its document or of a key file are loaded without a
    restart: at most every `refresh_every` seconds, one thread checks for changes while the others
    continue with the old keys. Changes are loaded atomically. On an error the old keys stay in use,
    `last_error` is set, and the error is logged once.

        ring = KeyRing.from_file("ring.json")
        media = Distribution("https://media.example.com", ring)
    """

    __slots__ = (
        "__weakref__",
        "_last_error",
        "_next_refresh",
        "_refresh_every",
        "_refresh_lock",
        "_snapshot",
        "_source",
    )

    @hide_arguments
    def __init__(
        self,
        pairs: Collection[KeyPair] | RingSource,
        *,
        refresh_every: float | timedelta = 30,
    ) -> None:
        """
        Load the key pairs.

        Args:
            pairs: The key pairs, in any order. Their key files are read again after a change.
            refresh_every: How often to check for changes: a timedelta or seconds, at most a day; 0
                checks at each signature.

        Raises:
            ConfigurationError: A pair is wrong, or no key is active yet. Lists all problems.
            PolicyError: `refresh_every` is invalid.
        """
        self._source = pairs if isinstance(pairs, RingSource) else ListedPairs(pairs)
        self._refresh_every = check_interval(refresh_every)
        self._last_error: CfsignError | None = None
        self._snapshot = Snapshot.read_first(self._source)
        self._next_refresh = monotonic() + self._refresh_every
        self._refresh_lock = threading.Lock()
        _rings.add(self)

    @classmethod
    @hide_arguments
    def from_file(
        cls, path: str | os.PathLike[str], *, refresh_every: float | timedelta = 30
    ) -> KeyRing:
        r"""
        Build a ring from a JSON file, which is read again after it or a key file has changed.

        `{"keys": [...]}` lists the key pairs. Each has `key_pair_id` and `private_key`: a path
        relative to the file's folder, PEM with its newlines as `\n`, or `kms:` and the name of a
        key in AWS KMS. Optional are `active_from` (such as "2026-01-01T00:00:00Z", or epoch
        seconds), `hash_algorithm` and `password`.

        Raises:
            ConfigurationError: The document is wrong, or no key is active yet. Lists all problems.
            PolicyError: `refresh_every` is invalid.
        """
        return cls(DocumentFile(path), refresh_every=refresh_every)

    @classmethod
    @hide_arguments
    def from_loader(cls, load: Loader, *, refresh_every: float | timedelta = 30) -> KeyRing:
        """
        Build a ring from a function that returns the same JSON, for example from a secret store.

        The function is called at each refresh, so it needs its own timeout. Asynchronous views call
        it in a thread. Relative paths in the document start at the working directory.

        Raises:
            ConfigurationError: The document is wrong, or no key is active yet. Lists all problems.
            PolicyError: `refresh_every` is invalid.
        """
        return cls(LoadedDocument(load), refresh_every=refresh_every)

    def __repr__(self) -> str:
        if not hasattr(self, "_snapshot"):  # in a debugger or a traceback
            return "<KeyRing, not loaded yet>"
        return f"<KeyRing {self.key_pair_id} of {', '.join(self.key_pair_ids)}>"

    @property
    def key_pair_id(self) -> str:
        """The id of the newest active key, as of the last refresh."""
        return self._snapshot.current().key_pair_id

    @property
    def key_pair_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the oldest first, as of the last refresh."""
        return tuple(signer.key_pair_id for _, signer in self._snapshot.signers)

    @property
    def last_error(self) -> CfsignError | None:
        """The error of the last refresh, or None. After an error the old keys stay in use."""
        return self._last_error

    @property
    def is_async(self) -> bool:
        """True if one of the keys is asynchronous, even if it is not active yet."""
        return any(signer.is_async for _, signer in self._snapshot.signers)

    def current(self) -> Signer:
        """Return the signer with the newest active key: the same object until a key changes."""
        self._refresh_if_due()
        return self._snapshot.current()

    async def current_async(self) -> Signer:
        """Async version of `current`, which refreshes in a thread."""
        if self._is_refresh_due() and not self._refresh_lock.locked():
            import asyncio  # imported late, to keep `import cfsign` fast

            await asyncio.to_thread(self._refresh_if_due)
        return self._snapshot.current()

    def public_keys(self) -> dict[str, str]:
        """Return the public key of every key pair, as PEM, by its id, for `TrustedKeyGroup`."""
        self._refresh_if_due()
        return {signer.key_pair_id: signer.public_key_pem() for _, signer in self._snapshot.signers}

    @hide_arguments
    def removable_at(self, key_pair_id: str, max_expires_in: Duration) -> int:
        """
        Return when a key can be removed from the ring and from CloudFront's key group.

        This is when the last URL that it can have signed expires. A key stops signing when its
        successor becomes active. If the successor was added later than that, it stops when this
        process loaded it or when the file changed. `refresh_every` is added for the processes that
        refresh last. A ring from a list or a loader has no file time, so the earliest time is when
        this process first loaded it.

        Args:
            key_pair_id: The key.
            max_expires_in: The longest life of anything that the ring signs, a timedelta or
                seconds; the sum of `expires_in` and `expiry_step`, if there is one.

        Returns:
            The time in epoch seconds, in the past or in the future.

        Raises:
            ConfigurationError: The ring does not have the key, or the key has no successor.
            PolicyError: `max_expires_in` is invalid.
        """
        check_key_pair_id(key_pair_id)
        duration = to_seconds(max_expires_in, "max_expires_in")
        self._refresh_if_due()
        snapshot = self._snapshot
        ids = [signer.key_pair_id for _, signer in snapshot.signers]
        if key_pair_id not in ids:
            raise ConfigurationError(
                f"the key ring has no key {key_pair_id}", hint=f"it has {', '.join(ids)}"
            )
        if key_pair_id == ids[-1]:
            raise ConfigurationError(
                f"{key_pair_id} is the newest key and still signs", hint="add its successor first"
            )
        successor_from, _ = snapshot.signers[ids.index(key_pair_id) + 1]
        return max(successor_from, snapshot.since) + math.ceil(self._refresh_every) + duration

    def _is_refresh_due(self) -> bool:
        return monotonic() >= self._next_refresh

    def _refresh_if_due(self) -> None:
        # A local variable, because the child of a loader that forks has another lock.
        lock = self._refresh_lock
        if not self._is_refresh_due() or not lock.acquire(blocking=False):
            return
        try:
            if self._is_refresh_due():  # another thread may have refreshed in the meantime
                self._refresh()
                self._next_refresh = monotonic() + self._refresh_every
        finally:
            lock.release()

    def _refresh(self) -> None:
        """Load the source again if it has changed. Only one thread at a time may call this."""
        old = self._snapshot
        try:
            state = self._source.read_state()
            if self._last_error is None and not old.is_changed(state):
                return
            new = old.read_next(self._source, state)
        except CfsignError as error:
            self._record_error(error)
        except Exception as error:  # for example of a password function; requests must not fail
            problem = ConfigurationError(
                f"{type(error).__name__} was raised",
                hint="see the __cause__ of this error",
                setting=self._source.name,
            )
            problem.__cause__ = error
            self._record_error(problem)
        else:
            self._snapshot = new
            self._last_error = None
            if new.schedule != old.schedule:
                _get_logger().info("%s: loaded %r", self._source.name, self)
            for key_pair_id, before, after in new.find_changed_hashes(old):
                # A warning: a change to SHA1 weakens the signatures of a key that is in use.
                _get_logger().warning(
                    "%s: the hash algorithm of %s changed from %s to %s",
                    self._source.name,
                    key_pair_id,
                    before,
                    after,
                )

    def _record_error(self, error: CfsignError) -> None:
        if str(error) != str(self._last_error):
            _get_logger().error("%s; the old keys stay in use", error)
        self._last_error = error


def build_ring(source: object, *, refresh_every: float | timedelta = 30) -> KeyRing:
    """
    Build a ring from a setting: a document's path, or a function that returns its text.

    Raises:
        ConfigurationError: The source has another type, the document is wrong, or no key is active
            yet. Lists all problems.
        PolicyError: `refresh_every` is invalid.
    """
    hidden = hide(source)
    del source
    return KeyRing(build_source(hidden), refresh_every=refresh_every)


def _get_logger() -> Logger:
    import logging  # imported late, to keep `import cfsign` fast

    return logging.getLogger("cfsign")


def check_interval(refresh_every: object) -> float:
    """Return *refresh_every* in seconds; raise PolicyError if it is not between 0 and a day."""
    if isinstance(refresh_every, timedelta):
        refresh_every = refresh_every.total_seconds()
    if (
        isinstance(refresh_every, bool)
        or not isinstance(refresh_every, int | float)
        or not 0 <= refresh_every <= _MAX_REFRESH_EVERY
    ):
        raise PolicyError(
            f"refresh_every must be a timedelta or 0 to {_MAX_REFRESH_EVERY} seconds, "
            f"got {describe_value(refresh_every)}",
            field="refresh_every",
        )
    return refresh_every


_rings: WeakSet[KeyRing] = WeakSet()


def _renew_locks() -> None:
    for ring in _rings:
        ring._refresh_lock = threading.Lock()


run_after_fork(_renew_locks)

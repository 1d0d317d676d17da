"""A ring of keys: several key pairs, of which the newest that is active signs."""

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
from cfsign.keyring.key_pair import KeyPair
from cfsign.keyring.snapshot import Snapshot
from cfsign.keyring.source import DocumentFile, ListedPairs, LoadedDocument, Loader, RingSource
from cfsign.keys import Unpicklable
from cfsign.keys.key_pair_id import check_key_pair_id
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Policy
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.signer import Signer
from cfsign.signing.times import Lifetime, lifetime_seconds

if TYPE_CHECKING:
    from logging import Logger

#: A ring that looks more seldom is not rotated by its document.
_LONGEST_WAIT = 24 * 60 * 60


class KeyRing(Unpicklable, BaseSigner):
    """
    Signs with the newest of its keys that is active, and goes wherever a Signer goes.

    A change of its document or of a key file is picked up without a restart: whoever signs looks
    for one, at most every `refresh_every` seconds, while others go on with the keys as they were. All
    is swapped at once, or, if anything is at fault, nothing: the fault is logged, once, and the old
    keys sign on.

        ring = KeyRing.from_file("ring.json")
        media = Distribution("https://media.example.com", ring)
    """

    __slots__ = (
        "__weakref__",
        "_fault",
        "_next_look",
        "_reading",
        "_refresh_every",
        "_snapshot",
        "_source",
    )

    def __init__(
        self,
        keys: Collection[KeyPair] | RingSource,
        *,
        refresh_every: float | timedelta = 30,
    ) -> None:
        """
        Take the key pairs; their key files are read again when they change.

        Args:
            keys: The key pairs, in any order.
            refresh_every: How many seconds at least lie between two looks for a change.

        Raises:
            ConfigurationError: Every mistake in the pairs, at once; or none of them is active yet.
            PolicyError: `refresh_every` is no time.
        """
        self._source = keys if isinstance(keys, RingSource) else ListedPairs(keys)
        self._refresh_every = check_interval(refresh_every)
        self._fault: CfsignError | None = None
        self._snapshot = Snapshot.first(self._source)
        self._next_look = monotonic() + self._refresh_every
        self._reading = threading.Lock()
        _rings.add(self)

    @classmethod
    def from_file(
        cls, path: str | os.PathLike[str], *, refresh_every: float | timedelta = 30
    ) -> KeyRing:
        r"""
        Make a ring of a JSON document, which is read again when it or a key file changes.

        `{"keys": [...]}` lists the key pairs. Each has `key_pair_id` and `private_key`, a path from
        the document's folder, PEM with its newlines as `\n`, or `kms:` and the name of a key in AWS
        KMS, and may have `active_from` (such as
        "2026-01-01T00:00:00Z", or epoch seconds), `hash_algorithm` and `password`.

        Raises:
            ConfigurationError: Every mistake in the document, at once; or no key is active yet.
            PolicyError: `refresh_every` is no time.
        """
        return cls(DocumentFile(path), refresh_every=refresh_every)

    @classmethod
    def from_loader(cls, load: Loader, *, refresh_every: float | timedelta = 30) -> KeyRing:
        """
        Make a ring of the same document, as a function returns it, such as from a secret store.

        The function is called at each look, so let it have a timeout of its own. Asynchronous
        views call it in a thread. Relative paths in the document start at the working directory.

        Raises:
            ConfigurationError: Every mistake in the document, at once; or no key is active yet.
            PolicyError: `refresh_every` is no time.
        """
        return cls(LoadedDocument(load), refresh_every=refresh_every)

    def __repr__(self) -> str:
        if not hasattr(self, "_snapshot"):  # as a debugger may see it, or a traceback
            return "<KeyRing, not made yet>"
        ids = [signer.key_pair_id for _, signer in self._snapshot.signers]
        return f"<KeyRing {self.key_pair_id} of {', '.join(ids)}>"

    @property
    def key_pair_id(self) -> str:
        """The id of the key that signs now, by what was last read."""
        return self._snapshot.current().key_pair_id

    @property
    def last_error(self) -> CfsignError | None:
        """Why the last look left the keys as they were, or None if nothing was at fault."""
        return self._fault

    @property
    def is_async(self) -> bool:
        """Whether one of its keys is an asynchronous one, be it that its turn is yet to come."""
        return any(signer.is_async for _, signer in self._snapshot.signers)

    def current(self) -> Signer:
        """Return the signer with the newest active key; the same object, until one changes."""
        self._look_if_due()
        return self._snapshot.current()

    async def current_async(self) -> Signer:
        """Do as `current` does; a look for changes is taken in a thread."""
        if self._is_due() and not self._reading.locked():
            import asyncio  # here, where there is a loop already: `import cfsign` stays fast

            await asyncio.to_thread(self._look_if_due)
        return self._snapshot.current()

    def sign_policy(self, policy: Policy) -> SignedPolicy:
        """
        Sign *policy* with the newest active key, just as it stands, whatever the clock says.

        Raises:
            PolicyError: It is no Policy.
            SigningKeyError: The key cannot sign, or is an asynchronous one.
        """
        return self.current().sign_policy(policy)

    def _canned_url(self, url: str, expires_at: int) -> str:
        return self.current()._canned_url(url, expires_at)

    async def _canned_url_async(self, url: str, expires_at: int) -> str:
        return await (await self.current_async())._canned_url_async(url, expires_at)

    async def sign_policy_async(self, policy: Policy) -> SignedPolicy:
        """Sign *policy* as `sign` does; a look for changes is taken in a thread."""
        return await (await self.current_async()).sign_policy_async(policy)

    def public_keys(self) -> dict[str, str]:
        """Return the public half of every key, as PEM, by its id: `TrustedKeyGroup` takes it."""
        self._look_if_due()
        return {signer.key_pair_id: signer.public_key_pem() for _, signer in self._snapshot.signers}

    def removable_at(self, key_pair_id: str, longest_lifetime: Lifetime) -> int:
        """
        Tell from when on a key can be removed, here and from CloudFront's key group.

        That is when the last URL that it can have signed has expired: it stops signing when its
        successor starts, or, if the successor came in late, when this process, or the file, had it;
        `refresh_every` seconds are added for the processes that look last. A ring of a list or a
        loader has no file that tells: there, it is no sooner than this process first read it.

        Args:
            key_pair_id: The key.
            longest_lifetime: The longest that anything signed here lasts, a timedelta or seconds;
                with an `expiry_step`, both together.

        Returns:
            The moment in epoch seconds, which may lie in the past, or ahead.

        Raises:
            ConfigurationError: The ring does not hold the key, or holds no newer one.
            PolicyError: The lifetime is none.
        """
        check_key_pair_id(key_pair_id)
        lifetime = lifetime_seconds(longest_lifetime, "longest_lifetime")
        self._look_if_due()
        snapshot = self._snapshot
        ids = [signer.key_pair_id for _, signer in snapshot.signers]
        if key_pair_id not in ids:
            raise ConfigurationError(
                f"the ring holds no key {key_pair_id}; it holds {', '.join(ids)}"
            )
        if key_pair_id == ids[-1]:
            raise ConfigurationError(
                f"{key_pair_id} is the newest key, and signs on; add its successor first"
            )
        successor_from, _ = snapshot.signers[ids.index(key_pair_id) + 1]
        return max(successor_from, snapshot.since) + math.ceil(self._refresh_every) + lifetime

    def _is_due(self) -> bool:
        return monotonic() >= self._next_look

    def _look_if_due(self) -> None:
        # Kept at hand: where a loader forks, the child has another.
        reading = self._reading
        if not self._is_due() or not reading.acquire(blocking=False):
            return
        try:
            if self._is_due():  # or somebody has looked just now
                self._look()
                self._next_look = monotonic() + self._refresh_every
        finally:
            reading.release()

    def _look(self) -> None:
        """Put a new snapshot in the old one's place, or report why not. One thread at a time."""
        old = self._snapshot
        try:
            state = self._source.state()
            if self._fault is None and not old.is_changed(state):
                return
            new = old.next(self._source, state)
        except CfsignError as error:
            self._report(error)
        except Exception as error:  # a password's function, say: a viewer's request must not fail
            fault = ConfigurationError(
                f"{self._source.name}: {type(error).__name__} was raised, this error's __cause__"
            )
            fault.__cause__ = error
            self._report(fault)
        else:
            self._snapshot = new
            self._fault = None
            if new.schedule != old.schedule:
                _logger().info("%s: read again, %r", self._source.name, self)

    def _report(self, fault: CfsignError) -> None:
        if str(fault) != str(self._fault):
            _logger().error("%s; the keys that were read before sign on", fault)
        self._fault = fault


def ring_of(source: object, *, refresh_every: float | timedelta = 30) -> KeyRing:
    """
    Make a ring of what a setting holds: a document's path, or a function that returns its text.

    Raises:
        ConfigurationError: It is neither, or as `KeyRing.from_file` and `from_loader` say.
        PolicyError: `refresh_every` is no time.
    """
    return KeyRing(source_of(source), refresh_every=refresh_every)


def source_of(source: object) -> RingSource:
    """Return what a setting's ring is read from; raises ConfigurationError."""
    if isinstance(source, str | os.PathLike):
        return DocumentFile(source)
    if callable(source):
        return LoadedDocument(source)
    raise ConfigurationError(
        "a key ring is its document's path, or a function that returns the document's text, "
        f"not {type(source).__name__}"
    )


def _logger() -> Logger:
    import logging  # only where something is to be said: `import cfsign` stays fast

    return logging.getLogger("cfsign")


def check_interval(refresh_every: object) -> float:
    """Return *refresh_every* in seconds if a ring may look so often, else raise PolicyError."""
    if isinstance(refresh_every, timedelta):
        refresh_every = refresh_every.total_seconds()
    if (
        isinstance(refresh_every, bool)
        or not isinstance(refresh_every, int | float)
        or not 0 <= refresh_every <= _LONGEST_WAIT
    ):
        raise PolicyError(
            "refresh_every is a timedelta or seconds, 0 to look at each signature, up to a day",
            field="refresh_every",
        )
    return refresh_every


# Every ring of the process. A thread that was reading when the process forked does not exist in
# the child, and would never give back its lock there.
_rings: WeakSet[KeyRing] = WeakSet()


def _renew_locks() -> None:
    for ring in _rings:
        ring._reading = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_renew_locks)

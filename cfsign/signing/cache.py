"""
The signed policies that are in use: kept, so that what is asked for again is not signed again.

What comes out for the same key, resource, times and address is the same, and only for the same.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from weakref import WeakSet

from cfsign.errors import ConfigurationError
from cfsign.keys import Unpicklable
from cfsign.signing.base_signer import BaseSigner
from cfsign.signing.policy import Policy
from cfsign.signing.signed_policy import SignedPolicy

if TYPE_CHECKING:
    import asyncio

#: Some 7,500 URLs.
DEFAULT_BYTES = 8 * 2**20

#: The parts of a policy: the resource, the expiry, the start, the address. All of plain types,
#: since values of others may be equal to them and mean nothing, such as a start of 1.0.
Terms = tuple[str, int, int | None, str | None]

# What an entry takes but for its texts: the objects of the entry and of the table.
_BYTES_BESIDE_TEXTS = 700

_Event = TypeVar("_Event", threading.Event, "asyncio.Event")


class SignedPolicies(Unpicklable):
    """
    Signs, or hands out what it signed before; safe under threads and event loops.

    Whatever is asked for by many at once is signed by the first; the others wait for it, and share
    its error if it fails. An error is not kept. Where the first is cancelled, another takes over.

    What was used least lately makes room, so what has expired goes by itself.
    """

    __slots__ = ("__weakref__", "_bytes", "_kept", "_lock", "_most_bytes", "_turns")

    _recreate_hint = "make the Distribution"

    def __init__(self, most_bytes: int) -> None:
        """Take how many bytes may be kept: the texts and an allowance for the objects of each."""
        self._most_bytes = most_bytes
        self._begin()
        _caches.add(self)

    def __repr__(self) -> str:
        return f"<SignedPolicies {len(self._kept)} in {self._bytes} of {self._most_bytes} bytes>"

    def _begin(self) -> None:
        self._kept: OrderedDict[tuple[Any, ...], SignedPolicy] = OrderedDict()
        self._bytes = 0
        self._turns: dict[tuple[Any, ...], _Turn[Any]] = {}
        self._lock = threading.Lock()

    def sign(self, signer: BaseSigner, terms: Terms) -> SignedPolicy:
        """
        Return the policy of *terms* as *signer* has signed it.

        Raises:
            ResourceError: The resource may not be signed.
            PolicyError: A time or the address is not one that CloudFront takes.
            SigningKeyError: The key cannot sign.
        """
        key = (signer, *terms)
        while True:
            signed = self._reuse(key)
            if signed is not None:
                return signed
            with self._turn(key, threading.Event()) as (turn, is_mine):
                if is_mine:
                    # It may have been another's, which ended since we looked.
                    turn.signed = self._reuse(key) or self._keep(
                        key, signer.sign_policy(_policy(terms))
                    )
                else:
                    turn.over.wait()
            if turn.error is not None:
                raise turn.error
            if turn.signed is not None:
                return turn.signed

    async def sign_async(self, signer: BaseSigner, terms: Terms) -> SignedPolicy:
        """Do as `sign` does, without ever holding up the event loop."""
        key = (signer, *terms)
        while True:
            signed = self._reuse(key)
            if signed is not None:
                return signed
            import asyncio  # here, where there is a loop already: `import cfsign` stays fast

            # A turn in each loop: one that stands still holds up nobody but its own.
            here = (asyncio.get_running_loop(), *key)
            with self._turn(here, asyncio.Event()) as (turn, is_mine):
                if is_mine:
                    turn.signed = self._reuse(key) or self._keep(
                        key, await signer.sign_policy_async(_policy(terms))
                    )
                else:
                    await turn.over.wait()
            if turn.error is not None:
                raise turn.error
            if turn.signed is not None:
                return turn.signed

    def _reuse(self, key: tuple[Any, ...]) -> SignedPolicy | None:
        # Without the lock: each of the two is one step, and the entry may go at any time.
        try:
            self._kept.move_to_end(key)
            return self._kept[key]
        except KeyError:
            return None

    def _keep(self, key: tuple[Any, ...], signed: SignedPolicy) -> SignedPolicy:
        """Keep *signed*, or return what another had kept in the meantime."""
        with self._lock:
            kept = self._kept.setdefault(key, signed)
            if kept is signed:
                self._bytes += _size(signed)
            while self._bytes > self._most_bytes:
                _, least_used = self._kept.popitem(last=False)
                self._bytes -= _size(least_used)
        return kept

    @contextmanager
    def _turn(self, key: tuple[Any, ...], over: _Event) -> Iterator[tuple[_Turn[_Event], bool]]:
        """Give the turn of *key*, and whether it is the caller's own, which ends it."""
        mine = _Turn(over)
        try:
            turn = self._turns.setdefault(key, mine)
            yield turn, turn is mine
        except Exception as error:
            mine.error = error
            raise
        finally:
            # However it ended, an interrupt included, those who wait must hear of it.
            if self._turns.get(key) is mine:
                del self._turns[key]
            mine.over.set()


class _Turn(Generic[_Event]):
    """
    A signature under way.

    Attributes:
        over: Set when it is over.
        signed: What came of it; or
        error: why nothing did. Neither, where it was cancelled.
    """

    __slots__ = ("error", "over", "signed")

    def __init__(self, over: _Event) -> None:
        self.over: _Event = over
        self.signed: SignedPolicy | None = None
        self.error: Exception | None = None


def check_cache_bytes(cache_bytes: object) -> int:
    """Return *cache_bytes* if a cache may have so many, 0 for none, else raise."""
    if isinstance(cache_bytes, bool) or not isinstance(cache_bytes, int) or cache_bytes < 0:
        raise ConfigurationError(
            f"cache_bytes is a whole number of bytes, such as {DEFAULT_BYTES}; 0 keeps nothing"
        )
    return int(cache_bytes)


def _policy(terms: Terms) -> Policy:
    resource, expires_at, starts_at, ip_address = terms
    return Policy(resource, expires_at, starts_at=starts_at, ip_address=ip_address)


def _size(signed: SignedPolicy) -> int:
    query = sum(map(len, signed.params.values()))
    return _BYTES_BESIDE_TEXTS + len(signed.policy.resource) + query


# Every cache of the process. A thread that was signing when the process forked does not exist in
# the child, where its turn would never end, nor the lock be given back.
_caches: WeakSet[SignedPolicies] = WeakSet()


def _begin_again() -> None:
    for cache in _caches:
        cache._begin()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_begin_again)

"""
Cache signed policies, so that the same policy is not signed again.

The key of an entry is the signer and the terms of the policy. Building a Policy for every request
would take half of the time of a cached one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from weakref import WeakSet

from cfsign.errors import ConfigurationError, SigningKeyError
from cfsign.keys import Unpicklable
from cfsign.signing.policy import Policy
from cfsign.signing.signed_policy import SignedPolicy
from cfsign.signing.signer import Signer
from cfsign.utils.description import describe_value
from cfsign.utils.fork import run_after_fork

if TYPE_CHECKING:
    import asyncio

#: Room for about 7,200 URLs.
DEFAULT_BYTES = 8 * 2**20

# The bytes of an entry's objects, without its text.
_ENTRY_BYTES = 750

#: The resource, which is checked when the policy is built, and the checked expiry, start and
#: network. All are of these exact types: values of other types, such as 1.0, may be equal to them.
Terms: TypeAlias = tuple[str, int, int | None, str | None]

_Key: TypeAlias = tuple[Signer, Terms]

_Event = TypeVar("_Event", threading.Event, "asyncio.Event")


class SignedPolicies(Unpicklable):
    """
    A cache of signed policies for threads and event loops.

    Concurrent requests for one policy are signed once (single-flight): the others wait for the
    result, or the error, which is not cached. If the first request is cancelled, another signs.
    The least recently used entry is evicted, so expired entries disappear.
    """

    __slots__ = ("__weakref__", "_bytes", "_entries", "_lock", "_max_bytes", "_signing")

    _recreate_hint = "make the Distribution"

    def __init__(self, max_bytes: int) -> None:
        """
        Create an empty cache.

        Args:
            max_bytes: The most bytes of memory that the entries may take.
        """
        self._max_bytes = max_bytes
        self._reset()
        _caches.add(self)

    def __repr__(self) -> str:
        size = f"{self._bytes} of {self._max_bytes} bytes"
        return f"<SignedPolicies {len(self._entries)} in {size}>"

    def _reset(self) -> None:
        self._entries: OrderedDict[_Key, SignedPolicy] = OrderedDict()
        self._bytes = 0
        self._signing: dict[tuple[Any, ...], _Signing[Any]] = {}
        self._lock = threading.Lock()

    def sign(self, signer: Signer, terms: Terms) -> SignedPolicy:
        """
        Return a policy as the signer signed it before, or sign it.

        Raises:
            ResourceError: The resource may not be signed.
            SigningKeyError: The key cannot sign.
        """
        key = (signer, terms)
        while True:
            signed = self._find(key)
            if signed is not None:
                return signed
            with self._join(key, threading.Event()) as (signing, is_first):
                if is_first:
                    # Another request may have ended since the look above.
                    signing.result = self._find(key) or self._add(
                        key, signer.sign_policy(to_policy(terms))
                    )
                else:
                    signing.is_over.wait()
            if signing.error is not None:
                raise _copy_error(signing.error)
            if signing.result is not None:
                return signing.result

    async def sign_async(self, signer: Signer, terms: Terms) -> SignedPolicy:
        """Async version of `sign`."""
        key = (signer, terms)
        while True:
            signed = self._find(key)
            if signed is not None:
                return signed
            import asyncio  # imported only where a loop runs: `import cfsign` stays fast

            # One for each event loop, so that a loop that stops does not block the others.
            loop_key = (asyncio.get_running_loop(), *key)
            with self._join(loop_key, asyncio.Event()) as (signing, is_first):
                if is_first:
                    signing.result = self._find(key) or self._add(
                        key, await signer.sign_policy_async(to_policy(terms))
                    )
                else:
                    await signing.is_over.wait()
            if signing.error is not None:
                raise _copy_error(signing.error)
            if signing.result is not None:
                return signing.result

    def _find(self, key: _Key) -> SignedPolicy | None:
        # Without the lock: each of the two calls is atomic. The entry may be evicted between them.
        try:
            self._entries.move_to_end(key)
            return self._entries[key]
        except KeyError:
            return None

    def _add(self, key: _Key, signed: SignedPolicy) -> SignedPolicy:
        """Add an entry, or return the one that another request has added in the meantime."""
        with self._lock:
            entry = self._entries.setdefault(key, signed)
            if entry is signed:
                self._bytes += _size(signed)
            while self._bytes > self._max_bytes:
                _, oldest = self._entries.popitem(last=False)
                self._bytes -= _size(oldest)
        return entry

    @contextmanager
    def _join(
        self, key: tuple[Any, ...], is_over: _Event
    ) -> Iterator[tuple[_Signing[_Event], bool]]:
        """Yield the signature in progress for *key*, and whether the caller must make it."""
        own = _Signing(is_over)
        try:
            signing = self._signing.setdefault(key, own)
            yield signing, signing is own
        except Exception as error:  # the site's own key may raise anything
            own.error = _copy_error(error)
            raise
        finally:
            # Also after an interrupt, so that no request waits for ever.
            if self._signing.get(key) is own:
                del self._signing[key]
            own.is_over.set()


class _Signing(Generic[_Event]):
    """
    A signature in progress.

    Attributes:
        is_over: Set at the end.
        result: The signed policy, or None.
        error: A copy of the error, or None. Both are None if it was cancelled.
    """

    __slots__ = ("error", "is_over", "result")

    def __init__(self, is_over: _Event) -> None:
        self.is_over: _Event = is_over
        self.result: SignedPolicy | None = None
        self.error: Exception | None = None


def check_cache_bytes(cache_bytes: object) -> int:
    """Return *cache_bytes* if it is a number of bytes from 0, else raise ConfigurationError."""
    if isinstance(cache_bytes, bool) or not isinstance(cache_bytes, int) or cache_bytes < 0:
        raise ConfigurationError(
            f"cache_bytes must be a whole number of bytes, got {describe_value(cache_bytes)}",
            hint=f"use a number such as {DEFAULT_BYTES}, or 0 for no cache",
        )
    return int(cache_bytes)


def to_policy(terms: Terms) -> Policy:
    """Return the policy of *terms*; raise ResourceError if its resource may not be signed."""
    resource, expires_at, starts_at, ip_address = terms
    return Policy(resource, expires_at, starts_at=starts_at, ip_address=ip_address)


def _size(signed: SignedPolicy) -> int:
    query = sum(map(len, signed.params.values()))
    return _ENTRY_BYTES + len(signed.policy.resource) + query


def _copy_error(error: Exception) -> Exception:
    """
    Return a copy of *error* without its traceback, cause and context.

    Each waiting request raises its own: a shared one would collect the frames of all requests, and
    an error report would show the variables of other users' requests.
    """
    if isinstance(error, ExceptionGroup):
        return error.derive([_copy_error(each) for each in error.exceptions])
    try:
        # Without __init__, which may take other arguments than `args`.
        copy: Exception = type(error).__new__(type(error), *error.args)
    except Exception:  # a class with a __new__ that takes other arguments
        return SigningKeyError(
            f"the key cannot sign: {type(error).__name__} was raised in another request",
            hint="see the error of that request",
        )
    copy.__dict__.update(vars(error))
    return copy


_caches: WeakSet[SignedPolicies] = WeakSet()


def _reset_caches() -> None:
    # A thread that signs at the fork does not exist in the child, so its signature would never end.
    for cache in _caches:
        cache._reset()


run_after_fork(_reset_caches)

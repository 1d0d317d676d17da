"""The kinds of private keys: from a file, blocking, and asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from cfsign import KeyUnavailableError, load_private_key

#: The keys are unavailable for a resource with this in its name.
UNREACHABLE = "unreachable"


class BlockingKey:
    """A key that blocks, as one in AWS KMS does, and must not sign in an event loop."""

    is_blocking = True

    def __init__(self, path: str) -> None:
        self._key = load_private_key(path)

    def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        if _is_in_event_loop():
            raise AssertionError("signed in the thread of the event loop")
        return _sign(self._key, message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


class AsyncKey:
    """A key whose `sign` is awaited."""

    def __init__(self, path: str) -> None:
        self._key = load_private_key(path)

    async def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        await asyncio.sleep(0)
        return _sign(self._key, message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


def _sign(key: Any, message: bytes, hash_algorithm: Any) -> bytes:
    if UNREACHABLE.encode() in message:
        raise KeyUnavailableError("the key service does not answer", code="Timeout")
    signature: bytes = key.sign(message, hash_algorithm)
    return signature


def _is_in_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: The value of the setting `private_key` for each kind, from the path of the key's file.
KINDS: Mapping[str, Callable[[str], Any]] = {
    "file": str,
    "blocking": BlockingKey,
    "async": AsyncKey,
}

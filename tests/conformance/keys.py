"""The kinds of key that a site may hold, besides one from a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from cfsign import KeyUnavailableError, load_private_key

#: What is in the name of a resource for which the key is out of reach.
UNREACHABLE = "unreachable"


class KeptKey:
    """A key that waits for its keeper, as one in AWS KMS does; it refuses to hold up a loop."""

    is_blocking = True

    def __init__(self, path: str) -> None:
        self._key = load_private_key(path)

    def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        if _in_an_event_loop():
            raise AssertionError("asked to sign in the event loop's own thread")
        return _signed(self._key, message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


class AwaitedKey:
    """A key whose `sign` is awaited."""

    def __init__(self, path: str) -> None:
        self._key = load_private_key(path)

    async def sign(self, message: bytes, hash_algorithm: Any) -> bytes:
        await asyncio.sleep(0)
        return _signed(self._key, message, hash_algorithm)

    def public_key_pem(self) -> str:
        return self._key.public_key_pem()


def _signed(key: Any, message: bytes, hash_algorithm: Any) -> bytes:
    if UNREACHABLE.encode() in message:
        raise KeyUnavailableError("the keeper does not answer; look after it", code="Timeout")
    signature: bytes = key.sign(message, hash_algorithm)
    return signature


def _in_an_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


#: What a site's setting holds for each kind, made of the path of its file.
KINDS: Mapping[str, Callable[[str], Any]] = {
    "file": str,
    "kept": KeptKey,
    "awaited": AwaitedKey,
}

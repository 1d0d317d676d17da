"""Decisions of each kind, for the table of docs/events.md."""

from __future__ import annotations

import time
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from cfsign import KeyPair, KeyRing
from cfsign.views import Observer
from tests.observers.events import EVENT, REFUSED, make_event


def make_ring() -> KeyRing:
    """Return a ring whose first key is replaced in a minute."""
    keys = [
        generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        for _ in range(2)
    ]
    later = int(time.time()) + 60
    return KeyRing([KeyPair("K1ADA2BOB3EVE4", keys[0]), KeyPair("K5DAN6EVA7FAY8", keys[1], later)])


def make_decisions(observers: Iterable[Observer]) -> None:
    for event in (EVENT, EVENT, make_event(is_cached=True), REFUSED):
        for observer in observers:
            observer(event, None)

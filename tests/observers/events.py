"""An event as the handler of a view builds it."""

from __future__ import annotations

import dataclasses
from typing import Any

from cfsign.views import AccessEvent

EVENT = AccessEvent(
    resource="ada/a.pdf",
    folder=None,
    outcome="allowed",
    status=303,
    delivery="redirect",
    domain="https://media.example.com",
    key_pair_id="K1ADA2BOB3EVE4",
    hash_algorithm="SHA256",
    expires_at=1_800_000_000,
    is_cached=False,
    duration=0.000_512_345_678,
)


def make_event(**changes: Any) -> AccessEvent:
    return dataclasses.replace(EVENT, **changes)


def make_unsigned(outcome: str, status: int, duration: float) -> AccessEvent:
    """Return the event of a request for which nothing was signed."""
    return make_event(
        outcome=outcome,
        status=status,
        key_pair_id=None,
        hash_algorithm=None,
        expires_at=None,
        duration=duration,
    )


REFUSED = make_unsigned("refused", 403, 0.0)

"""
Expiries in steps: rounded up, so that what is signed again within a step comes out the same.

No function here reads a clock: the moment is an argument.
"""

from __future__ import annotations

from binascii import crc32

from cfsign.errors import PolicyError
from cfsign.signing.times import LATEST, Lifetime, lifetime_seconds


def round_up(moment: int, resource: str, step: int, jitter: int | None = None) -> int:
    """
    Return the first expiry at or after *moment* that *resource* may have.

    Args:
        moment: Epoch seconds, at most 2147483647.
        resource: The URL or pattern that is signed.
        step: How many seconds lie between two expiries of a resource.
        jitter: By less than how many seconds the expiries of two resources differ; None has all
            of them expire together, at the multiples of the step.

    Returns:
        Epoch seconds, less than a step after *moment*.
    """
    phase = 0
    if jitter is not None:
        # Of the text alone, so that every process and machine finds the same. It may hold what no
        # URL does: that is refused when it is to be signed.
        phase = crc32(resource.encode("utf-8", "surrogatepass")) % jitter
    return min(moment + (phase - moment) % step, LATEST)


def check_jitter(jitter: Lifetime, step: int | None) -> int:
    """Return *jitter* in whole seconds if it fits *step*, else raise PolicyError."""
    seconds = lifetime_seconds(jitter, "expiry_jitter")
    if step is None:
        raise PolicyError(
            "expiry_jitter spreads the expiries of an expiry_step, and there is none; "
            "give both or neither",
            field="expiry_jitter",
        )
    if seconds > step:
        raise PolicyError(
            f"expiry_jitter is longer than expiry_step; give {step} seconds at most",
            field="expiry_jitter",
        )
    return seconds

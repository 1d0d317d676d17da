"""A URL or policy that may have been signed in place of the right one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from cfsign.explanation.cause import Mistake

OTHER_SCHEME = {"http": "https", "https": "http"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A URL that may have been signed, and the mistake in that case.

    Attributes:
        text: The URL; "" if the mistake is in the rest of the policy.
        mistake: Which mistake.
        message: What is wrong, without a full stop.
        hint: How to fix it, without a full stop.
    """

    text: str = field(repr=False)
    mistake: Mistake
    message: str
    hint: str


Candidates = Iterator[Candidate]


def pick_distinct(candidates: Candidates, known: Iterable[str], limit: int) -> Candidates:
    """Yield at most *limit* candidates, each URL once and none of *known*."""
    seen = set(known)

    def is_new(candidate: Candidate) -> bool:
        if candidate.text in seen:
            return False
        seen.add(candidate.text)
        return True

    return islice(filter(is_new, candidates), limit)

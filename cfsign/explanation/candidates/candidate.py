"""A URL that may have been signed in the place of the one requested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from cfsign.explanation.cause import Mistake

OTHER_SCHEME = {"http": "https", "https": "http"}


@dataclass(frozen=True, slots=True)
class Candidate:
    """
    A URL that may have been signed, and the mistake that it then was.

    Attributes:
        text: The URL.
        mistake: Which mistake.
        message: What is wrong, as a sentence without its full stop.
        hint: What to do, as the rest of that sentence.
    """

    text: str
    mistake: Mistake
    message: str
    hint: str


Candidates = Iterator[Candidate]


def tried(readings: Candidates, already: Sequence[str], limit: int) -> Candidates:
    """Give the first *limit* of them, each URL once and none of *already*."""
    seen = set(already)

    def is_new(reading: Candidate) -> bool:
        if reading.text in seen:
            return False
        seen.add(reading.text)
        return True

    return islice(filter(is_new, readings), limit)

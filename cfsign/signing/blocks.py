"""Blocks of URLs, read ahead so that one expression checks all of a block at once."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from cfsign.signing.url import REST

#: The most URLs in a block.
MOST = 64

# Neither `.` nor `..` may begin before a `*` and end behind it, so none with a dot there.
_LITERAL_START = r"(https?://[^*?]+/[^*?/.%]*)\*"


def blocks(urls: Iterator[str]) -> Iterator[list[str]]:
    """
    Give *urls* in blocks, each up to twice as long as the one before it.

    So what is kept waiting for others is never more than what has gone before, nor than MOST. What
    *urls* raises comes behind all that it gave.
    """
    size = 1
    block: list[str] = []
    while True:
        try:
            block.extend(islice(urls, size))
        except Exception:
            yield block
            raise
        yield block
        if len(block) < size:
            return
        block, size = [], min(2 * size, MOST)


def covered(resource: str, block: Sequence[str], longest: int) -> str | None:
    """
    Check at once that each URL of a full *block* may be signed, is covered, and fits.

    Args:
        resource: What the policy names, checked before.
        block: The URLs as they were given, whatever they are.
        longest: The most characters that a URL may have.

    Returns:
        The URLs, a line each. None says nothing: one may be at fault, or they cannot be checked at
        once. They can where all of the resource is literal but a `*` at the end of its path.
    """
    if len(block) != MOST:  # too few to compile an expression for, which takes a millisecond
        return None
    expression = _expression(resource)
    if expression is None or list(map(type, block)).count(str) < MOST:
        return None
    lines = "\n".join(block)
    fits = len(lines) <= longest or max(map(len, block)) <= longest
    return lines if fits and expression.fullmatch(f"\n{lines}") else None


@functools.lru_cache(maxsize=16)
def _expression(resource: str) -> re.Pattern[str] | None:
    """Make the expression for a full block, of URLs that begin as *resource* does, a line each."""
    start = re.fullmatch(_LITERAL_START, resource)
    # No more lines than URLs: one may have a line break in it.
    return start and re.compile(rf"(?:\n{re.escape(start[1])}{REST}){{{MOST}}}", re.ASCII)

"""Blocks of URLs, read ahead so that one expression checks all of a block at once."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from cfsign.resource import REST

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


def all_covered(resource: str, block: Sequence[str], longest: int) -> list[str] | None:
    """
    Return the URLs of *block* if each may be signed, is covered and not too long.

    Args:
        resource: What the policy names, checked before.
        block: The URLs as they were given, whatever they are.
        longest: The most characters that a URL may have.

    Returns:
        The URLs, each of the class str itself; or None, where one may be at fault, or they cannot
        be checked at once: a full block can, where all of the resource but a `*` at the end of its
        path is literal.
    """
    if len(block) < MOST:  # too few to compile an expression for, which takes a millisecond
        return None
    expression = _expression(resource)
    if expression is None:
        return None
    try:
        text = "\n".join(block)
    except TypeError:
        return None
    urls = text.split("\n")
    are_good = (
        len(urls) == len(block)  # or one has a line break in it
        and (len(text) <= longest or max(map(len, urls)) <= longest)
        and expression.fullmatch(f"\n{text}")
    )
    return urls if are_good else None


@functools.lru_cache(maxsize=16)
def _expression(resource: str) -> re.Pattern[str] | None:
    """Make the expression for lines of URLs that begin as *resource* does and then go on freely."""
    start = re.fullmatch(_LITERAL_START, resource)
    return start and re.compile(rf"(?:\n{re.escape(start[1])}{REST})++", re.ASCII)

"""
No false comfort: one byte changed anywhere in a signed URL or in signed cookies, and none is let
through that the signature does not cover.

A set of each kind is tried here, and 1,000 of each by `nox -s slow`, in as many processes
as the machine has cores.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import repeat

import pytest

from tests.explanation.makers import World
from tests.explanation.mutations import (
    Search,
    Tally,
    begin,
    one_byte_away,
    signed_cookies,
    signed_url,
    try_one,
    with_short_ids,
)

SETS = int(os.environ.get("CFSIGN_MUTATED", "1000"))
# Of the refused: what the rule and `explain` are asked of each costs more than the check.
JUDGED, EXPLAINED = 101, 50_021


def test_every_mutation_is_made() -> None:
    """Each byte gone, doubled, and as each other value."""
    made = list(one_byte_away("ab"))
    assert len(made) == 2 * 257
    others = [chr(value) for value in range(256)]
    expected = {"b", "a", "aab", "abb", *(f"{x}b" for x in others), *(f"a{x}" for x in others)}
    assert set(made) == expected - {"ab"}


def test_the_rule(world: World) -> None:
    """The rule itself: the host's case and the empty path, a star's letters, and no others."""
    exact, pattern = signed_url(world, 0), signed_url(world, 1)
    assert exact.covers_url(exact.url.replace("d.test", "D.test"))
    assert not exact.covers_url(exact.url.replace("/x", "/X"))
    assert not exact.covers_url(exact.url.replace("https", "http"))
    assert not exact.covers_url(exact.url.replace("Expires=1", "Expires=2"))
    assert not exact.covers_url(exact.url.replace("Signature=", "signature="))
    assert pattern.covers_url(pattern.url.replace("/x", "/xy"))
    assert not pattern.covers_url(pattern.url.replace("/x", "/y"))
    assert not pattern.covers_url(pattern.url.replace("/x", "/x "))
    root = signed_url(world, 4)
    assert root.covers_url(root.url.replace("d.test/", "d.test"))
    cookies = signed_cookies(world, 0)
    header = cookies.header or ""
    assert cookies.covers_cookies(header.replace("; ", ";\t").replace("id=7", "id=8"))
    assert not cookies.covers_cookies(header.replace("CloudFront-E", "cloudfront-E"))
    assert not cookies.covers_cookies(f"{header}; CloudFront-Expires=1")


def test_a_signed_url(world: World) -> None:
    """A custom policy for a pattern."""
    tally = Search(with_short_ids(world), judged=1, explained=2_003).in_urls(1)
    assert tally.tried == tally.meant > 40_000
    assert tally.explained > tally.allowed > 0


def test_signed_cookies(world: World) -> None:
    """A canned policy, and the URL that it is for."""
    tally = Search(with_short_ids(world), judged=1, explained=2_003).in_cookies(0)
    assert tally.tried == tally.meant > 40_000
    assert tally.explained > tally.allowed > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["urls", "cookies"])
def test_all_mutations(world: World, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """Try CFSIGN_MUTATED sets, by default 1,000, and print a line after every 100."""
    total, began = Tally(), time.monotonic()
    with _processes(world) as pool:
        for number, tally in enumerate(pool.map(try_one, repeat(kind, SETS), range(SETS)), 1):
            total.add(tally)
            if number % 100 == 0 or number == SETS:
                with capsys.disabled():
                    took = time.monotonic() - began
                    print(f"\n{number} {kind} in {took:.0f} s: {total}", end="")
    assert total.tried == total.meant > SETS * 40_000
    assert total.explained > total.allowed > 0


@contextmanager
def _processes(world: World) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    search = Search(with_short_ids(world), JUDGED, EXPLAINED)
    with ProcessPoolExecutor(None, context, begin, (search,)) as pool:
        yield pool

"""
With one byte changed in a signed URL or signed cookies, nothing is allowed that is not covered.

One URL and one set of cookies are tried here, and 1,000 of each by `nox -s slow`, in as many
processes as the machine has cores.
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
    mutate,
    mutate_one,
    shorten_ids,
    sign_cookies,
    sign_url,
    start_process,
)

SETS = int(os.environ.get("CFSIGN_MUTATED", "1000"))
# One of so many refused mutations, because the rule and `explain` are slower than the check.
JUDGED, EXPLAINED = 101, 50_021


def test_mutate_removes_doubles_and_replaces_each_byte() -> None:
    made = list(mutate("ab"))
    assert len(made) == 2 * 257
    others = [chr(value) for value in range(256)]
    expected = {"b", "a", "aab", "abb", *(f"{x}b" for x in others), *(f"a{x}" for x in others)}
    assert set(made) == expected - {"ab"}


def test_independent_rule(world: World) -> None:
    """It allows another case of the host, an empty path, and what a star matches."""
    exact, pattern = sign_url(world, 0), sign_url(world, 1)
    assert exact.covers_url(exact.url.replace("d.test", "D.test"))
    assert not exact.covers_url(exact.url.replace("/x", "/X"))
    assert not exact.covers_url(exact.url.replace("https", "http"))
    assert not exact.covers_url(exact.url.replace("Expires=1", "Expires=2"))
    assert not exact.covers_url(exact.url.replace("Signature=", "signature="))
    assert pattern.covers_url(pattern.url.replace("/x", "/xy"))
    assert not pattern.covers_url(pattern.url.replace("/x", "/y"))
    assert not pattern.covers_url(pattern.url.replace("/x", "/x "))
    root = sign_url(world, 4)
    assert root.covers_url(root.url.replace("d.test/", "d.test"))
    cookies = sign_cookies(world, 0)
    header = cookies.header or ""
    assert cookies.covers_cookies(header.replace("; ", ";\t").replace("id=7", "id=8"))
    assert not cookies.covers_cookies(header.replace("CloudFront-E", "cloudfront-E"))
    assert not cookies.covers_cookies(f"{header}; CloudFront-Expires=1")


def test_mutations_of_a_url_with_a_custom_policy(world: World) -> None:
    tally = Search(shorten_ids(world), judged=1, explained=2_003).mutate_url(1)
    assert tally.tried == tally.expected > 40_000
    assert tally.explained > tally.allowed > 0


def test_mutations_of_cookies_with_a_canned_policy(world: World) -> None:
    """And of the URL that the cookies are for."""
    tally = Search(shorten_ids(world), judged=1, explained=2_003).mutate_cookies(0)
    assert tally.tried == tally.expected > 40_000
    assert tally.explained > tally.allowed > 0


def test_mutations_of_an_expiry_next_to_a_policy(world: World) -> None:
    """The policy counts, so the expiry may be missing, but not differ."""
    one = sign_cookies(world, 9)
    assert one.covers_cookies((one.header or "").replace("-Expires=", "-expires="))
    assert not one.covers_cookies((one.header or "").replace("-Expires=", "-Expires=1"))
    tally = Search(shorten_ids(world), judged=1, explained=2_003).mutate_cookies(9)
    assert tally.tried == tally.expected > 40_000
    assert tally.explained > tally.allowed > 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["urls", "cookies"])
def test_mutations_of_many(world: World, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    """CFSIGN_MUTATED URLs and cookie sets, by default 1,000. Prints a line after every 100."""
    total, start = Tally(), time.monotonic()
    with _start_processes(world) as pool:
        for number, tally in enumerate(pool.map(mutate_one, repeat(kind, SETS), range(SETS)), 1):
            total.add(tally)
            if number % 100 == 0 or number == SETS:
                with capsys.disabled():
                    duration = time.monotonic() - start
                    print(f"\n{number} {kind} in {duration:.0f} s: {total}", end="")
    assert total.tried == total.expected > SETS * 40_000
    assert total.explained > total.allowed > 0


@contextmanager
def _start_processes(world: World) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    search = Search(shorten_ids(world), JUDGED, EXPLAINED)
    with ProcessPoolExecutor(None, context, start_process, (search,)) as pool:
        yield pool

"""Time how the cost grows with URLs, path segments and keys."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter

from benchmarks import ours
from benchmarks.material import DOMAIN, EXPIRES_AT, FOLDER, URLS, Key, StubKey
from benchmarks.names import (
    GROW_KEYS,
    GROW_ONE,
    GROW_SEGMENTS,
    GROW_STUB,
    GROW_TWO,
    GROW_URLS,
)
from benchmarks.rounds import Run
from cfsign import KeyPair, KeyRing, Policy, Signer

COUNTS = (1000, 10_000, 100_000, 1_000_000)
SEGMENTS = (1, 2, 5, 10, 20)
KEYS = (1, 2, 3, 4, 5)
#: Rounds by the number of URLs; a round with a million takes half a minute.
_ROUNDS = {1000: 9, 10_000: 7, 100_000: 3}

Work = Callable[[int], float]


def measure(run: Run, keys: dict[str, Key]) -> None:
    """Time all curves."""
    signer = ours.make_signer(keys["P-256"])
    signed = signer.sign_policy(Policy(FOLDER, EXPIRES_AT))
    works: dict[str, Work] = {
        GROW_URLS: lambda count: _time_all(signed.urls, count),
        GROW_STUB: partial(_time_sign_urls, ours.make_stub_signer(), workers=1),
        GROW_ONE: partial(_time_sign_urls, signer, workers=1),
        GROW_TWO: partial(_time_sign_urls, signer, workers=2),
    }
    counts = COUNTS[:2] if run.pace.is_quick else COUNTS
    _time_curve(run, works, counts, lambda count: run.pace.few(_ROUNDS.get(count, 1)))
    others = {GROW_SEGMENTS: _time_segments, GROW_KEYS: _time_ring}
    for name, work in others.items():
        numbers = {GROW_SEGMENTS: SEGMENTS, GROW_KEYS: KEYS}[name]
        _time_curve(run, {name: work}, numbers, lambda _: run.pace.few(9))


def _time_curve(
    run: Run, works: dict[str, Work], numbers: tuple[int, ...], rounds: Callable[[int], int]
) -> None:
    """Time each work with each of the numbers, round by round."""
    for number in numbers:
        samples: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(rounds(number)):
            for name, work in works.items():
                if name in run.results.failures:
                    continue
                with run.attempt(name):
                    samples[name].append(work(number))
        for name, figures in samples.items():
            print(name, number, flush=True)
            if figures:
                run.add(name, "cfsign", "s", figures, number)


def _urls(count: int) -> Iterator[str]:
    for _ in range(count // len(URLS)):
        yield from URLS
    yield from URLS[: count % len(URLS)]


def _time_all(call: Callable[[Iterator[str]], Iterator[str]], count: int) -> float:
    begin = perf_counter()
    deque(call(_urls(count)), maxlen=0)
    return perf_counter() - begin


def _time_sign_urls(signer: Signer, count: int, *, workers: int) -> float:
    return _time_all(
        lambda urls: signer.sign_urls(urls, expires_at=EXPIRES_AT, workers=workers), count
    )


def _time_segments(segments: int) -> float:
    """Return the seconds per URL under a policy with a number of path segments."""
    folder = DOMAIN + "".join(f"/segment{number:02}" for number in range(segments))
    signed = ours.make_stub_signer().sign_policy(Policy(f"{folder}/*", EXPIRES_AT))
    urls = [f"{folder}/{number:06}.mp4" for number in range(20_000)]
    begin = perf_counter()
    deque(signed.urls(urls), maxlen=0)
    return (perf_counter() - begin) / len(urls)


def _time_ring(count: int) -> float:
    """Return the seconds per URL with a ring of *count* keys that take no time to sign."""
    pairs = [KeyPair(f"K{number}", StubKey(), active_from=number) for number in range(1, count + 1)]
    ring = KeyRing(pairs)
    urls = URLS[:5000]
    begin = perf_counter()
    for url in urls:
        ring.sign_url(url, expires_at=EXPIRES_AT)
    return (perf_counter() - begin) / len(urls)

"""Growth: what the cost is of more URLs, workers, path sections and keys."""

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
    GROW_SECTIONS,
    GROW_STUB,
    GROW_TWO,
    GROW_URLS,
)
from benchmarks.rounds import Run
from cfsign import KeyPair, KeyRing, Policy, Signer

COUNTS = (1000, 10_000, 100_000, 1_000_000)
SECTIONS = (1, 2, 5, 10, 20)
KEYS = (1, 2, 3, 4, 5)
#: How many rounds a number of URLs is worth: the largest take half a minute each.
_ROUNDS = {1000: 9, 10_000: 7, 100_000: 3}

Work = Callable[[int], float]


def measure(run: Run, keys: dict[str, Key]) -> None:
    """Measure every curve."""
    signer = ours.signer(keys["P-256"])
    signed = signer.sign_policy(Policy(FOLDER, EXPIRES_AT))
    of_urls: dict[str, Work] = {
        GROW_URLS: lambda count: _drained(signed.urls, count),
        GROW_STUB: partial(_each, ours.stub_signer(), workers=1),
        GROW_ONE: partial(_each, signer, workers=1),
        GROW_TWO: partial(_each, signer, workers=2),
    }
    counts = COUNTS[:2] if run.pace.is_quick else COUNTS
    _curve(run, of_urls, counts, lambda count: run.pace.few(_ROUNDS.get(count, 1)))
    once = {GROW_SECTIONS: _section_seconds, GROW_KEYS: _ring_seconds}
    for name, work in once.items():
        at = {GROW_SECTIONS: SECTIONS, GROW_KEYS: KEYS}[name]
        _curve(run, {name: work}, at, lambda _: run.pace.few(9))


def _curve(
    run: Run, works: dict[str, Work], numbers: tuple[int, ...], rounds: Callable[[int], int]
) -> None:
    """Time the works at each of the numbers, round by round."""
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


def _drained(call: Callable[[Iterator[str]], Iterator[str]], count: int) -> float:
    begin = perf_counter()
    deque(call(_urls(count)), maxlen=0)
    return perf_counter() - begin


def _each(signer: Signer, count: int, *, workers: int) -> float:
    return _drained(
        lambda urls: signer.sign_urls(urls, expires_at=EXPIRES_AT, workers=workers), count
    )


def _section_seconds(sections: int) -> float:
    """Return the seconds a URL takes through a policy of so many path sections, with its check."""
    folder = DOMAIN + "".join(f"/section{number:02}" for number in range(sections))
    signed = ours.stub_signer().sign_policy(Policy(f"{folder}/*", EXPIRES_AT))
    urls = [f"{folder}/{number:06}.mp4" for number in range(20_000)]
    begin = perf_counter()
    deque(signed.urls(urls), maxlen=0)
    return (perf_counter() - begin) / len(urls)


def _ring_seconds(count: int) -> float:
    """Return the seconds a URL takes with a ring of so many keys; the signature takes no time."""
    pairs = [KeyPair(f"K{number}", StubKey(), active_from=number) for number in range(1, count + 1)]
    ring = KeyRing(pairs)
    urls = URLS[:5000]
    begin = perf_counter()
    for url in urls:
        ring.sign_url(url, expires_at=EXPIRES_AT)
    return (perf_counter() - begin) / len(urls)

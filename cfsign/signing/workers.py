"""Several at work on one thing after the other: results in order, a bounded number under way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from cfsign.errors import PolicyError

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

#: More than any machine's cores, and fewer threads than any machine takes.
MOST = 1024


def check_workers(workers: object) -> int:
    """Return *workers* if it is a whole number of at least 1, else raise PolicyError."""
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MOST:
        raise PolicyError(
            f"workers is a whole number from 1 to {MOST}; os.cpu_count() is a good one",
            field="workers",
        )
    return workers


def in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, *, chunk: int = 1
) -> Iterator[Result]:
    """
    Yield `work(item)` for each of *items*, in order, as `map` does, but by threads.

    The items are read in the caller's thread, ahead of the results, two chunks a worker: so the
    memory is the same for ten items as for a billion. An error, of *work* or of *items*, is raised
    in its turn, when all before it has been yielded. However it ends, by an error, an interrupt, or
    since nobody wants the rest, no thread is left.

    Args:
        work: Called by several threads at once.
        items: What to work on.
        workers: How many threads; 1 makes none.
        chunk: How many items a thread takes at a time: more where each takes little.
    """
    if workers == 1:
        yield from map(work, items)
        return
    import threading  # here, as below: `import cfsign` stays fast
    from collections import deque
    from concurrent.futures import ThreadPoolExecutor

    over = threading.Event()

    def work_on(some: list[Item]) -> tuple[list[Result], Exception | None]:
        results: list[Result] = []
        for item in some:
            if over.is_set():
                break
            try:
                results.append(work(item))
            except Exception as error:
                return results, error
        return results, None

    pool = ThreadPoolExecutor(workers, thread_name_prefix="cfsign")
    ahead: deque[Future[tuple[list[Result], Exception | None]]] = deque()
    chunks = _chunks(items, chunk)
    failure: Exception | None = None
    try:
        while True:
            while failure is None and len(ahead) < 2 * workers:
                some, failure = next(chunks, ([], None))
                if not some:
                    break
                ahead.append(pool.submit(work_on, some))
            if not ahead:
                break
            results, error = ahead.popleft().result()
            yield from results
            if error is not None:
                raise error
        if failure is not None:
            raise failure
    finally:
        over.set()
        pool.shutdown(cancel_futures=True)


def _chunks(items: Iterable[Item], size: int) -> Iterator[tuple[list[Item], Exception | None]]:
    """Cut *items* into lists, the last with the error, if any, that came in the place of more."""
    source = iter(items)
    failure: Exception | None = None
    while failure is None:
        some: list[Item] = []
        try:
            for item in islice(source, size):
                some.append(item)  # one by one: what comes before an error is kept
        except Exception as error:
            failure = error
        if not some and failure is None:
            return
        yield some, failure

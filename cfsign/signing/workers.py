"""Ordered, bounded parallel map."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from cfsign.errors import PolicyError
from cfsign.utils.description import describe_value
from cfsign.utils.secret import Secret

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")

#: More than the cores of any machine, and few enough threads for any machine.
MAX_WORKERS = 1024


def check_workers(workers: object) -> int:
    """Return *workers* if it is a whole number from 1 to `MAX_WORKERS`, else raise PolicyError."""
    if isinstance(workers, bool) or not isinstance(workers, int) or not 1 <= workers <= MAX_WORKERS:
        raise PolicyError(
            f"workers must be a whole number from 1 to {MAX_WORKERS}, "
            f"got {describe_value(workers)}",
            hint="os.cpu_count() is a good choice",
            field="workers",
        )
    return workers


def map_in_order(
    work: Callable[[Item], Result], items: Iterable[Item], workers: int, *, chunk: int = 1
) -> Iterator[Result]:
    """
    Yield `work(item)` for each item, in order, as `map` does, but with threads.

    The items are read in the caller's thread, up to two chunks a worker ahead of the results, so
    the memory does not grow with their number. An error of *work* or *items* is raised after the
    results before it. Threads are always joined, also after an error or when the iterator is
    closed.

    Args:
        work: A function that several threads call at once.
        items: The arguments.
        workers: The number of threads; 1 works in the caller's thread.
        chunk: The number of items that a thread takes at once: more if each takes little time.
    """
    if workers == 1:
        yield from map(work, items)
        return
    import threading  # imported here, as below, so that `import cfsign` stays fast
    from collections import deque
    from concurrent.futures import ThreadPoolExecutor

    is_over = threading.Event()

    def work_on(items: Secret[list[Item]]) -> tuple[Secret[list[Result]], Exception | None]:
        # Hidden, because the frame of an error in *work* keeps them: they may be signed URLs.
        results: Secret[list[Result]] = Secret([])
        for item in map(Secret, items.reveal()):
            if is_over.is_set():
                break
            try:
                results.reveal().append(work(item.reveal()))
            except Exception as error:  # *work* is the caller's and may raise anything
                return results, error
        return results, None

    pool = ThreadPoolExecutor(workers, thread_name_prefix="cfsign")
    futures: deque[Future[tuple[Secret[list[Result]], Exception | None]]] = deque()
    chunks = _chunks(items, chunk)
    failure: Exception | None = None
    nothing: Secret[list[Item]] = Secret([])
    try:
        while True:
            while failure is None and len(futures) < 2 * workers:
                some, failure = next(chunks, (nothing, None))
                if not some.reveal():
                    break
                futures.append(pool.submit(work_on, some))
            if not futures:
                break
            results, error = futures.popleft().result()
            yield from results.reveal()
            if error is not None:
                raise error
        if failure is not None:
            raise failure
    finally:
        is_over.set()
        pool.shutdown(cancel_futures=True)


def _chunks(
    items: Iterable[Item], size: int
) -> Iterator[tuple[Secret[list[Item]], Exception | None]]:
    """Yield lists of *size* items, the last with the error that *items* raised, if any."""
    source = iter(items)
    failure: Exception | None = None
    while failure is None:
        some: list[Item] = []
        try:
            for item in islice(source, size):
                some.append(item)  # one by one, to keep the items before an error
        except Exception as error:  # the caller's iterable may raise anything
            failure = error
        if not some and failure is None:
            return
        yield Secret(some), failure

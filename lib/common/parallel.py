"""Work that splits into independent items, on all cores of the machine, in the order of the items.

A result depends on its item alone, so it is the same on one core and on many.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import TypeVar

from lib.common import cli
from lib.common.errors import RemlError
from lib.common.process import tie_worker

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # items a worker that `stream_processes` has begun or waiting
DIED = (
    "a worker process died, most likely for want of memory; close other programs or run this on "
    "fewer cores (taskset -c 0)"
)


def count_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def process_context() -> multiprocessing.context.BaseContext:
    """How worker processes start: forked on Linux, which saves each a second of imports."""
    return multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")


def _shown(results: Iterator[Result], total: int, label: str | None) -> Iterable[Result]:
    return cli.show_progress(results, label, total) if label else results


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(
        workers, process_context(), initializer=tie_worker, initargs=(os.getpid(),)
    )


def map_processes(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | None = None,
    label: str | None = None,
) -> list[Result]:
    """`function` of each of `items`, each in one of `workers` processes (by default one a core),
    with a progress bar where there is a `label` for it.

    For work that holds Python's lock. `function` and what it closes over have to be picklable, as
    has what it returns. Call it before this process has fitted or read a LightGBM model: workers
    are forked on Linux, and GCC's OpenMP does not outlive a fork. What `function` raises is raised
    here; `RemlError` where a worker died, most likely for want of memory.
    """
    todo = list(items)
    workers = min(workers or count_cores(), len(todo))
    if workers <= 1:
        return list(_shown(map(function, todo), len(todo), label))
    with _pool(workers) as pool:
        try:
            return list(_shown(pool.map(function, todo), len(todo), label))
        except BrokenProcessPool as error:
            raise RemlError(DIED) from error


def stream_processes(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result]:
    """`map_processes` for work whose results are kept as they come: each is given as soon as it is
    its turn, and at most `AHEAD` items a worker are taken before that.

    Who stops early leaves no processes. A single item is worked on in this process.
    """
    todo = iter(items)
    first = list(islice(todo, 2))
    workers = workers or count_cores()
    if workers == 1 or len(first) < 2:
        yield from map(function, chain(first, todo))
        return
    todo = chain(first, todo)
    waiting: deque[Future[Result]] = deque()
    with _pool(workers) as pool:
        try:
            while True:
                for item in islice(todo, AHEAD * workers - len(waiting)):
                    waiting.append(pool.submit(function, item))
                if not waiting:
                    return
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise RemlError(DIED) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def map_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """`function` of each of `items`, each in one of `workers` threads (by default one a core).

    For work that gives Python's lock away: LightGBM's fits, BLAS, decoding of pictures. What
    `function` raises is raised here.
    """
    todo = list(items)
    workers = min(workers or count_cores(), len(todo))
    if workers <= 1:
        return [function(item) for item in todo]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, todo))

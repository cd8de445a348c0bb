"""Work that splits into independent items, on all cores of the machine, in the order of the items.

A result depends on its item alone, so it is the same on one core and on many.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from lib.common.checks import RemlError
from lib.common.process import die_with_parent

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_processes(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """`function` of each of `items`, each in one of `workers` processes (by default one a core).

    For work that holds Python's lock. `function` and what it closes over have to be picklable, as
    has what it returns. Call it before this process has fitted or read a LightGBM model: workers
    are forked on Linux, and GCC's OpenMP does not outlive a fork. What `function` raises is raised
    here; `RemlError` where a worker died, most likely for want of memory.
    """
    todo = list(items)
    workers = min(workers or cores(), len(todo))
    if workers <= 1:
        return [function(item) for item in todo]
    way = "fork" if sys.platform.startswith("linux") else "spawn"
    context = multiprocessing.get_context(way)
    with ProcessPoolExecutor(workers, context, initializer=die_with_parent) as pool:
        try:
            return list(pool.map(function, todo))
        except BrokenProcessPool as error:
            raise RemlError(
                "a worker process died, most likely for want of memory; close other programs or "
                "run this on fewer cores (taskset -c 0)"
            ) from error


def map_threads(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> list[Result]:
    """`function` of each of `items`, each in one of `workers` threads (by default one a core).

    For work that gives Python's lock away: LightGBM's fits, BLAS, decoding of pictures. What
    `function` raises is raised here.
    """
    todo = list(items)
    workers = min(workers or cores(), len(todo))
    if workers <= 1:
        return [function(item) for item in todo]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, todo))

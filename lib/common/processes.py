"""Processes and threads: each ends with the one that started it, so that a killed run leaves no
orphan, and work that splits into independent items runs on all cores, in the order of the items.

A result depends on its item alone, so it is the same on one core and on many.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from typing import TypeVar

import psutil

from lib.common.errors import RemlError

Item = TypeVar("Item")
Result = TypeVar("Result")
AHEAD = 2  # items a worker that `stream_processes` has begun or waiting
DIED = (
    "a worker process died, most likely for want of memory; close other programs or run this on "
    "fewer cores (taskset -c 0)"
)
RUNNER = "REML_RUNNER_PID"  # set by scripts.ops.guarded for all that runs below it
POLL_S = 0.2  # how often a process looks whether its runner still lives


def has_ended(pid: int) -> bool:
    """Whether a process has ended. A zombie has: nobody has collected its exit status, which in
    a container without an init process nobody ever will, and dvc takes it for alive."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _die_with(runner: int) -> None:
    """Wait for the runner's end, then end this process."""
    while not has_ended(runner):
        time.sleep(POLL_S)
    os.kill(os.getpid(), signal.SIGKILL)


def kill_with_parent() -> None:
    """Have Linux kill this process when the one that started it dies; elsewhere do nothing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # 1 = PR_SET_PDEATHSIG


def die_with_parent() -> None:
    """End this process, by `kill -9`, when the one that started it dies.

    `kill -9` of dvc would otherwise leave its stage running, and the next `dvc repro` would
    race it. Linux does it for the direct parent. But dvc starts stages through a shell, which
    may stay in between and outlive dvc (dash does, bash does not), so the runner that `guarded`
    names is watched too; on other systems that watch is all there is.
    """
    kill_with_parent()
    runner = os.environ.get(RUNNER)
    if runner:
        if has_ended(int(runner)):  # it died while this process imported its modules
            os.kill(os.getpid(), signal.SIGKILL)
        threading.Thread(target=_die_with, args=(int(runner),), daemon=True).start()


def tie_worker(parent: int) -> None:
    """End a worker process with the one that started it, also if that died meanwhile."""
    die_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def keep_freed_memory() -> None:
    """Let the C library keep up to 256 MB that was freed, and serve arrays below 32 MB from it.

    By default it gives every array of some size back to the system and asks for it anew, page by
    page: a quarter of the time of stages that make many such arrays. Elsewhere than in glibc
    nothing happens.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD
        library.mallopt(-1, 256 << 20)  # M_TRIM_THRESHOLD


def count_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def process_context() -> multiprocessing.context.BaseContext:
    """How worker processes start: forked on Linux, which saves each a second of imports."""
    return multiprocessing.get_context("fork" if sys.platform.startswith("linux") else "spawn")


def _shown(results: Iterator[Result], total: int, label: str | None) -> Iterable[Result]:
    if not label:
        return results
    from lib.common.cli import show_progress  # which imports this module

    return show_progress(results, label, total)


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

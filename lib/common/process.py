"""Processes that end with the one that started them, so that a killed run leaves no orphan."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

import psutil

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

"""Processes that end with the one that started them, so that a killed run leaves no orphan."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import psutil

RUNNER = "REML_RUNNER_PID"  # set by scripts.ops.tied for all that runs below it


def gone(pid: int) -> bool:
    """Whether a process has ended. A zombie has: nobody has collected its exit status, which in
    a container without an init process nobody ever will, and dvc takes it for alive."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies.

    `kill -9` of dvc would otherwise leave its stage running, and the next `dvc repro` would
    race it. A parent that died before this call (while the modules were imported) shows in the
    runner that `tied` names. Elsewhere than on Linux only that check is made.
    """
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # 1 = PR_SET_PDEATHSIG
    runner = os.environ.get(RUNNER)
    if runner and gone(int(runner)):
        os.kill(os.getpid(), signal.SIGKILL)

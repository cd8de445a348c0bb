"""A warm process that starts stages: the libraries that they share are imported once, not by each.

A stage would spend a second or more on imports, and a run has 33 stages. This process imports the
libraries, and for each command forks: the child has them in memory already and runs the stage as
`python -m` would, in its own folder and environment, to the same bytes. What it has of our own
code it forgets, so a stage runs what lies in its folder. It takes commands from standard input and
answers on a pipe, one JSON object a line, until the input ends.

Linux alone: elsewhere libraries of the system do not survive a fork.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import sys
from typing import Any

from setproctitle import setproctitle

from lib.common.processes import kill_with_parent

LIBRARIES = (  # imported by several stages, the slowest first
    "pandas", "pyarrow.parquet", "scipy.stats", "scipy.sparse", "scipy.spatial", "scipy.linalg",
    "matplotlib.figure", "matplotlib.backends.backend_svg", "duckdb", "dvclive", "structlog",
    "pydantic", "click", "yaml", "PIL.Image", "threadpoolctl", "tqdm", "jinja2", "psutil",
)  # fmt: skip


def _import_libraries() -> None:
    """Import LIBRARIES, and LightGBM without scikit-learn as `lib.models` does."""
    for name in LIBRARIES:
        importlib.import_module(name)
    # LightGBM, its own way
    importlib.import_module("lib.models.variants.training.estimators.boosting")


def _answer_jobs(answers: int) -> dict[str, Any] | None:
    """Fork for each job on standard input and answer its exit code, CPU seconds and peak in MB.

    Returns
    -------
    dict or None
        In a fork the job that it has to run; in the server None, once the input has ended.
    """
    own = os.getpid()
    while line := sys.stdin.readline():
        job = json.loads(line)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the child listens to it
        child = os.fork()
        if not child:
            _die_with(own)
            os.close(answers)
            return job
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        _, status, used = os.wait4(child, 0)
        answer = {
            "code": os.waitstatus_to_exitcode(status),
            "cpu": used.ru_utime + used.ru_stime,
            "peak": used.ru_maxrss / 1024,
        }
        os.write(answers, (json.dumps(answer) + "\n").encode())
    return None


def _die_with(parent: int) -> None:
    """End this process with its parent, also where that has ended already. No thread watches, as
    in `lib.common.processes.die_with_parent`: this process forks."""
    kill_with_parent()
    if os.getppid() != parent:
        os._exit(1)


def _run_module(job: dict[str, Any]) -> None:
    """Run a job's module as `python -m` would: `module`, `arguments`, `folder`, `environment`,
    and whether Ctrl-C is for it (`receives_interrupts`; not where the run was started without)."""
    handler = signal.default_int_handler if job["interrupts"] else signal.SIG_IGN
    signal.signal(signal.SIGINT, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    setproctitle(" ".join(["python", "-m", job["module"], *job["arguments"]]))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # the jobs of others are no input of this one
    os.close(nothing)
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    for name in [name for name in sys.modules if name.partition(".")[0] in ("lib", "scripts")]:
        del sys.modules[name]  # those of the server; the stage's own folder has the stage's
    sys.path[0] = job["folder"]
    sys.argv = [job["module"], *job["arguments"]]
    runpy.run_module(job["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _die_with(int(sys.argv[2]))
    _import_libraries()  # Ctrl-C meanwhile ends this process, and so the first stage
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from now on it ends the stage
    if own := _answer_jobs(int(sys.argv[1])):
        _run_module(own)

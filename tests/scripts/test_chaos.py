"""kill -9 in the middle of a run, caches emptied: the next run ends in the same bytes."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import copy_project

pytestmark = pytest.mark.chaos


def stage_processes(folder) -> dict[int, str]:
    """Process id -> command line of every process that works in `folder`."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.name != str(os.getpid()) and (entry / "cwd").resolve().is_relative_to(folder):
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    return found


def empty(clone) -> None:
    """Forget everything that a run left: data, lock, metrics, DVC's caches and run-cache."""
    for name in ("data", "metrics", "plots", ".dvc/cache", ".dvc/tmp", ".dvc/site-cache"):
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)


def lock(clone) -> dict:
    return yaml.safe_load((clone.folder / "dvc.lock").read_text())["stages"]


def kill_in(clone, stage: str, victim: str, after: float) -> None:
    """Start `make repro` with nothing cached and kill `victim` (-9) `after` seconds of `stage`."""
    path = f"{clone.folder / '.venv/bin'}:{os.environ['PATH']}"
    run = subprocess.Popen(
        ["make", "repro"],
        cwd=clone.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PATH": path},
    )
    wanted = f"scripts.valuation.{stage}"
    deadline = time.monotonic() + 120
    while not any(wanted in line for line in stage_processes(clone.folder).values()):
        assert run.poll() is None and time.monotonic() < deadline, f"{stage} never ran"
        time.sleep(0.01)
    time.sleep(after)
    pids = {
        "make": [run.pid],
        "dvc": [
            pid
            for pid, line in stage_processes(clone.folder).items()
            if "dvc repro" in line and "make" not in line
        ],
    }[victim]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + 5
    while stage_processes(clone.folder):
        assert time.monotonic() < deadline, f"orphans: {stage_processes(clone.folder)}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A copy that ran from nothing to the end twice, with equal locks."""
    clone = copy_project(tmp_path_factory.mktemp("chaos"))
    locks = []
    for _ in range(2):
        empty(clone)
        done = clone.run("make", "repro")
        assert done.returncode == 0, done.stdout + done.stderr
        locks.append(lock(clone))
    assert locks[0] == locks[1], "two runs from scratch differ"
    return clone, locks[0]


@pytest.mark.parametrize(
    "stage, victim, after",
    [
        ("demo", "make", 2.0),  # while it writes
        ("train sale_lightgbm", "dvc", 0.1),  # while it still imports its modules
        ("train sale_lightgbm", "dvc", 3.0),  # while it fits
        ("report", "make", 0.8),
    ],
)
def test_a_killed_run_recovers_to_the_same_bytes(undisturbed, stage, victim, after):
    clone, wanted = undisturbed
    empty(clone)
    kill_in(clone, stage, victim, after)
    done = clone.run("make", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lock(clone) == wanted
    assert clone.run("dvc", "status", "-q").returncode == 0

"""kill -9 in the middle of a run, caches emptied: the next run ends in the same bytes."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.support.project_copy import copy_project

pytestmark = pytest.mark.chaos
# minutes each: `make chaos` runs them; `make test-all`, which CI calls, and FAST=1 do without
more = pytest.mark.fuzz


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
    """Forget everything that a run left: data, lock, metrics, DVC's caches, run-cache and
    REML's own cache, which lies in .dvc/tmp here."""
    for name in ("data", "metrics", "plots", ".dvc/cache", ".dvc/tmp", ".dvc/site-cache"):
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    (clone.folder / "dvc.lock").unlink(missing_ok=True)


def lock(clone) -> dict:
    return yaml.safe_load((clone.folder / "dvc.lock").read_text())["stages"]


def kill_in(clone, command: list[str], wanted: str, victim: str, after: float) -> None:
    """Start a command and kill `victim` (-9) `after` seconds into a process whose command line
    holds `wanted`; nothing may be left running."""
    path = f"{clone.folder / '.venv/bin'}:{os.environ['PATH']}"
    cache = str(clone.folder / ".dvc/tmp/reml")
    run = subprocess.Popen(
        command,
        cwd=clone.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # dvc starts stages through $SHELL; a plain sh stays in between, the harder case
        env=os.environ | {"PATH": path, "REML_CACHE_DIR": cache, "SHELL": "/bin/sh"},
    )
    deadline = time.monotonic() + 300
    while not any(wanted in line for line in stage_processes(clone.folder).values()):
        assert run.poll() is None and time.monotonic() < deadline, f"{wanted} never ran"
        time.sleep(0.01)
    time.sleep(after)
    pids = {
        "make": [run.pid],
        "dvc": [
            pid
            for pid, line in stage_processes(clone.folder).items()
            if ("dvc repro" in line or "dvc exp" in line) and "make" not in line
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
def undisturbed(reproduced, tmp_path_factory):
    """A copy with a small demo feed, and the lock of its run that nothing disturbed, in which all
    stages ran in one process."""
    clone = reproduced.copy(tmp_path_factory.mktemp("chaos") / "copy")
    return clone, lock(clone)


@pytest.mark.parametrize(
    "stage, victim, after",
    [
        # while it writes; what follows is a second run from nothing
        pytest.param("demo", "make", 1.5, marks=more),
        ("embed", "dvc", 4.0),  # while it encodes; the cache of vectors is half full then
        # while it still imports its modules
        pytest.param("train sale_lightgbm", "dvc", 0.1, marks=more),
        pytest.param("train sale_lightgbm", "dvc", 2.0, marks=more),  # while it fits
        pytest.param("report", "make", 0.8, marks=more),
    ],
)
def test_a_killed_run_recovers_to_the_same_bytes(undisturbed, stage, victim, after):
    clone, wanted = undisturbed
    empty(clone)
    kill_in(clone, ["make", "repro"], f"scripts.valuation.{stage}", victim, after)
    done = clone.run("make", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    assert lock(clone) == wanted
    assert clone.run("dvc", "status", "-q").returncode == 0


SMALL = ["split.boundary=0.2", "evaluate.draws=20", "explain.draws=20", "cards.draws=20"]
SMALL += [f"train.{model}.num_iterations=50" for model in ("lightgbm", "kriged", "district")]
RUN = ["make", "run", "FEED=king_county", f"SET={' '.join(SMALL)}"]
RESULTS = ("metrics/summary.json", "metrics/evaluate.json", "data/predict/valuations.csv")


def results(clone) -> list[bytes]:
    return [(clone.folder / "runs/king_county" / name).read_bytes() for name in RESULTS]


@pytest.fixture(scope="module")
def small_feed(tmp_path_factory, real_data):
    """A copy with 600 sales of King County, and the results of an undisturbed run on them."""
    clone = copy_project(tmp_path_factory.mktemp("chaos_feed"))
    rows = (real_data / "king_county.csv").read_text().splitlines(keepends=True)
    raw = clone.folder / "data/raw/king_county/some.csv"
    raw.parent.mkdir(parents=True)
    raw.write_text("".join([rows[0], *rows[1::36]]))
    done = clone.run(*RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    return clone, results(clone)


@more
@pytest.mark.parametrize(
    "wanted, victim, after",
    [
        ("scripts.ops.run", "make", 0.1),  # while it still imports its modules
        ("dvc exp run", "make", 1.0),
        ("scripts.valuation.staging", "dvc", 0.5),
    ],
)
def test_a_killed_run_on_a_feed_leaves_nothing_alive_and_recovers(
    small_feed, wanted, victim, after
):
    clone, undisturbed = small_feed
    for name in ("runs", ".dvc/cache", ".dvc/site-cache"):
        shutil.rmtree(clone.folder / name, ignore_errors=True)
    kill_in(clone, RUN, wanted, victim, after)
    assert not (clone.folder / "runs").exists()
    done = clone.run(*RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(clone) == undisturbed
    assert clone.git("status", "--porcelain") == ""

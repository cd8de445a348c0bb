"""A newcomer's first run of the demo feed, from empty caches: what each stage takes, what DVC
itself takes between the stages, and what a second run takes that has nothing to do.

Each stage stands as its share of the whole run; the whole, DVC's own part and the second run stand
against the seconds that a machine with two quiet cores may take. What a stage used is what the run
says after it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from bench import kit

WHOLE, DVC, AGAIN = 180, 35, 5  # seconds on the wall: the first run, DVC's part of it, the second
LONGEST = 0.25  # of the first run that one stage may take
RUNS = re.compile(r"^Running stage '(.+)':$")
TOOK = re.compile(r"^took ([\d.]+) s, ([\d.]+) s of CPU, (\d+) MB$")


def copy(folder: Path) -> Path:
    """What git tracks or would track, in a repository of its own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=kit.ROOT,
        text=True,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if (kit.ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(kit.ROOT / name, folder / name)
    who = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    for command in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "copy"]):
        subprocess.run(["git", *command], cwd=folder, check=True)  # DVCLive wants a commit
    return folder


def repro(tree: Path, folder: Path) -> tuple[kit.Cost, dict[str, kit.Cost]]:
    """What `make repro` costs once the environment is there, and what each of its stages did."""
    command = (
        f"{sys.executable} -m scripts.ops.preflight && "
        f"exec {sys.executable} -m scripts.ops.guarded dvc repro"
    )
    whole = kit.measure(
        ["sh", "-c", command],
        tree,
        PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        REML_CACHE_DIR=str(folder / "cache"),
        REML_STATE_DIR=str(folder / "state"),
        DVC_SITE_CACHE_DIR=str(folder / "site"),
        DVC_NO_ANALYTICS="1",
        DATABASE_URL="",
    )
    return whole, read_stages(tree / "bench.log")


def read_stages(log: Path) -> dict[str, kit.Cost]:
    """What each stage used, by the lines of a run."""
    costs, stage = {}, ""
    for line in log.read_text().splitlines():
        if begins := RUNS.match(line):
            stage = begins[1]
        elif took := TOOK.match(line):
            costs[stage] = kit.Cost(float(took[1]), float(took[3]), float(took[2]))
    return costs


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """One run, whatever the rows and rounds: it is the demo feed that a newcomer waits for."""
    tree = copy(folder / "tree")
    first, stages = repro(tree, folder)
    second, again = repro(tree, folder)
    assert not again, f"the second run had something to do: {list(again)}"
    found = [
        kit.Finding(
            f"pipeline {name} / whole run", cost.seconds / first.seconds, LONGEST, cost, 3000
        )
        for name, cost in stages.items()
    ]
    own = kit.Cost(
        first.seconds - sum(cost.seconds for cost in stages.values()),
        first.megabytes,
        first.cpu - sum(cost.cpu for cost in stages.values()),
    )
    return [
        *found,
        kit.Finding(f"pipeline DVC itself / {DVC} s", own.seconds / DVC, 1, own, 3000),
        kit.Finding(f"pipeline whole run / {WHOLE} s", first.seconds / WHOLE, 1, first, 3000),
        kit.Finding(f"pipeline second run / {AGAIN} s", second.seconds / AGAIN, 1, second, 3000),
    ]

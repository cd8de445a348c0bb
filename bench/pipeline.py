"""A newcomer's first run of the demo feed, from empty caches: what each stage takes, what DVC
itself takes between the stages, and what a second run takes that has nothing to do.

Each stage stands as its share of the whole run; the whole, DVC's own part and the second run stand
against the seconds that a machine with two quiet cores may take. DVC finds a `python` on PATH that
writes down what each stage used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench import kit

WHOLE, DVC, AGAIN = 220, 70, 8  # seconds on the wall: the first run, DVC's part of it, the second
LONGEST = 0.25  # of the first run that one stage may take
TIMED = """#!{python} -S
import json, resource, subprocess, sys, time
began = time.time()
code = subprocess.call([{python!r}, *sys.argv[1:]])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
name = " ".join(sys.argv[2:]).removeprefix("scripts.valuation.")
row = [name, time.time() - began, used.ru_utime + used.ru_stime, used.ru_maxrss]
with open({log!r}, "a") as log:
    log.write(json.dumps(row) + "\\n")
sys.exit(code)
"""


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


def repro(tree: Path, folder: Path) -> kit.Cost:
    """What `make repro` runs once the environment is there."""
    command = (
        f"{sys.executable} -m scripts.ops.preflight && "
        f"exec {sys.executable} -m scripts.ops.guarded dvc repro"
    )
    return kit.measure(
        ["sh", "-c", command],
        tree,
        PATH=f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        REML_CACHE_DIR=str(folder / "cache"),
        REML_STATE_DIR=str(folder / "state"),
        DVC_SITE_CACHE_DIR=str(folder / "site"),
        DVC_NO_ANALYTICS="1",
        DATABASE_URL="",
    )


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """One run, whatever the rows and rounds: it is the demo feed that a newcomer waits for."""
    log, tree = folder / "stages.jsonl", copy(folder / "tree")
    timed = folder / "python"
    timed.write_text(TIMED.format(python=sys.executable, log=str(log)))
    timed.chmod(0o755)
    first = repro(tree, folder)
    stages = [json.loads(line) for line in log.read_text().splitlines()]
    second = repro(tree, folder)
    assert len(log.read_text().splitlines()) == len(stages), "the second run had something to do"
    found = []
    for name, seconds, cpu, peak in stages:
        cost = kit.Cost(seconds, kit.megabytes(peak), cpu)
        share = seconds / first.seconds
        found.append(kit.Finding(f"pipeline {name} / whole run", share, LONGEST, cost, 3000))
    own = kit.Cost(
        first.seconds - sum(seconds for _, seconds, _, _ in stages),
        first.megabytes,
        first.cpu - sum(cpu for _, _, cpu, _ in stages),
    )
    return [
        *found,
        kit.Finding(f"pipeline DVC itself / {DVC} s", own.seconds / DVC, 1, own, 3000),
        kit.Finding(f"pipeline whole run / {WHOLE} s", first.seconds / WHOLE, 1, first, 3000),
        kit.Finding(f"pipeline second run / {AGAIN} s", second.seconds / AGAIN, 1, second, 3000),
    ]

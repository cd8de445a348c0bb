"""What `make` promises: help for every target, set-up once, and a clean that asks first."""

import re

from tests.dag import ROOT

MAKEFILE = (ROOT / "Makefile").read_text()


def test_help_lists_every_target_that_people_call(clone):
    shown = clone.run("make", "help").stdout
    named = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M).group(1).split()
    for target in set(named) - {"FORCE", "clean-ask"}:
        assert re.search(rf"make {target}\b", shown), f"{target} has no ## comment"


def test_the_set_up_runs_once(clone):
    """Neither `make repro` nor `make test` has anything to install in a set-up environment."""
    for stamp in (".core", ".dev"):
        done = clone.run("make", "--question", str(clone.folder / ".venv" / stamp))
        assert done.returncode == 0, f"{stamp} would be built again: {done.stdout}"


def test_clean_keeps_raw_data_and_caches_when_nobody_answers(clone):
    kept = ["data/raw/mine/a.csv", ".dvc/cache/files/md5/00/x"]
    gone = ["data/staging/listings.parquet", "runs/mine/metrics/summary.json"]
    for name in [*kept, *gone]:
        path = clone.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert clone.run("make", "clean").returncode == 0
    assert [name for name in kept if not (clone.folder / name).exists()] == []
    assert [name for name in gone if (clone.folder / name).exists()] == []


def test_an_old_python_is_told_plainly(clone, tmp_path):
    (clone.folder / ".venv").unlink()
    fake = tmp_path / "oldpython"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    done = clone.run("make", "repro", f"PYTHON={fake}")
    assert done.returncode != 0
    assert "is older than 3.11" in done.stdout + done.stderr

"""The checks of CI: .ci/run on any machine, and the workflow that prepares one for it."""

import os
import subprocess

import yaml

from lib.acquire.portal import browser
from tests.support.dag import ROOT

STEPS = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]["checks"]["steps"]


def test_the_workflow_fetches_the_real_sales_before_the_checks():
    runs = [step.get("run", "") for step in STEPS]
    (checks,) = [step for step in STEPS if ".ci/run" in step.get("run", "")]
    folder = checks["env"]["REML_REAL_DATA"]
    fetch = f".venv/bin/python -m scripts.acquire.openml --out {folder}/king_county.csv"
    assert runs.index("make .venv/.core") < runs.index(fetch) < STEPS.index(checks)


def test_a_user_who_is_not_root_installs_with_sudo(tmp_path):
    """A machine of stubs: no OpenMP runtime, an apt-get that only root may call."""
    (tmp_path / "king_county.csv").touch()
    stubs = {
        "id": "echo 1000",
        "python3": "exit 1",
        "ldconfig": ":",
        "initdb": ":",
        "chromium": ":",
        "make": 'echo "make $*" >>"$CALLS"; echo "up to date"',
        "sudo": 'echo "sudo $*" >>"$CALLS"',
        "apt-get": "echo are you root? >&2; exit 100",
    }
    for name, body in stubs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"
    path = f"{tmp_path}:{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "CALLS": str(calls), "REML_REAL_DATA": str(tmp_path)}
    done = subprocess.run(["bash", ROOT / ".ci/run"], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = calls.read_text().splitlines()
    assert said[1] == "sudo apt-get install -y -qq libgomp1"
    calls = ("repro", "repro", "lint", "test-all")
    assert said[2:] == [f"make {name}" for name in calls]


def test_ci_looks_for_the_browsers_that_the_tests_look_for():
    (line,) = [
        x for x in (ROOT / ".ci/run").read_text().splitlines() if "! command -v chromium" in x
    ]
    assert line.split("command -v ")[1].split(" >")[0].split() == list(browser.NAMES)

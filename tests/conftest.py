"""Shared by the tests: where real data lies, and copies of the project to run for real."""

import json
import os
import shutil
from pathlib import Path

from tests.support.project_copy import Clone, copy_project

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy reads it: each worker has a
os.environ.setdefault("OMP_NUM_THREADS", "1")  # core of its own, and two that spin cost more

import pytest

from lib.common import processes
from tests.support import (
    finished_runs,
    hypothesis_profiles,  # noqa: F401  they load themselves
    small_feed,
    stage_runner,
)
from tests.support.browser import browser, chromium  # noqa: F401  fixtures for all
from tests.support.dag import ROOT, STAGES, stage_body
from tests.support.encoders import encoders_installed  # noqa: F401  a fixture for all
from tests.support.needs import absent
from tests.support.postgres import postgres  # noqa: F401  a fixture for all

LONG = {"finished", "reproduced", "revised", "plain", "bare", "undated"}  # ten seconds and more


@pytest.hookimpl(tryfirst=True)  # before marks choose among them
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs a browser, a server or the whole feed is no part of `make test`. Files that need
    a finished run come first, and so to one worker: two would wait for each other."""
    for item in items:
        if {"chromium", "postgres", "full_demo"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.rest)
    early = {item.path for item in items if LONG & set(getattr(item, "fixturenames", ()))}
    items.sort(key=lambda item: item.path not in early)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; their absence is a failure in CI, elsewhere a loud skip."""
    folder = (ROOT / os.environ.get("REML_REAL_DATA", "../shared/data")).resolve()
    if not (folder / "king_county.csv").is_file():
        told = f"no real data at {folder}; set REML_REAL_DATA to a folder with king_county.csv"
        absent(told, "CI")
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_ledger(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests load goes into a ledger of their own, not into that of whoever runs them."""
    os.environ["REML_STATE_DIR"] = str(tmp_path_factory.mktemp("ledger"))
    os.environ.pop("DATABASE_URL", None)


@pytest.fixture(scope="session", autouse=True)
def one_core() -> None:
    """Stages that run in this process stay in it: a fork after a fit of LightGBM hangs."""
    processes.count_cores = lambda: 1


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of the project, which tests leave as it is."""
    clone = copy_project(tmp_path_factory.mktemp("project"))
    clone.git("gc", "--quiet")  # one file for some 700 that each test would copy
    return clone


@pytest.fixture
def clone(project: Clone, tmp_path: Path) -> Clone:
    """A fresh copy of the project."""
    return project.copy(tmp_path / "clone")


def outs(stage: str) -> list[str]:
    """The paths of a stage's outs as dvc.yaml has them."""
    body = stage_body(stage)
    each = [*body["outs"], *body.get("metrics", []), *body.get("plots", [])]
    return [next(iter(out)) if isinstance(out, dict) else out for out in each]


def settle(clone: Clone, message: str) -> None:
    """Tell DVC and git that what lies in a copy is what its code and params make."""
    commit = ("python", "-m", "scripts.ops.guarded", "dvc", "commit", "--force", "--quiet")
    for command in (commit, ("git", "add", "-A")):  # dvc as `make repro` has it: half the time
        done = clone.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    clone.git("commit", "-qm", message)
    clone.git("gc", "--quiet")


def run_small(folder: Path) -> None:
    """The project on a small demo feed, every stage run: in this process, which starts once; what
    DVC would have made of it is compared in test_chaos.py, byte for byte."""
    clone = copy_project(folder)
    clone.params(stage_runner.shrink)
    for name in ("metrics", "plots", "docs/eda", "docs/model_cards"):
        shutil.rmtree(folder / name)
    (folder / "dvc.lock").unlink()
    assert stage_runner.run(folder, STAGES) == ""
    settle(clone, "outs")


def run_revised(folder: Path) -> None:
    """`run_small` and a commit more."""
    small = finished_runs.built("small", run_small)
    folder.rmdir()
    clone = Clone(small).copy(folder)
    clone.params(lambda params: params["blend"]["level"].update(days=60))
    later = list(STAGES)[list(STAGES).index("blend") :]
    below = [stage for stage in later if stage != "ablate"]  # which looks at no blend
    for out in {out.split("/${")[0] for stage in below for out in outs(stage)}:
        path = folder / out
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    assert stage_runner.run(folder, below) == ""
    settle(clone, "another span")


@pytest.fixture(scope="session")
def reproduced() -> Clone:
    """A copy in which the pipeline has run on a small demo feed; tests leave it as it is."""
    return Clone(finished_runs.built("small", run_small))


@pytest.fixture(scope="session")
def revised() -> Clone:
    """A copy of `reproduced` with a commit more: another span of the blends' level correction, and
    what it makes of the valuations. HEAD^ is what `reproduced` is; tests leave it as it is."""
    return Clone(finished_runs.built("revised", run_revised))


@pytest.fixture(scope="session")
def plain() -> Path:
    """A folder in which the spine has run on the feed of `small_feed`; tests leave it."""
    return finished_runs.built("plain", small_feed.plain)


@pytest.fixture(scope="session")
def bare() -> Path:
    """A folder with the run of a feed of prices and dates alone; tests leave it."""
    return finished_runs.built("bare", small_feed.bare)


@pytest.fixture(scope="session")
def undated() -> Path:
    """A folder with the run of a feed without dates and ZIPs; tests leave it."""
    return finished_runs.built("undated", small_feed.undated)


def run_whole(folder: Path) -> None:
    """The project with its own params, reproduced from what the workspace has."""
    clone = copy_project(folder)
    raw = ROOT / "data/raw"
    for name in ("data", ".dvc/cache"):
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name,
                folder / name,
                dirs_exist_ok=True,
                ignore=lambda at, names: set(names) - {"demo"} if Path(at) == raw else (),
            )
    done = clone.run("make", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    clone.git("add", "-A")
    clone.git("commit", "-qm", "outs")


def current() -> bool:
    """Whether the workspace has run the pipeline as it stands."""
    told = Clone(ROOT).run("dvc", "status", "--json")
    return told.returncode == 0 and not json.loads(told.stdout or "{}")


@pytest.fixture(scope="session")
def full_demo() -> Clone:
    """The demo feed at its own size, run: the workspace itself where it is up to date, as after
    `make repro`; else a copy in which that is done first. Tests leave it as it is."""
    if current():
        return Clone(ROOT)
    return Clone(finished_runs.built("whole", run_whole))


@pytest.fixture(scope="session", params=["small", pytest.param("whole", marks=pytest.mark.rest)])
def finished(request: pytest.FixtureRequest) -> Clone:
    """A finished run, small for `make test` and `whole` for the rest; tests leave it as it is."""
    return request.getfixturevalue({"small": "reproduced", "whole": "full_demo"}[request.param])

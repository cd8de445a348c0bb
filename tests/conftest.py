"""Shared by the tests: where real data lies, and copies of the project to run for real."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import hypothesis_profiles  # noqa: F401  they load themselves
from tests.browser import browser  # noqa: F401  a fixture for all
from tests.dag import ROOT
from tests.postgres import postgres  # noqa: F401  a fixture for all


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; in CI their absence is a failure, elsewhere a loud skip."""
    folder = (ROOT / os.environ.get("REML_REAL_DATA", "../shared/data")).resolve()
    if not (folder / "king_county.csv").is_file():
        reason = f"no real data at {folder}; set REML_REAL_DATA to a folder with king_county.csv"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_ledger(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What tests load goes into a ledger of their own, not into that of whoever runs them."""
    os.environ["REML_STATE_DIR"] = str(tmp_path_factory.mktemp("ledger"))
    os.environ.pop("DATABASE_URL", None)


class Clone:
    """A copy of the project in a git repository of its own, sharing the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *command: str, **options: object) -> subprocess.CompletedProcess:
        """Run a command in the copy, as a user would."""
        path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
        environment = os.environ | {
            "PATH": path,
            "DVC_SITE_CACHE_DIR": str(self.folder / ".dvc/site-cache"),
            "REML_CACHE_DIR": str(self.folder / ".dvc/tmp/reml"),
            "DVC_NO_ANALYTICS": "1",
        }
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            text=True,
            capture_output=True,
            check=False,
            **options,
        )

    def git(self, *arguments: str) -> str:
        """Output of a git command in the copy."""
        return self.run(
            "git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments
        ).stdout


def copy_project(folder: Path) -> Clone:
    """Copy what git tracks or would track (so that uncommitted work is tested too), commit it."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)  # times too, or make would set up anew
    (folder / ".venv").symlink_to(ROOT / ".venv")
    clone = Clone(folder)
    clone.run("git", "init", "-q")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "copy")
    return clone


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """A fresh copy of the project."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy in which `make repro` has run; tests may read it, and must leave it as it is.

    What the workspace has computed from the same files is copied, so that DVC runs only what is
    out of date: CI runs `make repro` from nothing before the tests, and `make chaos` does again.
    """
    clone = copy_project(tmp_path_factory.mktemp("reproduced"))
    raw = ROOT / "data/raw"
    for name in ("data", ".dvc/cache"):
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name,
                clone.folder / name,
                dirs_exist_ok=True,
                ignore=lambda folder, names: set(names) - {"demo"} if Path(folder) == raw else (),
            )
    done = clone.run("make", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    clone.git("add", "-A")
    clone.git("commit", "-qm", "outs")
    return clone


@pytest.fixture(scope="session")
def revised(reproduced: Clone, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A copy of `reproduced` with a commit more: another span of the blends' level correction, and
    what it makes of the valuations. HEAD^ is what `reproduced` is; tests leave it as it is."""
    folder = tmp_path_factory.mktemp("revised") / "copy"
    shutil.copytree(reproduced.folder, folder, symlinks=True)
    clone = Clone(folder)
    path = folder / "params.yaml"
    text = path.read_text()
    head, blend = text.split("\nblend:\n")
    path.write_text(f"{head}\nblend:\n{blend.replace('days: 14', 'days: 60', 1)}")
    assert path.read_text() != text
    done = clone.run("dvc", "repro")
    assert done.returncode == 0, done.stdout + done.stderr
    clone.git("add", "-A")
    clone.git("commit", "-qm", "another span")
    return clone

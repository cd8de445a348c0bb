"""Copies of the project, in a git repository of their own, to run for real."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import yaml
from click.testing import Result

from tests.support import finished_runs
from tests.support.commands import run_command
from tests.support.dag import ROOT


class Clone:
    """A copy of the project in a git repository of its own, sharing the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def own(self) -> dict[str, str]:
        """The variables that keep its caches its own."""
        return {
            "PATH": f"{ROOT / '.venv/bin'}:{os.environ['PATH']}",
            "DVC_SITE_CACHE_DIR": str(self.folder / ".dvc/site-cache"),
            "REML_CACHE_DIR": str(self.folder / ".dvc/tmp/reml"),
            "DVC_NO_ANALYTICS": "1",
        }

    def run(self, *command: str, **options: object) -> subprocess.CompletedProcess:
        """Run a command in the copy, as a user would."""
        return subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | self.own,
            text=True,
            capture_output=True,
            check=False,
            **options,
        )

    def call(self, command: click.Command, *arguments: str) -> Result:
        """Run a command of scripts/ in the copy and in this process; its traceback passes."""
        return run_command(command, *arguments, folder=self.folder, **self.own)

    def git(self, *arguments: str) -> str:
        """Output of a git command in the copy."""
        return self.run(
            "git", "-c", "user.name=test", "-c", "user.email=test@localhost", *arguments
        ).stdout

    def params(self, change: Callable[[dict], None]) -> None:
        """Change params.yaml."""
        path = self.folder / "params.yaml"
        content = yaml.safe_load(path.read_text())
        change(content)
        path.write_text(yaml.safe_dump(content))

    def copy(self, folder: Path) -> Clone:
        """A copy of this one that may be written to."""
        clone = Clone(finished_runs.copied(self.folder, folder))
        link_environment(folder)
        return clone


def link_environment(folder: Path) -> None:
    """Let a copy use this project's environment, which make is not to set up anew."""
    link = folder / ".venv"
    link.unlink(missing_ok=True)
    link.symlink_to(ROOT / ".venv")
    for path in ROOT.glob("requirements*.txt"):
        shutil.copystat(path, folder / path.name)
    shutil.copystat(ROOT / "constraints.txt", folder / "constraints.txt")


def copy_project(folder: Path) -> Clone:
    """Copy what git tracks or would track (so that uncommitted work is tested too), commit it."""
    for name in finished_runs.listed():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name)  # times too, or make would set up anew
    link_environment(folder)
    clone = Clone(folder)
    clone.run("git", "init", "-q")
    for name in ("user.name", "user.email"):  # of whoever commits in it, DVC's queue too
        clone.run("git", "config", name, "test@localhost")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "copy")
    return clone

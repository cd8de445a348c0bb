"""What is built once for all tests, their workers and later sessions: finished runs, on disk.

Each lies in REML's cache, in a folder named after all that decides it. It is only read: a test
that writes takes a copy.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from filelock import FileLock

from lib.cache.entries import cache_root, find_or_build
from lib.cache.keys import key_of
from lib.common import io
from tests.support.dag import ROOT

HOME = cache_root()  # as whoever starts the tests has it: tests set the variable for themselves
KIND = "tests"
KEPT = 2  # entries of a name, so that two branches do not build in turn
IN_USE = 86_400  # seconds for which another session may read an entry that it has asked for
DECIDES = ["lib", "scripts", "configs", "params.yaml", "dvc.yaml", "constraints.txt",
           "tests/*.py", "tests/support/*.py", ".dvc", "Makefile", "requirements*.txt",
           "pyproject.toml", ".dvcignore", ".gitignore", "README.md", "docs/*.md"]  # fmt: skip


def listed(*patterns: str) -> list[str]:
    """The project's files that git tracks or would track, deleted ones apart."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    return sorted(name for name in set(done.stdout.splitlines()) if (ROOT / name).is_file())


@functools.cache
def state() -> str:
    """A hash of the code, the params and what else decides what a run finds."""
    names = [name for name in listed(*DECIDES) if not Path(name).name.startswith("test_")]
    parts = [part for name in names for part in (name, io.file_sha256(ROOT / name))]
    return key_of(sys.version, *parts)


def built(name: str, build: Callable[[Path], None], *also: str) -> Path:
    """The folder that `build` once filled, for this state of the project and `also`.

    Others that want it meanwhile wait. What `build` raises is passed on, and nothing is kept.
    """

    def fill(folder: Path) -> None:
        build(folder)
        protect(folder)

    place = HOME / KIND / name
    place.mkdir(parents=True, exist_ok=True)
    with (
        FileLock(place / ".lock"),
        mock.patch.dict(os.environ, {"REML_CACHE_DIR": str(HOME)}),
    ):
        found = find_or_build(f"{KIND}/{name}", key_of(state(), *also)[:16], fill)
        os.utime(found)
        entries = [path for path in place.iterdir() if path.is_dir() and path != found]
        for old in sorted(entries, key=lambda path: path.stat().st_mtime)[: 1 - KEPT]:
            if time.time() - old.stat().st_mtime > IN_USE:
                protect(old, False)
                shutil.rmtree(old)
    return found


def protect(folder: Path, only_read: bool = True) -> None:
    """Let nobody write below a folder, or its owner again."""
    change = "a-w" if only_read else "u+w"
    subprocess.run(["chmod", "-R", change, folder], check=True)


def copied(source: Path, target: Path) -> Path:
    """A copy of a folder, times and links included, that may be written to."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", source, target], check=True)
    protect(target, False)
    return target

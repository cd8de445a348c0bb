"""An earlier revision of the repository: its files in git, and its outs in DVC's cache."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lib.common.errors import RemlError, require
from lib.common.params import LOADER

CODE = ("lib", "scripts", "configs")


def _run(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, check=False)


def find_commit(name: str) -> str:
    """The hash of the commit called `name`; raises `RemlError` where there is none."""
    # a name that begins with a dash is no option: it is asked for as a name
    done = _run("git", "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    require(
        done.returncode == 0 and name != "",
        f"BASE={name}: git knows no such revision; name a branch, a tag or a commit "
        "(a branch of the remote: git fetch origin main, then BASE=origin/main)",
    )
    return done.stdout.decode().strip()


def read_git_file(rev: str, path: str) -> bytes | None:
    """A file as commit `rev` has it in git; None where it has none."""
    done = _run("git", "show", f"{rev}:./{path}")
    return done.stdout if done.returncode == 0 else None


def read_git_json(rev: str, path: str) -> Any:
    """A JSON file of commit `rev`; None where it has none."""
    content = read_git_file(rev, path)
    return None if content is None else json.loads(content)


def out_hashes(lock: bytes | None) -> dict[str, str]:
    """Path -> hash of every out and raw folder in the text of a dvc.lock (None: no such file)."""
    stages = ((yaml.load(lock, LOADER) if lock else None) or {}).get("stages") or {}
    found = {}
    for stage in stages.values():
        raw = [dep for dep in stage.get("deps", []) if dep["path"].startswith("data/raw/")]
        for out in [*raw, *stage.get("outs", [])]:
            found[out["path"]] = str(out.get("md5", ""))
    return found


def _read_out(rev: str, path: str) -> bytes | None:
    """A file among the outs of commit `rev`, from DVC's cache; None where the commit has no such
    out, or neither the cache nor a remote holds it."""
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc_data.index import DataIndexDirError

    missing = (OSError, DvcException, DataIndexDirError)
    try:
        with DVCFileSystem(".", rev=rev).open(path) as content:
            return content.read()
    except (*missing, TypeError):  # the last: a params.yaml of old that DVC cannot read
        return None


def read_out_parquet(rev: str, path: str) -> pd.DataFrame | None:
    """A Parquet file as `_read_out` finds it.

    Parameters
    ----------
    rev
        A commit.
    path
        Of the out, in the workspace.

    Returns
    -------
    DataFrame or None
        None where the commit has no such out, or nobody holds it.
    """
    content = _read_out(rev, path)
    return None if content is None else pd.read_parquet(BytesIO(content))


def dvc_diff(kind: str, rev: str, *options: str) -> dict[str, dict[str, Any]]:
    """What `dvc <kind> diff --json` says between commit `rev` and the workspace:
    file -> name -> {old, new}, what is missing on one side left out there."""
    done = _run("dvc", kind, "diff", "--json", *options, rev)
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        raise RemlError(f"dvc {kind} diff {rev} failed: {lines[0] if lines else 'no message'}")
    return json.loads(done.stdout)


def is_stage_changed(why: list[Any]) -> bool:
    """Whether what `dvc status` says of a stage is a change; outs that are missing from the cache
    are none."""
    kinds = [kind for one in why if isinstance(one, dict) for part in one.values() for kind in
             (part.values() if isinstance(part, dict) else [part])]  # fmt: skip
    texts = [one for one in why if not isinstance(one, dict)]
    return bool(texts) or any(kind != "not in cache" for kind in kinds)


def stale_notice() -> str:
    """A sentence where the workspace's results are not those of its code and parameters, which
    `make repro` would make; else nothing."""
    done = _run("dvc", "status", "--json")
    if done.returncode:
        return "Whether these results are up to date is not known: dvc status failed."
    status = json.loads(done.stdout)
    names = [
        name for name, why in status.items() if not name.endswith(".dvc") and is_stage_changed(why)
    ]
    if not names:
        return ""
    return (
        f"These results are not those of the code and parameters here: {len(names)} stages "
        f"({', '.join(sorted(names)[:3])}{', ...' if len(names) > 3 else ''}) have changed since "
        "they ran. Run `make repro` first."
    )


def code_changes(old: str, new: str | None) -> list[tuple[str, int, int]] | None:
    """(file, lines added, lines removed) in lib/, scripts/ and configs/ between commit `old` and
    commit `new`, or the workspace where that is None; None where git no longer has one of them."""
    span = [old] if new is None else [old, new]
    done = _run("git", "diff", "--numstat", "--no-renames", *span, "--", *CODE)
    if done.returncode:
        return None
    rows = [line.split("\t") for line in done.stdout.decode(errors="replace").splitlines()]
    return [
        (name, *(int(n) if n.isdigit() else 0 for n in (added, gone)))  # "-" for no text
        for added, gone, name in rows
    ]


# One of two runs that are compared: a folder laid out like the workspace, or a revision.


VALUATIONS = "data/predict/valuations.csv"
NEEDED = ("domain", "listing_key", "pred_close_price", "as_of")
IN_GIT = ("metrics/", "params.yaml")  # what a revision keeps in git; all else is DVC's


@dataclass(frozen=True)
class ComparedRun:
    """`name`: what to call it; `rev`: the commit of its code, where one is known; `folder`: where
    its files are, None for a revision, whose files come from git and DVC's cache."""

    name: str
    rev: str | None
    folder: Path | None

    def read(self, path: str) -> bytes | None:
        """A file by its path in the workspace; None where this side does not have it."""
        if self.folder is None:
            assert self.rev is not None
            of = read_git_file if path.startswith(IN_GIT) else _read_out
            return of(self.rev, path)
        given = self.folder / path
        return given.read_bytes() if given.is_file() else None

    def parsed(self, path: str, parse: Callable[[bytes], Any]) -> Any:
        """A file as `parse` reads it; raises `RemlError` naming it where that fails."""
        content = self.read(path)
        if content is None:
            return None
        try:
            return parse(content)
        except (ValueError, OSError, yaml.YAMLError) as error:
            what = str(error).strip().split("\n")[0] or "unreadable"
            raise RemlError(f"{self.name}, {path}: {what}; run that side again") from error

    def parquet(self, path: str) -> pd.DataFrame | None:
        return self.parsed(path, lambda content: pd.read_parquet(BytesIO(content)))

    def json(self, path: str) -> Any:
        return self.parsed(path, json.loads)

    def yaml(self, path: str) -> Any:
        return self.parsed(path, yaml.safe_load)

    def valuations(self) -> pd.DataFrame | None:
        """The table of valuations, those that are no positive number left out; a folder may hold it
        without the folders of the workspace."""
        texts = {"listing_key": "str", "postal_code": "str"}
        table = None
        for path in (VALUATIONS, Path(VALUATIONS).name):
            if table is None and (path == VALUATIONS or self.folder is not None):
                table = self.parsed(path, lambda cells: pd.read_csv(BytesIO(cells), dtype=texts))
        if table is None:
            return None
        lacking = [name for name in NEEDED if name not in table]
        require(not lacking, f"{self.name}: its valuations lack {', '.join(lacking)}")
        value = pd.to_numeric(table["pred_close_price"], errors="coerce")
        return table.assign(pred_close_price=value)[(value > 0) & np.isfinite(value)].reset_index(
            drop=True
        )


def read_run_folder(folder: Path) -> ComparedRun:
    """The results of a run in a folder, such as runs/<feed>; revision.txt names its commit."""
    known = folder / "revision.txt"
    rev = known.read_text(encoding="utf-8").strip() if known.is_file() else None
    return ComparedRun(str(folder), rev, folder)

"""The workspace's params.yaml through a run on another feed.

DVC writes an experiment's parameters into the workspace for a moment, and takes them back. A run
killed in that moment would leave the other feed's name in params.yaml, for git and for the next
`make repro`. So a run keeps the file aside first, and whoever comes next puts it back.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import yaml

from lib.common import io
from lib.common.params import PARAMS_FILE
from lib.common.processes import has_ended

KEPT = Path(".dvc/tmp/params.kept.json")


def keep_params() -> None:
    """Keep params.yaml aside, in the name of this process."""
    io.write_json(KEPT, {"pid": os.getpid(), "text": PARAMS_FILE.read_text(encoding="utf-8")})


def _feed(text: str) -> object:
    return ((yaml.safe_load(text) or {}).get("base") or {}).get("feed")


def restore_params() -> None:
    """Put params.yaml back if the run that kept it is over and another feed's name stands in it;
    what else was changed in it since is nobody's business here."""
    if not KEPT.is_file():
        return
    kept = io.read_json(KEPT)
    if kept["pid"] != os.getpid() and not has_ended(kept["pid"]):
        return
    if _feed(PARAMS_FILE.read_text(encoding="utf-8")) != _feed(kept["text"]):
        io.write_text(PARAMS_FILE, kept["text"])
        subprocess.run(["git", "reset", "-q", "--", str(PARAMS_FILE)], check=False)
    KEPT.unlink()

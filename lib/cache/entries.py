"""Entries of a content-addressed cache outside the outs. DVC deletes a stage's outs before it runs
the command, so what a stage wants to use again has to lie elsewhere. An entry is a folder whose key
(`lib.cache.keys`) names all that it was made of; using it or building it anew gives the same bytes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from lib.common.processes import has_ended


def cache_root() -> Path:
    """The cache's folder: `$REML_CACHE_DIR`, else `~/.cache/reml`. Where it lies changes no
    result, so a variable of the environment may say it."""
    return Path(os.environ.get("REML_CACHE_DIR") or Path.home() / ".cache" / "reml")


def find_or_build(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The finished folder of `key` among the entries called `kind`.

    Where it is missing, `build` fills an empty folder beside it, which is then renamed: a killed
    run leaves no half entry, and of two runs that build the same one the first to end wins.
    What `build` raises is passed on, and nothing is kept.
    """
    final = cache_root() / kind / key
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    _sweep(final)
    part = Path(tempfile.mkdtemp(prefix=f".{key}.{os.getpid()}.", dir=final.parent))
    try:
        build(part)
        try:
            part.rename(final)
        except OSError:
            if not final.is_dir():
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return final


def _sweep(final: Path) -> None:
    """Remove what killed runs left of this entry."""
    for left in final.parent.glob(f".{final.name}.*"):
        pid = left.name.split(".")[2]
        if pid.isdigit() and has_ended(int(pid)):
            shutil.rmtree(left, ignore_errors=True)

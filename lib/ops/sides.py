"""One of two runs that are compared: a folder laid out like the workspace, or a revision."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from lib.common.checks import RemlError, require
from lib.ops import revisions

VALUATIONS = "data/predict/valuations.csv"
NEEDED = ("domain", "listing_key", "pred_close_price", "as_of")
IN_GIT = ("metrics/", "params.yaml")  # what a revision keeps in git; all else is DVC's


@dataclass(frozen=True)
class Side:
    """`name`: what to call it; `rev`: the commit of its code, where one is known; `folder`: where
    its files are, None for a revision, whose files come from git and DVC's cache."""

    name: str
    rev: str | None
    folder: Path | None

    def read(self, path: str) -> bytes | None:
        """A file by its path in the workspace; None where this side does not have it."""
        if self.folder is None:
            assert self.rev is not None
            of = revisions.file if path.startswith(IN_GIT) else revisions.out
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


def of_folder(folder: Path) -> Side:
    """The results of a run in a folder, such as runs/<feed>; revision.txt names its commit."""
    known = folder / "revision.txt"
    rev = known.read_text(encoding="utf-8").strip() if known.is_file() else None
    return Side(str(folder), rev, folder)

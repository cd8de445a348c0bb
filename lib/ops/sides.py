"""One of two runs that are compared: a folder laid out like the workspace, or a revision."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from lib.ops import revisions

VALUATIONS = "data/predict/valuations.csv"
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

    def parquet(self, path: str) -> pd.DataFrame | None:
        content = self.read(path)
        return None if content is None else pd.read_parquet(BytesIO(content))

    def json(self, path: str) -> Any:
        content = self.read(path)
        return None if content is None else json.loads(content)

    def yaml(self, path: str) -> Any:
        content = self.read(path)
        return None if content is None else yaml.safe_load(content)

    def valuations(self) -> pd.DataFrame | None:
        """The table of valuations; a folder may hold it without the folders of the workspace."""
        content = self.read(VALUATIONS)
        if content is None and self.folder is not None:
            content = self.read(Path(VALUATIONS).name)
        if content is None:
            return None
        return pd.read_csv(BytesIO(content), dtype={"listing_key": "str", "postal_code": "str"})


def of_folder(folder: Path) -> Side:
    """The results of a run in a folder, such as runs/<feed>; revision.txt names its commit."""
    known = folder / "revision.txt"
    rev = known.read_text(encoding="utf-8").strip() if known.is_file() else None
    return Side(str(folder), rev, folder)

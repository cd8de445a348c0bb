"""Where the fitted variants and the blends of them lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import Field

from lib.common.params import Section

FITTED = (Path("data/train"), Path("data/fuse"))
ROOTS = (*FITTED, Path("data/blend"))


def model_folders(roots: Iterable[Path] = ROOTS) -> dict[str, Path]:
    """The folder of each variant and blend by its name; it holds model.json and
    predictions.parquet."""
    found = [folder for root in roots if root.is_dir() for folder in root.iterdir()]
    return {folder.name: folder for folder in sorted(found, key=lambda folder: folder.name)}


class LevelSettings(Section):
    """The `train.level` section: days looked back, and the count of sales that halves trust."""

    days: int = Field(ge=1)
    shrink: float = Field(ge=0)

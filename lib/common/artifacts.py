"""Where the fitted variants and the blends of them lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

FITTED = (Path("data/train"), Path("data/fuse"))
ROOTS = (*FITTED, Path("data/blend"))


def folders(roots: Iterable[Path] = ROOTS) -> dict[str, Path]:
    """The folder of each variant and blend by its name; it holds model.json and
    predictions.parquet."""
    found = [folder for root in roots if root.is_dir() for folder in root.iterdir()]
    return {folder.name: folder for folder in sorted(found, key=lambda folder: folder.name)}

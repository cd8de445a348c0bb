"""Where the trained variants and the blends of them lie."""

from __future__ import annotations

from pathlib import Path

ROOTS = (Path("data/train"), Path("data/blend"))


def folders() -> dict[str, Path]:
    """The folder of each variant and blend by its name; it holds model.json and
    predictions.parquet."""
    found = [folder for root in ROOTS if root.is_dir() for folder in root.iterdir()]
    return {folder.name: folder for folder in sorted(found, key=lambda folder: folder.name)}

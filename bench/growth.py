"""How the cost of the stages after staging grows with the rows: ten times of them against one."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench import kit

CHAIN = ("staging", "normalize", "screen")  # each runs on what the one before it wrote


def costs(folder: Path, rows: int, rounds: int) -> dict[str, kit.Cost]:
    """What each stage of the chain costs on an export of that many rows."""
    tree = kit.tree(folder / f"tree{rows}")
    raw = tree / "data/raw/demo"
    raw.mkdir(parents=True)
    kit.write_export(raw / "export.csv", rows)
    found = {}
    for stage in CHAIN:
        times = 1 if stage == "staging" else rounds
        found[stage] = kit.best([kit.stage(stage, tree) for _ in range(times)])
    shutil.rmtree(tree)
    return found


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """Each stage after staging."""
    large, small = costs(folder, rows, rounds), costs(folder, rows // 10, rounds)
    return [
        kit.Finding(
            f"{stage} {rows:,} rows / {rows // 10:,}",
            large[stage].seconds / small[stage].seconds,
            12,
            large[stage],
            4000,
        )
        for stage in CHAIN[1:]
    ]

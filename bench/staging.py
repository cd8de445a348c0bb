"""Staging of a large export against a bare DuckDB that reads the CSV, keeps the newest row per key
and writes Parquet: no contract, no rules, no quarantine, no lineage, no coverage."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from bench import kit

PEER = """
import duckdb
duckdb.sql('''COPY (
    SELECT * FROM read_csv('export.csv', all_varchar = true) QUALIFY row_number() OVER (
        PARTITION BY Matrix_Unique_ID, ForLease ORDER BY MatrixModifiedDT DESC) = 1
) TO 'newest.parquet' (FORMAT parquet, COMPRESSION zstd)''')
"""


def once(folder: Path, export: Path) -> kit.Cost:
    """Staging of one export with nothing in the cache."""
    tree = kit.tree(folder / "tree")
    raw = tree / "data/raw/demo"
    raw.mkdir(parents=True)
    (raw / "export.csv").hardlink_to(export)
    return kit.stage("staging", tree)


def run(folder: Path, rows: int, rounds: int) -> list[kit.Finding]:
    """Peer and stage take turns."""
    export, small = folder / "export.csv", folder / "small.csv"
    kit.write_export(export, rows)
    kit.write_export(small, rows // 10)
    peers, stages, tenths = [], [], []
    for _ in range(rounds):
        peers.append(kit.measure([sys.executable, "-c", PEER], folder))
        stages.append(once(folder, export))
        tenths.append(once(folder, small))
    shutil.rmtree(folder / "tree")
    peer, stage, tenth = map(kit.best, (peers, stages, tenths))
    large = f"staging {rows:,} rows"
    return [
        kit.Finding(f"{large} / bare DuckDB", stage.seconds / peer.seconds, 4, stage, 2000),
        kit.Finding(f"{large} / {rows // 10:,}", stage.seconds / tenth.seconds, 12, stage, 2000),
    ]

"""Large synthetic exports, and the wall time and peak memory of a command."""

from __future__ import annotations

import csv
import datetime as dt
import io
import multiprocessing
import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from lib import demo

ROOT = Path(__file__).resolve().parents[1]
EXPORTS = ("exports/sales_2023.csv", "exports/sales_2024.csv", "exports/leases_2022_2025.csv")


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds on the wall, megabytes of memory at its peak, seconds of all
    processors together."""

    seconds: float
    megabytes: float
    cpu: float


@dataclass(frozen=True)
class Finding:
    """A ratio with what it may be at most, and what the measured command cost."""

    what: str
    ratio: float
    limit: float
    cost: Cost
    megabytes: float  # of memory, at most

    def __str__(self) -> str:
        held = self.ratio <= self.limit and self.cost.megabytes <= self.megabytes
        return (
            f"{self.what:48} {self.ratio:6.2f} (at most {self.limit:g})  "
            f"{self.cost.seconds:6.1f} s  CPU {self.cost.cpu:6.1f} s  "
            f"peak {self.cost.megabytes:,.0f} MB (at most {self.megabytes:,.0f})  "
            f"{'ok' if held else 'OVER'}"
        )


def measure(command: list[str], folder: Path, **environment: str) -> Cost:
    """Run a command in `folder` and say what it cost, its children included.

    Raises `RuntimeError` with what it printed last where it fails.
    """
    log = folder / "bench.log"
    with log.open("wb") as out:
        began = time.perf_counter()
        run = subprocess.Popen(
            command, cwd=folder, stdout=out, stderr=out, env=os.environ | environment
        )
        _, status, used = os.wait4(run.pid, 0)
        seconds = time.perf_counter() - began
    run.returncode = os.waitstatus_to_exitcode(status)
    if run.returncode:
        last = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command)[:200]}: exit {run.returncode}\n{last}")
    return Cost(seconds, megabytes(used.ru_maxrss), used.ru_utime + used.ru_stime)


def megabytes(maxrss: int) -> float:
    """Megabytes of the `ru_maxrss` of resource.getrusage."""
    return maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6  # bytes there, KiB elsewhere


def best(costs: list[Cost]) -> Cost:
    """The least time of several measurements, which other work disturbed least; the most memory."""
    return Cost(
        min(cost.seconds for cost in costs),
        max(cost.megabytes for cost in costs),
        min(cost.cpu for cost in costs),
    )


def write_export(path: Path, rows: int) -> None:
    """`_write_export` in a process of its own: a process that is measured later would count the
    memory that the one it was born of held."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as other:
        other.submit(_write_export, path, rows).result()


def _write_export(path: Path, rows: int) -> None:
    """Write `rows` rows of the synthetic demo feed as one HAR Matrix CSV: listings of a generated
    feed, older states and copies included, repeated under keys, places and prices of their own."""
    feed = demo.generate_feed(3, 3000, 600, 300, dt.date(2022, 1, 1), 4, 12, photos=False)
    lines = []
    for name in EXPORTS:
        header, *body = csv.reader(io.StringIO(feed.files[name].decode("utf-8-sig")))
        lines += [line for line in body if len(line) == len(header)]
    base = pd.DataFrame(lines, columns=header).reset_index(names="line")
    times = -(-rows // len(base))
    with duckdb.connect() as con:
        con.execute("SET enable_progress_bar = false")  # the bench prints figures alone
        con.register("base", base)
        con.execute(f"""
            COPY (SELECT * EXCLUDE (line, n) REPLACE (
                    Matrix_Unique_ID || n AS Matrix_Unique_ID, TaxID || n AS TaxID,
                    StreetNumber || (n % 1000) AS StreetNumber,
                    (TRY_CAST(ClosePrice AS BIGINT) + n * 7919 % 9973)::VARCHAR AS ClosePrice,
                    (TRY_CAST(Latitude AS DOUBLE) + n * 7919 % 9973 / 1e6)::VARCHAR AS Latitude)
                  FROM base, range(100000, {100000 + times}) r(n) ORDER BY n, line LIMIT {rows})
            TO '{path}' (FORMAT csv, HEADER)""")


def tree(folder: Path) -> Path:
    """An empty folder in which stages of this code run: configs and params, no data, no cache."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "configs").symlink_to(ROOT / "configs")
    shutil.copy(ROOT / "params.yaml", folder)
    return folder


def stage(name: str, folder: Path) -> Cost:
    """Run one stage of this code in a `tree`, with the caches and the ledger inside it."""
    return measure(
        [sys.executable, "-m", f"scripts.valuation.{name}"],
        folder,
        PYTHONPATH=str(ROOT),
        REML_CACHE_DIR=str(folder / "cache"),
        REML_STATE_DIR=str(folder.parent / "state"),
        DATABASE_URL="",
    )

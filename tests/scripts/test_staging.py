"""The `staging` stage as it is run: cache, lineage, coverage, dry run; kills in `make chaos`."""

import csv
import datetime as dt
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import chdir

import pandas as pd
import pytest
from click.testing import CliRunner

from lib import demo
from lib.cache.keys import room_files
from lib.listings.staging import staging as rules
from scripts.valuation import staging
from tests.support.dag import ROOT, walk

FEED = demo.generate_feed(7, 200, 40, 20, dt.date(2022, 1, 1), 1, 3, photos=False).files
EXPORTS = sorted(name for name in FEED if name.endswith(".csv"))


class Tree:
    """A folder in which stages of this code run on their own data and caches."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "configs").symlink_to(ROOT / "configs")
        shutil.copy(ROOT / "params.yaml", folder)
        self.environment = os.environ | {
            "PYTHONPATH": str(ROOT), "REML_CACHE_DIR": str(folder / "cache"),
            "REML_STATE_DIR": str(folder.parent / "state"), "DATABASE_URL": ""}  # fmt: skip

    def put(self, *names):
        for name in names:
            path = self.folder / "data/raw/demo" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(FEED[name])

    def command(self, *options):
        return [sys.executable, "-m", "scripts.valuation.staging", *options]

    def run(self, *options):
        shutil.rmtree(self.folder / "data/staging", ignore_errors=True)  # as DVC does
        done = self.called(*options)
        assert done.exit_code == 0, done.stderr
        return done

    def called(self, *options):
        with chdir(self.folder):
            return CliRunner().invoke(
                staging.main, options, catch_exceptions=False, env=self.environment
            )

    def outs(self):
        return {path.name: path.read_bytes()
                for path in [*sorted((self.folder / "data/staging").iterdir()),
                             self.folder / "metrics/staging.json"]}  # fmt: skip

    def parsed(self):
        return {path.name for path in (self.folder / "cache/staging").iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """All files staged at once."""
    tree = Tree(tmp_path_factory.mktemp("whole") / "tree")
    tree.put(*EXPORTS)
    tree.done = tree.run()
    return tree


def test_one_more_file_parses_only_that_one_and_ends_in_the_same_bytes(whole, tmp_path):
    tree = Tree(tmp_path / "tree")
    tree.put(*EXPORTS[1:])
    tree.run()
    before = tree.parsed()
    tree.put(EXPORTS[0])
    told = tree.run("--dry-run").stdout.splitlines()
    assert [line.split(": ")[1].split(";")[0] for line in told[:-1]] == [
        "would be parsed", *["taken from the cache"] * (len(EXPORTS) - 1)]  # fmt: skip
    tree.run()
    assert len(before) == len(EXPORTS) - 1 and len(tree.parsed() - before) == 1
    assert tree.outs() == whole.outs()


def test_a_rerun_changes_no_byte_and_an_empty_cache_neither(whole):
    first = whole.outs()
    whole.run()
    assert whole.outs() == first
    shutil.rmtree(whole.folder / "cache")
    whole.run()
    assert whole.outs() == first


def test_a_dry_run_writes_nothing(tmp_path):
    tree = Tree(tmp_path / "tree")
    tree.put(*EXPORTS)
    told = tree.run("--dry-run").stdout
    assert "nothing was written" in told and "kept aside: SellerContribution" in told
    assert {path.name for path in tree.folder.iterdir()} == {"configs", "params.yaml", "data"}


def test_the_import_time_comes_from_the_receipt_and_is_missing_else(tmp_path):
    tree = Tree(tmp_path / "tree")
    tree.put(*EXPORTS[:2])
    receipt = {"file": EXPORTS[0], "imported_at": "2025-01-02T03:04:05+00:00", "sha256": "x"}
    (tree.folder / "data/raw/demo/imports.jsonl").write_text(json.dumps(receipt) + "\n")
    tree.run()
    rows = pd.read_parquet(tree.folder / "data/staging/listings.parquet")
    times = rows.groupby("_source_file")["_load_ts"].agg(["min", "max", "count"])
    assert set(times.loc[EXPORTS[0], ["min", "max"]]) == {pd.Timestamp("2025-01-02 03:04:05")}
    assert times.loc[EXPORTS[1], "count"] == 0


def test_coverage_counts_presence_by_column_and_day(whole):
    """Against a naive recount of the clean table."""
    counts = json.loads((whole.folder / "data/staging/coverage.json").read_text())
    naive = {}
    with (whole.folder / "data/staging/clean_listings.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            day = row["modification_timestamp"][:10]
            at = naive.setdefault(row["domain"], {}).setdefault(day, {"rows": 0})
            at["rows"] += 1
            for column, cell in row.items():
                lineage = column.startswith("_") or column in ("domain", "listing_key")
                if cell.strip() and not lineage:
                    at[column] = at.get(column, 0) + 1
    assert counts == naive
    text = (whole.folder / "data/staging/coverage_summary.md").read_text()
    assert text in whole.done.stdout, "the summary is printed too"


def test_the_end_is_one_structured_event_with_the_counts(whole):
    line = whole.run("--log-json").stderr.strip().splitlines()[-1]
    event = json.loads(line)
    metrics = json.loads(whole.outs()[["metrics", "staging.json"][1]])
    assert event["event"] == "staging.complete"
    for part in ("rows_in", "clean", "duplicates", "quarantined"):
        assert event[part] == metrics[part]


def test_memory_of_columns_that_nobody_claims(whole):
    extra = pd.read_parquet(whole.folder / "data/staging/extra_columns.parquet")
    assert set(json.loads(extra["cells"][0])) == {"SellerContribution", "NextYearAppraisal"}
    metrics = json.loads(whole.outs()["staging.json"])
    assert metrics["extra_columns"] == ["NextYearAppraisal", "SellerContribution"]


def test_a_run_that_stops_is_in_the_ledger_as_failed_and_the_next_as_loaded(tmp_path):
    tree = Tree(tmp_path / "tree")
    tree.put(EXPORTS[0])
    with (tree.folder / "data/raw/demo" / EXPORTS[0]).open("ab") as file:
        file.write(b"too,short\r\n")
    text = (tree.folder / "params.yaml").read_text()
    strict = text.replace("max_quarantined_share: 0.5", "max_quarantined_share: 0.0")
    (tree.folder / "params.yaml").write_text(strict)
    done = tree.called()
    assert done.exit_code == 2 and "break the contract" in done.stderr
    (tree.folder / "params.yaml").write_text(text)
    tree.run()
    with sqlite3.connect(tmp_path / "state/ledger.sqlite") as ledger:
        rows = ledger.execute(
            "SELECT kind, status, file, rows_in FROM etl_ledger ORDER BY ended_at, kind"
        ).fetchall()
    lines = FEED[EXPORTS[0]].decode().splitlines(keepends=True)
    count = len(list(csv.reader(lines)))  # less the header, and the short row
    assert rows == [
        ("run", "failed", None, None),
        ("load", "loaded", EXPORTS[0], count),
        ("run", "loaded", None, count),
    ]


def test_the_cache_knows_all_code_that_parses():
    """Every module that parsing imports lies in a room whose files the key holds, or in common."""
    rooms = room_files(*rules.ROOMS)
    known = {path.relative_to(ROOT).as_posix() for path in rooms}
    needed = {
        name
        for name in walk("lib/listings/staging/parse_export.py")
        if not name.startswith("lib/common/") and not name.endswith("__init__.py")
    }
    assert needed and needed <= known and "lib/listings/contract/reso.yaml" in known


def test_a_broken_receipt_is_named(tmp_path):
    tree = Tree(tmp_path / "tree")
    tree.put(EXPORTS[0])
    (tree.folder / "data/raw/demo/imports.jsonl").write_text('{"file": "a.csv", "impo')
    done = tree.called()
    assert done.exit_code == 2
    assert "imports.jsonl, line 1: no receipt of an import" in done.stderr


@pytest.mark.chaos
@pytest.mark.fuzz  # a minute or two: not in `make chaos FAST=1`
def test_twenty_kills_at_random_points_end_in_the_same_bytes(whole, tmp_path):
    wanted, rng = whole.outs(), random.Random(11)
    tree = Tree(tmp_path / "tree")
    tree.put(*EXPORTS)
    for _ in range(20):
        for name in ("cache", "state", "data/staging", "metrics"):
            shutil.rmtree(tree.folder / name, ignore_errors=True)
        run = subprocess.Popen(tree.command(), cwd=tree.folder, env=tree.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(rng.uniform(0.5, 2.2))
        run.send_signal(signal.SIGKILL)
        run.wait()
        tree.run()
        assert tree.outs() == wanted

"""Shared by the tests of samples: a feed staged and sampled by the real commands, and the planted
faults that its rows show."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections import defaultdict
from pathlib import Path

import click
import yaml

from lib import demo
from lib.demo.faults import SINGLE_ROW
from scripts.valuation import sample, staging
from tests.support.commands import run_command
from tests.support.dag import ROOT

PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
DIALECT = {"sales_2022": ("cp1252", ","), "leases_2022_2025": ("utf-8-sig", ",")}
Rows = dict[str, list[list[str]]]


def committed_feed() -> demo.Feed:
    """The demo feed of params.yaml without its pictures, which no sample shows."""
    arguments = PARAMS["demo"] | {"photos": False}
    return demo.generate_feed(**arguments | {"start": dt.date.fromisoformat(arguments["start"])})


def small_feed(seed: int) -> demo.Feed:
    """A demo feed of some 500 rows."""
    start = dt.date(2022, 1, 1)
    return demo.generate_feed(seed, 300, 60, 40, start, years=4, zips=6, photos=False)


def tables(feed: demo.Feed) -> Rows:
    """File -> rows of every export, the header first, as a reader who knows the dialects."""
    found = {}
    for path, content in feed.files.items():
        if path.endswith(".csv"):
            encoding, delimiter = DIALECT.get(Path(path).stem, ("utf-8", ","))
            delimiter = ";" if "mixed" in path else delimiter
            text = io.StringIO(content.decode(encoding), newline="")
            found[path] = list(csv.reader(text, delimiter=delimiter))
    return found


def lay(folder: Path, files: dict[str, bytes], feed: str = "demo", **params: object) -> Path:
    """A tree in which the commands run: configs, params.yaml with `params`, and raw files."""
    (folder / "configs").symlink_to(ROOT / "configs")
    content = {section: PARAMS[section] for section in ("base", "staging", "sample")}
    content["base"] = PARAMS["base"] | {"feed": feed}
    content["sample"] = PARAMS["sample"] | params
    (folder / "params.yaml").write_text(yaml.safe_dump(content))
    for name, raw in files.items():
        path = folder / "data/raw" / feed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def invoke(command: click.Command, folder: Path, code: int = 0) -> str:
    """Run a command in `folder`; returns what it said."""
    own = {"REML_CACHE_DIR": str(folder / "cache")}
    return run_command(command, folder=folder, code=code, **own).output


def sampled(folder: Path, feed: demo.Feed, **params: object) -> Path:
    """Stage and sample a feed in an empty folder; returns data/sample."""
    lay(folder, {n: raw for n, raw in feed.files.items() if n.endswith(".csv")}, **params)
    invoke(staging.main, folder)
    invoke(sample.main, folder)
    return folder / "data/sample"


def csv_rows(path: Path) -> list[list[str]]:
    """The rows of a sample, the header first."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def records(folder: Path, domain: str) -> list[dict]:
    """The rows of a sample's JSON."""
    return json.loads((folder / f"{domain}.json").read_text())["rows"]


def shown(feed: demo.Feed) -> dict[str, dict[str, list[set[tuple[str, int]]]]]:
    """Domain -> kind of fault -> for each fault of it that staging can see, the rows that show it
    (all of one set are needed). A fault is told by the cell that it wrote, not by its listing:
    an earlier state of a listing may not have the cell yet."""
    rows = tables(feed)
    domain = {one["matrix_unique_id"]: one["domain"] for one in feed.truth["listings"]}
    kinds = {one["matrix_unique_id"]: one["kind"] for one in feed.truth["listings"]}
    stamp = defaultdict(str)
    for table in rows.values():
        for row in table[1:]:
            if len(row) == len(table[0]):
                stamp[row[0]] = max(stamp[row[0]], row[2])
    found: dict = {"sale": defaultdict(list), "rental": defaultdict(list)}
    for fault in feed.truth["faults"]:
        places = [tuple(place) for place in fault.get("rows", [])]
        cells = {place: rows[place[0]][place[1]] for place in places}
        header = {place: rows[place[0]][0] for place in places}
        kind, key = fault["kind"], fault["matrix_unique_id"]
        if kind.startswith("ragged"):
            sets = [{place} for place in places if len(cells[place]) != len(header[place])]
        elif "duplicate" in kind:
            if kinds[key] in SINGLE_ROW:  # equal rows in quarantine are one line with a count
                continue
            alike = kind == "exact_duplicate"
            sets = [
                {a, b}
                for a in places
                for b in places
                if a < b and (a[0] == b[0]) == alike and cells[a][2] == stamp[key]
            ]
        else:
            sets = [
                {place}
                for place in places
                if cells[place][header[place].index(fault["column"])] == fault["written"]
                and (kind == "missing_identity" or cells[place][2] == stamp[key])
            ]
        if sets:
            found[domain[key]][kind].extend(sets)
    return found


def missing(feed: demo.Feed, folder: Path) -> dict[str, list[str]]:
    """Domain -> kinds of planted faults that its sample does not show."""
    out = {}
    for domain, kinds in shown(feed).items():
        places = {(row["source_file"], row["source_row"]) for row in records(folder, domain)}
        out[domain] = sorted(k for k, sets in kinds.items() if not any(s <= places for s in sets))
    return out

"""Rows of a small feed, written as CSV, parsed and staged as one feed."""

import csv
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from lib.common.params import validate
from lib.listings.contract.contract import Contract
from lib.listings.staging import coverage, parse_export, staging

HEADERS = ["ML#", "Modified", "Status", "Price", "ForLease", "Note"]
SPEC = {
    "title": "T",
    "property_key": [["listing_key"]],
    "date_formats": ["%Y-%m-%d"],
    "domain": {"column": "for_lease", "values": {"True": "rental", "False": "sale"}},
    "columns": {
        "listing_key": {"aliases": ["ML#"]},
        "modification_timestamp": {"aliases": ["Modified"], "type": "timestamp"},
        "standard_status": {"aliases": ["Status"]},
        "close_price": {"aliases": ["Price"], "type": "number"},
        "for_lease": {"aliases": ["ForLease"]},
    },
    "lookups": {"standard_status": {"Sold": "Closed", "A": "Active"}},
    "row_rules": [
        {"name": "p", "column": "close_price", "check": "is_number",
         "when": {"standard_status": "Closed"}, "reason": "no price"},
        {"name": "n", "column": "close_price", "check": "minimum", "value": 1000,
         "when": {"standard_status": "Closed", "for_lease": "False"}, "reason": "nominal"},
    ],
}  # fmt: skip


def made(**changes):
    return validate(Contract, SPEC | changes, "contract.yaml")


CONTRACT = made()
GOOD = ["1", "2024-01-01", "Sold", "5000", "False", "n"]


def row(**changes):
    """A good row, but for these cells."""
    names = ["key", "stamp", "status", "price", "lease", "note"]
    return [changes.get(name, cell) for name, cell in zip(names, GOOD, strict=True)]


def written(path, rows, headers=HEADERS, **dialect):
    """Rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **dialect).writerows([headers, *rows])
    return path


def staged(*files, contract=CONTRACT, headers=HEADERS, names=None, imports=None):
    """Files of rows, called 0.csv, 1.csv ... by default, parsed and staged as one feed. `imports`
    are their places among the imports (by default nobody imported them)."""
    headers = headers if isinstance(headers[0], list) else [headers] * len(files)
    with tempfile.TemporaryDirectory() as scratch:
        folder, parsed = Path(scratch), []
        for i, rows in enumerate(files):
            (folder / str(i)).mkdir()
            raw = written(folder / f"{i}.csv", rows, headers[i])
            done = parse_export.parse_export(raw, contract, folder / str(i))
            name, number = (names or {}).get(i, f"{i}.csv"), (imports or {}).get(i, 0)
            parsed.append(staging.ParsedFile(name, f"sha{i}", None, done, number))
        out = folder / "out"
        out.mkdir()
        counts, newest = staging.stage_feed(parsed, contract, out, folder)
        return SimpleNamespace(
            counts=counts,
            newest=newest,
            coverage=coverage.count_coverage(
                out / "listings.parquet", folder / staging.DAYS, contract, folder
            ),
            clean=pd.read_parquet(out / "listings.parquet"),
            reasons=pd.read_parquet(folder / staging.REASONS),
            older=pd.read_parquet(out / "superseded_listings.parquet"),
            extra=pd.read_parquet(out / "extra_columns.parquet"),
            **{
                part: pd.read_csv(
                    out / f"{file}.csv", keep_default_na=False, dtype={"listing_key": "str"}
                )
                for part, file in (
                    ("duplicates", "duplicates"),
                    ("selected", "selected_listings"),
                    ("quarantined", "quarantine_rows"),
                    ("text", "clean_listings"),
                )
            },
            bytes={path.name: path.read_bytes() for path in sorted(out.iterdir())},
        )


def where(frame):
    return sorted(zip(frame["_source_file"], frame["_source_row"], strict=True))

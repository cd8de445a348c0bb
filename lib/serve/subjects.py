"""A file of properties to value, in the feed's own format: read by the same contract as sales."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lib.common import cli
from lib.common.errors import require
from lib.listings.contract.contract import Contract, header_faults, missing_column_phrases
from lib.listings.contract.reso import CLASS, UNKNOWN
from lib.listings.contract.row_rules import is_valued
from lib.listings.contract.spreadsheets import damaged_codes_message
from lib.listings.normalize import normalize
from lib.listings.staging import csv_reader, parse_export

# what only a sale has: a property to value may come without
OF_A_SALE = {
    "close_date",
    "close_price",
    "listing_key",
    "modification_timestamp",
    "standard_status",
}

HOME = ["domain", "property_key"]


class Subjects(NamedTuple):
    """A file's properties: `homes` to value (typed rows), `rejected` rows with a reason, and the
    cells that were set missing with theirs (`issues`)."""

    homes: pd.DataFrame
    rejected: pd.DataFrame
    issues: pd.DataFrame


def read_subjects(path: Path, contract: Contract, as_of: dt.date) -> Subjects:
    """The properties of a CSV file, as listings on the market on `as_of`.

    A row without a listing key, or with one that a spreadsheet has damaged, is called by its row
    number; of several rows with one key the newest counts. Homes that come under several keys are
    valued each time, and named in a warning. Raises `RemlError` naming the file where it is
    missing, empty, binary, or lacks a column that a valuation needs.
    """
    require(path.is_file(), f"{path}: no such file")
    header = csv_reader.read_header_for(path, contract)
    optional = {
        name: column.model_copy(update={"required": False})
        for name, column in contract.columns.items()
        if name in OF_A_SALE or name in contract.key
    }
    needed = contract.model_copy(update={"columns": {**contract.columns, **optional}})
    missing = missing_column_phrases(needed, header.names)
    require(not missing, f"{path}: the header lacks {'; '.join(missing)}")
    faults = header_faults(needed, header.names)
    require(not faults, f"{path}, read by the feed's contract.yaml: {'; '.join(faults)}")
    csv_reader.compare_repeated_headers(path, contract)
    rows = parse_export.read_rows_unjudged(path, contract)
    require(len(rows) > 0, f"{path}: a header and no rows; there is nothing to value")
    rows["_source_file"] = path.name
    rows["_file_sha256"], rows["_load_ts"] = "", pd.NaT  # a valuation leaves no lineage
    by_row = path.stem + "-row-" + rows["_source_row"].astype("str")
    sound = rows["listing_key"].mask(damaged_codes_message(rows["listing_key"]).notna())
    rows["listing_key"] = sound.fillna(by_row)
    newest = rows[rows["_reason"].isna()].sort_values(
        ["_stamp", "_progress", "_row_sha256", "_source_row"], ascending=[False, False, False, True]
    )
    key = ["listing_key", "domain"]
    older = newest.duplicated(key)
    kept = newest.groupby(key)["_source_row"].transform("first").astype("str")
    rejected = pd.concat(
        [
            rows[rows["_reason"].notna()],
            newest[older].assign(_reason="older version of the listing in data row " + kept[older]),
        ]
    ).sort_values("_source_row")
    newest = newest[~older].sort_values("_source_row", ignore_index=True)
    rejected = rejected[["_source_file", "_source_row", "_reason"]].reset_index(drop=True)
    # whatever its status was, it is valued as if it were for sale now
    lookups = {name: look for name, look in contract.lookups.items() if name != "standard_status"}
    now = contract.model_copy(
        update={"constants": contract.constants | {"standard_status": "Active"}, "lookups": lookups}
    )
    homes, issues = normalize.normalize(newest, now, as_of)
    _warn_of_same_homes(path, homes)
    issues = issues[issues["set_missing"]]
    lacking = _lacking(homes, contract)
    without = homes.loc[lacking.notna(), ["_source_file", "_source_row"]]
    rejected = pd.concat([rejected, without.assign(_reason=lacking.dropna())], ignore_index=True)
    return Subjects(homes[lacking.isna()].reset_index(drop=True), rejected, issues)


def _warn_of_same_homes(path: Path, homes: pd.DataFrame) -> None:
    """Name the rows that are one home under several keys: somebody would count it twice."""
    again = homes[homes["property_key"].notna() & homes.duplicated(HOME, keep=False)]
    for _, rows in again.groupby(HOME, sort=False):
        cli.log.warning(
            "subjects.same_home",
            file=str(path),
            data_rows=", ".join(rows["_source_row"].astype("str")),
            listing_keys=", ".join(rows["listing_key"]),
        )


def _lacking(homes: pd.DataFrame, contract: Contract) -> pd.Series:
    """Why a row is not valued: no home, no size, or no place (missing where it is)."""
    reason = pd.Series(None, index=homes.index, dtype="str")
    if {"postal_code", "latitude"} & set(contract.columns):
        no_point = homes["latitude"].isna() | homes["longitude"].isna()
        nowhere = homes["postal_code"].isna() & no_point
        reason = reason.mask(nowhere, "neither a ZIP code nor coordinates that can be read")
    if "living_area" in contract.columns:
        reason = reason.mask(homes["living_area"].isna(), "no living area that can be read")
    valued = contract.valued_classes
    other = homes[CLASS] + ", and the feed values " + ", ".join(valued) + " alone"
    other = other.mask(homes[CLASS] == UNKNOWN, "no class is known for its property type")
    return reason.mask(~is_valued(homes[CLASS], valued), other)

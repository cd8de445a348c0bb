"""A file of properties to value, in the feed's own format: read by the same contract as sales."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pandas as pd

from lib.common.checks import require
from lib.listings import normalize, reading, staging, values
from lib.listings.contract import Contract, missing_required

# what only a sale has: a property to value may come without
OF_A_SALE = {
    "close_date",
    "close_price",
    "listing_key",
    "modification_timestamp",
    "standard_status",
}


def read(
    path: Path, contract: Contract, as_of: dt.date
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(homes, rejected, issues): typed rows to value at `as_of`, the rows left out with a reason,
    and the cells that were set missing with theirs.

    A row without a listing key is called by its row number; of several rows with one key the
    newest counts. Raises `RemlError` naming the file where it is missing, empty, binary, or
    lacks a column that a valuation needs.
    """
    require(path.is_file(), f"{path}: no such file")
    header = reading.read_header(path)
    optional = {
        name: column.model_copy(update={"required": False})
        for name, column in contract.columns.items()
        if name in OF_A_SALE or name in contract.key
    }
    needed = contract.model_copy(update={"columns": {**contract.columns, **optional}})
    missing = missing_required(needed, header.names)
    require(not missing, f"{path}: the header lacks {'; '.join(missing)}")
    rows = list(reading.read_rows(path))
    require(bool(rows), f"{path}: a header and no rows; there is nothing to value")
    mapped, _, rejected = staging.table(path.name, "", header.names, rows, contract)
    nameless = values.blank(mapped["listing_key"])
    by_row = path.stem + "-row-" + mapped["_source_row"].astype("str")
    mapped["listing_key"] = mapped["listing_key"].mask(nameless, by_row)
    newest, older = staging.newest(mapped, contract)
    rejected = pd.concat(
        [rejected, older[["_source_file", "_source_row", "_reason"]]], ignore_index=True
    ).sort_values("_source_row")
    # whatever its status was, it is valued as if it were for sale now
    lookups = {name: look for name, look in contract.lookups.items() if name != "standard_status"}
    now = contract.model_copy(
        update={"constants": contract.constants | {"standard_status": "Active"}, "lookups": lookups}
    )
    homes, issues = normalize.normalize(newest, now, as_of)
    lacking = _lacking(homes, contract)
    without = homes.loc[lacking.notna(), ["_source_file", "_source_row"]]
    rejected = pd.concat([rejected, without.assign(_reason=lacking.dropna())], ignore_index=True)
    return homes[lacking.isna()].reset_index(drop=True), rejected, issues


def _lacking(homes: pd.DataFrame, contract: Contract) -> pd.Series:
    """Why a home cannot be valued in earnest: no size, or no place (missing where it can)."""
    reason = pd.Series(None, index=homes.index, dtype="str")
    if {"postal_code", "latitude"} & set(contract.columns):
        no_point = homes["latitude"].isna() | homes["longitude"].isna()
        nowhere = homes["postal_code"].isna() & no_point
        reason = reason.mask(nowhere, "neither a ZIP code nor coordinates that can be read")
    if "living_area" in contract.columns:
        reason = reason.mask(homes["living_area"].isna(), "no living area that can be read")
    return reason

"""Staged text as columns of numbers, dates and texts, with the month and area of each row.

This is for looking at data, not the pipeline's typing: nothing is corrected here, and what does not
parse is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import pandas as pd

from lib.listings.contract import baths, parse_values, reso, units
from lib.listings.contract.contract import Contract

OUTCOME = {  # the sale itself, which every closed listing has and no other
    "close_date",
    "close_price",
    "purchase_contract_date",
    "standard_status",
}
AREAS = ("mls_area_major", "postal_code", "city")  # the first that a feed has is its market area
NUMERIC = ("number", "count", "yes_no")


def column_kinds(contract: Contract) -> dict[str, str]:
    """Contract column -> `number`, `date` or `text`."""
    kinds = {}
    for name, column in contract.columns.items():
        if column.type in NUMERIC or column.type.startswith("baths"):
            kinds[name] = "number"
        else:
            kinds[name] = "date" if column.type in ("date", "timestamp") else "text"
    return kinds


def type_claimed(staged: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Type the contract's columns, each in one unit.

    Parameters
    ----------
    staged : DataFrame, shape (n, k)
        Staged text.
    contract : Contract

    Returns
    -------
    DataFrame, shape (n, m)
        One column for each of the contract, baths as their total.
    """
    out = {}
    often, _ = units.rent_frequencies(staged, contract)
    for name, column in contract.columns.items():
        if column.type.startswith("baths"):
            out[name] = baths.parse_baths_notation(column.type, staged[name])["bathrooms_total"]
        else:
            cells = parse_values.parse_column(staged[name], column, contract.date_formats)
            if column.unit_from:
                cells = cells.mul(units.area_factors(staged, name, contract))
            if column.frequency_from:
                cells = cells.mul(units.yearly_factors(staged, name, contract))
            if name in units.RENTS:
                cells = cells.mul(units.monthly_factors(often))
            out[name] = cells
    return pd.DataFrame(out, index=staged.index)


def type_unclaimed(
    staged: pd.DataFrame, extra: pd.DataFrame, taken: Iterable[str] = ()
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Type the columns that no contract claims.

    A column whose filled cells nearly all (95 %) read as numbers is one of numbers. One of a name
    that is `taken` or the RESO dictionary's (a reader would take it for that field, typed), or that
    begins with `_` as REML's do, says in its name that it is not claimed.

    Parameters
    ----------
    staged : DataFrame, shape (n, k)
        Needs `_source_file` and `_source_row`.
    extra : DataFrame
        extra_columns.parquet: `_source_file`, `_source_row` and `cells` (JSON).
    taken : iterable of str
        Names that other columns have.

    Returns
    -------
    columns : DataFrame, shape (n, m)
    kinds : dict of str to str
        Column -> `number` or `text`.
    """
    if extra.empty:
        return pd.DataFrame(index=staged.index), {}
    at = ["_source_file", "_source_row"]
    cells = pd.DataFrame(
        [json.loads(text) for text in extra["cells"]],
        index=pd.MultiIndex.from_frame(extra[at]),
    )
    rows = cells.reindex(pd.MultiIndex.from_frame(staged[at])).set_axis(staged.index)
    kinds, out, taken = {}, {}, {*taken, *reso.load_dictionary().fields}
    for header in sorted(rows):
        name = f"{header} (not claimed)" if header in taken or header.startswith("_") else header
        text = rows[header].astype("str").mask(parse_values.is_blank(rows[header].astype("str")))
        numbers = parse_values.parse_number(text)
        is_number = numbers.notna().sum() >= 0.95 * max(text.notna().sum(), 1)
        kinds[name] = "number" if is_number else "text"
        out[name] = numbers if is_number else text
    return pd.DataFrame(out, index=staged.index), kinds


def listing_month(frame: pd.DataFrame) -> pd.Series:
    """Find the month of each row: of its closing, else of its last change, else of its listing.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
        Any of `close_date`, `modification_timestamp` and `listing_contract_date`.

    Returns
    -------
    Series of datetime64[us], shape (n,)
        The first day of the month.
    """
    when = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us]")
    for name in ("close_date", "modification_timestamp", "listing_contract_date"):
        if name in frame:
            when = when.fillna(frame[name].astype("datetime64[us]"))
    return when.dt.to_period("M").dt.to_timestamp().astype("datetime64[us]")


def market_area(frame: pd.DataFrame) -> pd.Series:
    """Find the market area of each row.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
        Any of AREAS.

    Returns
    -------
    Series of str, shape (n,)
        The first of AREAS that is filled in half of the rows and has more than one value, under its
        name; missing everywhere, under `area`, where there is none.
    """
    for name in AREAS:
        if name in frame and frame[name].notna().mean() >= 0.5 and frame[name].nunique() > 1:
            return frame[name]
    return pd.Series(None, index=frame.index, dtype="str", name="area")


def pick_sample_rows(keys: pd.Series, rows: int) -> pd.Series:
    """Pick rows by the hash of the key.

    So the choice depends on nothing else and spreads over all files and dates.

    Parameters
    ----------
    keys : Series of str, shape (n,)
    rows : int
        How many are picked.

    Returns
    -------
    Series of bool, shape (n,)
    """
    order = pd.Series(pd.util.hash_array(keys.to_numpy(object)), index=keys.index)
    return order.rank(method="first") <= rows

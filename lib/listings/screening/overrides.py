"""An analyst's own verdicts on sales: `overrides.csv` in a feed's config folder, if any.

They win over every rule. What cannot be read, or is about no closed sale of the feed, stops
the run: a verdict that is quietly lost would be worse than none.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

import pandas as pd

from lib.common.errors import RemlError, require
from lib.common.vocabulary import DOMAINS

COLUMNS = ["listing_key", "domain", "usable", "reason", "by", "date"]
ASIDE = ["listing_key", "domain", "_kept_listing_key"]  # of a sale that was exported twice
USABLE = {"yes": True, "no": False}
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


def overrides_path(folder: Path) -> Path:
    """Where a feed whose contract lies in `folder` keeps its overrides."""
    return folder / "overrides.csv"


def _escape_formula(text: str) -> str:
    """The text, behind an apostrophe where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def read_overrides(path: Path) -> pd.DataFrame:
    """Read an analyst's verdicts.

    Parameters
    ----------
    path : Path
        A missing file is an empty table.

    Returns
    -------
    DataFrame
        COLUMNS and `row` (data rows from 1); `usable` is boolean, the rest text, the texts harmless
        in a spreadsheet.

    Raises
    ------
    RemlError
        Names the file, row and mend.
    """
    none = pd.DataFrame({name: pd.Series(dtype="str") for name in COLUMNS})
    none = none.astype({"usable": bool}).assign(row=pd.Series(dtype="int64"))
    if not path.is_file():
        return none
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RemlError(f"{path}: not UTF-8 text; save it as CSV UTF-8") from error
    try:
        lines = list(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error as error:
        raise RemlError(f"{path}: not a CSV file ({error}); mend its quotes") from error
    head = [name.strip() for name in lines[0]] if lines else []
    require(
        head == COLUMNS, f"{path}: the first line must be {','.join(COLUMNS)}; write it as that"
    )
    rows = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(lines[1:], 1)
        if any(cell.strip() for cell in cells)
    ]
    first_row: dict[tuple[str, str], int] = {}
    for number, cells in rows:
        fault = _fault(cells)
        require(not fault, f"{path}, data row {number}: {fault}")
        key = (cells[0], cells[1])
        require(
            key not in first_row,
            f"{path}, data row {number}: listing_key {cells[0]} ({cells[1]}) stands in data row "
            f"{first_row.get(key)} too; keep one of them",
        )
        first_row[key] = number
    if not rows:
        return none
    table = pd.DataFrame([cells for _, cells in rows], columns=COLUMNS, dtype="str")
    table["usable"] = table["usable"].str.lower().map(USABLE).astype(bool)
    for name in ("reason", "by"):
        table[name] = table[name].map(_escape_formula).astype("str")
    return table.assign(row=[number for number, _ in rows])


def _fault(cells: list[str]) -> str:
    """What is wrong with a data row and how to mend it; empty where nothing is."""
    if len(cells) != len(COLUMNS):
        return f"{len(cells)} cells instead of {len(COLUMNS)}; quote a text that has a comma"
    row = dict(zip(COLUMNS, cells, strict=True))
    for name in ("listing_key", "reason", "by"):
        if not row[name]:
            return f"no {name}; write one"
    if row["domain"] not in DOMAINS:
        return f"domain {row['domain']!r} is none of {', '.join(DOMAINS)}"
    if row["usable"].lower() not in USABLE:
        return f"usable {row['usable']!r} is neither yes nor no"
    try:  # a date written otherwise (2024-9-1) would not sort, and may be another one
        good = f"{dt.datetime.strptime(row['date'], '%Y-%m-%d'):%Y-%m-%d}" == row["date"]
    except ValueError:
        good = False
    if not good:
        return f"date {row['date']!r} is no date like 2026-01-31"
    return ""


def check_overrides(
    overrides: pd.DataFrame, sales: pd.DataFrame, repeated: pd.DataFrame, path: Path
) -> None:
    """Check that each override is about a closed sale of the feed.

    Parameters
    ----------
    overrides : DataFrame
        From `read_overrides`.
    sales : DataFrame
        Closed sales: `listing_key` and `domain`.
    repeated : DataFrame
        ASIDE of the sales that `repeated_sales.merge_repeated_sales` set aside.
    path : Path
        The file of the overrides, for messages.

    Raises
    ------
    RemlError
        For the first override that is about no row of `sales`.
    """
    sold = set(zip(sales["listing_key"], sales["domain"], strict=True))
    aside = {(key, domain): kept for key, domain, kept in repeated[ASIDE].itertuples(index=False)}
    for line in overrides.itertuples():
        key = (line.listing_key, line.domain)
        require(
            key not in aside,
            f"{path}, data row {line.row}: the {line.domain} {line.listing_key} was set aside as a "
            f"copy of {aside.get(key)} (data/normalize/repeated_sales.parquet); write that key",
        )
        require(
            key in sold,
            f"{path}, data row {line.row}: no closed {line.domain} has the listing_key "
            f"{line.listing_key}; mend the key or remove the row",
        )

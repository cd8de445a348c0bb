"""The tables of listings as pandera schemas, made from a feed's contract: strict, nothing coerced.

A table that breaks its schema is a fault of REML's code, never of the export, so the error keeps
its traceback. Import this module only where a table is checked: pandera takes a quarter second.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pyarrow.parquet as pq
from pandera.config import config_context
from pandera.errors import SchemaErrors

from lib.common.vocabulary import DOMAINS
from lib.listings.cells import OFFSET, PARTS, sayers
from lib.listings.contract import Column, Contract
from lib.listings.history import ADDED
from lib.listings.homes import ADDRESS, DISAGREES, PARSED
from lib.listings.normalize import ALWAYS, DATES
from lib.listings.staging import LINEAGE
from lib.listings.units import RECORDED

TEXT = pd.StringDtype(na_value=np.nan)
DAY = np.dtype("datetime64[us]")
AMOUNT = np.dtype("float64")
ROW = np.dtype("int64")
BATCH = 100_000  # rows of a staged file in memory at a time
LINEAGE_TYPES = {"_source_row": ROW, "_load_ts": DAY}  # the rest of LINEAGE is text


def _column(dtype: object, *checks: pa.Check, empty: bool = True) -> pa.Column:
    """A column of exactly `dtype`: pandera alone takes objects for text and ns for us."""
    exact = pa.Check(lambda cells: cells.dtype == dtype, error=f"is not {dtype}", ignore_na=False)
    return pa.Column(None, [exact, *checks], nullable=empty, coerce=False)


def _shared() -> dict[str, pa.Column]:
    """The columns that both tables have: identity and lineage. Only an import time may be blank."""
    return {
        "listing_key": _column(TEXT, pa.Check.str_length(min_value=1), empty=False),
        "domain": _column(TEXT, pa.Check.isin(DOMAINS), empty=False),
        **{
            name: _column(LINEAGE_TYPES.get(name, TEXT), empty=name == "_load_ts")
            for name in LINEAGE
        },
    }


def staged(contract: Contract, unique: bool = True) -> pa.DataFrameSchema:
    """The staged table: every contract column and constant as text as the export wrote it.

    `unique=False` leaves out that (listing_key, domain) never repeats, for a part of a table.
    """
    text = {name: _column(TEXT) for name in (*contract.columns, *contract.constants)}
    return pa.DataFrameSchema(
        text | _shared(),
        strict=True,
        coerce=False,
        unique=["listing_key", "domain"] if unique else None,
    )


def typed(contract: Contract) -> pa.DataFrameSchema:
    """The normalised table: each column by its type, numbers within the contract's range."""
    columns: dict[str, pa.Column] = {}
    for name in ALWAYS:
        stamp = name in (*DATES, "modification_timestamp")
        columns[name] = _column(
            DAY if stamp else TEXT if name in ("standard_status", "postal_code") else AMOUNT
        )
    for name, column in contract.columns.items():
        if name in sayers(contract) or name == "lot_size_area":
            continue
        if column.type.startswith("baths") or name in PARTS:
            columns |= {part: _column(AMOUNT, pa.Check.ge(0)) for part in PARTS}
        else:
            columns[name] = _of(column, name in contract.lookups)
    if {
        "lot_size_acres",
        "lot_size_area",
    } & contract.columns.keys():  # some are made of acres, which have their own range
        columns["lot_size_square_feet"] = _column(AMOUNT, pa.Check.ge(0))
    columns |= {name: _column(TEXT) for name in contract.constants}
    columns |= {name: _column(TEXT) for name in (*ADDRESS, *RECORDED, DISAGREES)}
    columns[PARSED] = _column(AMOUNT, pa.Check.isin([0, 1]))
    columns[OFFSET] = _column(AMOUNT, pa.Check.in_range(-24 * 60, 24 * 60))
    columns |= {name: _column(AMOUNT, pa.Check.ge(0)) for name in ADDED}
    columns |= {name: _column(TEXT, empty=False) for name in ("property_key", "own_home_key")}
    columns["unparsed_address"] = _column(TEXT)
    columns["as_of"] = _column(DAY)
    return pa.DataFrameSchema(
        columns | _shared(), strict=True, coerce=False, unique=["listing_key", "domain"]
    )


def _of(column: Column, looked_up: bool) -> pa.Column:
    """The typed form of a contract column."""
    if column.type in ("date", "timestamp"):
        return _column(DAY)
    if column.type in ("number", "count", "yes_no") and not looked_up:
        return _column(AMOUNT, *([pa.Check.in_range(*column.range)] if column.range else []))
    return _column(TEXT)


def enforce(table: pd.DataFrame, schema: pa.DataFrameSchema) -> None:
    """Raise `AssertionError` unless the table fits: a clause for each column and check that fails,
    with the number of rows and no value, since values are listings.

    No variable of the environment switches this off.
    """
    try:
        with config_context(validation_enabled=True, validation_depth=None):
            schema.validate(table.reset_index(drop=True), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases
        named = cases["column"].where(cases["column"].notna(), cases["failure_case"])
        faults = (named.astype("str") + ": " + cases["check"].astype("str")).value_counts()
        told = "; ".join(f"{fault} ({rows})" for fault, rows in faults.sort_index().items())
        raise AssertionError(f"the table breaks its schema: {told}") from None


def enforce_staged(path: Path, contract: Contract, unique: bool = True) -> None:
    """`enforce` the `staged` schema on a Parquet file without holding it in memory whole.

    A type is the file's own, the same for each row, so an empty table tells it; only the columns
    whose values are checked are read.
    """
    with pq.ParquetFile(path) as file:
        empty = file.schema_arrow.empty_table().to_pandas(types_mapper=_text)
        enforce(empty, staged(contract, unique=False))
        checked = pa.DataFrameSchema(_shared(), strict=True, coerce=False)
        for batch in file.iter_batches(BATCH, columns=list(checked.columns)):
            enforce(batch.to_pandas(types_mapper=_text), checked)
    if not unique:
        return
    keys = pq.read_table(path, columns=["listing_key", "domain"]).to_pandas(types_mapper=_text)
    shared = {name: pa.Column(None) for name in keys}
    enforce(keys, pa.DataFrameSchema(shared, unique=["listing_key", "domain"]))


def _text(kind: object) -> pd.StringDtype | None:
    return TEXT if str(kind) in ("string", "large_string") else None

"""The typed table as a pandera schema, made from a feed's contract: strict, nothing coerced."""

from __future__ import annotations

import pandera.pandas as pa

from lib.listings.contract.contract import Column, Contract
from lib.listings.contract.reso import CLASS, CLASSES, UNKNOWN, UNSTATED
from lib.listings.contract.table_schema import AMOUNT, DAY, TEXT, exact_column, shared_columns
from lib.listings.contract.units import UNIT_COLUMNS
from lib.listings.identity.property_keys import ADDRESS, DISAGREES, PARSED
from lib.listings.normalize.dates import DATES, STAMP
from lib.listings.normalize.list_price_history import HISTORY_COLUMNS
from lib.listings.normalize.normalize import EXPECTED_COLUMNS
from lib.listings.normalize.typed_cells import BATHS, OFFSET, qualifier_columns


def typed_schema(contract: Contract) -> pa.DataFrameSchema:
    """Make the schema of the normalised table from a feed's contract.

    Parameters
    ----------
    contract : Contract

    Returns
    -------
    DataFrameSchema
        Each column by its type, numbers within the contract's range.
    """
    columns: dict[str, pa.Column] = {}
    for name in EXPECTED_COLUMNS:
        stamp = name in (*DATES, STAMP)
        columns[name] = exact_column(
            DAY if stamp else TEXT if name in ("standard_status", "postal_code") else AMOUNT
        )
    for name, column in contract.columns.items():
        if name in qualifier_columns(contract) or name == "lot_size_area":
            continue
        if column.type.startswith("baths") or name in BATHS:
            columns |= {part: exact_column(AMOUNT, pa.Check.ge(0)) for part in BATHS}
        else:
            columns[name] = _of(column, name in contract.lookups)
    if {
        "lot_size_acres",
        "lot_size_area",
    } & contract.columns.keys():  # some are made of acres, which have their own range
        columns["lot_size_square_feet"] = exact_column(AMOUNT, pa.Check.ge(0))
    columns |= {name: exact_column(TEXT) for name in contract.constants}
    columns |= {name: exact_column(TEXT) for name in (*ADDRESS, *UNIT_COLUMNS, DISAGREES)}
    columns[PARSED] = exact_column(AMOUNT, pa.Check.isin([0, 1]))
    columns[OFFSET] = exact_column(AMOUNT, pa.Check.in_range(-24 * 60, 24 * 60))
    columns |= {name: exact_column(AMOUNT, pa.Check.ge(0)) for name in HISTORY_COLUMNS}
    columns |= {name: exact_column(TEXT, empty=False) for name in ("property_key", "own_home_key")}
    columns[CLASS] = exact_column(TEXT, pa.Check.isin([*CLASSES, UNSTATED, UNKNOWN]), empty=False)
    columns["unparsed_address"] = exact_column(TEXT)
    columns["as_of"] = exact_column(DAY)
    return pa.DataFrameSchema(
        columns | shared_columns(), strict=True, coerce=False, unique=["listing_key", "domain"]
    )


def _of(column: Column, looked_up: bool) -> pa.Column:
    """The typed form of a contract column."""
    if column.type in ("date", "timestamp"):
        return exact_column(DAY)
    if column.type in ("number", "count", "yes_no") and not looked_up:
        return exact_column(AMOUNT, *([pa.Check.in_range(*column.range)] if column.range else []))
    return exact_column(TEXT)

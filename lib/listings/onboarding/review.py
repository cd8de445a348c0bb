"""What a contract makes of an export: which header each column matched, how much of it reads."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lib.listings.contract import baths, parse_values, units
from lib.listings.contract.contract import Contract, match_headers
from lib.listings.onboarding import date_order

MOSTLY = 0.5  # a share of readable dates below which a hint says how they seem to be written


@dataclass(frozen=True)
class MatchedColumn:
    """One column of a contract and its header in an export (None: not there).

    `filled`: share of rows with a value; `readable`: share of those that read as the column's type,
    in its unit within its range, and for looked-up columns, that the lookup knows. `note`: what to
    do where dates do not read.
    """

    column: str
    header: str | None
    filled: float = 0.0
    readable: float = 0.0
    note: str = ""


def careless_property_keys(contract: Contract) -> list[str]:
    """A clause for each group of `property_key` that names a street and no unit: all flats of a
    building would be one home."""
    return [
        f"property_key: [{', '.join(group)}] makes one home of all flats of a building, and takes "
        "the address as it is written; leave it out (without a group the standard address with its "
        "unit and ZIP counts), or add unit_number"
        for group in contract.property_key
        if "street_name" in group and "unit_number" not in group
    ]


def review_export(table: pd.DataFrame, contract: Contract) -> tuple[list[MatchedColumn], list[str]]:
    """Compare an export with a contract.

    Parameters
    ----------
    table : DataFrame of str, shape (n, k)
        One column a header.
    contract : Contract

    Returns
    -------
    matched : list of MatchedColumn
        One for each column of the contract.
    unclaimed : list of str
        Headers that no column claims.
    """
    matches = match_headers(contract, list(table))
    rows = pd.DataFrame({name: table[header] for name, header in matches.items()})
    rows = rows.reindex(columns=[*contract.columns]).astype("str")
    matched = []
    for name, column in contract.columns.items():
        header = matches.get(name)
        if header is None:
            matched.append(MatchedColumn(name, None))
            continue
        text = table[header]
        filled = text[~parse_values.is_blank(text)]
        if column.type.startswith("baths"):
            reads = baths.parse_baths_notation(column.type, filled)["bathrooms_full"].notna()
        elif name in contract.lookups:
            lookup = contract.lookups[name]
            words = {word.lower() for pair in lookup.items() for word in pair}
            reads = filled.str.strip().str.lower().isin(words)
        else:
            reads = _readable(rows.loc[filled.index], name, contract)
        share = float(reads.mean()) if len(filled) else 0.0
        note = _date_note(filled, name, contract) if share < MOSTLY and len(filled) else ""
        matched.append(MatchedColumn(name, header, len(filled) / max(len(table), 1), share, note))
    return matched, [header for header in table if header not in matches.values()]


def _readable(rows: pd.DataFrame, name: str, contract: Contract) -> pd.Series:
    """Which cells of a column read, and lie within its range once they are in its unit."""
    column = contract.columns[name]
    cells = parse_values.parse_column(rows[name], column, contract.date_formats)
    if column.unit_from:
        cells = cells.mul(units.area_factors(rows, name, contract))
    if column.frequency_from:
        cells = cells.mul(units.yearly_factors(rows, name, contract).mask(cells == 0, 1.0))
    return cells.between(*column.range) if column.range else cells.notna()


def _date_note(filled: pd.Series, name: str, contract: Contract) -> str:
    """How dates are written that a contract does not read; "" for columns of other types."""
    if contract.columns[name].type not in ("date", "timestamp"):
        return ""
    shape = filled.str.strip().str.replace("[0-9]", "9", regex=True).mode().iloc[0][:30]
    written = date_order.date_columns({name: filled})
    by = f"; {written[name].formats} would read it" if name in written else ""
    return f"dates written like {shape!r} are in none of its date_formats{by}"

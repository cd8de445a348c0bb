"""What a contract makes of an export: which header each column matched, how much of it reads."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.contract.contract import Contract, match_headers


@dataclass(frozen=True)
class MatchedColumn:
    """One column of a contract and its header in an export (None: not there).

    `filled`: share of rows with a value; `readable`: share of those that read as the column's type
    and, for looked-up columns, that the lookup knows.
    """

    column: str
    header: str | None
    filled: float = 0.0
    readable: float = 0.0


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
    matched = []
    for name, column in contract.columns.items():
        header = matches.get(name)
        if header is None:
            matched.append(MatchedColumn(name, None))
            continue
        text = table[header]
        filled = text[~parse_values.is_blank(text)]
        if column.type.startswith("baths"):
            reads = parse_values.parse_baths_notation(column.type, filled)["bathrooms_full"].notna()
        elif name in contract.lookups:
            lookup = contract.lookups[name]
            words = {word.lower() for pair in lookup.items() for word in pair}
            reads = filled.str.strip().str.lower().isin(words)
        else:
            reads = parse_values.parse_column(filled, column, contract.date_formats).notna()
        share = float(reads.mean()) if len(filled) else 0.0
        matched.append(MatchedColumn(name, header, len(filled) / max(len(table), 1), share))
    return matched, [header for header in table if header not in matches.values()]

"""Counts of the normalised table, for its metrics file."""

from __future__ import annotations

import pandas as pd

from lib.listings.contract.units import UNIT_COLUMNS
from lib.listings.identity.property_keys import DISAGREES, PARSED
from lib.listings.normalize.list_price_history import HISTORY_COLUMNS
from lib.listings.normalize.normalize import NO_CLASS
from lib.listings.normalize.typed_cells import UNKNOWN

SHOWN = 20  # unknown values a column that are named; the rest is one count


def count_values(cells: pd.Series) -> dict[str, int]:
    """Count how often each value stands in a column, in the order of values.

    Parameters
    ----------
    cells : Series, shape (n,)

    Returns
    -------
    dict of str to int
    """
    counts = cells.value_counts().sort_index()
    return {str(value): int(number) for value, number in counts.items()}


def count_unknown_values(issues: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Count values that no lookup or class knows, and words that are neither yes nor no.

    Parameters
    ----------
    issues : DataFrame
        Lines of `typed_cells.type_cells`.

    Returns
    -------
    dict of str to dict
        Column -> value as the source wrote it -> rows, the commonest first; those beyond SHOWN are
        one count, "others".
    """
    out = {}
    unknown = issues[issues["reason"].isin([UNKNOWN, NO_CLASS, "not a yes no"])]
    for column, values in unknown.groupby("column")["value"]:
        counts = values.str.strip().value_counts().rename_axis("value").reset_index()
        counts = counts.sort_values(["count", "value"], ascending=[False, True])
        named = dict(zip(counts["value"][:SHOWN], map(int, counts["count"][:SHOWN]), strict=True))
        rest = int(counts["count"][SHOWN:].sum())
        out[str(column)] = named | ({"others": rest} if rest else {})
    return out


def count_normalized(
    table: pd.DataFrame, issues: pd.DataFrame, domains: tuple[str, ...], valued: list[str]
) -> dict:
    """Count what became of rows, cells, units and addresses.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        The normalised table.
    issues : DataFrame
        Its cells set missing, and notes.
    domains : tuple of str
    valued : list of str
        The contract's `valued_classes`.

    Returns
    -------
    dict
        The content of metrics/normalize.json.
    """
    per_domain = {}
    for domain in domains:
        part = table[table["domain"] == domain]
        per_domain[domain] = {
            "rows": len(part),
            "homes": int(part["property_key"].nunique()),
            "statuses": count_values(part["standard_status"].fillna("unknown")),
            "property_classes": count_values(part["property_class"]),
            "valued_classes": valued,
        }
    what = issues["column"] + ": " + issues["reason"]
    parts = table[DISAGREES].dropna().str.split(" ").explode()
    return {
        "domains": per_domain,
        "cells_set_missing": count_values(what[issues["set_missing"]]),
        "cells_noted": count_values(what[~issues["set_missing"]]),
        "unknown_values": count_unknown_values(issues),
        "source_units": {name: count_values(table[name].dropna()) for name in UNIT_COLUMNS},
        "addresses": {
            "read": int((table[PARSED] == 1).sum()),
            "not_read": int((table[PARSED] == 0).sum()),
            "disagreements": count_values(parts),
        },
        "history": {name: int((table[name] > 0).sum()) for name in HISTORY_COLUMNS[:2]},
    }

"""Columns that cannot be what they are called, since most of their cells contradict the closing.

Such a column is ignored in its domain, and said so: set missing row by row it would leave those
cells that happen to fit. What a column means is a property of the export and no news of the market,
so that all rows may tell it, later ones too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.common.errors import require
from lib.listings.contract.contract import Contract

SHARE = 0.5  # of the cells that can be judged, from which it is the column that is wrong
LEAST = 20  # cells that can be judged; of fewer nothing is said
# up to six sales in ten of a brisk market close at exactly the price asked, leases mostly do
COPIED = {"sale": 0.8, "rental": 0.95}
SCALE = (0.5, 2.0)  # of list price to price paid, beyond which most rows never lie
SAME = 0.0005  # of list price to price paid: rounding, and no negotiation
LISTED, AGREED, CLOSED = "listing_contract_date", "purchase_contract_date", "close_date"
PAID, BUILT = "close_price", "year_built"
LIST_PRICES = ("list_price", "original_list_price")
AFTER = "lies after the closing in most sales, so the column is ignored"
COPY = "tells the price paid in most sales, so the column is ignored: it would give prices away"
STEADY = 0.0025  # of log prices: how far a ratio that rounding alone moves may be off
STEADY_SHARE = 0.6  # in one ratio; what is negotiated spreads over several percent
RATIO = (
    "is the price paid times one number in most sales, so the column is ignored: it would give "
    "prices away"
)
OFF_SCALE = "is not of the price's size in most sales, so the column is ignored"
LATER_BUILT = "lies more than a year after the closing in most sales, so the column is ignored"

IGNORED = (AFTER, COPY, RATIO, OFF_SCALE, LATER_BUILT)


@dataclass(frozen=True)
class WrongColumn:
    """A column of one domain, why it is ignored, and the sales that say so of those that could."""

    domain: str
    column: str
    reason: str
    sales: int
    of: int

    def sentence(self) -> str:
        """One sentence for people."""
        return f"`{self.column}` ({self.domain}) {self.reason} ({self.sales:,} of {self.of:,})."


def find_wrong_columns(table: pd.DataFrame) -> list[WrongColumn]:
    """Find the columns of each domain that contradict most of its closings.

    - listing and contract dates after the closing;
    - list prices that are the price paid, to the thousandth, in more sales than `COPIED` says, or
      in one other ratio to it in more than STEADY_SHARE;
    - list prices of another size than the price paid, by SCALE;
    - years of building more than a year after the closing.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings with `domain` and any of the columns above; rows without a closing or price
        tell nothing.

    Returns
    -------
    list of WrongColumn
        In order of domain and check.
    """
    out = []
    for domain, rows in table.groupby("domain", sort=True):
        most = COPIED.get(str(domain), SHARE)
        for column, reason, bad in _checks(rows, most):
            hits, judged = int(bad.sum()), len(bad)
            if judged >= LEAST and hits > SHARE * judged:
                out.append(WrongColumn(str(domain), column, reason, hits, judged))
    return list({(one.domain, one.column): one for one in reversed(out)}.values())[::-1]


def _checks(rows: pd.DataFrame, most: float) -> list[tuple[str, str, pd.Series]]:
    """Column, reason, and of each row that can be judged whether it contradicts (boolean)."""
    out = []
    for name in (LISTED, AGREED):
        if {name, CLOSED} <= set(rows):
            both = rows[[name, CLOSED]].dropna()
            out.append((name, AFTER, both[name] > both[CLOSED]))
    for name in LIST_PRICES:
        if {name, PAID} <= set(rows):
            both = rows[[name, PAID]].dropna()
            ratio = (both[name] / both[PAID]).where((both > 0).all(axis=1)).dropna()
            same = ratio.between(1 - SAME, 1 + SAME)
            out.append((name, COPY, same if same.mean() > most else same & False))
            out.append((name, OFF_SCALE, ~ratio.between(*SCALE)))
            out.append((name, RATIO, _in_one_ratio(ratio)))
    if {BUILT, CLOSED} <= set(rows):
        both = rows[[BUILT, CLOSED]].dropna()
        out.append((BUILT, LATER_BUILT, both[BUILT] > both[CLOSED].dt.year + 1))
    return out


def describe_sales_at_list(table: pd.DataFrame) -> list[str]:
    """Say of which columns of list prices most sales have the price paid, though not so many that
    the column is ignored: a brisk market and a copied column look alike there.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Closed sales, as of `find_wrong_columns`.

    Returns
    -------
    list of str
        A sentence each.
    """
    rows, out = table[table["domain"] == "sale"], []
    for name in [one for one in LIST_PRICES if {one, PAID} <= set(rows)]:
        both = rows[[name, PAID]].dropna()
        same = (both[name] / both[PAID]).between(1 - SAME, 1 + SAME)
        if len(both) >= LEAST and SHARE < same.mean() <= COPIED["sale"]:
            out.append(
                f"`{name}` is the price paid in {same.mean():.0%} of {len(both):,} sales. If it "
                "was filled in after the closing, take it out of the contract: a model that sees "
                "what is asked would learn the price itself."
            )
    return out


def _in_one_ratio(ratio: pd.Series) -> pd.Series:
    """Which list prices stand in the one ratio to the price paid that is most usual, but for 1."""
    logs = np.log(ratio[(ratio - 1).abs() > SAME])
    line = np.sort(logs.to_numpy())
    counts = np.searchsorted(line, line + 2 * STEADY, side="right") - np.arange(len(line))
    if counts.max(initial=0) <= STEADY_SHARE * len(ratio):
        return pd.Series(False, index=ratio.index)
    low = line[int(np.argmax(counts))]
    return logs.between(low, low + 2 * STEADY).reindex(ratio.index, fill_value=False)


def ignored_cells(table: pd.DataFrame, wrong: WrongColumn) -> pd.Series:
    """Mark the cells of a wrong column that are to be ignored: of list prices those of sales, since
    of a listing on the market it is what is asked.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        As of `find_wrong_columns`.
    wrong : WrongColumn

    Returns
    -------
    Series of bool, shape (n,)
    """
    cells = (table["domain"] == wrong.domain) & table[wrong.column].notna()
    return cells & table[PAID].notna() if wrong.reason in (COPY, RATIO) else cells


def find_lost_columns(issues: pd.DataFrame, table: pd.DataFrame) -> dict[str, dict[str, dict]]:
    """Find columns that lost more than SHARE of their cells for one reason.

    Parameters
    ----------
    issues : DataFrame
        Lines of normalize_issues: `domain`, `column`, `reason` and `set_missing`.
    table : DataFrame, shape (n, k)
        What was left: `domain` and the columns.

    Returns
    -------
    dict of str to dict
        Domain -> column -> `reason`, `cells` (lost for it) and `of` (cells that were filled).
    """
    lost = issues[issues["set_missing"]].groupby(["domain", "column"])["reason"]
    out: dict[str, dict[str, dict]] = {}
    for (domain, column), reasons in lost:
        rows = table["domain"] == domain
        left = int(table.loc[rows, column].notna().sum()) if column in table else 0
        counts = reasons.value_counts().sort_index()
        worst, cells, filled = str(counts.idxmax()), int(counts.max()), left + len(reasons)
        if filled >= LEAST and cells > SHARE * filled:
            out.setdefault(str(domain), {})[str(column)] = {
                "reason": worst,
                "cells": cells,
                "of": filled,
            }
    return out


def require_readable_columns(
    issues: pd.DataFrame, table: pd.DataFrame, contract: Contract, most: float
) -> None:
    """Stop where a column that the contract requires loses most of the cells of one file.

    Columns that are ignored as wrong throughout are named elsewhere; zeros stand for no value.

    Parameters
    ----------
    issues : DataFrame
        Lines of normalize_issues: `_source_file`, `_source_row`, `column`, `value`, `reason` and
        `set_missing`.
    table : DataFrame, shape (n, k)
        What was left: `_source_file` and the columns.
    contract : Contract
        Which columns are required.
    most : float
        `normalize.max_lost_share`.

    Raises
    ------
    RemlError
        Naming the file, the column, the share, the most frequent reason, three cells and the mend.
    """
    zero = issues["value"].str.fullmatch(r"\s*[$]?0+(\.0*)?\s*").fillna(False).astype(bool)
    lost = issues[issues["set_missing"] & ~issues["reason"].isin(IGNORED) & ~zero]
    required = [name for name, column in contract.columns.items() if column.required]
    for name in [one for one in required if one in table]:
        filled = table[table[name].notna()].groupby("_source_file").size()
        for file, cells in lost[lost["column"] == name].groupby("_source_file", sort=True):
            cells = cells.drop_duplicates("_source_row").sort_values("_source_row")
            of = len(cells) + int(filled.get(file, 0))
            if of < LEAST or len(cells) <= most * of:
                continue
            shown = cells.drop_duplicates("value").head(3)[["value", "_source_row"]]
            texts = ", ".join(f"{v!r} (data row {n})" for v, n in shown.itertuples(index=False))
            require(
                False,
                f"{file}: `{name}`, which the contract requires, cannot be read or cannot be in "
                f"{len(cells):,} of {of:,} rows ({len(cells) / of:.0%}), most often: "
                f"{cells['reason'].mode().iloc[0]}; {texts}; mend its aliases, type, range, unit "
                f"or date_formats in contract.yaml, or raise normalize.max_lost_share",
            )

"""What moved between two runs, and why: values of listings on the market, the contributions that
moved them, and what changed in the data. Frames in, frames and words out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

KEYS = ["domain", "listing_key"]
MOVED = 0.01  # a value that changed by less stayed where it was, for a reader
CAUSES = 3  # contributions named for one listing
# of what a listing says, this moves with the calendar or the export and is no change of the home
TIMES = ("as_of", "modification_timestamp", "hist_cumulative_days_on_market")
EXACT = 5e-3  # log points by which contributions may miss a change: values are rounded to the unit


def value_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Changes of value of the listings that both runs value, the largest first.

    Parameters
    ----------
    before, after
        Valuations: domain, listing_key, pred_close_price (currency).

    Returns
    -------
    DataFrame
        The columns of `after`, with `old` and `new` (currency) for its estimate, and `change`
        (share, new / old - 1).
    """
    old = before[[*KEYS, "pred_close_price"]].rename(columns={"pred_close_price": "old"})
    both = after.rename(columns={"pred_close_price": "new"}).merge(old, on=KEYS)
    both["change"] = both["new"] / both["old"] - 1
    order = both["change"].abs().sort_values(ascending=False, kind="stable").index
    return both.loc[order].reset_index(drop=True)


def unmatched_listings(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The listings of one table that another does not have.

    Parameters
    ----------
    one, other
        Tables with domain and listing_key; rows of `one` are returned.

    Returns
    -------
    DataFrame
        Rows and columns of `one`.
    """
    joined = one.merge(other[KEYS], on=KEYS, how="left", indicator=True)
    return joined[joined["_merge"] == "left_only"].drop(columns="_merge").reset_index(drop=True)


def contribution_changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Change of each input's log contribution, for the listings that both tables explain.

    Parameters
    ----------
    before, after
        domain, listing_key, input, group, value, log_contribution (log points).

    Returns
    -------
    DataFrame
        The keys, input, group, `old_value`, `value` and `moved` (log points); an input that one run
        does not have counts as 0 there.
    """
    keys = [*KEYS, "input"]
    shared = before[KEYS].drop_duplicates().merge(after[KEYS].drop_duplicates(), on=KEYS)
    sides = [side.merge(shared, on=KEYS) for side in (before, after)]
    both = sides[0].merge(sides[1], on=keys, how="outer", suffixes=("_old", ""))
    both["group"] = both["group"].fillna(both["group_old"])
    now, was = (both[name].fillna(0.0) for name in ("log_contribution", "log_contribution_old"))
    both["moved"] = now - was
    return both.rename(columns={"value_old": "old_value"})[
        [*keys, "group", "old_value", "value", "moved"]
    ].sort_values(keys, ignore_index=True)


def count_unexplained(moved: pd.DataFrame, why: pd.DataFrame) -> int:
    """How many listings' log change differs from the sum of their contributions' changes.

    Parameters
    ----------
    moved
        As `value_changes` returns it.
    why
        As `contribution_changes` returns it.

    Returns
    -------
    int
        Listings that differ by more than rounding of both values explains.
    """
    explained = why.groupby(KEYS)["moved"].sum().rename("explained").reset_index()
    both = moved.merge(explained, on=KEYS)
    # both values are rounded to the unit, which is much of a small rent
    slack = EXACT + 0.5 / both["old"] + 0.5 / both["new"]
    return int((np.abs(np.log(both["new"] / both["old"]) - both["explained"]) > slack).sum())


def changes_by_group(why: pd.DataFrame) -> pd.DataFrame:
    """How far each group of inputs moved a listing's value, the strongest first.

    Parameters
    ----------
    why
        As `contribution_changes` returns it.

    Returns
    -------
    DataFrame
        A row a group: `typical`, the mean size of its push on a listing's value, and `push`, the
        mean with its sign (log points).
    """
    each = why.groupby([*KEYS, "group"])["moved"].sum().reset_index()
    out = each.groupby("group")["moved"].agg(
        typical=lambda part: float(part.abs().mean()), push="mean"
    )
    return out.reset_index().sort_values("typical", ascending=False, ignore_index=True)


def format_cell(value: object) -> str:
    """A value of a listing as people read it."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return "none"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    if isinstance(value, int | float | np.number):
        return f"{float(value):,.6g}" if abs(float(value)) < 1e4 else f"{float(value):,.0f}"
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def format_log_change(log_change: float) -> str:
    """Log points as the percentage that they move a value by.

    Examples
    --------
    >>> format_log_change(0.0488)
    '+5.0 %'
    """
    return f"{100 * np.expm1(log_change):+.1f} %"


def explain_change(why: pd.DataFrame) -> list[str]:
    """The strongest causes of one listing's change in words, with the input's own change.

    Parameters
    ----------
    why
        The rows of one listing of what `contribution_changes` returns.

    Returns
    -------
    list of str
        At most `CAUSES` clauses, such as `living_area (1,500 → 1,800): +5.0 %`.
    """
    order = why["moved"].abs().sort_values(ascending=False, kind="stable").index[:CAUSES]
    clauses = []
    for row in why.loc[order].to_dict("records"):
        if abs(row["moved"]) < MOVED / 10:
            continue
        was, now = format_cell(row["old_value"]), format_cell(row["value"])
        step = f" ({was} → {now})" if was != now else ""
        clauses.append(f"{row['input']}{step}: {format_log_change(row['moved'])}")
    return clauses


def differing_cells(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The cells in which two tables of listings of one domain differ.

    Columns of the source's own book-keeping (`_`) and of the calendar (`TIMES`) are left out.

    Parameters
    ----------
    before, after
        Listings by listing_key, with any other columns.

    Returns
    -------
    DataFrame
        A row a cell: listing_key, column, old, new (text).
    """
    names = [
        name
        for name in before.columns.intersection(after.columns)
        if name not in (*KEYS, *TIMES) and not name.startswith("_")
    ]
    left, right = (side.set_index("listing_key")[names] for side in (before, after))
    shared = left.index.intersection(right.index)
    left, right = left.loc[shared], right.loc[shared]
    parts = []
    for name in names:
        one, other = left[name], right[name]
        if one.dtype != other.dtype:
            one, other = one.astype(object), other.astype(object)
        rows = ~(one.eq(other) | (one.isna() & other.isna()))
        if rows.any():
            pair = {"old": one[rows].map(format_cell), "new": other[rows].map(format_cell)}
            parts.append(pd.DataFrame(pair).assign(column=name).reset_index())
    empty = pd.DataFrame(columns=["listing_key", "old", "new", "column"], dtype=str)
    every = pd.concat(parts, ignore_index=True) if parts else empty
    return every.sort_values(["listing_key", "column"], ignore_index=True)


def data_change_counts(
    domain: str, before: pd.DataFrame, after: pd.DataFrame, differ: pd.DataFrame
) -> dict[str, Any]:
    """Counts of a domain's rows in both runs, and the columns that changed most often.

    Parameters
    ----------
    domain
        What to call them.
    before, after
        Listings by listing_key.
    differ
        As `differing_cells` returns it for them.

    Returns
    -------
    dict
        Counts as text; `columns` holds at most eight.
    """
    keys = [set(side["listing_key"]) for side in (before, after)]
    counts = differ["column"].value_counts()
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return {
        "domain": domain,
        "old": f"{len(keys[0]):,}",
        "rows": f"{len(keys[1]):,}",
        "new": f"{len(keys[1] - keys[0]):,}",
        "gone": f"{len(keys[0] - keys[1]):,}",
        "changed": f"{differ['listing_key'].nunique():,}",
        "columns": [f"{name} {count:,}" for name, count in ordered[:8]],
    }


def changed_settings(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(name, old, new) of the parameters that differ, both given flat, by dotted name."""
    rows = []
    for name in sorted({*before, *after}):
        old, new = (str(side[name]) if name in side else "none" for side in (before, after))
        if old != new:
            rows.append((name, old, new))
    return rows

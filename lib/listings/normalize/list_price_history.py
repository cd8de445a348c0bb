"""What a listing was before its newest state: list prices over time, and relists of one home. Each
row says only what was known by its own `as_of` date."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.vocabulary import LINEAGE, ON_MARKET
from lib.listings.contract.contract import Contract
from lib.listings.contract.units import FREQUENCY
from lib.listings.identity.same_home import HomeKeys, previous_of_home
from lib.listings.normalize.typed_cells import OFFSET, local_days, type_cells

LISTING = ["domain", "listing_key"]
STATE = [*LISTING, "modification_timestamp", "list_price", "standard_status"]
HISTORY_COLUMNS = ["hist_price_changes", "hist_relists", "hist_cumulative_days_on_market"]


def columns_for_states(contract: Contract) -> list[str]:
    """The staged columns that `type_older_states` needs, of those that the contract has."""
    named = ("modification_timestamp", "list_price", "standard_status", FREQUENCY)
    has = {*contract.columns, *contract.constants}
    return [*LISTING, *LINEAGE, *(name for name in named if name in has)]


def type_older_states(superseded: pd.DataFrame, contract: Contract) -> tuple[pd.DataFrame, int]:
    """Type the older states of listings.

    Parameters
    ----------
    superseded : DataFrame, shape (n, k)
        Staged text with `columns_for_states`.
    contract : Contract

    Returns
    -------
    states : DataFrame, shape (n, 7)
        STATE, OFFSET and `_row_sha256`.
    unread : int
        Cells that could not be read.
    """
    names = columns_for_states(contract)
    update = {
        "columns": {name: c for name, c in contract.columns.items() if name in names},
        "lookups": {name: look for name, look in contract.lookups.items() if name in names},
        "constants": {name: text for name, text in contract.constants.items() if name in names},
    }
    table, issues = type_cells(superseded, contract.model_copy(update=update))
    for name, kind in zip(STATE[2:], ("datetime64[us]", "float64", "str"), strict=True):
        if name not in table:
            table[name] = pd.Series(None, index=table.index, dtype=kind)
    return table.reindex(columns=[*STATE, OFFSET, "_row_sha256"]), len(issues)


def price_history(older: pd.DataFrame, newest: pd.DataFrame) -> pd.DataFrame:
    """List each change of list price or status that the exports show, the oldest first.

    Parameters
    ----------
    older : DataFrame
        States from `type_older_states`, each listing's in the order that staging gave them: that of
        stamps, and of imports and statuses where stamps do not tell.
    newest : DataFrame
        The normalised table.

    Returns
    -------
    DataFrame
        STATE and OFFSET. States without a stamp cannot be put in order and are left out.
    """
    names = [*STATE, OFFSET, "_row_sha256"]
    states = [part.reindex(columns=names).astype({OFFSET: "float64"}) for part in (older, newest)]
    both = pd.concat(states, ignore_index=True)
    both = both[both["modification_timestamp"].notna()]
    both = both.sort_values(LISTING, kind="stable", ignore_index=True)
    before = both.groupby(LISTING, sort=False)[["list_price", "standard_status"]].shift()
    same = _equal(both["list_price"], before["list_price"])
    same &= _equal(both["standard_status"], before["standard_status"])
    first = ~both.duplicated(LISTING)
    return both.loc[first | ~same, [*STATE, OFFSET]].reset_index(drop=True)


def _equal(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left == right).fillna(False).astype(bool) | (left.isna() & right.isna())


def add_listing_history(
    table: pd.DataFrame, history: pd.DataFrame, gap_days: int, home: HomeKeys
) -> pd.DataFrame:
    """Add HISTORY_COLUMNS, and `original_list_price` as first seen where the feed has none.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        The normalised table.
    history : DataFrame
        Changes from `price_history`.
    gap_days : int
        Days off the market after which a listing of the same home begins anew.
    home : HomeKeys
        Keys of the table's rows, from `same_home.home_keys`.

    Returns
    -------
    DataFrame, shape (n, k + 3)
        Missing is what was not visible by the row's `as_of` date.
    """
    table = table.copy(deep=False)  # columns are added, none is changed
    visible = history.merge(table[[*LISTING, "as_of"]], on=LISTING)
    visible = visible[local_days(visible) <= visible["as_of"]]
    priced = visible[visible["list_price"].notna()]
    before = priced.groupby(LISTING, sort=False)["list_price"].shift()
    changes = (before.notna() & (priced["list_price"] != before)).groupby(
        [priced[name] for name in LISTING], sort=False
    )
    who = pd.MultiIndex.from_frame(table[LISTING])
    table["hist_price_changes"] = (
        changes.sum().reindex(who).to_numpy("float64", na_value=float("nan"))
    )
    first = priced.groupby(LISTING, sort=False)["list_price"].first().reindex(who)
    table["original_list_price"] = table["original_list_price"].fillna(
        pd.Series(first.to_numpy("float64"), index=table.index)
    )
    return table.assign(**_count_relists(table, history, gap_days, home))


def _count_relists(
    table: pd.DataFrame, history: pd.DataFrame, gap_days: int, home: HomeKeys
) -> dict[str, pd.Series]:
    """Count earlier listings of each home in one go on the market, and their days.

    A listing goes on from the one before where that one, as visible when this one began, was on the
    market still or had left it unsold `gap_days` before at most.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        The normalised table.
    history : DataFrame
        Changes from `price_history`.
    gap_days : int
    home : HomeKeys
        Keys of the table's rows, from `same_home.home_keys`.

    Returns
    -------
    dict of str to Series
        `hist_relists` (count) and `hist_cumulative_days_on_market` (days up to `as_of`), each of
        shape (n,).
    """
    start = "listing_contract_date"
    rows = table[table[start].notna()].sort_values([start, "listing_key"])
    before = _before(rows, home)
    past = table.loc[rows.index].iloc[before].set_axis(rows.index)  # -1 is some row, and not used
    past = past[["listing_key", start, "close_date"]].where(pd.Series(before >= 0, rows.index))
    left = _left_market(rows, past["listing_key"], history)
    gone_on = left.notna() & ((rows[start] - left).dt.days <= gap_days)
    gone_on &= ~(past["close_date"] <= rows[start])
    days = (left - past[start]).dt.days.clip(lower=0).where(gone_on, 0)
    link = np.where(gone_on, before, -1)
    days_listed = (rows["as_of"] - rows[start]).dt.days
    dated = days_listed >= 0
    columns = {
        "hist_relists": _along(link, gone_on.to_numpy("float64")),
        "hist_cumulative_days_on_market": _along(link, days.to_numpy("float64"))
        + days_listed.where(dated),
    }
    return {
        name: pd.Series(column, index=rows.index).where(dated).reindex(table.index)
        for name, column in columns.items()
    }


def _before(rows: pd.DataFrame, home: HomeKeys) -> np.ndarray:
    """The position of the listing of the home before each of `rows` (in order of their beginning),
    as known when that one began; -1 where there is none."""
    by_domain = HomeKeys(*(part.loc[rows.index] for part in home))
    domain = rows["domain"] + "|"
    by_domain = by_domain._replace(
        group=domain + by_domain.group, address=domain + by_domain.address
    )
    return previous_of_home(
        by_domain, rows["listing_contract_date"].to_numpy("datetime64[D]").astype("int64")
    )


def _along(link: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """The sum of `amount` over each row and those that `link` leads to, one after the other; -1
    ends the way. In doubling steps: a chain may be as long as the table."""
    total, at = amount.copy(), link.copy()
    while (on := at >= 0).any():
        total[on] += total[at[on]]
        at[on] = at[at[on]]
    return total


def _left_market(rows: pd.DataFrame, before: pd.Series, history: pd.DataFrame) -> pd.Series:
    """When the listing `before` each of `rows` had left the market, by its last state visible as
    the row's listing began: that day itself if it was on the market, missing if unseen or
    closed."""
    off = ~history["standard_status"].isin(ON_MARKET)
    fresh = off & ~(off.groupby([history[name] for name in LISTING]).shift(fill_value=False))
    day = local_days(history)
    since = day.where(fresh)
    since = since.groupby([history[name] for name in LISTING]).ffill().where(off)
    states = history.assign(since=since, day=day)
    queries = pd.DataFrame(
        {
            "domain": rows["domain"],
            "listing_key": before,
            "day": rows["listing_contract_date"],
            "row": rows.index,
        }
    )
    queries = queries[queries["listing_key"].notna()].sort_values("day", kind="stable")
    states = states.sort_values("day", kind="stable")[[*LISTING, "day", "since", "standard_status"]]
    last_state = pd.merge_asof(queries, states, on="day", by=LISTING).set_index("row")
    status = last_state["standard_status"]
    left = last_state["since"].where(~status.isin(ON_MARKET), last_state["day"])
    return left.where(status.notna() & (status != "Closed")).reindex(rows.index)

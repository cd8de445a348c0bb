"""How the market around a home moves, as of its date: levels, activity, and gross yields.

Three kinds, all by ZIP (and the type of home within it) over windows of days before `as_of`:

- levels: medians of price and price per square foot, and counts of sales (`market_features`);
- activity: spread and change of prices, sale to list price, days to the contract, homes on offer
  and sales per home on offer (`activity_features`);
- yields: rents of homes like one for sale, prices of homes like one to let, and the gross yield
  between the two (`yield_features`).

A listing is on offer from its list date until its contract or, if it did not sell, its last
modification. All that a home may use of that end is whether it lies ahead of `as_of`, so ends after
`as_of` change nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.vocabulary import ON_MARKET
from lib.features.asof.rule import days_since_epoch, log_positive
from lib.features.asof.windows import days_since_first, encode_groups, index_events, past_median
from lib.features.nearby import comparables
from lib.features.nearby.comparables import ComparablesSettings

MONTHS = 12  # rents are a month's
NEVER = pd.Timestamp("2200-01-01")  # the end of what is still on offer
# whose sales count: those of the ZIP, and those of the kind of home within it, which the first of
# KINDS that the feed has tells
SCOPES = ("zip", "segment")
KINDS = ("property_sub_type", "property_type")


def _available_scopes(available: frozenset[str]) -> dict[str, list[str]]:
    """The SCOPES of a feed: no segments where it has no kinds of homes.

    Parameters
    ----------
    available
        Columns that the feed has.

    Returns
    -------
    Columns that make a scope, by its name.
    """
    kind = [name for name in KINDS if name in available][:1]
    return {
        name: ["postal_code", *(kind if name == "segment" else [])]
        for name in SCOPES
        if name == "zip" or kind
    }


def market_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    windows: list[int],
    available: frozenset[str] = frozenset(),
) -> dict[str, np.ndarray]:
    """Price levels and sales counts of the windows before each home's date.

    Parameters
    ----------
    homes
        (n, columns) with `as_of` and `postal_code`.
    sales
        (m, columns) with `close_date`, `close_price`, `living_area` and `postal_code`.
    windows
        Lengths of the windows in days.
    available
        Columns that the feed has.

    Returns
    -------
    (n,) arrays, for each scope and window: log median price and price per square foot, and the
    number of sales; for each window the whole market's log median price per square foot.
    """
    price = log_positive(sales["close_price"])
    per_foot = price - log_positive(sales["living_area"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    out: dict[str, np.ndarray] = {}
    for scope, columns in _available_scopes(available).items():
        query_groups, groups = encode_groups(homes, sales, columns)
        events = index_events(groups, closed, query_groups, as_of)
        for window in windows:
            out[f"mkt_{scope}_log_price_{window}d"] = events.quantiles(price, window, [0.5])[0]
            out[f"mkt_{scope}_log_price_per_square_foot_{window}d"] = events.quantiles(
                per_foot, window, [0.5]
            )[0]
            out[f"mkt_{scope}_sales_{window}d"] = events.count(price, window)
    for window in windows:
        name = f"mkt_log_price_per_square_foot_{window}d"
        out[name] = past_median(closed, per_foot, as_of, window)[0]
    return out


def off_market_dates(listings: pd.DataFrame) -> pd.Series:
    """The day on which each listing left the market.

    Parameters
    ----------
    listings
        (n, columns) with `standard_status`, `as_of`, `purchase_contract_date`,
        `modification_timestamp` and `_modification_utc_offset_minutes`.

    Returns
    -------
    (n,) datetime64: of a closed one its `as_of` (contract, else closing), of one under contract the
    contract, of one still on offer `NEVER`; of any other the day of its last modification, by the
    source's local time (missing where that is unknown).
    """
    offset = listings["_modification_utc_offset_minutes"].fillna(0)
    local = listings["modification_timestamp"] + pd.to_timedelta(offset, unit="min")
    closed = listings["standard_status"] == "Closed"
    open_ = listings["standard_status"].isin(ON_MARKET)
    end = local.dt.normalize().mask(closed, listings["as_of"])
    return end.mask(open_, listings["purchase_contract_date"].fillna(NEVER))


def count_on_offer(homes: pd.DataFrame, listings: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Count the listings of each home's scope, its own left out, that were on offer on its date:
    listed before it, and not gone before it.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, `listing_key` and the scope's columns.
    listings
        (m, columns) as for `off_market_dates`, with `listing_contract_date`.
    columns
        Those that make the scope.

    Returns
    -------
    (n,) float64 counts.
    """
    listed, gone = listings["listing_contract_date"], off_market_dates(listings)
    dated = listed.notna() & gone.notna()
    table = listings[dated]
    dates = days_since_epoch(listed[dated]), days_since_epoch(gone[dated])
    span, (begin, end, as_of) = days_since_first(*dates, days_since_epoch(homes["as_of"]))
    end = np.maximum(end, begin)
    query_groups, groups = encode_groups(homes, table, columns)
    query_line = query_groups * span + as_of

    def before(days: np.ndarray) -> np.ndarray:
        line = np.sort(groups * span + days)
        return np.searchsorted(line, query_line) - np.searchsorted(line, query_groups * span)

    keys = pd.Index(table["listing_key"])
    row = keys.get_indexer(homes["listing_key"])
    there = (row >= 0) & (np.append(begin, 0)[row] < as_of) & (as_of <= np.append(end, 0)[row])
    there &= np.append(groups, -1)[row] == query_groups
    return (before(begin) - before(end) - there).astype(float)


def activity_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    listings: pd.DataFrame,
    windows: list[int],
    available: frozenset[str],
) -> dict[str, np.ndarray]:
    """Activity of the market in the windows before each home's date.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, `listing_key` and the scopes' columns.
    sales
        (m, columns) usable sales.
    listings
        (k, columns) all listings of the domain.
    windows
        Lengths of the windows in days.
    available
        Columns that the feed has; statistics whose columns are missing are left out.

    Returns
    -------
    (n,) arrays, for each scope and window: spread (interquartile range of log price per square
    foot), its change against the window before, median log of sale to list price, median days from
    listing to contract, sales per home on offer; for each scope the homes on offer.
    """
    per_foot = log_positive(sales["close_price"]) - log_positive(sales["living_area"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    extra: dict[str, np.ndarray] = {}
    if "list_price" in available:
        extra["list_ratio"] = log_positive(sales["close_price"]) - log_positive(sales["list_price"])
    if "listing_contract_date" in available:
        elapsed = (sales["as_of"] - sales["listing_contract_date"]).dt.days.to_numpy(float)
        extra["days_on_market"] = np.where(elapsed >= 0, elapsed, np.nan)
    out: dict[str, np.ndarray] = {}
    for scope, columns in _available_scopes(available).items():
        query_groups, groups = encode_groups(homes, sales, columns)
        events = index_events(groups, closed, query_groups, as_of)
        if {"listing_contract_date", "unsold_listings"} <= available:
            out[f"mkt_offer_{scope}"] = on_offer = count_on_offer(homes, listings, columns)
        for window in windows:
            low, level, high = events.quantiles(per_foot, window, [0.25, 0.5, 0.75])
            out[f"mkt_spread_{scope}_{window}d"] = high - low
            earlier = events.quantiles(per_foot, window, [0.5], lag=window)[0]
            out[f"mkt_change_{scope}_{window}d"] = level - earlier
            for name, values in extra.items():
                out[f"mkt_{name}_{scope}_{window}d"] = events.quantiles(values, window, [0.5])[0]
            if f"mkt_offer_{scope}" in out:
                sold = events.count(closed.astype(float), window)
                offered = np.where(on_offer > 0, on_offer, np.nan)
                out[f"mkt_absorption_{scope}_{window}d"] = sold / offered
    return out


def _zip_level(homes: pd.DataFrame, sales: pd.DataFrame, days: int) -> np.ndarray:
    """Median log price per square foot of each home's ZIP.

    Parameters
    ----------
    homes
        (n, columns) with `as_of` and `postal_code`.
    sales
        (m, columns) with `close_date`, `close_price`, `living_area` and `postal_code`.
    days
        Length of the window before `as_of`.

    Returns
    -------
    (n,) float64, missing where nothing closed.
    """
    query_groups, groups = encode_groups(homes, sales, ["postal_code"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    per_foot = log_positive(sales["close_price"]) - log_positive(sales["living_area"])
    return index_events(groups, closed, query_groups, as_of).quantiles(per_foot, days, [0.5])[0]


# parameters: two markets, which of them is for rent, and the settings of both ways to compare
def yield_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    other: pd.DataFrame,
    rented: bool,
    near: np.ndarray,
    days: int,
    settings: ComparablesSettings,
) -> dict[str, np.ndarray]:
    """Prices of the other domain (for a sale: rents) and the gross yield between the two.

    Parameters
    ----------
    homes
        (n, columns) homes of one domain.
    sales
        (m, columns) usable sales of that domain.
    other
        (k, columns) usable sales of the other domain; of rentals the price is a month's rent.
    rented
        Whether the homes are rentals, and `other` sales.
    near
        (n,) log price per square foot of the home's own comparables.
    days
        Length of the window before `as_of`.
    settings
        The metric of comparables.

    Returns
    -------
    (n,) arrays: `mkt_other_<by>_log_price_per_square_foot` and `mkt_yield_<by>` (a year's rent as a
    share of the price), `<by>` being `zip` and `near`, the comparables in the other domain.
    """
    neighbours = comparables.find_comparables(homes, other, settings)
    near_level = comparables.comparable_features(homes, other, neighbours, settings)[
        "comp_log_price_per_square_foot"
    ]
    levels = {"zip": _zip_level(homes, other, days), "near": near_level}
    own_level = {"zip": _zip_level(homes, sales, days), "near": near}
    out = {f"mkt_other_{by}_log_price_per_square_foot": level for by, level in levels.items()}
    for by, level in levels.items():
        rent, price = (own_level[by], level) if rented else (level, own_level[by])
        out[f"mkt_yield_{by}"] = MONTHS * np.exp(rent - price)
    return out

"""As-of market features: medians and counts of the sales that closed in the days before as_of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.vocabulary import ON_MARKET
from lib.features import comparables
from lib.features.asof.days import days_since_epoch, log
from lib.features.asof.windows import coded, past, past_median, since_first
from lib.features.comparables import Comparables

# whose sales speak: those of the ZIP, and those of the kind of home within it
SCOPES = {"zip": ["postal_code"], "segment": ["postal_code", "property_sub_type"]}


def scopes(given: frozenset[str]) -> dict[str, list[str]]:
    """The SCOPES of a feed that has the columns `given`: no segments where it tells no kinds."""
    return {
        name: columns
        for name, columns in SCOPES.items()
        if name == "zip" or set(columns[1:]) <= given
    }


def market_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    windows: list[int],
    given: frozenset[str] = frozenset(),
) -> dict[str, np.ndarray]:
    """Per scope and window: log median price and price per square foot, and sales count; and the
    whole market's log median price per square foot. Arrays of len(homes).

    `homes` need `as_of`, `postal_code`; `sales` need `close_date`, `close_price`, `living_area`,
    `postal_code`; `given` are the columns that the feed has.
    """
    price = log(sales["close_price"])
    per_foot = price - log(sales["living_area"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    out: dict[str, np.ndarray] = {}
    for scope, columns in scopes(given).items():
        of, groups = coded(homes, sales, columns)
        asked = past(groups, closed, of, as_of)
        for window in windows:
            out[f"mkt_{scope}_log_price_{window}d"] = asked.quantiles(price, window, [0.5])[0]
            out[f"mkt_{scope}_log_price_per_square_foot_{window}d"] = asked.quantiles(
                per_foot, window, [0.5]
            )[0]
            out[f"mkt_{scope}_sales_{window}d"] = asked.count(price, window)
    for window in windows:
        name = f"mkt_log_price_per_square_foot_{window}d"
        out[name] = past_median(closed, per_foot, as_of, window)[0]
    return out


# How a market moves, as of each date: spread and change of its prices, how sales end against
# their list prices and how long they take, and how many homes are on offer.
#
# A listing is on offer from its list date until its contract or, if it did not sell, its last word.
# Whether that end lies ahead is all that a home's as_of date knows of it, so ends after as_of
# change nothing.


NEVER = pd.Timestamp("2200-01-01")  # the end of what is still on offer


def ended(listings: pd.DataFrame) -> pd.Series:
    """The day each listing left the market: a closed one at its as_of (contract, else closing), one
    under contract at the contract, one still on offer never; any other on the day of its last
    modification, by the source's local time (missing where that is unknown)."""
    offset = listings["_modification_utc_offset_minutes"].fillna(0)
    local = listings["modification_timestamp"] + pd.to_timedelta(offset, unit="min")
    closed = listings["standard_status"] == "Closed"
    open_ = listings["standard_status"].isin(ON_MARKET)
    end = local.dt.normalize().mask(closed, listings["as_of"])
    return end.mask(open_, listings["purchase_contract_date"].fillna(NEVER))


def offer(homes: pd.DataFrame, listings: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Listings of the home's scope, its own left out, that were on offer on its as_of date: listed
    before it, and not gone before it (n,)."""
    listed, gone = listings["listing_contract_date"], ended(listings)
    known = listed.notna() & gone.notna()
    table = listings[known]
    dates = days_since_epoch(listed[known]), days_since_epoch(gone[known])
    span, (begin, end, as_of) = since_first(*dates, days_since_epoch(homes["as_of"]))
    end = np.maximum(end, begin)
    of, groups = coded(homes, table, columns)
    at = of * span + as_of

    def before(days: np.ndarray) -> np.ndarray:
        line = np.sort(groups * span + days)
        return np.searchsorted(line, at) - np.searchsorted(line, of * span)

    keys = pd.Index(table["listing_key"])
    mine = keys.get_indexer(homes["listing_key"])
    there = (mine >= 0) & (np.append(begin, 0)[mine] < as_of) & (as_of <= np.append(end, 0)[mine])
    there &= np.append(groups, -1)[mine] == of
    return (before(begin) - before(end) - there).astype(float)


def activity_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    listings: pd.DataFrame,
    windows: list[int],
    given: frozenset[str],
) -> dict[str, np.ndarray]:
    """Per scope and window, arrays of len(homes): spread (interquartile range of log price per
    square foot), its change against the window before, median log of sale to list price, median
    days from listing to contract, sales per home on offer; and per scope the homes on offer.

    Statistics whose columns are not in `given`, the columns that the feed has, stay away.
    """
    per_foot = log(sales["close_price"]) - log(sales["living_area"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    extra: dict[str, np.ndarray] = {}
    if "list_price" in given:
        extra["list_ratio"] = log(sales["close_price"]) - log(sales["list_price"])
    if "listing_contract_date" in given:
        took = (sales["as_of"] - sales["listing_contract_date"]).dt.days.to_numpy(float)
        extra["days_on_market"] = np.where(took >= 0, took, np.nan)
    out: dict[str, np.ndarray] = {}
    for scope, columns in scopes(given).items():
        of, groups = coded(homes, sales, columns)
        asked = past(groups, closed, of, as_of)
        if {"listing_contract_date", "unsold_listings"} <= given:
            out[f"mkt_offer_{scope}"] = on_offer = offer(homes, listings, columns)
        for window in windows:
            low, level, high = asked.quantiles(per_foot, window, [0.25, 0.5, 0.75])
            out[f"mkt_spread_{scope}_{window}d"] = high - low
            earlier = asked.quantiles(per_foot, window, [0.5], lag=window)[0]
            out[f"mkt_change_{scope}_{window}d"] = level - earlier
            for name, values in extra.items():
                out[f"mkt_{name}_{scope}_{window}d"] = asked.quantiles(values, window, [0.5])[0]
            if f"mkt_offer_{scope}" in out:
                sold = asked.count(closed.astype(float), window)
                some = np.where(on_offer > 0, on_offer, np.nan)
                out[f"mkt_absorption_{scope}_{window}d"] = sold / some
    return out


# What the other market says: rents of homes like one for sale, prices of homes like one to let,
# and the gross yield between the two, all from closings before as_of.


MONTHS = 12  # rents are a month's


def zip_level(homes: pd.DataFrame, sales: pd.DataFrame, days: int) -> np.ndarray:
    """Median log price per square foot of the home's ZIP in the `days` before as_of (n,)."""
    of, groups = coded(homes, sales, ["postal_code"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    per_foot = log(sales["close_price"]) - log(sales["living_area"])
    return past(groups, closed, of, as_of).quantiles(per_foot, days, [0.5])[0]


def yield_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    other: pd.DataFrame,
    rented: bool,
    near: np.ndarray,
    days: int,
    spec: Comparables,
) -> dict[str, np.ndarray]:
    """Per home (n,): log price (of rentals: a month's rent) per square foot in the `other` domain,
    in its ZIP and at the nearest comparables there; and the gross yield a year by either.

    `rented` says that the homes are rentals and `other` are sales; `near` is the log price per
    square foot of the home's own comparables.
    """
    found = comparables.find(homes, other, spec)
    said = comparables.comparable_features(homes, other, found, spec)[
        "comp_log_price_per_square_foot"
    ]
    levels = {"zip": zip_level(homes, other, days), "near": said}
    own = {"zip": zip_level(homes, sales, days), "near": near}
    out = {f"mkt_other_{by}_log_price_per_square_foot": level for by, level in levels.items()}
    for by, level in levels.items():
        rent, price = (own[by], level) if rented else (level, own[by])
        out[f"mkt_yield_{by}"] = MONTHS * np.exp(rent - price)
    return out

"""As-of market features: medians and counts of the sales that closed in the days before as_of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.features.comparables import days_since_epoch, log
from lib.features.windows import coded, past

# whose sales speak: those of the ZIP, and those of the kind of home within it
SCOPES = {"zip": ["postal_code"], "segment": ["postal_code", "property_sub_type"]}


def past_median(
    days: np.ndarray, values: np.ndarray, as_of: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """(median, count) of `values` whose `days` lie in [as_of - window, as_of), per query.

    Days are whole days (int64); missing values do not count; no sale in the window: nan and 0.
    """
    none = np.zeros(len(days), dtype="int64"), np.zeros(len(as_of), dtype="int64")
    asked = past(none[0], days, none[1], as_of)
    return asked.quantiles(values, window, [0.5])[0], asked.count(values, window)


def scopes(given: frozenset[str]) -> dict[str, list[str]]:
    """The SCOPES of a feed that has the columns `given`: no segments where it tells no kinds."""
    return {
        name: columns
        for name, columns in SCOPES.items()
        if name == "zip" or set(columns[1:]) <= given
    }


def features(
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

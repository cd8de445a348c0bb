"""As-of market features: medians and counts of the sales that closed in the days before as_of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.features.comparables import days_since_epoch, log


def past_median(
    days: np.ndarray, values: np.ndarray, as_of: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """(median, count) of `values` whose `days` lie in [as_of - window, as_of), per query.

    Days are whole days (int64); missing values do not count; no sale in the window: nan and 0.
    Each distinct as_of is worked out once, so the cost grows with days times sales in the window.
    """
    known = np.isfinite(values)
    order = np.argsort(days[known], kind="stable")
    days, values = days[known][order], values[known][order]
    dates, back = np.unique(as_of, return_inverse=True)
    first, last = np.searchsorted(days, dates - window), np.searchsorted(days, dates)
    medians = np.array(
        [np.median(values[a:b]) if b > a else np.nan for a, b in zip(first, last, strict=True)],
        dtype=float,
    )
    return medians[back], (last - first)[back].astype(float)


def features(homes: pd.DataFrame, sales: pd.DataFrame, windows: list[int]) -> dict[str, np.ndarray]:
    """Per window: log median price and price per square foot and sales count of the home's ZIP,
    and the whole market's log median price per square foot. Arrays of len(homes).

    `homes` need `as_of`, `postal_code`; `sales` need `close_date`, `close_price`, `living_area`,
    `postal_code`.
    """
    price = log(sales["close_price"])
    per_foot = price - log(sales["living_area"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    home_zip, sale_zip = (t["postal_code"].fillna("").to_numpy(object) for t in (homes, sales))
    out: dict[str, np.ndarray] = {}
    for window in windows:
        names = [
            f"mkt_zip_log_price_{window}d",
            f"mkt_zip_log_price_per_square_foot_{window}d",
            f"mkt_zip_sales_{window}d",
        ]
        out |= {name: np.full(len(homes), np.nan) for name in names}
        for code in np.unique(home_zip):
            here, there = home_zip == code, sale_zip == code
            median, count = past_median(closed[there], price[there], as_of[here], window)
            out[names[0]][here], out[names[2]][here] = median, count
            out[names[1]][here] = past_median(closed[there], per_foot[there], as_of[here], window)[
                0
            ]
        out[f"mkt_log_price_per_square_foot_{window}d"] = past_median(
            closed, per_foot, as_of, window
        )[0]
    return out

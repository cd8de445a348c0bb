"""The home's own previous sale, as known on its as_of date: the price then, and how long ago."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.features.comparables import days_since_epoch, log
from lib.features.windows import since_first


def features(homes: pd.DataFrame, sales: pd.DataFrame) -> dict[str, np.ndarray]:
    """`own_previous_log_price` and `own_previous_sale_years` (n,) of the latest sale of the same
    `own_home_key` that closed strictly before `as_of`; missing where there is none.

    A home that comes back within a year has mostly been renovated, which nothing else tells.
    """
    keys = pd.concat([homes["own_home_key"], sales["own_home_key"]]).fillna("")
    codes, names = pd.factorize(keys)
    dates = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    span, (days, as_of) = since_first(*dates)
    home, sale = codes[: len(homes)], codes[len(homes) :]
    order = np.lexsort([days, sale])
    # one number for home and day: the place before one's own is the latest earlier sale
    at = np.searchsorted((sale * span + days)[order], home * span + as_of, side="left") - 1
    row = np.append(order, -1)[at]
    known = (at >= 0) & (np.append(sale, -1)[row] == home) & (np.asarray(names)[home] != "")
    price = np.append(log(sales["close_price"]), np.nan)[row]
    years = (as_of - np.append(days, 0)[row]) / 365.25
    return {
        "own_previous_log_price": np.where(known, price, np.nan),
        "own_previous_sale_years": np.where(known, years, np.nan),
    }

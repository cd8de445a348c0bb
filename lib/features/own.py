"""The home's own previous sale, as known on its as_of date: the price then, and how long ago."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.features.asof.days import days_since_epoch, log
from lib.features.asof.windows import since_first


def resale_features(homes: pd.DataFrame, sales: pd.DataFrame) -> dict[str, np.ndarray]:
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


OWN = [
    "living_area",
    "lot_size_square_feet",
    "bedrooms_total",
    "bathrooms_full",
    "bathrooms_half",
    "bathrooms_total",
    "stories",
    "garage_spaces",
    "fireplaces_total",
    "pool_private_yn",
    "waterfront_yn",
    "association_fee",
    "above_grade_finished_area",
    "below_grade_finished_area",
    "latitude",
    "longitude",
]


EPOCH = pd.Timestamp("2000-01-01")


def own_features(homes: pd.DataFrame) -> pd.DataFrame:
    """Attributes as the listing states them (float64; columns that the feed lacks stay away),
    local numbers of the contract included, and simple ratios."""
    local = [
        name
        for name in homes
        if name.startswith("local_") and pd.api.types.is_numeric_dtype(homes[name])
    ]
    out = homes[[name for name in OWN if name in homes] + local].astype("float64")
    out["own_log_living_area"] = np.log(out["living_area"].where(out["living_area"] > 0))
    if "lot_size_square_feet" in out:
        lot = out["lot_size_square_feet"]
        out["own_log_lot_size"] = np.log(lot.where(lot > 0))
    out["own_age"] = homes["as_of"].dt.year - homes["year_built"]
    return out


def time_features(homes: pd.DataFrame, given: frozenset[str]) -> dict[str, pd.Series]:
    """Trend in years since 2000, the season as a point on the unit circle, and days on the market
    up to as_of (missing where the list date is later)."""
    angle = 2 * np.pi * (homes["as_of"].dt.day_of_year - 1) / 365.25
    out = {
        "time_years": (homes["as_of"] - EPOCH).dt.days / 365.25,
        "time_season_sin": np.sin(angle),
        "time_season_cos": np.cos(angle),
    }
    if "listing_contract_date" in given:
        days = (homes["as_of"] - homes["listing_contract_date"]).dt.days.astype("float64")
        out["time_on_market_days"] = days.where(days >= 0)
    return out

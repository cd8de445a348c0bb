"""A home's own attributes, the time of its valuation, and its previous sale as known by then."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.features.asof.rule import days_since_epoch, log_positive
from lib.features.asof.windows import days_since_first

ATTRIBUTES = [
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


def home_features(homes: pd.DataFrame) -> pd.DataFrame:
    """Attributes as the listing states them, local numbers of the contract, and simple ratios.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, `living_area` (square feet) and `year_built`; others as far as
        the feed has them.

    Returns
    -------
    (n, columns) float64; columns that the feed lacks are left out.
    """
    local = [
        name
        for name in homes
        if name.startswith("local_") and pd.api.types.is_numeric_dtype(homes[name])
    ]
    out = homes[[name for name in ATTRIBUTES if name in homes] + local].astype("float64")
    out["own_log_living_area"] = np.log(out["living_area"].where(out["living_area"] > 0))
    if "lot_size_square_feet" in out:
        lot = out["lot_size_square_feet"]
        out["own_log_lot_size"] = np.log(lot.where(lot > 0))
    out["own_age"] = homes["as_of"].dt.year - homes["year_built"]
    return out


def time_features(homes: pd.DataFrame, available: frozenset[str]) -> dict[str, pd.Series]:
    """Trend, season and time on the market.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, and `listing_contract_date` if `available`.
    available
        Columns that the feed has.

    Returns
    -------
    (n,) columns: years since 2000, the season as a point on the unit circle, and days on the market
    up to `as_of` (missing where the list date is later).
    """
    angle = 2 * np.pi * (homes["as_of"].dt.day_of_year - 1) / 365.25
    out = {
        "time_years": (homes["as_of"] - EPOCH).dt.days / 365.25,
        "time_season_sin": np.sin(angle),
        "time_season_cos": np.cos(angle),
    }
    if "listing_contract_date" in available:
        days = (homes["as_of"] - homes["listing_contract_date"]).dt.days.astype("float64")
        out["time_on_market_days"] = days.where(days >= 0)
    return out


def previous_sale_features(homes: pd.DataFrame, sales: pd.DataFrame) -> dict[str, np.ndarray]:
    """The latest earlier sale of the same home.

    A home that is sold again within a year has mostly been renovated, which no other column tells.

    Parameters
    ----------
    homes
        (n, columns) with `as_of` and `own_home_key`.
    sales
        (m, columns) with `close_date`, `close_price` and `own_home_key`.

    Returns
    -------
    (n,) arrays: `own_previous_log_price` and `own_previous_sale_years` of the latest sale that
    closed strictly before `as_of`; missing where there is none.
    """
    keys = pd.concat([homes["own_home_key"], sales["own_home_key"]]).fillna("")
    codes, names = pd.factorize(keys)
    dates = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    span, (days, as_of) = days_since_first(*dates)
    home, sale = codes[: len(homes)], codes[len(homes) :]
    order = np.lexsort([days, sale])
    # one number for home and day: the place before one's own is the latest earlier sale
    place = np.searchsorted((sale * span + days)[order], home * span + as_of, side="left") - 1
    row = np.append(order, -1)[place]
    sold_before = (
        (place >= 0) & (np.append(sale, -1)[row] == home) & (np.asarray(names)[home] != "")
    )
    price = np.append(log_positive(sales["close_price"]), np.nan)[row]
    years = (as_of - np.append(days, 0)[row]) / 365.25
    return {
        "own_previous_log_price": np.where(sold_before, price, np.nan),
        "own_previous_sale_years": np.where(sold_before, years, np.nan),
    }

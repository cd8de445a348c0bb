"""The feature table: the listing's own attributes, time, as-of market and as-of comparables.

The one function that both the `features` stage and `predict --subjects` call, so that what is
served is what was trained. Sales enter only through `evidence`, and each home sees only those that
closed strictly before its own as_of date.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.params import Section
from lib.features import comparables, districts, kriging, market, resale

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
CATEGORIES = ["postal_code", "property_sub_type"]
# carried along for splitting and scoring, never a model input
KEYS = [
    "listing_key",
    "property_key",
    "standard_status",
    "as_of",
    "close_date",
    "close_price",
    "list_price",
]
EPOCH = pd.Timestamp("2000-01-01")


class Features(Section):
    """The `features` section of params.yaml."""

    windows: list[int]
    comparables: comparables.Comparables
    kriging: kriging.Kriging
    districts: districts.Districts


def closed_sales(table: pd.DataFrame) -> pd.DataFrame:
    """The closed rows with a price and a date: the only rows whose price anyone may look at."""
    closed = table["standard_status"] == "Closed"
    good = closed & table["close_date"].notna() & (table["close_price"] > 0)
    return table[good].sort_values(["close_date", "listing_key"]).reset_index(drop=True)


def evidence(table: pd.DataFrame, screened: pd.DataFrame) -> pd.DataFrame:
    """The `closed_sales` of a table that may speak for other homes: those that `screened`
    (`listing_key`, `usable`, one row a closed sale) calls usable. The others are still valued."""
    sales = closed_sales(table)
    usable = screened.loc[screened["usable"], "listing_key"]
    return sales[sales["listing_key"].isin(usable)].reset_index(drop=True)


def own(homes: pd.DataFrame) -> pd.DataFrame:
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


def time(homes: pd.DataFrame) -> dict[str, pd.Series]:
    """Trend in years since 2000 and the season as a point on the unit circle."""
    angle = 2 * np.pi * (homes["as_of"].dt.day_of_year - 1) / 365.25
    return {
        "time_years": (homes["as_of"] - EPOCH).dt.days / 365.25,
        "time_season_sin": np.sin(angle),
        "time_season_cos": np.cos(angle),
    }


def build(
    homes: pd.DataFrame, sales: pd.DataFrame, spec: Features
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(features, comparables) of `homes`, which need an `as_of` date.

    `sales` come from `evidence`. `features` has one row a home: KEYS, then the inputs that
    `names` lists. `comparables` has up to k rows a home: listing_key, rank from 1,
    comparable's listing_key, date, price, living area, distance in units of the metric.
    """
    homes = homes.reset_index(drop=True)
    found = comparables.find(homes, sales, spec.comparables)
    kriged = kriging.features(homes, sales, spec.kriging)
    parts = [
        homes[KEYS],
        own(homes),
        pd.DataFrame(resale.features(homes, sales)),
        pd.DataFrame(time(homes)),
        pd.DataFrame(market.features(homes, sales, spec.windows)),
        pd.DataFrame(comparables.features(homes, sales, found, spec.comparables)),
        pd.DataFrame(kriged),
        pd.DataFrame(
            districts.features(
                homes,
                sales,
                spec.kriging.axes,
                kriged["mkt_hedonic_log_price"],
                spec.districts,
            )
        ),
    ]
    table = pd.concat([*parts, homes[[name for name in CATEGORIES if name in homes]]], axis=1)
    index, distance = found
    row, rank = np.nonzero(index >= 0)
    chosen = sales.iloc[index[row, rank]].reset_index(drop=True)
    near = pd.DataFrame(
        {
            "listing_key": homes["listing_key"].take(row).reset_index(drop=True),
            "rank": rank + 1,
            "comparable": chosen["listing_key"],
            "close_date": chosen["close_date"],
            "close_price": chosen["close_price"],
            "living_area": chosen["living_area"],
            "distance": distance[row, rank],
        }
    )
    return table, near


def names(table: pd.DataFrame) -> list[str]:
    """The model's inputs in a feature table: all but KEYS, in the table's order."""
    return [name for name in table if name not in KEYS]

"""The feature table: the listing's own attributes, time, as-of market and as-of comparables.

What it builds is what features.meta.yml lists. The one function that both the `features` stage and
`predict --subjects` call, so that what is served is what was trained. Sales enter only through
`evidence`, and each home sees only those that closed strictly before its own as_of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field, PositiveInt

from lib.common.params import Section
from lib.common.vocabulary import KEY_COLUMNS
from lib.features import (
    activity,
    comparables,
    districts,
    geo,
    hedonic,
    index,
    kriging,
    market,
    resale,
    series,
    spec,
    text,
    yields,
)

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
EPOCH = pd.Timestamp("2000-01-01")


class Features(Section):
    """The `features` section of params.yaml."""

    windows: list[PositiveInt] = Field(min_length=1)
    yield_days: PositiveInt
    comparables: comparables.Comparables
    index: index.Index
    kriging: kriging.Kriging
    districts: districts.Districts
    geo: geo.Geo
    text: text.Text


@dataclass(frozen=True)
class Known:
    """What stands beside the homes: usable `sales` of their own domain, all its `listings`, usable
    sales of the `other` domain, external `series`, whether the domain is rentals, and what of the
    spec's inputs the feed has (`given`)."""

    sales: pd.DataFrame
    listings: pd.DataFrame
    other: pd.DataFrame
    series: pd.DataFrame
    rented: bool
    given: frozenset[str]


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


def known(
    tables: Mapping[str, pd.DataFrame],
    screened: Mapping[str, pd.DataFrame],
    domain: str,
    external: pd.DataFrame,
) -> Known:
    """What a `domain` may know, from the normalised `tables` and verdicts of both domains."""
    sales = {name: evidence(tables[name], screened[name]) for name in tables}
    other = next((sales[name] for name in tables if name != domain), sales[domain].iloc[:0])
    has = spec.given(tables[domain], other, external)
    return Known(sales[domain], tables[domain], other, external, domain == "rental", has)


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


def time(homes: pd.DataFrame, given: frozenset[str]) -> dict[str, pd.Series]:
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


def optional(
    homes: pd.DataFrame, known: Known, near: np.ndarray, settings: Features
) -> dict[str, np.ndarray]:
    """Features of kinds that not every feed has the inputs for; `near` is the log price per square
    foot of each home's comparables."""
    sales, given = known.sales, known.given
    out: dict[str, np.ndarray] = {}
    out |= activity.features(homes, sales, known.listings, settings.windows, given)
    if {"latitude", "longitude"} <= given:
        out |= geo.features(homes, sales, settings.geo)
    if "public_remarks" in given:
        out |= text.features(homes, settings.text)
    if "other.close_price" in given:
        out |= yields.features(
            homes, sales, known.other, known.rented, near, settings.yield_days, settings.comparables
        )
    return out | series.features(homes, known.series)


def build(
    homes: pd.DataFrame, known: Known, settings: Features
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(features, comparables, index) of `homes`, which need an `as_of` date.

    `features` has one row a home: KEY_COLUMNS, then the inputs, all other columns. `comparables`
    has up to k rows a home: listing_key, rank from 1, comparable's listing_key, date, price, price
    at the home's date, living area, distance in units of the metric. `index` is that of prices as
    of the newest of the homes' dates (`lib.features.index.table`).
    """
    homes, sales = homes.reset_index(drop=True), known.sales
    # the kriged price and the index of areas are both made of it
    regressed = hedonic.known(homes, sales, settings.kriging.axes, settings.kriging.hedonic)
    found = comparables.find(homes, sales, settings.comparables)
    moved = index.moved(found[0], regressed, settings.index)
    said = comparables.features(homes, sales, found, settings.comparables, moved)
    kriged = kriging.features(homes, sales, regressed, settings.kriging)
    axes, level = settings.kriging.axes, kriged["mkt_hedonic_log_price"]
    near = said["comp_log_price_per_square_foot"]
    parts = [
        homes[[*KEY_COLUMNS]],
        own(homes),
        pd.DataFrame(resale.features(homes, sales)),
        pd.DataFrame(time(homes, known.given)),
        pd.DataFrame(market.features(homes, sales, settings.windows, known.given)),
        pd.DataFrame(said),
        pd.DataFrame(kriged),
        pd.DataFrame(districts.features(homes, sales, axes, level, settings.districts)),
        pd.DataFrame(optional(homes, known, near, settings), index=homes.index),
    ]
    table = pd.concat([*parts, homes[[name for name in CATEGORIES if name in homes]]], axis=1)
    prices = index.table(sales, regressed, settings.index)
    return table, _shown(homes, sales, found, moved), prices


def _shown(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    found: tuple[np.ndarray, np.ndarray],
    moved: np.ndarray,
) -> pd.DataFrame:
    """The table of the comparables found."""
    place, distance = found
    row, rank = np.nonzero(place >= 0)
    chosen = sales.iloc[place[row, rank]].reset_index(drop=True)
    return pd.DataFrame(
        {
            "listing_key": homes["listing_key"].take(row).reset_index(drop=True),
            "rank": rank + 1,
            "comparable": chosen["listing_key"],
            "close_date": chosen["close_date"],
            "close_price": chosen["close_price"],
            "adjusted_close_price": (chosen["close_price"] * np.exp(moved[row, rank])).round(2),
            "living_area": chosen["living_area"],
            "distance": distance[row, rank],
        }
    )

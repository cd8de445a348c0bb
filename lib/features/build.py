"""The feature table: the listing's own attributes, time, as-of market and as-of comparables.

What it builds is what features.meta.yml lists. The one function that both the `features` stage and
`scripts.ops.value` call, so that what is served is what was trained. Sales enter only through
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
    comparables,
    district_kriging,
    external_series,
    geo,
    hedonic,
    kriging,
    market,
    own,
    price_index,
    remarks,
    spec,
)
from lib.features.own import own_features, time_features

CATEGORIES = ["postal_code", "property_sub_type"]


class Features(Section):
    """The `features` section of params.yaml."""

    windows: list[PositiveInt] = Field(min_length=1)
    yield_days: PositiveInt
    comparables: comparables.Comparables
    index: price_index.Index
    kriging: kriging.Kriging
    districts: district_kriging.Districts
    geo: geo.Geo
    text: remarks.Text


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


def optional(
    homes: pd.DataFrame, known: Known, near: np.ndarray, settings: Features
) -> dict[str, np.ndarray]:
    """Features of kinds that not every feed has the inputs for; `near` is the log price per square
    foot of each home's comparables."""
    sales, given = known.sales, known.given
    out: dict[str, np.ndarray] = {}
    out |= market.activity_features(homes, sales, known.listings, settings.windows, given)
    if {"latitude", "longitude"} <= given:
        out |= geo.geo_features(homes, sales, settings.geo)
    if "public_remarks" in given:
        out |= remarks.remark_features(homes, settings.text)
    if "other.close_price" in given:
        out |= market.yield_features(
            homes, sales, known.other, known.rented, near, settings.yield_days, settings.comparables
        )
    return out | external_series.series_features(homes, known.series)


def build(
    homes: pd.DataFrame, known: Known, settings: Features
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """(features, comparables, index) of `homes`, which need an `as_of` date.

    `features` has one row a home: KEY_COLUMNS, then the inputs, all other columns. `comparables`
    has up to k rows a home: listing_key, rank from 1, comparable's listing_key, date, price, price
    at the home's date, living area, distance in units of the metric. `index` is that of prices as
    of the newest of the homes' dates (`lib.features.price_index.table`).
    """
    homes, sales = homes.reset_index(drop=True), known.sales
    # the kriged price and the index of areas are both made of it
    regressed = hedonic.known(homes, sales, settings.kriging.axes, settings.kriging.hedonic)
    found = comparables.find(homes, sales, settings.comparables)
    moved = price_index.moved(found[0], regressed, settings.index)
    said = comparables.comparable_features(homes, sales, found, settings.comparables, moved)
    kriged = kriging.kriging_features(homes, sales, regressed, settings.kriging)
    axes, level = settings.kriging.axes, kriged["mkt_hedonic_log_price"]
    near = said["comp_log_price_per_square_foot"]
    parts = [
        homes[[*KEY_COLUMNS]],
        own_features(homes),
        pd.DataFrame(own.resale_features(homes, sales)),
        pd.DataFrame(time_features(homes, known.given)),
        pd.DataFrame(market.market_features(homes, sales, settings.windows, known.given)),
        pd.DataFrame(said),
        pd.DataFrame(kriged),
        pd.DataFrame(
            district_kriging.district_features(homes, sales, axes, level, settings.districts)
        ),
        pd.DataFrame(optional(homes, known, near, settings), index=homes.index),
    ]
    table = pd.concat([*parts, homes[[name for name in CATEGORIES if name in homes]]], axis=1)
    prices = price_index.table(sales, regressed, settings.index)
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

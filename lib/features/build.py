"""The feature table: a listing's own attributes, time, the market and comparables as of its date.

What it builds is what features.meta.yml lists. Both the `features` stage and `scripts.ops.value`
call `build_features`, so that a model is served what it was trained on. Sales enter only through
`usable_sales`, and each home sees only those that closed strictly before its own `as_of` date
(`lib.features.asof.rule`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import Field, PositiveInt

from lib.common import io
from lib.common.params import Section
from lib.common.vocabulary import DOMAINS, KEY_COLUMNS, feed_folder
from lib.features import (
    district_kriging,
    external_series,
    hedonic,
    kriging,
    market,
    own_home,
    price_index,
    remarks,
    spec,
)
from lib.features.nearby import comparables, geo
from lib.features.own_home import home_features, time_features

CATEGORIES = ["postal_code", "property_sub_type"]
KIND = "property_type"  # a category too, where it tells what the sub type does not (`spec`)
CLASS, UNSTATED, HOME = "property_class", "unstated", "residential"  # of `normalize`


class FeaturesParams(Section):
    """The `features` section of params.yaml."""

    windows: list[PositiveInt] = Field(min_length=1)
    yield_days: PositiveInt
    comparables: comparables.ComparablesSettings
    index: price_index.IndexSettings
    kriging: kriging.KrigingSettings
    districts: district_kriging.DistrictSettings
    geo: geo.GeoSettings
    text: remarks.RemarkSettings


@dataclass(frozen=True)
class MarketEvidence:
    """What a home may be compared with, all dates together: each kind of feature takes from it what
    had happened before the home's `as_of`.

    Parameters
    ----------
    sales
        Usable sales of the homes' own domain, in order of closing.
    listings
        All listings of that domain.
    other
        Usable sales of the other domain.
    series
        Releases of external series.
    rented
        Whether the domain is rentals.
    available
        What of the spec's inputs the feed has (`spec.available_inputs`).
    """

    sales: pd.DataFrame
    listings: pd.DataFrame
    other: pd.DataFrame
    series: pd.DataFrame
    rented: bool
    available: frozenset[str]


def priced_sales(table: pd.DataFrame) -> pd.DataFrame:
    """Select the closed listings with a price and a date: only their prices may be used.

    Parameters
    ----------
    table
        (n, columns) normalised listings; needs `standard_status`, `close_date`, `close_price`,
        `listing_key`.

    Returns
    -------
    (m, columns) rows in order of closing.
    """
    closed = table["standard_status"] == "Closed"
    good = closed & table["close_date"].notna() & (table["close_price"] > 0)
    return table[good].sort_values(["close_date", "listing_key"]).reset_index(drop=True)


def valued_listings(table: pd.DataFrame, valued: list[str]) -> pd.DataFrame:
    """Select the listings that are valued and may be evidence: of the classes of property that the
    feed values, or of none that it states. The others are nobody's comparable and on no offer.

    Parameters
    ----------
    table
        (n, columns) normalised listings, with `property_class`.
    valued
        The classes, from feed.json of `normalize`.

    Returns
    -------
    (m, columns) rows of `table`.
    """
    return table[table[CLASS].isin([*valued, UNSTATED])].reset_index(drop=True)


def usable_sales(table: pd.DataFrame, screened: pd.DataFrame) -> pd.DataFrame:
    """Select the closed sales that other homes may be compared with. The others are still valued.

    Parameters
    ----------
    table
        (n, columns) normalised listings of a domain.
    screened
        (m, columns) verdicts of `screen`, one row a closed sale: `listing_key` and `usable`.

    Returns
    -------
    (k, columns) rows of `priced_sales` that are usable.
    """
    sales = priced_sales(table)
    usable = screened.loc[screened["usable"], "listing_key"]
    return sales[sales["listing_key"].isin(usable)].reset_index(drop=True)


def collect_evidence(
    tables: Mapping[str, pd.DataFrame],
    screened: Mapping[str, pd.DataFrame],
    domain: str,
    external: pd.DataFrame,
) -> MarketEvidence:
    """Collect what the homes of a domain may be compared with.

    Parameters
    ----------
    tables
        Normalised listings by domain.
    screened
        Verdicts of `screen` by domain, as for `usable_sales`.
    domain
        `sale` or `rental`.
    external
        External series, as `external_series.read_series` gives them.

    Returns
    -------
    The evidence of all dates.
    """
    sales = {name: usable_sales(tables[name], screened[name]) for name in tables}
    other = next((sales[name] for name in tables if name != domain), sales[domain].iloc[:0])
    has = spec.available_inputs(tables[domain], other, external)
    return MarketEvidence(sales[domain], tables[domain], other, external, domain == "rental", has)


def read_evidence(
    feed: str, normalized: Path, screened: Path
) -> tuple[dict[str, pd.DataFrame], dict[str, MarketEvidence]]:
    """Read the listings of a feed and what they may be compared with.

    Parameters
    ----------
    feed
        Its name.
    normalized, screened
        Folders of a table a domain each, as the stages of these names write them.

    Returns
    -------
    tables
        The normalised table of each domain, without listings that stand apart
        (`valued_listings`).
    evidence
        The evidence of each domain.
    """
    valued = io.read_json(normalized / "feed.json")["valued_classes"]
    tables, verdicts = (
        {domain: io.read_parquet(folder / f"{domain}.parquet") for domain in DOMAINS}
        for folder in (normalized, screened)
    )
    tables = {domain: valued_listings(table, valued) for domain, table in tables.items()}
    external = external_series.read_series(external_series.series_path(feed_folder(feed)))
    return tables, {one: collect_evidence(tables, verdicts, one, external) for one in DOMAINS}


def _optional_features(
    homes: pd.DataFrame, evidence: MarketEvidence, near: np.ndarray, settings: FeaturesParams
) -> dict[str, np.ndarray]:
    """Features of kinds that not every feed has the inputs for.

    Parameters
    ----------
    homes
        (n, columns) normalised listings with an `as_of` date.
    evidence
        As `collect_evidence` gives it.
    near
        (n,) log price per square foot of each home's comparables.
    settings
        The `features` section of params.yaml.

    Returns
    -------
    (n,) arrays by name of the feature.
    """
    sales, available = evidence.sales, evidence.available
    out: dict[str, np.ndarray] = {}
    out |= market.activity_features(homes, sales, evidence.listings, settings.windows, available)
    if {"latitude", "longitude"} <= available:
        out |= geo.geo_features(homes, sales, settings.geo)
    if "public_remarks" in available:
        out |= remarks.remark_features(homes, settings.text)
    if "other.close_price" in available:
        out |= market.yield_features(
            homes,
            sales,
            evidence.other,
            evidence.rented,
            near,
            settings.yield_days,
            settings.comparables,
        )
    return out | external_series.series_features(homes, evidence.series)


def build_features(
    homes: pd.DataFrame, evidence: MarketEvidence, settings: FeaturesParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Build the feature table of homes, with their comparables and the price index.

    Where a feed values several classes of property, each is compared with its own alone.

    Parameters
    ----------
    homes
        (n, columns) normalised listings with an `as_of` date, on the market or sold.
    evidence
        As `collect_evidence` gives it.
    settings
        The `features` section of params.yaml.

    Returns
    -------
    features
        One row a home: KEY_COLUMNS, then the inputs, all other columns.
    comparables
        Up to k rows a home: `listing_key`, `rank` from 1, `comparable` (its listing_key),
        `close_date`, `close_price`, `adjusted_close_price` (at the home's date), `living_area`
        (square feet), `distance` in units of the metric.
    index
        Prices by month and ZIP as of the newest of the homes' dates (`price_index.index_table`); of
        several classes that of the one with most sales.
    """
    homes = homes.reset_index(drop=True)
    tables = homes, evidence.sales, evidence.other
    group, sold, elsewhere = (_class_groups(table) for table in tables)
    if len(homes) == 0 or len({*group, *sold, *elsewhere}) <= 1:
        return _build_alike(homes, evidence, settings)
    parts = {}
    for name in sorted(set(group)):
        listings, other = (
            table[_class_groups(table) == name].reset_index(drop=True)
            for table in (evidence.listings, evidence.other)
        )
        sales = evidence.sales[sold == name].reset_index(drop=True)
        own = replace(evidence, sales=sales, listings=listings, other=other)
        parts[name] = _build_alike(homes[group == name].reset_index(drop=True), own, settings)
    features, near = (pd.concat([p[i] for p in parts.values()], ignore_index=True) for i in (0, 1))
    order = features.set_index("listing_key").index.get_indexer(homes["listing_key"])
    largest = max(parts, key=lambda name: ((sold == name).sum(), name == HOME))
    return features.take(order).reset_index(drop=True), near, parts[largest][2]


def _class_groups(table: pd.DataFrame) -> pd.Series:
    """The class of each row; one that states none goes with the homes."""
    if CLASS not in table:
        return pd.Series(HOME, index=table.index)
    return table[CLASS].replace(UNSTATED, HOME)


def _build_alike(
    homes: pd.DataFrame, evidence: MarketEvidence, settings: FeaturesParams
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """As `build_features`, of homes and evidence of one class of property."""
    sales = evidence.sales
    # the kriged price and the index of areas are both made of it
    regressed = hedonic.fit_hedonic_as_of(
        homes, sales, settings.kriging.axes, settings.kriging.hedonic
    )
    neighbours = comparables.find_comparables(homes, sales, settings.comparables)
    adjustments = price_index.time_adjustments(neighbours[0], regressed, settings.index)
    comparable = comparables.comparable_features(
        homes, sales, neighbours, settings.comparables, adjustments
    )
    kriged = kriging.kriging_features(homes, sales, regressed, settings.kriging)
    axes, level = settings.kriging.axes, kriged["mkt_hedonic_log_price"]
    near = comparable["comp_log_price_per_square_foot"]
    parts = [
        homes[[*KEY_COLUMNS]],
        home_features(homes),
        pd.DataFrame(own_home.previous_sale_features(homes, sales)),
        pd.DataFrame(time_features(homes, evidence.available)),
        pd.DataFrame(market.market_features(homes, sales, settings.windows, evidence.available)),
        pd.DataFrame(comparable),
        pd.DataFrame(kriged),
        pd.DataFrame(
            district_kriging.district_features(homes, sales, axes, level, settings.districts)
        ),
        pd.DataFrame(_optional_features(homes, evidence, near, settings), index=homes.index),
    ]
    words = [name for name in CATEGORIES if name in homes]
    words += [KIND] if KIND in evidence.available else []
    table = pd.concat([*parts, homes[words]], axis=1)
    prices = price_index.index_table(sales, regressed, settings.index)
    return table, _shown(homes, sales, neighbours, adjustments), prices


def _shown(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    neighbours: tuple[np.ndarray, np.ndarray],
    adjustments: np.ndarray,
) -> pd.DataFrame:
    """The table of the comparables neighbours."""
    place, distance = neighbours
    row, rank = np.nonzero(place >= 0)
    chosen = sales.iloc[place[row, rank]].reset_index(drop=True)
    return pd.DataFrame(
        {
            "listing_key": homes["listing_key"].take(row).reset_index(drop=True),
            "rank": rank + 1,
            "comparable": chosen["listing_key"],
            "close_date": chosen["close_date"],
            "close_price": chosen["close_price"],
            "adjusted_close_price": (chosen["close_price"] * np.exp(adjustments[row, rank])).round(
                2
            ),
            "living_area": chosen["living_area"],
            "distance": distance[row, rank],
        }
    )

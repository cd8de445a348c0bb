"""As-of comparables: for each home the nearest sales, in a scaled metric over place, size, age,
quality and recency, that had closed strictly before the home's as_of date.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from lib.common.params import Section
from lib.features.asof.days import days_since_epoch, log
from lib.features.asof.nearest import nearest_past

EARTH_KM = 6371.0
ZIP_KM = 1e3  # from one ZIP number to the next, for homes without coordinates


class Axis(Section):
    """One axis of the metric: `scale` of it counts as one unit of distance.

    `typical` stands in where the value is missing; with `log` both are about the logarithm.
    """

    typical: float = Field(allow_inf_nan=False)
    scale: float = Field(gt=0, allow_inf_nan=False)
    log: bool = False

    @model_validator(mode="after")
    def _has_logarithm(self) -> Axis:
        if self.log and self.typical <= 0:
            raise ValueError("typical must lie above 0 where log is true")
        return self


class Metric(Section):
    """How neighbours are chosen: how many, and what one unit of distance is on each axis."""

    k: int = Field(ge=1)
    km: float = Field(gt=0)
    days: float = Field(gt=0)
    axes: dict[str, Axis]


class Comparables(Metric):
    """Comparables, and how a home's size changes its price beside theirs."""

    area_elasticity: float = Field(allow_inf_nan=False)


def located(homes: pd.DataFrame) -> np.ndarray:
    """Which homes have coordinates (boolean)."""
    return (homes["latitude"].notna() & homes["longitude"].notna()).to_numpy(bool)


def on_map(homes: pd.DataFrame, sales: pd.DataFrame, least: int) -> np.ndarray:
    """Which homes are to be compared by coordinates (boolean): those that have them, unless fewer
    than `least` sales with coordinates had closed before and more without: ZIPs then serve them."""
    as_of, closed = days_since_epoch(homes["as_of"]), days_since_epoch(sales["close_date"])
    past = np.searchsorted(np.sort(closed), as_of)
    on_it = np.searchsorted(np.sort(closed[located(sales)]), as_of)
    return located(homes) & (on_it >= np.minimum(past, least))


def place(homes: pd.DataFrame, by_zip: bool) -> np.ndarray:
    """Kilometres (n, 3 or 1) in which the straight line is the distance of two homes.

    A place is a point on the sphere, so that a straight line is the distance in every direction
    (longitude times cos(latitude) on a flat map is sheared); or, `by_zip`, the ZIP's number, so
    far from the next that another ZIP is chosen only where the own one has too few sales.
    """
    if by_zip:
        zips = pd.to_numeric(homes["postal_code"], errors="coerce").fillna(0).to_numpy(float)
        return zips[:, None] * ZIP_KM
    lat, lon = (np.radians(homes[name].to_numpy(float)) for name in ("latitude", "longitude"))
    return EARTH_KM * np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


def attributes(homes: pd.DataFrame, axes: dict[str, Axis]) -> np.ndarray:
    """Each axis that `homes` has as a number (n, axes), in units of its scale; 0 is typical or
    missing. A local column may be text in one feed and a number in the next."""
    columns = [np.empty((len(homes), 0))]
    for name, axis in axes.items():
        if name not in homes or not pd.api.types.is_numeric_dtype(homes[name]):
            continue
        value = log(homes[name]) if axis.log else homes[name].to_numpy(float)
        typical = np.log(axis.typical) if axis.log else axis.typical
        columns.append(np.where(np.isfinite(value), value - typical, 0.0)[:, None] / axis.scale)
    return np.hstack(columns)


def positions(homes: pd.DataFrame, dates: pd.Series, spec: Metric, by_zip: bool) -> np.ndarray:
    """Coordinates (n, 2 or 4 + axes) in which Euclidean distance 1 is one unit of unlikeness."""
    days = days_since_epoch(dates)[:, None] / spec.days
    return np.hstack([place(homes, by_zip) / spec.km, days, attributes(homes, spec.axes)])


def without_own(
    index: np.ndarray, distance: np.ndarray, own: np.ndarray, keys: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Drop comparables that are earlier sales of the home itself; keep the k nearest others.

    `own` (queries,) and `keys` (sales,) are keys of homes (`own_home_key`).
    """
    distance = np.where(keys[index] == own[:, None], np.inf, distance)
    best = np.argsort(distance, axis=1, kind="stable")[:, :k]
    distance = np.take_along_axis(distance, best, axis=1)
    return np.where(np.isfinite(distance), np.take_along_axis(index, best, axis=1), -1), distance


def find(homes: pd.DataFrame, sales: pd.DataFrame, spec: Metric) -> tuple[np.ndarray, np.ndarray]:
    """(index into `sales`, distance), each (homes, k), for homes with an `as_of` date.

    Homes `on_map` are compared with sales that have coordinates, others with all sales by ZIP.
    """
    index = np.full((len(homes), spec.k), -1)
    distance = np.full((len(homes), spec.k), np.inf)
    mapped, sold_on_map = on_map(homes, sales, spec.k), located(sales)
    for rows, candidates in (
        (np.flatnonzero(mapped), np.flatnonzero(sold_on_map)),
        (np.flatnonzero(~mapped), np.arange(len(sales))),
    ):
        if not (len(rows) and len(candidates)):
            continue
        some, past = homes.iloc[rows], sales.iloc[candidates]
        by_zip = not mapped[rows[0]]
        near, gap = nearest_past(
            positions(past, past["close_date"], spec, by_zip),
            days_since_epoch(past["close_date"]),
            positions(some, some["as_of"], spec, by_zip),
            days_since_epoch(some["as_of"]),
            spec.k + 3,
        )
        own, keys = (table["own_home_key"].to_numpy(object) for table in (some, past))
        near, distance[rows] = without_own(near, gap, own, keys, spec.k)
        index[rows] = np.where(near >= 0, candidates[near], -1)
    return index, distance


def comparable_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    found: tuple[np.ndarray, np.ndarray],
    spec: Comparables,
    moved: np.ndarray | None = None,
) -> Mapping[str, np.ndarray]:
    """What the comparables say of each home: weighted log price (brought to the home's date by
    `moved` (homes, k), where it is known, and to its size by `area_elasticity`), log price per
    square foot at its date, spread, count, distance, age in days."""
    index, distance = found
    moved = np.zeros(index.shape) if moved is None else moved
    there = index >= 0
    weight = np.where(there, 1 / (0.5 + np.where(there, distance, 0)), 0.0)
    total = weight.sum(axis=1)
    weight = weight / np.where(total > 0, total, np.nan)[:, None]

    def of_sales(values: np.ndarray) -> np.ndarray:
        padded = np.append(values, np.nan)  # index -1 picks the padding
        return np.where(there, padded[index], np.nan)

    def mean(values: np.ndarray) -> np.ndarray:
        known = np.isfinite(values)
        known_weight = np.where(known, weight, 0).sum(axis=1)
        sums = np.where(known, np.where(known, values, 0) * weight, 0).sum(axis=1)
        return sums / np.where(known_weight > 0, known_weight, np.nan)

    price, area = log(sales["close_price"]), log(sales["living_area"])
    own_area = log(homes["living_area"])[:, None]
    bridge = np.nan_to_num(spec.area_elasticity * (own_area - of_sales(area)))
    brought = of_sales(price) + moved + bridge
    level = mean(brought)
    age = days_since_epoch(homes["as_of"])[:, None] - of_sales(
        days_since_epoch(sales["close_date"]).astype(float)
    )
    return {
        "comp_log_price": level,
        "comp_log_price_per_square_foot": mean(of_sales(price - area) + moved),
        "comp_spread": np.sqrt(mean((brought - level[:, None]) ** 2)),
        "comp_count": there.sum(axis=1).astype(float),
        "comp_distance": mean(np.where(there, distance, np.nan)),
        "comp_age_days": mean(age),
    }

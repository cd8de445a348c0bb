"""Comparables as of a date: for each home the nearest sales, in a scaled metric over place, size,
age, quality and recency, that had closed strictly before its `as_of` date.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from lib.common.params import Section
from lib.features.asof.rule import count_before, days_since_epoch, log_positive
from lib.features.nearby.nearest import nearest_past_points

EARTH_KM = 6371.0
ZIP_KM = 1e3  # from one ZIP number to the next, for homes without coordinates


class MetricAxis(Section):
    """One axis of the metric: `scale` of it counts as one unit of distance.

    `typical` stands in where the value is missing; with `log` both are about the logarithm.
    """

    typical: float = Field(allow_inf_nan=False)
    scale: float = Field(gt=0, allow_inf_nan=False)
    log: bool = False

    @model_validator(mode="after")
    def _has_logarithm(self) -> MetricAxis:
        if self.log and self.typical <= 0:
            raise ValueError("typical must lie above 0 where log is true")
        return self


class NeighbourMetric(Section):
    """How neighbours are chosen: how many, and what one unit of distance is on each axis."""

    k: int = Field(ge=1)
    km: float = Field(gt=0)
    days: float = Field(gt=0)
    axes: dict[str, MetricAxis]


class ComparablesSettings(NeighbourMetric):
    """Comparables, and how a home's size changes its price beside theirs."""

    area_elasticity: float = Field(allow_inf_nan=False)


def has_coordinates(homes: pd.DataFrame) -> np.ndarray:
    """Tell which homes have coordinates.

    Parameters
    ----------
    homes
        (n, columns) with `latitude` and `longitude`, in degrees.

    Returns
    -------
    (n,) bool.
    """
    return (homes["latitude"].notna() & homes["longitude"].notna()).to_numpy(bool)


def uses_coordinates(homes: pd.DataFrame, sales: pd.DataFrame, least: int) -> np.ndarray:
    """Tell which homes are to be compared by coordinates: those that have them, unless fewer than
    `least` sales with coordinates had closed before and more without: ZIPs then serve them.

    Parameters
    ----------
    homes
        (n, columns) with coordinates and `as_of`.
    sales
        (m, columns) with coordinates and `close_date`.
    least
        How many sales are enough.

    Returns
    -------
    (n,) bool.
    """
    as_of, closed = days_since_epoch(homes["as_of"]), days_since_epoch(sales["close_date"])
    past = count_before(np.sort(closed), as_of)
    past_on_map = count_before(np.sort(closed[has_coordinates(sales)]), as_of)
    return has_coordinates(homes) & (past_on_map >= np.minimum(past, least))


def position_km(homes: pd.DataFrame, by_zip: bool) -> np.ndarray:
    """Positions in which the straight line is the distance of two homes.

    A place is a point on the sphere, so that a straight line is the distance in every direction
    (longitude times cos(latitude) on a flat map is sheared); or, `by_zip`, the ZIP's number, so
    far from the next that another ZIP is chosen only where the home's has too few sales.

    Parameters
    ----------
    homes
        (n, columns) with `latitude` and `longitude` in degrees, or `postal_code`.
    by_zip
        Whether ZIPs stand in for coordinates.

    Returns
    -------
    (n, 3), or (n, 1) `by_zip`, float64 kilometres.
    """
    if by_zip:
        zips = pd.to_numeric(homes["postal_code"], errors="coerce").fillna(0).to_numpy(float)
        return zips[:, None] * ZIP_KM
    lat, lon = (np.radians(homes[name].to_numpy(float)) for name in ("latitude", "longitude"))
    return EARTH_KM * np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


def scaled_attributes(homes: pd.DataFrame, axes: dict[str, MetricAxis]) -> np.ndarray:
    """Each axis that the homes have as a number, in units of its scale.

    A local column may be text in one feed and a number in the next; text is left out.

    Parameters
    ----------
    homes
        (n, columns).
    axes
        Column and scale of each axis.

    Returns
    -------
    (n, axes) float64; 0 is typical or missing.
    """
    columns = [np.empty((len(homes), 0))]
    for name, axis in axes.items():
        if name not in homes or not pd.api.types.is_numeric_dtype(homes[name]):
            continue
        value = log_positive(homes[name]) if axis.log else homes[name].to_numpy(float)
        typical = np.log(axis.typical) if axis.log else axis.typical
        columns.append(np.where(np.isfinite(value), value - typical, 0.0)[:, None] / axis.scale)
    return np.hstack(columns)


def metric_coordinates(
    homes: pd.DataFrame, dates: pd.Series, settings: NeighbourMetric, by_zip: bool
) -> np.ndarray:
    """Coordinates in which a Euclidean distance of 1 is one unit of unlikeness.

    Parameters
    ----------
    homes
        (n, columns) homes or sales.
    dates
        (n,) datetime64: when they are valued, or closed.
    settings
        What one unit is, on each axis.
    by_zip
        Whether ZIPs stand in for coordinates.

    Returns
    -------
    (n, 2 or 4 + axes) float64.
    """
    days = days_since_epoch(dates)[:, None] / settings.days
    return np.hstack(
        [position_km(homes, by_zip) / settings.km, days, scaled_attributes(homes, settings.axes)]
    )


def _drop_own_sales(
    index: np.ndarray, distance: np.ndarray, home_keys: np.ndarray, sale_keys: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Drop comparables that are earlier sales of the home itself; keep the k nearest others.

    Parameters
    ----------
    index, distance
        (n, at least k) rows of sales, -1 where there is none, and how far they are.
    home_keys
        (n,) `own_home_key` of the homes.
    sale_keys
        (m,) `own_home_key` of the sales.
    k
        How many to keep.

    Returns
    -------
    (n, k) index and (n, k) distance, -1 and inf where fewer are left.
    """
    distance = np.where(sale_keys[index] == home_keys[:, None], np.inf, distance)
    best = np.argsort(distance, axis=1, kind="stable")[:, :k]
    distance = np.take_along_axis(distance, best, axis=1)
    return np.where(np.isfinite(distance), np.take_along_axis(index, best, axis=1), -1), distance


def find_comparables(
    homes: pd.DataFrame, sales: pd.DataFrame, settings: NeighbourMetric
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest sales of each home among those that closed strictly before its date.

    Homes for which `uses_coordinates` holds are compared with sales that have coordinates, others
    with all sales by ZIP.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, `own_home_key`, `postal_code`, coordinates and the metric's axes.
    sales
        (m, columns) the same with `close_date`.
    settings
        The metric.

    Returns
    -------
    index
        (n, k) int64 rows of `sales`, the nearest first; -1 where there are fewer.
    distance
        (n, k) float64 in units of the metric; inf where there are fewer.
    """
    index = np.full((len(homes), settings.k), -1)
    distance = np.full((len(homes), settings.k), np.inf)
    mapped, sold_on_map = uses_coordinates(homes, sales, settings.k), has_coordinates(sales)
    for rows, candidates in (
        (np.flatnonzero(mapped), np.flatnonzero(sold_on_map)),
        (np.flatnonzero(~mapped), np.arange(len(sales))),
    ):
        if not (len(rows) and len(candidates)):
            continue
        queries, past = homes.iloc[rows], sales.iloc[candidates]
        by_zip = not mapped[rows[0]]
        near, gap = nearest_past_points(
            metric_coordinates(past, past["close_date"], settings, by_zip),
            days_since_epoch(past["close_date"]),
            metric_coordinates(queries, queries["as_of"], settings, by_zip),
            days_since_epoch(queries["as_of"]),
            settings.k + 3,
        )
        home_keys, sale_keys = (table["own_home_key"].to_numpy(object) for table in (queries, past))
        near, distance[rows] = _drop_own_sales(near, gap, home_keys, sale_keys, settings.k)
        index[rows] = np.where(near >= 0, candidates[near], -1)
    return index, distance


def comparable_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    neighbours: tuple[np.ndarray, np.ndarray],
    settings: ComparablesSettings,
    adjustments: np.ndarray | None = None,
) -> Mapping[str, np.ndarray]:
    """What the comparables of each home tell: weighted prices, spread, count, distance, age.

    Parameters
    ----------
    homes
        (n, columns) with `as_of` and `living_area`.
    sales
        (m, columns) with `close_date`, `close_price` and `living_area`.
    neighbours
        Index and distance, as `find_comparables` gives them.
    settings
        How a home's size changes its price beside theirs (`area_elasticity`).
    adjustments
        (n, k) log price that brings each comparable to the home's date (`time_adjustments`); none:
        0.

    Returns
    -------
    (n,) arrays: `comp_log_price` (at the home's date and size), `comp_log_price_per_square_foot`
    (at its date), `comp_spread` (log price), `comp_count`, `comp_distance` (units of the metric),
    `comp_age_days`; missing where there is no comparable.
    """
    index, distance = neighbours
    adjustments = np.zeros(index.shape) if adjustments is None else adjustments
    there = index >= 0
    weight = np.where(there, 1 / (0.5 + np.where(there, distance, 0)), 0.0)
    total = weight.sum(axis=1)
    weight = weight / np.where(total > 0, total, np.nan)[:, None]

    def of_sales(values: np.ndarray) -> np.ndarray:
        padded = np.append(values, np.nan)  # index -1 picks the padding
        return np.where(there, padded[index], np.nan)

    def mean(values: np.ndarray) -> np.ndarray:
        finite = np.isfinite(values)
        finite_weight = np.where(finite, weight, 0).sum(axis=1)
        sums = np.where(finite, np.where(finite, values, 0) * weight, 0).sum(axis=1)
        return sums / np.where(finite_weight > 0, finite_weight, np.nan)

    price, area = log_positive(sales["close_price"]), log_positive(sales["living_area"])
    own_area = log_positive(homes["living_area"])[:, None]
    bridge = np.nan_to_num(settings.area_elasticity * (own_area - of_sales(area)))
    brought = of_sales(price) + adjustments + bridge
    level = mean(brought)
    age = days_since_epoch(homes["as_of"])[:, None] - of_sales(
        days_since_epoch(sales["close_date"]).astype(float)
    )
    return {
        "comp_log_price": level,
        "comp_log_price_per_square_foot": mean(of_sales(price - area) + adjustments),
        "comp_spread": np.sqrt(mean((brought - level[:, None]) ** 2)),
        "comp_count": there.sum(axis=1).astype(float),
        "comp_distance": mean(np.where(there, distance, np.nan)),
        "comp_age_days": mean(age),
    }

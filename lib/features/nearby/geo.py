"""Where a home lies among the sales before its as_of date: how far from their centre, and how many
are near. Places alone enter, never prices."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.features.asof.rule import days_since_epoch
from lib.features.asof.windows import days_since_first, encode_groups
from lib.features.nearby.comparables import EARTH_KM, has_coordinates, position_km
from lib.features.nearby.nearest import count_past_within

CM = 1e5  # a kilometre; sums of whole centimetres are exact in any order


class GeoSettings(Section):
    """Which sales count as near: kilometres away, and days before as_of."""

    km: float = Field(gt=0)
    days: int = Field(ge=1)


def centroid_distance_km(
    points: np.ndarray, query_groups: np.ndarray, as_of: np.ndarray,
    places: np.ndarray, groups: np.ndarray, days: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Distance of each point to the centroid of its group's earlier places.

    Parameters
    ----------
    points
        (n, 3) kilometres on the sphere.
    query_groups
        (n,) int64 group of each point.
    as_of
        (n,) int64 whole days.
    places
        (m, 3) kilometres on the sphere.
    groups
        (m,) int64 group of each place.
    days
        (m,) int64 whole days; only places strictly before a point's `as_of` count.

    Returns
    -------
    (n,) kilometres; missing where there are no earlier places.
    """
    span, (days, as_of) = days_since_first(days, as_of)
    order = np.argsort(groups * span + days, kind="stable")
    line = (groups * span + days)[order]
    sums = np.zeros((len(line) + 1, 3), dtype="int64")
    np.cumsum(np.rint(places[order] * CM).astype("int64"), axis=0, out=sums[1:])
    first, last = (
        np.searchsorted(line, query_groups * span),
        np.searchsorted(line, query_groups * span + as_of),
    )
    total = (sums[last] - sums[first]).astype(float)
    length = np.linalg.norm(total, axis=1)
    with np.errstate(invalid="ignore"):
        center = total / np.where(length > 0, length, np.nan)[:, None] * EARTH_KM
        return np.where(last > first, np.linalg.norm(points - center, axis=1), np.nan)


def geo_features(
    homes: pd.DataFrame, sales: pd.DataFrame, settings: GeoSettings
) -> dict[str, np.ndarray]:
    """Where each home lies among the sales before its date.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, coordinates and `postal_code`.
    sales
        (m, columns) with `close_date`, coordinates and `postal_code`.
    settings
        Which sales count as near.

    Returns
    -------
    (n,) arrays: `geo_center_km` and `geo_zip_center_km` to the centre of all earlier sales and of
    its ZIP's, `geo_sales_near` the sales of the last `days` within `km`; missing without
    coordinates.
    """
    names = ("geo_center_km", "geo_zip_center_km", "geo_sales_near")
    out = {name: np.full(len(homes), np.nan) for name in names}
    placed_homes, placed_sales = has_coordinates(homes), has_coordinates(sales)
    targets, past = homes[placed_homes], sales[placed_sales]
    if not (len(targets) and len(past)):
        return out
    points, places = position_km(targets, False), position_km(past, False)
    as_of, days = days_since_epoch(targets["as_of"]), days_since_epoch(past["close_date"])
    zips = encode_groups(targets, past, ["postal_code"])
    everywhere = np.zeros(len(targets), dtype="int64"), np.zeros(len(past), dtype="int64")
    for name, (query_groups, groups) in zip(names[:2], (everywhere, zips), strict=True):
        out[name][placed_homes] = centroid_distance_km(
            points, query_groups, as_of, places, groups, days
        )
    near = count_past_within(places, days, points, as_of, settings.km)
    out["geo_sales_near"][placed_homes] = near - count_past_within(
        places, days, points, as_of - settings.days, settings.km
    )
    return out

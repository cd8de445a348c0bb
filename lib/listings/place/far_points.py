"""Points that lie far from the other points of their ZIP, prefix of ZIPs, or feed.

A home at the edge of a wide rural ZIP is honest: it has neighbours of its own ZIP on the way to it,
or nobody around at all. What cannot be is a home amid those of other ZIPs and many kilometres from
all of its own, or one in another part of the country. Where a place lies has always been known, so
points of later listings may judge earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

EARTH_KM = 6371.0
NEIGHBOURS = 10  # nearest other points that say which area a point lies in
MOST_OWN = 2  # of these, at most so many of the own ZIP, for a point amid other ZIPs
ENOUGH = 10  # other points of an area from which it judges


@dataclass(frozen=True)
class AreaReach:
    """How far a home may lie from the middle of the points of its area.

    Attributes
    ----------
    amid_km : float
        Where it stands among the homes of other areas; infinite where that says nothing.
    alone_km, gap_km : float
        Where it does not; and how far its nearest point must then be.
    spreads : float
        In any case, so many times the distance that three in four points of the area keep to.
    """

    amid_km: float
    alone_km: float
    gap_km: float
    spreads: float


# a ZIP of King County reaches 45 km, and homes of the same ZIP stand at both ends
ZIP = AreaReach(15.0, 50.0, 25.0, 5.0)
PREFIX = AreaReach(np.inf, 250.0, 50.0, 8.0)
FEED = AreaReach(np.inf, 500.0, 100.0, 20.0)


def _sphere_km(latitude: np.ndarray, longitude: np.ndarray) -> np.ndarray:
    """Points on the sphere, so that distances are those through it.

    Parameters
    ----------
    latitude, longitude : ndarray of shape (n,)
        Degrees.

    Returns
    -------
    ndarray of shape (n, 3)
        Kilometres.
    """
    lat, lon = np.radians(latitude), np.radians(longitude)
    axes = [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    return EARTH_KM * np.column_stack(axes)


def _distances(points: pd.DataFrame) -> pd.DataFrame:
    """Distance of each distinct point to its area's middle, how many points the area has, and the
    distance that three in four of them keep to."""
    middle = points.groupby("area")[["latitude", "longitude"]].transform("median")
    here, there = (
        _sphere_km(*(one[name].to_numpy(float) for name in ("latitude", "longitude")))
        for one in (points, middle)
    )
    out = points.assign(distance=np.linalg.norm(here - there, axis=1))
    by_area = out.groupby("area")["distance"]
    return out.assign(
        others=by_area.transform("size") - 1, usual=by_area.transform("quantile", 0.75)
    )


def nearest_other_points(points: pd.DataFrame, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The nearest other points of some points.

    Parameters
    ----------
    points : DataFrame of shape (n, columns)
        Distinct `latitude` and `longitude`, in degrees.
    chosen : ndarray of int of shape (m,)
        Which of them are asked about.

    Returns
    -------
    distance, row : ndarray of shape (m, NEIGHBOURS)
        Kilometres and rows of `points`; infinite and n where there are not so many.
    """
    places = _sphere_km(points["latitude"].to_numpy(float), points["longitude"].to_numpy(float))
    distance, row = cKDTree(places).query(places[chosen], k=NEIGHBOURS + 1)
    return distance[:, 1:], row[:, 1:]


def far_points(
    latitude: pd.Series, longitude: pd.Series, area: pd.Series, reach: AreaReach
) -> pd.Series:
    """Which points lie farther from their area's other points than a home can.

    Parameters
    ----------
    latitude, longitude : Series of float64 of shape (n,)
        Degrees; missing ones are not judged.
    area : Series of str of shape (n,)
        The area that each row names; missing: not judged.
    reach : Reach
        How far an area reaches.

    Returns
    -------
    Series of bool of shape (n,)
        Areas of ENOUGH other points judge, each distinct point once.
    """
    table = pd.DataFrame({"latitude": latitude, "longitude": longitude, "area": area})
    every = table.dropna(subset=["latitude", "longitude"])
    distinct = _distances(every.dropna().drop_duplicates())
    wide = (distinct["others"] >= ENOUGH) & (
        distinct["distance"] > reach.spreads * distinct["usual"]
    )
    least = min(reach.amid_km, reach.alone_km)
    candidates = distinct[wide & (distinct["distance"] > least)]
    if candidates.empty:
        return pd.Series(False, index=table.index)
    points = every.drop_duplicates(["latitude", "longitude"]).reset_index(drop=True)
    places = pd.MultiIndex.from_frame(points[["latitude", "longitude"]])
    chosen = places.get_indexer(pd.MultiIndex.from_frame(candidates[["latitude", "longitude"]]))
    near, rows = nearest_other_points(points, chosen)
    areas = np.array([*points["area"], None], dtype=object)[rows]
    own = (areas == candidates["area"].to_numpy(object)[:, None]).sum(axis=1)
    distance = candidates["distance"].to_numpy()
    # amid others: homes stand around it as in a town, not as along a road that the ZIP lies on
    amid = (
        (own <= MOST_OWN) & (distance > reach.amid_km) & (near[:, NEIGHBOURS // 2] < distance / 8)
    )
    alone = (distance > reach.alone_km) & (near[:, 0] > reach.gap_km)
    # a heap of points in another part of the country has neighbours, and they are its like
    heap = distance > 4 * reach.alone_km
    odd = candidates[amid | alone | heap]
    found = pd.MultiIndex.from_frame(odd[["latitude", "longitude", "area"]])
    return pd.Series(pd.MultiIndex.from_frame(table).isin(found), index=table.index)

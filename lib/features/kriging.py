"""What the nearest past sales say of a home, once all their differences are paid for.

Kriging of the hedonic regression's residuals (Cressie, Statistics for Spatial Data, 1993, ch. 3):
the price that the market of that day pays for the home's own attributes, plus the share of its
neighbours' residuals that place and likeness carry over. Two parts carry them: one by distance on
the map alone (the street, the view), one by distance and likeness of the homes together. Each home
has neighbours of its own among the sales closed before its as_of date, so the cost is linear.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.common.parallel import map_threads
from lib.features import comparables, hedonic
from lib.features.comparables import Metric

CHUNK = 1000  # homes solved at once: 1,000 x 50 x 50 numbers are 20 MB


class Kriging(Metric):
    """The neighbours' metric, the regression, and how far residuals carry.

    Variances are in units of the second part's. `reach_km` is where the first part has dropped
    to a third; the second does so at `like_km`, or one unit of the axes.
    """

    hedonic: hedonic.Hedonic
    place_variance: float = Field(ge=0)
    reach_km: float = Field(gt=0)
    like_km: float = Field(gt=0)
    noise_variance: float = Field(gt=0)


def squares(points: np.ndarray) -> np.ndarray:
    """Squared distances (n, k, k) between the k points (n, k, d) of each row."""
    length = (points**2).sum(axis=2)
    product = points @ points.transpose(0, 2, 1)
    return np.maximum(length[:, :, None] + length[:, None, :] - 2 * product, 0)


def covariance(km2: np.ndarray, unlike2: np.ndarray, spec: Kriging) -> np.ndarray:
    """Covariance of the residuals of homes, from squared kilometres and squared axis units."""
    near = spec.place_variance * np.exp(-np.sqrt(km2) / spec.reach_km)
    return near + np.exp(-np.sqrt(km2 / spec.like_km**2 + unlike2))


def solve(
    place: np.ndarray, likeness: np.ndarray, residual: np.ndarray, spec: Kriging
) -> tuple[np.ndarray, np.ndarray]:
    """(expected residual, its variance), each (n,), in log price and units of the second part.

    `place` (n, k, d) and `likeness` (n, k, axes) are the neighbours' positions less the home's
    own; `residual` (n, k) is missing where there is no neighbour, which then says nothing.
    """
    there = np.isfinite(residual)
    place, likeness = (np.where(there[:, :, None], at, 0.0) for at in (place, likeness))
    both = covariance(squares(place), squares(likeness), spec)
    both *= there[:, :, None] & there[:, None, :]
    diagonal = np.arange(both.shape[1])
    prior = spec.place_variance + 1.0
    both[:, diagonal, diagonal] = prior + spec.noise_variance
    own = covariance((place**2).sum(axis=2), (likeness**2).sum(axis=2), spec) * there
    right = np.stack([np.where(there, residual, 0.0), own], axis=2)
    with threadpool_limits(1, "blas"):
        weights = np.linalg.solve(both, right)
    return (own * weights[:, :, 0]).sum(axis=1), prior - (own * weights[:, :, 1]).sum(axis=1)


def regressed(market: hedonic.Market, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(log price of the homes by the regression of their date (n,), residuals of their neighbours
    `index` (n, k) under it); missing before the first fit."""
    value, residual = np.full(len(index), np.nan), np.full(index.shape, np.nan)
    for day in np.unique(market.refits):
        fit = market.fits.get(int(day))
        if fit is None:
            continue
        rows = np.flatnonzero(market.refits == day)
        value[rows] = fit.predict(market.of_homes, rows)
        near = index[rows]
        used, back = np.unique(near, return_inverse=True)
        predicted = fit.predict(market.of_sales, used)
        errors = np.where(used >= 0, market.log_price[used] - predicted, np.nan)
        residual[rows] = errors[back].reshape(near.shape)
    return value, residual


def weighed(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    index: np.ndarray,
    residual: np.ndarray,
    by_zip: bool,
    spec: Kriging,
) -> tuple[np.ndarray, np.ndarray]:
    """`solve` of each of `homes` with its neighbours `index` (n, k) among `sales` and their
    `residual` (n, k). Homes are independent, so parts of them go to all cores."""
    place, places = (comparables.place(table, by_zip) for table in (homes, sales))
    like, likes = (comparables.attributes(table, spec.axes) for table in (homes, sales))

    def part(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        near = index[rows]
        return solve(
            places[near] - place[rows, None], likes[near] - like[rows, None], residual[rows], spec
        )

    parts = np.array_split(np.arange(len(homes)), len(homes) // CHUNK + 1)
    with threadpool_limits(1, "blas"):  # around the threads: each would undo the others'
        added, variance = zip(*map_threads(part, parts), strict=True)
    return np.concatenate(added), np.concatenate(variance)


def kriging_features(
    homes: pd.DataFrame, sales: pd.DataFrame, market: hedonic.Market, spec: Kriging
) -> dict[str, np.ndarray]:
    """Per home (n,): the regression's log price, the log price with what its neighbours add, the
    addition and its variance (units of the second part). All are missing before the first fit; a
    home without neighbours keeps the regression's price."""
    index, _ = comparables.find(homes, sales, spec)
    value, residual = regressed(market, index)
    added, variance = np.zeros(len(homes)), np.full(len(homes), np.nan)
    on_map = comparables.on_map(homes, sales, spec.k)
    for by_zip in (False, True):
        mine = np.flatnonzero(on_map != by_zip)
        if not len(mine) or not len(sales):
            continue
        added[mine], variance[mine] = weighed(
            homes.iloc[mine], sales, index[mine], residual[mine], by_zip, spec
        )
    none = ~np.isfinite(residual).any(axis=1)
    return {
        "mkt_hedonic_log_price": value,
        "comp_kriged_log_price": value + added,
        "comp_kriged_residual": np.where(none, np.nan, added),
        "comp_kriged_variance": np.where(none, np.nan, variance),
    }

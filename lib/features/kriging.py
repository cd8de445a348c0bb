"""Kriging: the price that the nearest past sales suggest once all differences are accounted for.

Kriging of the hedonic regression's residuals (Cressie, Statistics for Spatial Data, 1993, ch. 3):
the price that the market of that day pays for the home's attributes, plus the share of its
neighbours' residuals that place and likeness carry over. Two parts carry them: one by distance on
the map alone (the street, the view), one by distance and likeness of the homes together. Each home
has neighbours of its own among the sales closed before its as_of date, so the cost is linear.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.common.processes import map_threads
from lib.features import hedonic
from lib.features.nearby import comparables
from lib.features.nearby.comparables import NeighbourMetric

CHUNK = 1000  # homes solved at once: 1,000 x 50 x 50 numbers are 20 MB


class KrigingSettings(NeighbourMetric):
    """The neighbours' metric, the regression, and how far residuals carry.

    Variances are in units of the second part's. `reach_km` is where the first part has dropped
    to a third; the second does so at `like_km`, or one unit of the axes.
    """

    hedonic: hedonic.HedonicSettings
    place_variance: float = Field(ge=0)
    reach_km: float = Field(gt=0)
    like_km: float = Field(gt=0)
    noise_variance: float = Field(gt=0)


def _squared_distances_by_row(points: np.ndarray) -> np.ndarray:
    """Squared distances between the points of each row.

    Parameters
    ----------
    points
        (n, k, d) k points a row.

    Returns
    -------
    (n, k, k) float64, never negative.
    """
    length = (points**2).sum(axis=2)
    product = points @ points.transpose(0, 2, 1)
    return np.maximum(length[:, :, None] + length[:, None, :] - 2 * product, 0)


def _residual_covariance(
    km2: np.ndarray, unlike2: np.ndarray, settings: KrigingSettings
) -> np.ndarray:
    """Covariance of the residuals of two homes.

    Parameters
    ----------
    km2
        Squared kilometres between them, of any shape.
    unlike2
        Squared units of the axes between them, of the same shape.
    settings
        Variances and reaches.

    Returns
    -------
    Covariances of that shape, in units of the second part's variance.
    """
    near = settings.place_variance * np.exp(-np.sqrt(km2) / settings.reach_km)
    return near + np.exp(-np.sqrt(km2 / settings.like_km**2 + unlike2))


def solve_kriging(
    place: np.ndarray, likeness: np.ndarray, residual: np.ndarray, settings: KrigingSettings
) -> tuple[np.ndarray, np.ndarray]:
    """Expected residual of homes from those of their neighbours (simple kriging).

    Parameters
    ----------
    place
        (n, k, d) kilometres: the neighbours' positions less the home's.
    likeness
        (n, k, axes) the same in units of the axes.
    residual
        (n, k) log price; missing where there is no neighbour, which then carries nothing.
    settings
        Variances and reaches.

    Returns
    -------
    expected
        (n,) residual in log price.
    variance
        (n,) of it, in units of the second part's variance.
    """
    there = np.isfinite(residual)
    place, likeness = (np.where(there[:, :, None], position, 0.0) for position in (place, likeness))
    both = _residual_covariance(
        _squared_distances_by_row(place), _squared_distances_by_row(likeness), settings
    )
    both *= there[:, :, None] & there[:, None, :]
    diagonal = np.arange(both.shape[1])
    prior = settings.place_variance + 1.0
    both[:, diagonal, diagonal] = prior + settings.noise_variance
    to_home = (
        _residual_covariance((place**2).sum(axis=2), (likeness**2).sum(axis=2), settings) * there
    )
    right = np.stack([np.where(there, residual, 0.0), to_home], axis=2)
    with threadpool_limits(1, "blas"):
        weights = np.linalg.solve(both, right)
    return (to_home * weights[:, :, 0]).sum(axis=1), prior - (to_home * weights[:, :, 1]).sum(
        axis=1
    )


def _regression_residuals(
    history: hedonic.HedonicHistory, index: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the regression of each home's date tells of the home and of its neighbours.

    Parameters
    ----------
    history
        As `hedonic.fit_hedonic_as_of` gives it, of n homes.
    index
        (n, k) the neighbours of each home among the sales; -1: none.

    Returns
    -------
    value
        (n,) log price of the homes by the regression; missing before the first fit.
    residual
        (n, k) log price of the neighbours less that by the same regression; missing likewise.
    """
    value, residual = np.full(len(index), np.nan), np.full(index.shape, np.nan)
    for day in np.unique(history.refits):
        fit = history.fits.get(int(day))
        if fit is None:
            continue
        rows = np.flatnonzero(history.refits == day)
        value[rows] = fit.predict(history.of_homes, rows)
        near = index[rows]
        used, back = np.unique(near, return_inverse=True)
        predicted = fit.predict(history.of_sales, used)
        errors = np.where(used >= 0, history.log_price[used] - predicted, np.nan)
        residual[rows] = errors[back].reshape(near.shape)
    return value, residual


def _krige_neighbours(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    index: np.ndarray,
    residual: np.ndarray,
    by_zip: bool,
    settings: KrigingSettings,
) -> tuple[np.ndarray, np.ndarray]:
    """`solve_kriging` of each home with its neighbours. Homes are independent, so parts of them go
    to all cores.

    Parameters
    ----------
    homes
        (n, columns) with place and the axes.
    sales
        (m, columns) the same.
    index
        (n, k) the neighbours of each home among `sales`; -1: none.
    residual
        (n, k) log price, missing where there is no neighbour.
    by_zip
        Whether ZIPs stand in for coordinates.
    settings
        Variances and reaches.

    Returns
    -------
    (n,) expected residual and (n,) its variance.
    """
    place, places = (comparables.position_km(table, by_zip) for table in (homes, sales))
    like, likes = (comparables.scaled_attributes(table, settings.axes) for table in (homes, sales))

    def part(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        near = index[rows]
        return solve_kriging(
            places[near] - place[rows, None],
            likes[near] - like[rows, None],
            residual[rows],
            settings,
        )

    parts = np.array_split(np.arange(len(homes)), len(homes) // CHUNK + 1)
    with threadpool_limits(1, "blas"):  # around the threads: each would undo the others'
        added, variance = zip(*map_threads(part, parts), strict=True)
    return np.concatenate(added), np.concatenate(variance)


def kriging_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    history: hedonic.HedonicHistory,
    settings: KrigingSettings,
) -> dict[str, np.ndarray]:
    """The kriged price of each home.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, place and the axes.
    sales
        (m, columns) in order of closing.
    history
        The regression as of each home's date, of the same homes and sales.
    settings
        The neighbours' metric, variances and reaches.

    Returns
    -------
    (n,) arrays: `mkt_hedonic_log_price` by the regression; `comp_kriged_log_price`, to which the
    neighbours' residuals are added; that addition; its variance (units of the second part). All are
    missing before the first fit; a home without neighbours keeps the regression's price.
    """
    index, _ = comparables.find_comparables(homes, sales, settings)
    value, residual = _regression_residuals(history, index)
    added, variance = np.zeros(len(homes)), np.full(len(homes), np.nan)
    on_map = comparables.uses_coordinates(homes, sales, settings.k)
    for by_zip in (False, True):
        rows = np.flatnonzero(on_map != by_zip)
        if not len(rows) or not len(sales):
            continue
        added[rows], variance[rows] = _krige_neighbours(
            homes.iloc[rows], sales, index[rows], residual[rows], by_zip, settings
        )
    without = ~np.isfinite(residual).any(axis=1)
    return {
        "mkt_hedonic_log_price": value,
        "comp_kriged_log_price": value + added,
        "comp_kriged_residual": np.where(without, np.nan, added),
        "comp_kriged_variance": np.where(without, np.nan, variance),
    }

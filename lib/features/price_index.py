"""How prices have moved in each market area, month by month, as known on a date.

The months' effects of the hedonic regression are the index of the whole market: what a home of
constant quality costs (the time-dummy method; de Haan and Diewert, Handbook on Residential
Property Price Indices, Eurostat 2013, ch. 5). An area's index adds the monthly means of its own
residuals, shrunk towards zero and towards those of the months beside them, so that a thin area
moves with the whole market and a break still shows where sales say so.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.features.hedonic import Fit, Inputs, Market, areas


class Index(Section):
    """How strongly areas are shrunk, in sales: a penalty of 50 weighs like 50 sales a month."""

    area_ridge: float = Field(gt=0)
    step_ridge: float = Field(ge=0)


def deviations(sums: np.ndarray, counts: np.ndarray, spec: Index) -> np.ndarray:
    """(areas, months) d that minimise, for each area, `sum_m counts_m (mean_m - d_m)^2 +
    area_ridge sum_m d_m^2 + step_ridge sum_m (d_m - d_(m-1))^2`, the means being sums / counts.

    The equations of an area are tridiagonal (Thomas algorithm); areas are solved side by side.
    """
    months = counts.shape[1]
    beside = np.full(months, 2.0)
    beside[0] -= 1.0  # a first and a last month have one neighbour, an only month has none
    beside[-1] -= 1.0
    pivot = counts + spec.area_ridge + spec.step_ridge * beside
    right = sums.astype(float)
    for m in range(1, months):
        carried = -spec.step_ridge / pivot[:, m - 1]
        pivot[:, m] += carried * spec.step_ridge
        right[:, m] -= carried * right[:, m - 1]
    out = np.empty_like(right)
    out[:, -1] = right[:, -1] / pivot[:, -1]
    for m in range(months - 2, -1, -1):
        out[:, m] = (right[:, m] + spec.step_ridge * out[:, m + 1]) / pivot[:, m]
    return out


def levels(
    at: Inputs, log_price: np.ndarray, end: int, fit: Fit, spec: Index
) -> tuple[np.ndarray, np.ndarray]:
    """(log index (areas + 1, months), sales (areas + 1, months)) from the first `end` sales, which
    `fit` was made from. The last row is the whole market."""
    areas, months = len(fit.zips), len(fit.months)
    rows = np.arange(end)
    cell = at.zips[:end] * months + at.months[:end]
    residual = log_price[:end] - fit.predict(at, rows)
    counts = np.bincount(cell, minlength=areas * months).reshape(areas, months)
    sums = np.bincount(cell, residual, areas * months).reshape(areas, months)
    own = np.vstack([deviations(sums, counts, spec), np.zeros(months)])
    return fit.months + own, np.vstack([counts, counts.sum(axis=0)])


def moved(near: np.ndarray, market: Market, spec: Index) -> np.ndarray:
    """(n, k) log price that its area added to each of the sales `near` (n, k; -1: none) from the
    month it closed in to the newest month known at the home's refit day; 0 before the first fit."""
    out, at = np.zeros(near.shape), market.of_sales
    for day in np.unique(market.refits):
        fit = market.fits.get(int(day))
        if fit is None:
            continue
        end = int(np.searchsorted(market.days, day))
        level, _ = levels(at, market.log_price, end, fit, spec)
        rows = np.flatnonzero(market.refits == day)
        sale = near[rows]
        # a sale of the days since the refit may lie in a month that the fit has not seen
        zips, months = at.zips[sale], np.minimum(at.months[sale], level.shape[1] - 1)
        add = level[zips, -1] - level[zips, months]
        out[rows] = np.where(sale >= 0, add, 0.0)
    return out


def table(sales: pd.DataFrame, market: Market, spec: Index) -> pd.DataFrame:
    """The index as of the newest refit: `postal_code` (missing: the whole market), `month`,
    `log_index` (0 in the first month) and `sales`. No rows where there never was a fit."""
    if not market.fits:
        types = {"postal_code": "str", "month": "datetime64[us]", "log_index": float, "sales": int}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    day = max(market.fits)
    end = int(np.searchsorted(market.days, day))
    level, counts = levels(market.of_sales, market.log_price, end, market.fits[day], spec)
    names = pd.Series([*areas(sales), None], dtype="str")
    known = np.flatnonzero((counts.sum(axis=1) > 0) & (names != "").to_numpy())
    months = sales["close_date"].min().to_datetime64().astype("datetime64[M]")
    return pd.DataFrame(
        {
            "postal_code": names.iloc[np.repeat(known, level.shape[1])].to_numpy(),
            "month": np.tile(
                (months + np.arange(level.shape[1])).astype("datetime64[us]"), len(known)
            ),
            "log_index": (level - level[:, :1])[known].ravel(),
            "sales": counts[known].ravel(),
        }
    ).astype({"postal_code": "str"})

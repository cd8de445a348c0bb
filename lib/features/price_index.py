"""How prices have moved in each ZIP, month by month, as known on a date.

The months' effects of the hedonic regression are the index of the whole market: what a home of
constant quality costs (the time-dummy method; de Haan and Diewert, Handbook on Residential
Property Price Indices, Eurostat 2013, ch. 5). A ZIP's index adds the monthly means of its own
residuals, shrunk towards zero and towards those of the months beside them, so that a thin ZIP
moves with the whole market and a break still shows where sales support it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.features.asof.rule import count_before
from lib.features.hedonic import HedonicFit, HedonicHistory, HedonicInputs, list_zips


class IndexSettings(Section):
    """How strongly ZIPs are shrunk, in sales: a penalty of 50 weighs like 50 sales a month."""

    area_ridge: float = Field(gt=0)
    step_ridge: float = Field(ge=0)


def smooth_deviations(sums: np.ndarray, counts: np.ndarray, settings: IndexSettings) -> np.ndarray:
    """Smooth the monthly mean residuals of each area.

    The equations of an area are tridiagonal (Thomas algorithm); areas are solved side by side.

    Parameters
    ----------
    sums
        (areas, months) sums of residuals in log price.
    counts
        (areas, months) how many sales they are of.
    settings
        Penalties, in sales.

    Returns
    -------
    (areas, months) d that minimise, for each area, `sum_m counts_m (mean_m - d_m)^2 +
    area_ridge sum_m d_m^2 + step_ridge sum_m (d_m - d_(m-1))^2`, the means being sums / counts.
    """
    months = counts.shape[1]
    beside = np.full(months, 2.0)
    beside[0] -= 1.0  # a first and a last month have one neighbour, an only month has none
    beside[-1] -= 1.0
    pivot = counts + settings.area_ridge + settings.step_ridge * beside
    right = sums.astype(float)
    for m in range(1, months):
        carried = -settings.step_ridge / pivot[:, m - 1]
        pivot[:, m] += carried * settings.step_ridge
        right[:, m] -= carried * right[:, m - 1]
    out = np.empty_like(right)
    out[:, -1] = right[:, -1] / pivot[:, -1]
    for m in range(months - 2, -1, -1):
        out[:, m] = (right[:, m] + settings.step_ridge * out[:, m + 1]) / pivot[:, m]
    return out


def zip_index_levels(
    inputs: HedonicInputs, log_price: np.ndarray, end: int, fit: HedonicFit, settings: IndexSettings
) -> tuple[np.ndarray, np.ndarray]:
    """The index of each ZIP as of one fit.

    Parameters
    ----------
    inputs
        Inputs of the sales, in order of closing.
    log_price
        (m,) of the sales.
    end
        How many of them the fit was made from.
    fit
        The regression on these sales.
    settings
        Penalties, in sales.

    Returns
    -------
    level
        (zips + 1, months) log index; the last row is the whole market.
    count
        (zips + 1, months) sales.
    """
    areas, months = len(fit.zips), len(fit.months)
    rows = np.arange(end)
    cell = inputs.zips[:end] * months + inputs.months[:end]
    residual = log_price[:end] - fit.predict(inputs, rows)
    counts = np.bincount(cell, minlength=areas * months).reshape(areas, months)
    sums = np.bincount(cell, residual, areas * months).reshape(areas, months)
    by_area = np.vstack([smooth_deviations(sums, counts, settings), np.zeros(months)])
    return fit.months + by_area, np.vstack([counts, counts.sum(axis=0)])


def time_adjustments(
    near: np.ndarray, history: HedonicHistory, settings: IndexSettings
) -> np.ndarray:
    """Log price that time has added to each comparable.

    Parameters
    ----------
    near
        (n, k) rows of the sales that each home is compared with; -1: none.
    history
        The regression as of each of the n homes' dates.
    settings
        Penalties, in sales.

    Returns
    -------
    (n, k) log price that the comparable's ZIP added from the month it closed in to the newest month
    known at the home's refit day; 0 before the first fit.
    """
    out, inputs = np.zeros(near.shape), history.of_sales
    for day in np.unique(history.refits):
        fit = history.fits.get(int(day))
        if fit is None:
            continue
        end = int(count_before(history.days, day))
        level, _ = zip_index_levels(inputs, history.log_price, end, fit, settings)
        rows = np.flatnonzero(history.refits == day)
        sale = near[rows]
        # a sale of the days since the refit may lie in a month that the fit has not seen
        zips, months = inputs.zips[sale], np.minimum(inputs.months[sale], level.shape[1] - 1)
        add = level[zips, -1] - level[zips, months]
        out[rows] = np.where(sale >= 0, add, 0.0)
    return out


def index_table(
    sales: pd.DataFrame, history: HedonicHistory, settings: IndexSettings
) -> pd.DataFrame:
    """The index as of the newest refit.

    Parameters
    ----------
    sales
        (m, columns) in order of closing, with `postal_code` and `close_date`.
    history
        The regression on these sales.
    settings
        Penalties, in sales.

    Returns
    -------
    One row a ZIP and month: `postal_code` (missing: the whole market), `month`, `log_index` (0 in
    the first month) and `sales`. No rows where there never was a fit.
    """
    if not history.fits:
        types = {"postal_code": "str", "month": "datetime64[us]", "log_index": float, "sales": int}
        return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
    day = max(history.fits)
    end = int(count_before(history.days, day))
    level, counts = zip_index_levels(
        history.of_sales, history.log_price, end, history.fits[day], settings
    )
    names = pd.Series([*list_zips(sales), None], dtype="str")
    rows = np.flatnonzero((counts.sum(axis=1) > 0) & (names != "").to_numpy())
    months = sales["close_date"].min().to_datetime64().astype("datetime64[M]")
    return pd.DataFrame(
        {
            "postal_code": names.iloc[np.repeat(rows, level.shape[1])].to_numpy(),
            "month": np.tile(
                (months + np.arange(level.shape[1])).astype("datetime64[us]"), len(rows)
            ),
            "log_index": (level - level[:, :1])[rows].ravel(),
            "sales": counts[rows].ravel(),
        }
    ).astype({"postal_code": "str"})

"""Target encoding, cross-fitted in time order: the mean residual of a category's past sales.

Each training row sees only sales that had closed strictly before its own as_of date, as a home
valued on that day would have; a home valued later sees all of training. Means are shrunk to that
of all categories (Micci-Barreca, SIGKDD Explorations 3, 2001), so a category of few sales says
little.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.features.asof.rule import days_since_epoch


def _sums(days: np.ndarray, values: np.ndarray, as_of: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(sum, count) of the `values` whose `days` lie strictly before each of `as_of`."""
    order = np.argsort(days, kind="stable")
    total = np.append(0.0, np.cumsum(values[order]))
    at = np.searchsorted(days[order], as_of, side="left")
    return total[at], at.astype(float)


def _shrink_means(
    total: np.ndarray, count: np.ndarray, overall: np.ndarray | float, shrink: float
) -> np.ndarray:
    """Means drawn towards an overall one, as if by `shrink` more values of it.

    Parameters
    ----------
    total : ndarray of shape (n,)
        Sums of values.
    count : ndarray of shape (n,)
        How many values each sum has.
    overall : ndarray of shape (n,) or float
        The overall mean.
    shrink : float
        Values that the overall mean counts for.

    Returns
    -------
    ndarray of shape (n,)
        In the unit of the values; the overall mean where both weigh nothing.

    Notes
    -----
    Micci-Barreca, SIGKDD Explorations 3, 2001.
    """
    weight = count + shrink
    return np.where(weight > 0, (total + shrink * overall) / np.maximum(weight, 1e-12), overall)


def past_target_means(
    codes: pd.Series, residual: np.ndarray, dates: pd.DataFrame, shrink: float
) -> np.ndarray:
    """The shrunken mean residual of each training row's category, over sales closed before its
    as_of.

    Parameters
    ----------
    codes : Series of shape (n,)
        Categories as text, missing for none.
    residual : ndarray of shape (n,)
        Log price less the start; a missing one does not count.
    dates : DataFrame of n rows
        as_of and close_date; a sale without a close date does not count.
    shrink : float
        Sales that the mean of all categories counts for.

    Returns
    -------
    ndarray of shape (n,)
        In log price; the mean of all for a row of no category or of one without earlier sales, nan
        where none of any category had closed.
    """
    out = np.full(len(codes), np.nan)
    told = np.isfinite(residual) & dates["close_date"].notna().to_numpy(bool)
    asked = dates["as_of"].notna().to_numpy(bool)
    days, as_of = days_since_epoch(dates["close_date"]), days_since_epoch(dates["as_of"])
    total, count = _sums(days[told], residual[told], as_of[asked])
    overall = np.full(len(codes), np.nan)
    overall[asked] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    out[asked] = overall[asked]
    names = codes.to_numpy(object)
    for name in codes.dropna().unique():
        mine = names == name
        rows, sales = mine & asked, mine & told
        total, count = _sums(days[sales], residual[sales], as_of[rows])
        out[rows] = _shrink_means(total, count, overall[rows], shrink)
    return out


def final_target_means(codes: pd.Series, residual: np.ndarray, shrink: float) -> dict[str, Any]:
    """The encoding of a home that is valued after training.

    Parameters
    ----------
    codes : Series of shape (n,)
        Categories of the training rows.
    residual : ndarray of shape (n,)
        Log price less the start.
    shrink : float
        Sales that the mean of all categories counts for.

    Returns
    -------
    dict of str to Any
        `values` (shrunken mean residual by category) and `overall`, for a category that training
        did not have.
    """
    known = np.isfinite(residual)
    overall = float(residual[known].mean()) if known.any() else 0.0
    grouped = pd.Series(residual[known]).groupby(codes.to_numpy(object)[known])
    means = _shrink_means(grouped.sum().to_numpy(), grouped.size().to_numpy(float), overall, shrink)
    names = [str(name) for name in grouped.size().index]
    return {"values": dict(zip(names, means.tolist(), strict=True)), "overall": overall}


def encode_categories(codes: pd.Series, means: dict[str, Any]) -> np.ndarray:
    """Categories as the numbers of `final_target_means`.

    Parameters
    ----------
    codes : Series of shape (n,)
        Categories as text, missing for none.
    means : dict of str to Any
        What `final_target_means` gives.

    Returns
    -------
    ndarray of shape (n,)
        In log price.
    """
    return codes.map(means["values"]).astype(float).fillna(means["overall"]).to_numpy()

"""Target encoding, cross-fitted in time order: what a category's past sales say beyond the start.

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


def shrink_means(
    total: np.ndarray, count: np.ndarray, overall: np.ndarray | float, shrink: float
) -> np.ndarray:
    """Mean of `count` values of sum `total`, drawn to `overall` as if by `shrink` more values."""
    weight = count + shrink
    return np.where(weight > 0, (total + shrink * overall) / np.maximum(weight, 1e-12), overall)


def past_means(
    codes: pd.Series, residual: np.ndarray, dates: pd.DataFrame, shrink: float
) -> np.ndarray:
    """Per training row (n,): the shrunken mean residual of its category's sales that closed
    strictly before its `as_of`; missing where none of any category had.

    `dates` has `as_of` and `close_date`; a row without a residual (log price) or a close date says
    nothing. A row of no category, or of one without earlier sales, gets the mean of all.
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
        out[rows] = shrink_means(total, count, overall[rows], shrink)
    return out


def final_means(codes: pd.Series, residual: np.ndarray, shrink: float) -> dict[str, Any]:
    """What a home valued later sees: `values` (category -> shrunken mean residual of all training
    rows) and `overall`, for a category that training did not have."""
    known = np.isfinite(residual)
    overall = float(residual[known].mean()) if known.any() else 0.0
    grouped = pd.Series(residual[known]).groupby(codes.to_numpy(object)[known])
    means = shrink_means(grouped.sum().to_numpy(), grouped.size().to_numpy(float), overall, shrink)
    names = [str(name) for name in grouped.size().index]
    return {"values": dict(zip(names, means.tolist(), strict=True)), "overall": overall}


def encode_categories(codes: pd.Series, means: dict[str, Any]) -> np.ndarray:
    """`codes` as the numbers of `final_means`."""
    return codes.map(means["values"]).astype(float).fillna(means["overall"]).to_numpy()

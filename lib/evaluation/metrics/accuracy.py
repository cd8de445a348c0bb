"""Accuracy of valuations and of their intervals.

e = (estimate - price) / price. MdAPE, MAPE: median and mean of |e|; PPE10, PPE20: share with |e|
within 10 and 20 %; bias: median e. MAE, RMSE in currency; RMSLE and R2 by their usual formulas
(R2 on price, not log price). Shares and percentages are fractions: 0.08 is 8 %.

Each metric is a function of how often each row counts, for lib/evaluation/metrics/bootstrap.py.
"""

from __future__ import annotations

import numpy as np

from lib.evaluation.metrics.bootstrap import MetricFamily
from lib.evaluation.metrics.weighted_quantiles import WeightedOrder

# metric -> (how it reads, +1 where more is better, -1 where less is, 0 where nearer zero is)
DIRECTIONS = {
    "mdape": -1,
    "mape": -1,
    "mae": -1,
    "rmse": -1,
    "rmsle": -1,
    "r2": 1,
    "ppe10": 1,
    "ppe20": 1,
    "hit_rate": 1,
    "bias": 0,
}
COVERAGE = ("coverage", "below", "above", "median_width", "interval_score")
ALIKE = 1e-7  # prices with a standard deviation below this share of their mean do not differ


def accuracy_family(
    estimate: np.ndarray, price: np.ndarray, answered: np.ndarray | None = None
) -> MetricFamily:
    """Every metric of DIRECTIONS for one set of estimates, as functions of counts.

    A missing estimate (nan) counts in `hit_rate` alone. Without any estimate, every metric but
    `hit_rate` is nan.

    Parameters
    ----------
    estimate : ndarray of shape (n,)
        Estimates in currency; nan where there is none.
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.
    answered : ndarray of bool of shape (n,), optional
        Which estimates the model does not abstain from. The others lower `hit_rate` and count in
        every other metric. By default all.

    Returns
    -------
    MetricFamily
        Metrics in the order of DIRECTIONS: shares as fractions, `mae` and `rmse` in currency.
    """
    hit = np.isfinite(estimate)
    hits = hit if answered is None else hit & answered
    error = (estimate[hit] - price[hit]) / price[hit]
    size, gap = np.abs(error), estimate[hit] - price[hit]
    middle = price[hit].mean() if hit.any() else np.nan
    centred = price[hit] - middle
    terms = np.stack(
        [
            np.ones(len(error)), size, np.abs(gap), gap**2,
            (np.log1p(estimate[hit]) - np.log1p(price[hit])) ** 2,
            centred, centred**2, size <= 0.10, size <= 0.20,
        ],
        axis=1,
    )  # fmt: skip
    by_error, by_size = np.argsort(error, kind="stable"), np.argsort(size, kind="stable")
    rows = np.flatnonzero(hit)
    order_error, order_size = rows[by_error], rows[by_size]
    error, size = error[by_error], size[by_size]

    def evaluate(counts: np.ndarray) -> np.ndarray:
        complete = hit.all()
        with np.errstate(divide="ignore", invalid="ignore"):
            n, *sums = ((counts if complete else counts[:, rows]) @ terms).T
            apes, gaps, squares, logs, shift, spread, ten, twenty = sums
            variance = spread - shift**2 / n
            r2 = np.where(variance > n * (ALIKE * middle) ** 2, 1 - squares / variance, np.nan)
            columns = {
                "mdape": WeightedOrder(counts[:, order_size]).median(size),
                "mape": apes / n,
                "mae": gaps / n,
                "rmse": np.sqrt(squares / n),
                "rmsle": np.sqrt(logs / n),
                "r2": r2,
                "ppe10": ten / n,
                "ppe20": twenty / n,
                "hit_rate": counts @ hits / counts.sum(axis=1),
                "bias": WeightedOrder(counts[:, order_error]).median(error),
            }
        return np.stack([columns[name] for name in DIRECTIONS], axis=1)

    return MetricFamily(tuple(DIRECTIONS), evaluate)


def accuracy_metrics(
    estimate: np.ndarray, price: np.ndarray, answered: np.ndarray | None = None
) -> dict[str, float]:
    """Every metric of DIRECTIONS, without intervals.

    Parameters
    ----------
    estimate : ndarray of shape (n,)
        Estimates in currency; nan where there is none.
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.
    answered : ndarray of bool of shape (n,), optional
        Which estimates the model does not abstain from; see `accuracy_family`.

    Returns
    -------
    dict of str to float
        Metric to value; shares as fractions, `mae` and `rmse` in currency.

    Examples
    --------
    >>> import numpy as np
    >>> metrics = accuracy_metrics(np.array([110.0, 95.0, np.nan]), np.array([100.0, 100.0, 100.0]))
    >>> round(metrics["mape"], 4), round(metrics["hit_rate"], 4)
    (0.075, 0.6667)
    """
    return accuracy_family(estimate, price, answered).point_values(len(price))


def coverage_family(
    price: np.ndarray, low: np.ndarray, high: np.ndarray, estimate: np.ndarray, level: float
) -> MetricFamily:
    """How well intervals that promise to hold the share `level` of prices did, as functions of
    counts.

    Rows without an interval or an estimate count in nothing.

    Parameters
    ----------
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.
    low, high : ndarray of shape (n,)
        Ends of each interval in currency; nan where there is none.
    estimate : ndarray of shape (n,)
        Estimates in currency; nan where there is none.
    level : float
        The promised share of prices inside, between 0 and 1.

    Returns
    -------
    MetricFamily
        Metrics in the order of COVERAGE: the shares of prices inside, below and above; the median
        width as a share of the estimate; the mean interval score as a share of the price.

    Notes
    -----
    The interval score is the width plus 2 / (1 - level) times the distance of the price from the
    interval, where it lies outside; less is better. Gneiting and Raftery, Strictly Proper Scoring
    Rules, Prediction, and Estimation, JASA 102 (2007), equation 43.
    """
    rows = np.flatnonzero(np.isfinite(low) & np.isfinite(high) & np.isfinite(estimate))
    price, low, high, estimate = (part[rows] for part in (price, low, high, estimate))
    width = (high - low) / estimate
    beyond = np.maximum(low - price, 0) + np.maximum(price - high, 0)
    terms = np.stack(
        [
            np.ones(len(price)), (price >= low) & (price <= high), price < low, price > high,
            (high - low + 2 / (1 - level) * beyond) / price,
        ],
        axis=1,
    )  # fmt: skip
    order = np.argsort(width, kind="stable")
    ordered, width = rows[order], width[order]

    def evaluate(counts: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            n, inside, below, above, score = (counts[:, rows] @ terms).T
            middle = WeightedOrder(counts[:, ordered]).median(width)
            return np.stack([inside / n, below / n, above / n, middle, score / n], axis=1)

    return MetricFamily(COVERAGE, evaluate)


def coverage_metrics(
    price: np.ndarray, low: np.ndarray, high: np.ndarray, estimate: np.ndarray, level: float
) -> dict[str, float]:
    """Every metric of COVERAGE, without intervals.

    Parameters
    ----------
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.
    low, high : ndarray of shape (n,)
        Ends of each interval in currency; nan where there is none.
    estimate : ndarray of shape (n,)
        Estimates in currency; nan where there is none.
    level : float
        The promised share of prices inside, between 0 and 1.

    Returns
    -------
    dict of str to float
        Metric to value; see `coverage_family`.
    """
    return coverage_family(price, low, high, estimate, level).point_values(len(price))

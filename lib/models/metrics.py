"""Accuracy of valuations, each metric with a percentile bootstrap interval.

e = (estimate - price) / price. MdAPE, MAPE: median and mean of |e|; PPE10, PPE20: share with |e|
within 10 and 20 %; bias: median e. MAE, RMSE in currency; RMSLE and R2 by their usual formulas
(R2 on price, not log price). Shares and percentages are fractions: 0.08 is 8 %.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

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


def accuracy(estimate: np.ndarray, price: np.ndarray) -> dict[str, float]:
    """Every metric of DIRECTIONS for estimates and prices (n,); a missing estimate only lowers
    `hit_rate`. No estimate at all: every other metric is nan."""
    hit = np.isfinite(estimate)
    out = {"hit_rate": float(hit.mean()) if len(hit) else np.nan}
    estimate, price = estimate[hit], price[hit]
    if not len(price):
        return {name: out.get(name, np.nan) for name in DIRECTIONS}
    error = (estimate - price) / price
    squared = (estimate - price) ** 2
    spread = ((price - price.mean()) ** 2).sum()
    out |= {
        "mdape": np.median(np.abs(error)),
        "mape": np.abs(error).mean(),
        "mae": np.abs(estimate - price).mean(),
        "rmse": np.sqrt(squared.mean()),
        "rmsle": np.sqrt(((np.log1p(estimate) - np.log1p(price)) ** 2).mean()),
        "r2": 1 - squared.sum() / spread if spread > 0 else np.nan,
        "ppe10": (np.abs(error) <= 0.10).mean(),
        "ppe20": (np.abs(error) <= 0.20).mean(),
        "bias": np.median(error),
    }
    return {name: float(out[name]) for name in DIRECTIONS}


def coverage(
    price: np.ndarray, low: np.ndarray, high: np.ndarray, estimate: np.ndarray
) -> dict[str, float]:
    """Share of prices inside [low, high], below it and above it, and the median relative width."""
    if not len(price):
        return dict.fromkeys(("coverage", "below", "above", "median_width"), np.nan)
    width = (high - low) / estimate
    return {
        "coverage": float(((price >= low) & (price <= high)).mean()),
        "below": float((price < low).mean()),
        "above": float((price > high).mean()),
        "median_width": float(np.median(width)),
    }


def bootstrap(
    statistic: Callable[..., dict[str, float]],
    columns: tuple[np.ndarray, ...],
    draws: int,
    rng: np.random.Generator,
    level: float = 0.95,
) -> dict[str, dict[str, float]]:
    """`statistic(*columns)` with percentile bounds from `draws` resamples of the rows.

    Returns metric -> {value, low, high}.
    """
    value = statistic(*columns)
    n = len(columns[0])
    samples = []
    for _ in range(draws if n else 0):
        rows = rng.integers(0, n, n)
        samples.append(list(statistic(*(column[rows] for column in columns)).values()))
    tail = (1 - level) / 2
    spans = (
        np.nanquantile(np.array(samples), [tail, 1 - tail], axis=0)
        if samples
        else np.full((2, len(value)), np.nan)
    )
    return {
        name: {"value": value[name], "low": float(spans[0, i]), "high": float(spans[1, i])}
        for i, name in enumerate(value)
    }

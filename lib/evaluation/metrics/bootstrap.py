"""One bootstrap for every metric: homes are drawn, all metrics of a draw are found together.

Percentile intervals (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
What is drawn with replacement is the home, with all its sales: errors on two sales of one home are
alike, and a bootstrap of rows would take them for independent (Field and Welsh, JRSS B 69, 2007).
A draw is a count for each row, so that a metric is a function of counts (weighted_quantiles.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

CELLS = 2**18  # counts held at once: what a core's cache holds
STREAMS = 2  # halves of the draws, each with random numbers of its own, for two cores
LARGE = 5000  # rows from which threads save more than they cost

Interval = dict[str, Any]  # value, low, high, and what judges them


@dataclass(frozen=True)
class MetricFamily:
    """Metrics that are found together.

    `of` takes counts (draws, n) and gives the metrics (draws, names); `levels` says of which
    metrics the interval is not to hold 95 % but another share.
    """

    names: tuple[str, ...]
    of: Callable[[np.ndarray], np.ndarray]
    levels: dict[str, float] = field(default_factory=dict)

    def value(self, n: int) -> dict[str, float]:
        """Each metric of the n rows as they are."""
        found = self.of(np.ones((1, n)))[0]
        return {name: float(one) for name, one in zip(self.names, found, strict=True)}


def restrict_rows(family: MetricFamily, rows: np.ndarray) -> MetricFamily:
    """A family of some rows (indices or flags) as one of the whole table."""
    return MetricFamily(family.names, lambda counts: family.of(counts[:, rows]), family.levels)


def home_clusters(homes: pd.Series) -> np.ndarray:
    """(n,) number of each row's home; a row whose home is not known is a home of its own."""
    codes, known = pd.factorize(homes)
    return np.where(codes < 0, len(known) + np.arange(len(codes)), codes)


def draw_counts(home: np.ndarray, draws: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """How often each row counts in each of `draws` draws, in batches (part of draws, n).

    `home` (n,) are whole numbers; as many homes are drawn as there are.
    """
    codes, known = pd.factorize(home)
    alone = len(known) == len(codes)
    while draws > 0:
        batch = min(draws, max(1, CELLS // max(len(codes), 1)))
        drawn = rng.integers(0, len(known), (batch, len(known)))
        drawn += np.arange(batch)[:, None] * len(known)
        number = np.bincount(drawn.ravel(), minlength=batch * len(known))
        number = number.reshape(batch, -1).astype("float64")
        yield number if alone else number[:, codes]
        draws -= batch


def bootstrap_metrics(
    families: dict[str, MetricFamily], home: np.ndarray, draws: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """Family -> its metrics in each draw (draws, names); every family sees the same draws.

    What is drawn does not depend on the number of cores.
    """
    if not len(home) or not draws:
        return {name: np.zeros((0, len(family.names))) for name, family in families.items()}

    def stream(part: tuple[int, np.random.Generator]) -> list[dict[str, np.ndarray]]:
        return [
            {name: family.of(batch) for name, family in families.items()}
            for batch in draw_counts(home, *part)
        ]

    shares = [draws // STREAMS + (i < draws % STREAMS) for i in range(STREAMS)]
    parts = list(zip(shares, rng.spawn(STREAMS), strict=True))
    if len(home) < LARGE:
        found = [stream(part) for part in parts]
    else:
        with ThreadPoolExecutor(STREAMS) as pool:
            found = list(pool.map(stream, parts))
    return {
        name: np.concatenate([batch[name] for batches in found for batch in batches])
        for name in families
    }


def percentile_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The percentile interval of one metric's draws; draws without a value are left out."""
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def percentile_intervals(samples: np.ndarray, levels: list[float]) -> list[tuple[float, float]]:
    """`span` of each metric of `samples` (draws, metrics) at its level.

    Those of one level whose draws all have a value are sorted together, which is faster.
    """
    whole = np.isfinite(samples).all(axis=0) & (len(samples) > 0)
    out = [(np.nan, np.nan)] * len(levels)
    for level in set(levels):
        mine = np.flatnonzero(whole & (np.array(levels) == level))
        if len(mine):
            ends = np.quantile(samples[:, mine], [(1 - level) / 2, (1 + level) / 2], axis=0)
            for i, low, high in zip(mine, *ends.tolist(), strict=True):
                out[i] = (low, high)
    for i in np.flatnonzero(~whole):
        out[i] = percentile_interval(samples[:, i], levels[i])
    return out


def bootstrap_intervals(
    families: dict[str, MetricFamily], home: np.ndarray, draws: int, rng: np.random.Generator
) -> dict[str, dict[str, Interval]]:
    """Family -> metric -> {value, low, high}. `home` (n,) as `clusters` gives it."""
    samples = bootstrap_metrics(families, home, draws, rng)
    out: dict[str, dict[str, Interval]] = {}
    for name, family in families.items():
        values = family.value(len(home))
        ends = percentile_intervals(
            samples[name], [family.levels.get(metric, 0.95) for metric in values]
        )
        out[name] = {
            metric: {"value": value, "low": low, "high": high}
            for (metric, value), (low, high) in zip(values.items(), ends, strict=True)
        }
    return out

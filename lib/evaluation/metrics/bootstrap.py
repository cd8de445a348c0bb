"""One bootstrap for every metric: homes are drawn, all metrics of a draw are computed together.

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
    """Metrics that are computed together.

    Attributes
    ----------
    names : tuple of str
        The metrics, in the order of the columns of `evaluate`.
    evaluate : callable
        Takes counts of shape (draws, n), how often each row counts in each draw, and gives the
        metrics of shape (draws, len(names)).
    levels : dict of str to float
        The coverage of a metric's interval where it is not 0.95.
    """

    names: tuple[str, ...]
    evaluate: Callable[[np.ndarray], np.ndarray]
    levels: dict[str, float] = field(default_factory=dict)

    def point_values(self, n: int) -> dict[str, float]:
        """Each metric of the n rows as they are, every row counted once."""
        values = self.evaluate(np.ones((1, n)))[0]
        return {name: float(value) for name, value in zip(self.names, values, strict=True)}


def restrict_rows(family: MetricFamily, rows: np.ndarray) -> MetricFamily:
    """A family of some rows, as a family of the whole table.

    Parameters
    ----------
    family : MetricFamily
        Metrics of the chosen rows alone.
    rows : ndarray
        The chosen rows of the table: indices, or flags of shape (n,).

    Returns
    -------
    MetricFamily
        The same metrics, for counts of all n rows.
    """
    return MetricFamily(
        family.names, lambda counts: family.evaluate(counts[:, rows]), family.levels
    )


def home_clusters(homes: pd.Series) -> np.ndarray:
    """The number of each row's home, which the bootstrap draws as one.

    Parameters
    ----------
    homes : Series of shape (n,)
        Key of each row's home. A row without a key is a home of its own.

    Returns
    -------
    ndarray of int of shape (n,)
        Numbers from 0, equal for rows of one home.

    Examples
    --------
    >>> home_clusters(pd.Series(["a", "b", None, "a"])).tolist()
    [0, 1, 4, 0]
    """
    codes, keys = pd.factorize(homes)
    return np.where(codes < 0, len(keys) + np.arange(len(codes)), codes)


def draw_bootstrap_counts(
    home: np.ndarray, draws: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """How often each row counts in each bootstrap draw, batch by batch.

    As many homes are drawn with replacement as there are, each with all its rows.

    Parameters
    ----------
    home : ndarray of int of shape (n,)
        Number of each row's home.
    draws : int
        How many draws to make in all.
    rng : numpy.random.Generator
        Source of the draws.

    Yields
    ------
    ndarray of float of shape (batch, n)
        Counts of a part of the draws; a batch holds about CELLS numbers.
    """
    codes, homes = pd.factorize(home)
    single = len(homes) == len(codes)  # every row is a home of its own
    while draws > 0:
        batch = min(draws, max(1, CELLS // max(len(codes), 1)))
        drawn = rng.integers(0, len(homes), (batch, len(homes)))
        drawn += np.arange(batch)[:, None] * len(homes)
        number = np.bincount(drawn.ravel(), minlength=batch * len(homes))
        number = number.reshape(batch, -1).astype("float64")
        yield number if single else number[:, codes]
        draws -= batch


def bootstrap_metrics(
    families: dict[str, MetricFamily], home: np.ndarray, draws: int, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The metrics of every family in each bootstrap draw; all families see the same draws.

    The draws do not depend on the number of cores.

    Parameters
    ----------
    families : dict of str to MetricFamily
        Families by name, all of the same n rows.
    home : ndarray of int of shape (n,)
        Number of each row's home, as `home_clusters` gives it.
    draws : int
        How many draws to make.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    dict of str to ndarray of shape (draws, metrics)
        Family to its metrics, in the order of its names; of shape (0, metrics) without rows or
        draws.
    """
    if not len(home) or not draws:
        return {name: np.zeros((0, len(family.names))) for name, family in families.items()}

    def stream(part: tuple[int, np.random.Generator]) -> list[dict[str, np.ndarray]]:
        return [
            {name: family.evaluate(batch) for name, family in families.items()}
            for batch in draw_bootstrap_counts(home, *part)
        ]

    shares = [draws // STREAMS + (i < draws % STREAMS) for i in range(STREAMS)]
    parts = list(zip(shares, rng.spawn(STREAMS), strict=True))
    if len(home) < LARGE:
        batches = [stream(part) for part in parts]
    else:
        with ThreadPoolExecutor(STREAMS) as pool:
            batches = list(pool.map(stream, parts))
    return {
        name: np.concatenate([batch[name] for part in batches for batch in part])
        for name in families
    }


def percentile_interval(values: np.ndarray, level: float = 0.95) -> tuple[float, float]:
    """The percentile interval of one metric.

    Parameters
    ----------
    values : ndarray of shape (draws,)
        The metric in each draw; draws without a value (nan) are left out.
    level : float
        Coverage of the interval.

    Returns
    -------
    tuple of float
        Lower and upper end; nan where no draw has a value.

    Notes
    -----
    Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return np.nan, np.nan
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _percentile_intervals(samples: np.ndarray, levels: list[float]) -> list[tuple[float, float]]:
    """The percentile interval of each metric at its level.

    Metrics of one level whose draws all have a value are sorted together, which is faster than one
    by one.

    Parameters
    ----------
    samples : ndarray of shape (draws, metrics)
        The metrics in each draw.
    levels : list of float
        Coverage of each metric's interval.

    Returns
    -------
    list of tuple of float
        Lower and upper end of each metric.
    """
    complete = np.isfinite(samples).all(axis=0) & (len(samples) > 0)
    out = [(np.nan, np.nan)] * len(levels)
    for level in set(levels):
        columns = np.flatnonzero(complete & (np.array(levels) == level))
        if len(columns):
            ends = np.quantile(samples[:, columns], [(1 - level) / 2, (1 + level) / 2], axis=0)
            for i, low, high in zip(columns, *ends.tolist(), strict=True):
                out[i] = (low, high)
    for i in np.flatnonzero(~complete):
        out[i] = percentile_interval(samples[:, i], levels[i])
    return out


def bootstrap_intervals(
    families: dict[str, MetricFamily], home: np.ndarray, draws: int, rng: np.random.Generator
) -> dict[str, dict[str, Interval]]:
    """Each metric of each family with its percentile interval.

    Parameters
    ----------
    families : dict of str to MetricFamily
        Families by name, all of the same n rows.
    home : ndarray of int of shape (n,)
        Number of each row's home, as `home_clusters` gives it.
    draws : int
        How many draws to make; without any, the ends are nan.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    dict of str to dict of str to Interval
        Family to metric to {value, low, high}, in the unit of the metric.
    """
    samples = bootstrap_metrics(families, home, draws, rng)
    out: dict[str, dict[str, Interval]] = {}
    for name, family in families.items():
        values = family.point_values(len(home))
        ends = _percentile_intervals(
            samples[name], [family.levels.get(metric, 0.95) for metric in values]
        )
        out[name] = {
            metric: {"value": value, "low": low, "high": high}
            for (metric, value), (low, high) in zip(values.items(), ends, strict=True)
        }
    return out

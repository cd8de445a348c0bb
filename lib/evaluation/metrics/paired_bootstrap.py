"""Whether one variant beats another on the same sales: a paired bootstrap, since the errors of two
models on one home are alike."""

from __future__ import annotations

import itertools

import numpy as np

from lib.evaluation.metrics.bootstrap import MetricFamily, bootstrap_intervals
from lib.evaluation.metrics.weighted_quantiles import WeightedOrder


def _gap_family(estimate: np.ndarray, other: np.ndarray, price: np.ndarray) -> MetricFamily:
    """MdAPE and MAPE of one model less those of another, as functions of counts.

    Parameters
    ----------
    estimate, other : ndarray of shape (n,)
        Estimates of the two models in currency, on the same sales.
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.

    Returns
    -------
    MetricFamily
        `mdape` and `mape`, as fractions; below zero, `estimate` is the better one.
    """
    sizes = [np.abs(one / price - 1) for one in (estimate, other)]
    orders = [np.argsort(size, kind="stable") for size in sizes]

    def evaluate(counts: np.ndarray) -> np.ndarray:
        own, others = (
            WeightedOrder(counts[:, order]).median(size[order])
            for size, order in zip(sizes, orders, strict=True)
        )
        return np.stack([own - others, counts @ (sizes[0] - sizes[1]) / counts.sum(axis=1)], axis=1)

    return MetricFamily(("mdape", "mape"), evaluate)


def paired_intervals(
    estimate: np.ndarray,
    other: np.ndarray,
    price: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    home: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
    """MdAPE and MAPE of one model less those of another, each with a paired 95 % interval.

    Parameters
    ----------
    estimate, other : ndarray of shape (n,)
        Estimates of the two models in currency, on the same sales.
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.
    draws : int
        How many resamples of the homes to make.
    rng : numpy.random.Generator
        Source of the draws.
    home : ndarray of int of shape (n,), optional
        Number of each row's home; by default every row is a home of its own.

    Returns
    -------
    dict of str to dict
        `mdape` and `mape` to {value, low, high}, as fractions; below zero, `estimate` is the better
        one.
    """
    home = np.arange(len(price)) if home is None else home
    family = _gap_family(estimate, other, price)
    return bootstrap_intervals({"gap": family}, home, draws, rng)["gap"]


def compare_pairs(
    estimates: dict[str, np.ndarray], price: np.ndarray, draws: int, seed: int
) -> dict[tuple[str, str, str], int]:
    """Which of each two models is the better one by its paired interval.

    Parameters
    ----------
    estimates : dict of str to ndarray of shape (n,)
        Estimates of each model in currency, on the same sales.
    price : ndarray of shape (n,)
        Prices paid in currency, above zero.
    draws : int
        How many resamples of the sales to make for each pair.
    seed : int
        Seed of each pair's draws.

    Returns
    -------
    dict of tuple to int
        (one, other, metric) to 1 where `one` is better, -1 where it is worse, 0 where the interval
        holds zero.
    """
    out = {}
    for one, other in itertools.combinations(sorted(estimates), 2):
        gaps = paired_intervals(
            estimates[one], estimates[other], price, draws, np.random.default_rng(seed)
        )
        for metric, gap in gaps.items():
            out[one, other, metric] = int(gap["high"] < 0) - int(gap["low"] > 0)
    return out


def find_reversals(*verdicts: dict[tuple[str, str, str], int]) -> list[tuple[str, str, str]]:
    """The pairs and metrics that some of the `compare_pairs` call better and others worse."""
    return [
        pair
        for pair in sorted(set.intersection(*(set(one) for one in verdicts)))
        if {-1, 1} <= {one[pair] for one in verdicts}
    ]

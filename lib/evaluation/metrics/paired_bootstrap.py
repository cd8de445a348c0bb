"""How good valuations are beside the prices, and whether one variant beats another on the same
sales: a paired bootstrap, since errors of two models on one home are alike."""

from __future__ import annotations

import itertools

import numpy as np

from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.evaluation.metrics.bootstrap import MetricFamily, bootstrap_intervals
from lib.evaluation.metrics.ratio_study import RatioStudy
from lib.evaluation.metrics.weighted_quantiles import WeightedOrder


def headline_metrics(estimate: np.ndarray, price: np.ndarray) -> dict[str, float]:
    """MdAPE, MAPE, R2 (accuracy.py), COD and median ratio (ratio_study.py)."""
    said = accuracy_metrics(estimate, price)
    study = RatioStudy(estimate, price).family().value(len(price))
    return {name: said[name] for name in ("mdape", "mape", "r2")} | {
        name: study[name] for name in ("cod", "median_ratio")
    }


def gap_family(estimate: np.ndarray, other: np.ndarray, price: np.ndarray) -> MetricFamily:
    """MdAPE and MAPE of `estimate` less those of `other`."""
    sizes = [np.abs(one / price - 1) for one in (estimate, other)]
    orders = [np.argsort(size, kind="stable") for size in sizes]

    def of(counts: np.ndarray) -> np.ndarray:
        mine, theirs = (
            WeightedOrder(counts[:, order]).median(size[order])
            for size, order in zip(sizes, orders, strict=True)
        )
        return np.stack(
            [mine - theirs, counts @ (sizes[0] - sizes[1]) / counts.sum(axis=1)], axis=1
        )

    return MetricFamily(("mdape", "mape"), of)


def paired_intervals(
    estimate: np.ndarray,
    other: np.ndarray,
    price: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    home: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
    """MdAPE and MAPE of `estimate` less those of `other`, each with a 95 % percentile interval
    from `draws` resamples of the homes (n,): below zero, `estimate` is the better one. `home` (n,)
    says which rows are of one home; without it each is one."""
    home = np.arange(len(price)) if home is None else home
    family = gap_family(estimate, other, price)
    return bootstrap_intervals({"gap": family}, home, draws, rng)["gap"]


def paired_verdicts(
    estimates: dict[str, np.ndarray], price: np.ndarray, draws: int, seed: int
) -> dict[tuple[str, str, str], int]:
    """(one, other, metric) -> -1 where `one` is the better of two models by their `paired`
    interval, 1 where it is the worse, 0 where the interval holds zero."""
    out = {}
    for one, other in itertools.combinations(sorted(estimates), 2):
        gaps = paired_intervals(
            estimates[one], estimates[other], price, draws, np.random.default_rng(seed)
        )
        for metric, gap in gaps.items():
            out[one, other, metric] = int(gap["low"] > 0) - int(gap["high"] < 0)
    return out


def find_reversals(*told: dict[tuple[str, str, str], int]) -> list[tuple[str, str, str]]:
    """The pairs and metrics that some `verdicts` call better and others worse."""
    return [
        pair
        for pair in sorted(set.intersection(*(set(one) for one in told)))
        if {-1, 1} <= {one[pair] for one in told}
    ]

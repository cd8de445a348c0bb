"""How good valuations are beside the prices, and whether one variant beats another on the same
sales: a paired bootstrap, since errors of two models on one home are alike."""

from __future__ import annotations

import itertools

import numpy as np

from lib.models.metrics import accuracy


def figures(estimate: np.ndarray, price: np.ndarray) -> dict[str, float]:
    """MdAPE, MAPE, R2, and of the ratios estimate / price (IAAO, Standard on Ratio Studies, 2013)
    the median and the COD: the mean distance from the median, in percent of the median."""
    ratio = estimate / price
    middle = float(np.median(ratio))
    said = accuracy(estimate, price)
    return {
        "mdape": said["mdape"],
        "mape": said["mape"],
        "r2": said["r2"],
        "cod": float(100 * np.abs(ratio - middle).mean() / middle),
        "median_ratio": middle,
    }


def paired(
    estimate: np.ndarray, other: np.ndarray, price: np.ndarray, draws: int, rng: np.random.Generator
) -> dict[str, dict[str, float]]:
    """MdAPE and MAPE of `estimate` less those of `other`, each with a 95 % percentile interval
    from `draws` resamples of the homes (n,): below zero, `estimate` is the better one."""
    mine, theirs = np.abs(estimate / price - 1), np.abs(other / price - 1)

    def gaps(rows: np.ndarray | slice) -> tuple[float, float]:
        return (
            float(np.median(mine[rows]) - np.median(theirs[rows])),
            float(mine[rows].mean() - theirs[rows].mean()),
        )

    drawn = np.array([gaps(rng.integers(0, len(price), len(price))) for _ in range(draws)])
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    return {
        name: {"value": value, "low": float(low[i]), "high": float(high[i])}
        for i, (name, value) in enumerate(zip(("mdape", "mape"), gaps(slice(None)), strict=True))
    }


def verdicts(
    estimates: dict[str, np.ndarray], price: np.ndarray, draws: int, seed: int
) -> dict[tuple[str, str, str], int]:
    """(one, other, metric) -> -1 where `one` is the better of two models by their `paired`
    interval, 1 where it is the worse, 0 where the interval holds zero."""
    out = {}
    for one, other in itertools.combinations(sorted(estimates), 2):
        gaps = paired(estimates[one], estimates[other], price, draws, np.random.default_rng(seed))
        for metric, gap in gaps.items():
            out[one, other, metric] = int(gap["low"] > 0) - int(gap["high"] < 0)
    return out


def reversals(*told: dict[tuple[str, str, str], int]) -> list[tuple[str, str, str]]:
    """The pairs and metrics that some `verdicts` call better and others worse."""
    return [
        pair
        for pair in sorted(set.intersection(*(set(one) for one in told)))
        if {-1, 1} <= {one[pair] for one in told}
    ]

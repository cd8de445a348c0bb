"""What an input does to the estimate over its range: partial dependence, and accumulated local
effects.

Partial dependence (Friedman, Annals of Statistics 29, 2001) sets the input to a value in every
home, also where no such home exists. Accumulated local effects (Apley and Zhu, JRSS B 82, 2020)
only move it within the bin that a home lies in, and add the steps up, so that the effects of
correlated inputs are not attributed to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.evaluation.feature_groups import DERIVED

Predict = Callable[[pd.DataFrame], np.ndarray]
SIDE = 0.025  # of the draws beyond either end of a band
TRIM = 0.01  # of the homes beyond either end of an input's range


def set_input(homes: pd.DataFrame, name: str, value: np.ndarray | float) -> pd.DataFrame:
    """Homes with another value of one input, and of what is computed from it alone.

    Parameters
    ----------
    homes : DataFrame
        Feature rows of n homes.
    name : str
        A numeric input.
    value : ndarray of shape (n,) or float
        Its new values.

    Returns
    -------
    DataFrame
        A changed copy of `homes`.
    """
    out = homes.assign(**{name: np.broadcast_to(np.asarray(value, float), len(homes))})
    if name in DERIVED and DERIVED[name] in homes:
        out[DERIVED[name]] = np.log(out[name].where(out[name] > 0))
    return out


def bin_edges(values: pd.Series, bins: int) -> np.ndarray:
    """Distinct quantiles of an input's values, between the TRIM and 1 - TRIM quantiles.

    The few homes beyond would stretch the range and add little.

    Parameters
    ----------
    values : Series of shape (n,)
        Values of the input; missing ones are left out.
    bins : int
        How many bins to make at most.

    Returns
    -------
    ndarray of shape (at most bins + 1,)
        The edges, rising; empty where no value is there.
    """
    present = values.dropna().to_numpy(float)
    if not len(present):
        return np.array([])
    return np.unique(
        np.quantile(present, np.linspace(TRIM, 1 - TRIM, bins + 1), method="inverted_cdf")
    )


def centre_effect(effect: np.ndarray, at: np.ndarray, values: np.ndarray) -> np.ndarray:
    """An effect shifted so that its mean over the homes is 0.

    Parameters
    ----------
    effect : ndarray of shape (g,)
        Effect in log price.
    at : ndarray of shape (g,)
        The input's values that it belongs to, rising.
    values : ndarray of shape (n,)
        The input's values in the homes.

    Returns
    -------
    ndarray of shape (g,)
        The shifted effect.
    """
    return effect - np.interp(values, at, effect).mean()


def partial_dependence(
    predict: Predict, homes: pd.DataFrame, name: str, grid: np.ndarray
) -> np.ndarray:
    """Mean log price over all homes with the input set to each value of a grid, not centred.

    Parameters
    ----------
    predict : callable
        Gives log prices (n,) of feature rows.
    homes : DataFrame
        Feature rows of n homes.
    name : str
        A numeric input.
    grid : ndarray of shape (g,)
        Values to set it to.

    Returns
    -------
    ndarray of shape (g,)
        Mean log price at each value.

    Notes
    -----
    Friedman, Greedy Function Approximation, Annals of Statistics 29 (2001).
    """
    many = pd.concat([set_input(homes, name, value) for value in grid], ignore_index=True)
    return predict(many).reshape(len(grid), len(homes)).mean(axis=1)


@dataclass(frozen=True)
class EffectCurve:
    """Accumulated local effects in log price at bin `edges`, mean zero over the homes, with a 95 %
    bootstrap band of the homes; `homes` counts those whose value lies between the ends."""

    edges: np.ndarray
    effect: np.ndarray
    low: np.ndarray
    high: np.ndarray
    homes: int


def _accumulated(
    step: np.ndarray, bin_of: np.ndarray, at: np.ndarray, values: np.ndarray
) -> np.ndarray:
    """Effects at the edges `at` from steps (n,), one a home, the bin and the value of each home."""
    bins = len(at) - 1
    count = np.bincount(bin_of, minlength=bins)
    sums = np.bincount(bin_of, weights=step, minlength=bins)
    mean = np.divide(sums, count, out=np.zeros(bins), where=count > 0)
    return centre_effect(np.append(0.0, np.cumsum(mean)), at, values)


def accumulated_local_effects(
    predict: Predict,
    homes: pd.DataFrame,
    name: str,
    bins: int,
    draws: int,
    rng: np.random.Generator,
) -> EffectCurve | None:
    """The accumulated local effects of one numeric input, with a bootstrap band.

    Parameters
    ----------
    predict : callable
        Gives log prices (n,) of feature rows.
    homes : DataFrame
        Feature rows; homes without a value, or beyond the ends of the range, are left out.
    name : str
        A numeric input.
    bins : int
        How many bins to make at most.
    draws : int
        Resamples of the homes for the band.
    rng : numpy.random.Generator
        Source of the resamples.

    Returns
    -------
    EffectCurve or None
        Effects in log price at the edges of the bins; None where the input takes fewer than two
        values.

    Notes
    -----
    Apley and Zhu, Visualizing the Effects of Predictor Variables in Black Box Supervised Learning
    Models, JRSS B 82 (2020).
    """
    at = bin_edges(homes[name], bins)
    if len(at) < 2:
        return None
    inside = homes[homes[name].between(at[0], at[-1])].reset_index(drop=True)
    values = inside[name].to_numpy(float)
    bin_of = np.clip(np.searchsorted(at, values, side="left") - 1, 0, None)
    both = pd.concat(
        [set_input(inside, name, at[bin_of]), set_input(inside, name, at[bin_of + 1])],
        ignore_index=True,
    )
    predicted = predict(both)
    step = predicted[len(inside) :] - predicted[: len(inside)]
    drawn = np.empty((draws, len(at)))
    for draw in range(draws):
        rows = rng.integers(0, len(inside), len(inside))
        drawn[draw] = _accumulated(step[rows], bin_of[rows], at, values[rows])
    low, high = np.quantile(drawn, [SIDE, 1 - SIDE], axis=0)
    return EffectCurve(at, _accumulated(step, bin_of, at, values), low, high, len(inside))

"""Whether two models' errors on the same homes could as well have been swapped.

Under the null hypothesis it does not matter which model made which error: the pair of errors on a
home may be exchanged. So each home's pair is swapped or not by a coin, and the differences after
the swaps are compared with the observed one (Good, Permutation, Parametric and Bootstrap Tests of
Hypotheses, 2005, chapter 3). The observed difference counts as one of them, which keeps p above
zero (Phipson and Smyth, Statistical Applications in Genetics and Molecular Biology 9, 2010).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.evaluation.metrics.bootstrap import CELLS

TIE = 1e-12  # differences that the order of a sum alone can make are the same


def metric_differences(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Median and mean of one set of errors less those of another.

    Parameters
    ----------
    one, other : ndarray of shape (..., n)
        Absolute relative errors of two models on the same sales.

    Returns
    -------
    ndarray of shape (..., 2)
        Difference of the medians and of the means along the last axis.
    """
    middle = np.median(one, axis=-1) - np.median(other, axis=-1)
    return np.stack([middle, one.mean(axis=-1) - other.mean(axis=-1)], axis=-1)


def permutation_p_values(
    one: np.ndarray,
    other: np.ndarray,
    home: np.ndarray,
    permutations: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Two-sided p of the difference of two models in MdAPE and in MAPE.

    Parameters
    ----------
    one, other : ndarray of shape (n,)
        Absolute relative errors of the two models on the same sales.
    home : ndarray of int of shape (n,)
        Number of each sale's home; all sales of one home are swapped together.
    permutations : int
        How many swaps to draw.
    rng : numpy.random.Generator
        Source of the swaps.

    Returns
    -------
    dict of str to float
        `mdape` and `mape` to p, at least 1 / (1 + permutations).

    Notes
    -----
    Good, Permutation, Parametric and Bootstrap Tests of Hypotheses (2005), chapter 3; the observed
    difference counts as one of the swaps, as Phipson and Smyth (2010) ask.
    """
    codes, homes = pd.factorize(home)
    observed = np.abs(metric_differences(one, other)) - TIE
    hits, left = np.zeros(2), permutations
    while left > 0:
        batch = min(left, max(1, CELLS // max(len(one), 1)))
        swap = (rng.random((batch, len(homes))) < 0.5)[:, codes]
        swapped = metric_differences(np.where(swap, other, one), np.where(swap, one, other))
        hits += (np.abs(swapped) >= observed).sum(axis=0)
        left -= batch
    p = (1 + hits) / (1 + permutations)
    return {"mdape": float(p[0]), "mape": float(p[1])}

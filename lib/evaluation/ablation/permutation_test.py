"""Whether two models' errors on the same homes could as well have been swapped.

Under the null hypothesis it does not matter which of the two said which: the pair of errors on a
home may be exchanged. So each home's pair is swapped or not by a coin, and the differences found
so are compared with the one seen (Good, Permutation, Parametric and Bootstrap Tests of Hypotheses,
2005, chapter 3). The one seen counts as one of them, which keeps p above zero (Phipson and Smyth,
Statistical Applications in Genetics and Molecular Biology 9, 2010).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.evaluation.metrics.bootstrap import CELLS

TIE = 1e-12  # differences that the order of a sum alone can make are the same


def metric_differences(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(2,) median and mean of `one` less those of `other`, along the last axis (.., 2)."""
    middle = np.median(one, axis=-1) - np.median(other, axis=-1)
    return np.stack([middle, one.mean(axis=-1) - other.mean(axis=-1)], axis=-1)


def permutation_p_values(
    one: np.ndarray,
    other: np.ndarray,
    home: np.ndarray,
    permutations: int,
    rng: np.random.Generator,
) -> dict[str, float]:
    """Two-sided p of the difference of two models in MdAPE and in MAPE, from `permutations` swaps.

    `one` and `other` (n,) are their absolute relative errors on the same sales; `home` (n,) whole
    numbers: all sales of one home are swapped together.
    """
    codes, known = pd.factorize(home)
    seen = np.abs(metric_differences(one, other)) - TIE
    hits, left = np.zeros(2), permutations
    while left > 0:
        batch = min(left, max(1, CELLS // max(len(one), 1)))
        swap = (rng.random((batch, len(known))) < 0.5)[:, codes]
        found = metric_differences(np.where(swap, other, one), np.where(swap, one, other))
        hits += (np.abs(found) >= seen).sum(axis=0)
        left -= batch
    p = (1 + hits) / (1 + permutations)
    return {"mdape": float(p[0]), "mape": float(p[1])}

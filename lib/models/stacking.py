"""A blend: a weighted mean of several variants' log prices, weighted by what they did out of fold.

Stacking (Wolpert, Neural Networks 5, 1992; Breiman, Machine Learning 24, 1996) with weights that
are never negative and sum to one, drawn towards equal ones where sales are few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.optimize import nnls

from lib.common import params
from lib.common.artifacts import FittedVariant, LevelSettings
from lib.common.params import Section
from lib.models.variants.training.level_correction import level_shifts
from lib.models.variants.training.out_of_fold import unseen_log_errors

HEAVY = 1e3  # how much the sum of weights counts beside the errors themselves


class BlendWeightSettings(Section):
    """Out-of-fold sales at which weights stand half way between equal and fitted ones."""

    shrink: float = Field(ge=0)


def fit_blend_weights(misses: np.ndarray, shrink: float) -> np.ndarray:
    """Weights for which a blend has the least squared log error.

    Parameters
    ----------
    misses : ndarray of shape (n, m)
        Log errors of m members on n sales.
    shrink : float
        Sales at which weights stand half way between equal and fitted ones.

    Returns
    -------
    ndarray of shape (m,)
        Never negative, of sum 1.

    Notes
    -----
    Stacking (Wolpert, Neural Networks 5, 1992; Breiman, Machine Learning 24, 1996) by non-negative
    least squares.

    Examples
    --------
    >>> import numpy as np
    >>> fit_blend_weights(np.empty((0, 2)), shrink=10).tolist()
    [0.5, 0.5]
    """
    count, members = misses.shape
    equal = np.full(members, 1 / members)
    if not count:
        return equal
    one = HEAVY * np.sqrt((misses**2).sum() + 1e-12)
    fitted, _ = nnls(np.vstack([misses, np.full(members, one)]), np.append(np.zeros(count), one))
    return (count * fitted / fitted.sum() + shrink * equal) / (count + shrink)


def blend_predictions(
    members: dict[str, pd.DataFrame],
    fold: pd.Series,
    spec: BlendWeightSettings,
    correction: LevelSettings | None,
) -> tuple[dict[str, float], pd.DataFrame]:
    """Blend the predictions of several variants by what they did out of fold.

    Parameters
    ----------
    members : dict of str to DataFrame
        predictions.parquet of each member, of the same n rows in the same order.
    fold : Series of shape (n,)
        Fold numbers, 0 for none.
    spec : BlendWeightSettings
        How far weights are drawn to equal ones.
    correction : LevelSettings or None
        The blend's own level correction.

    Returns
    -------
    weights : dict of str to float
        The final weight of each member.
    predictions : DataFrame of n rows
        In the form of the members'.

    Notes
    -----
    A fold is blended by weights of the folds before it, the first by equal ones, every later row by
    weights of all folds. Usable sales alone count.
    """
    tables = list(members.values())
    raw = np.column_stack([table["log_raw"] for table in tables])
    out = tables[0].drop(columns=["log_raw", "level", "log_estimate"]).reset_index(drop=True)
    number = fold.to_numpy()
    price = np.log(out["close_price"].to_numpy(float))
    misses = np.column_stack([table["log_estimate"] for table in tables]) - price[:, None]
    known = (number > 0) & out["usable"].to_numpy(bool)
    final = fit_blend_weights(misses[known], spec.shrink)
    blended = raw @ final
    for one in np.unique(number[number > 0]):
        before = fit_blend_weights(misses[known & (number < one)], spec.shrink)
        blended[number == one] = raw[number == one] @ before
    out["log_raw"] = blended
    out["level"] = (
        level_shifts(unseen_log_errors(out), out["as_of"], correction) if correction else 0.0
    )
    out["log_estimate"] = out["log_raw"] + out["level"]
    return dict(zip(members, final.tolist(), strict=True)), out


def blend_importances(
    members: Mapping[str, FittedVariant], share: dict[str, float]
) -> dict[str, float]:
    """The members' importances, each first made to sum to one, by their weights."""
    total: dict[str, float] = {}
    for name, weight in share.items():
        own = members[name].importances
        whole = sum(own.values()) or 1.0
        for column, value in own.items():
            total[column] = total.get(column, 0.0) + weight * value / whole
    return total


class BlendVariant(params.Section):
    """One entry of `blend.variants`."""

    domain: Literal["sale", "rental"]
    members: list[str]


class BlendParams(params.Section):
    """The `blend` section of params.yaml."""

    variants: dict[str, BlendVariant]
    weighting: BlendWeightSettings
    level: LevelSettings

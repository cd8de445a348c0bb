"""When a valuation is not to be relied on, and why: abstention, so that hit rate is a metric."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section

COUNT, UNLIKE = "comp_count", "comp_distance"  # features: how many comparables, how unlike


class AbstentionSettings(Section):
    """The `calibrate.abstention` section."""

    minimum_comparables: int = Field(ge=0)
    maximum_distance: float = Field(gt=0)
    maximum_width: float = Field(gt=0)
    beyond: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]]


def training_ranges(
    learnt: pd.DataFrame, spec: AbstentionSettings
) -> dict[str, tuple[float, float]]:
    """Smallest and largest value of the inputs beyond which a model is not trusted.

    Parameters
    ----------
    learnt : DataFrame
        Feature rows of the sales that the model has learnt from.
    spec : AbstentionSettings
        `beyond` names the columns; those that `learnt` lacks are left out.

    Returns
    -------
    dict of str to (float, float)
        (smallest, largest) by column, in the column's own unit.
    """
    known = [name for name in spec.beyond if name in learnt and learnt[name].notna().any()]
    return {name: (float(learnt[name].min()), float(learnt[name].max())) for name in known}


def abstention_reasons(
    homes: pd.DataFrame,
    width: np.ndarray,
    ranges: dict[str, tuple[float, float]],
    uses_comparables: bool,
    spec: AbstentionSettings,
) -> np.ndarray:
    """Why the valuation of each home is not to be relied on.

    Parameters
    ----------
    homes : DataFrame
        Feature rows of n homes; comp_count, comp_distance and the columns of `ranges` are looked at
        where they are there.
    width : ndarray of shape (n,)
        Widest interval over the estimate (share).
    ranges : dict of str to (float, float)
        What `training_ranges` gives.
    uses_comparables : bool
        Whether the model looks at comparables at all.
    spec : AbstentionSettings
        The limits.

    Returns
    -------
    ndarray of shape (n,), object
        The reasons in words, joined by semicolons; None for a home without any.
    """
    out: list[list[str]] = [[] for _ in range(len(homes))]
    if uses_comparables and COUNT in homes:
        counts = homes[COUNT].fillna(0).to_numpy(float)
        for i in np.flatnonzero(counts < spec.minimum_comparables):
            out[i].append(f"{counts[i]:.0f} comparables, under {spec.minimum_comparables}")
    if uses_comparables and UNLIKE in homes:
        unlike = homes[UNLIKE].to_numpy(float)
        for i in np.flatnonzero(unlike > spec.maximum_distance):
            out[i].append(f"comparables {unlike[i]:.1f} unlike, over {spec.maximum_distance:g}")
    for name, (low, high) in ranges.items():
        slack = spec.beyond[name]
        values = homes[name].to_numpy(float) if name in homes else np.full(len(homes), np.nan)
        for i in np.flatnonzero((values < low - slack) | (values > high + slack)):
            end, word = (low, "below") if values[i] < low else (high, "above")
            out[i].append(f"{name} {values[i]:g} lies {word} the {end:g} of all past sales")
    for i in np.flatnonzero(width > spec.maximum_width):
        out[i].append(f"interval {width[i]:.0%} of the value wide, over {spec.maximum_width:.0%}")
    return np.array(["; ".join(one) or None for one in out], dtype=object)


def reason_kind(reason: str) -> str:
    """What a reason is about, without its figures, so that reasons of a kind can be counted
    together.

    Parameters
    ----------
    reason : str
        One reason of `abstention_reasons`.

    Returns
    -------
    str
        Its kind.

    Examples
    --------
    >>> reason_kind("2 comparables, under 3")
    'too few comparables'
    """
    for word, told in (
        ("comparables,", "too few comparables"),
        ("unlike,", "comparables too unlike"),
        ("interval", "interval too wide"),
    ):
        if word in reason:
            return told
    return f"{reason.split()[0]} beyond all past sales"

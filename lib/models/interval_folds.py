"""Intervals on the folds of the past, each by what the folds before it teach: what to choose their
settings by, since the test is not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from lib.models import intervals


def on_folds(
    table: pd.DataFrame,
    saved: dict[str, Any],
    fold: np.ndarray,
    coverages: list[float],
    spec: intervals.Spec,
    seed: int,
) -> Iterator[tuple[int, pd.DataFrame, np.ndarray]]:
    """(fold, its sales with the intervals that the folds before it teach, errors of those folds),
    from the second fold on.

    `table` as `intervals.fit` takes it, `fold` (n,) the number of each row's fold, 0 for none.
    """
    for number in range(2, int(fold.max(initial=0)) + 1):
        rows = (fold > 0) & (fold <= number)
        role = np.where(fold[rows] < number, "train", "test")
        part = table[rows].assign(role=role).reset_index(drop=True)
        past = part[part["role"] == "train"]
        state, known = intervals.fit(part, saved, past, coverages, spec, seed)
        later = part[part["role"] == "test"].reset_index(drop=True)
        ranges = intervals.intervals(later, known, state, newcomers=False)
        errors = known.loc[known["past"], "error"].to_numpy(float)
        yield number, later.join(ranges), errors

"""As-of level correction: how far the newest closed sales lie from a model's predictions.

A model fitted at a boundary falls behind a moving market. Each prediction is therefore shifted by
the median log error of the sales that closed in the days before its as_of date, shrunk to zero
where those are few. Only predictions made without having seen a sale's price count as errors.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.artifacts import LevelSettings
from lib.features.asof.rule import days_since_epoch
from lib.features.asof.windows import past_median


def level_shifts(errors: pd.DataFrame, as_of: pd.Series, spec: LevelSettings) -> np.ndarray:
    """The shift in log price at each as_of date.

    Parameters
    ----------
    errors : DataFrame
        close_date and log_error (log price minus predicted log price) of sales that the model had
        not seen.
    as_of : Series of shape (n,), datetime64
        The dates.
    spec : LevelSettings
        Days looked back, and the count of sales that halves trust.

    Returns
    -------
    ndarray of shape (n,)
        Median error of the sales that closed in the days strictly before, shrunk to zero where they
        are few.
    """
    if not len(errors):
        return np.zeros(len(as_of))
    median, count = past_median(
        days_since_epoch(errors["close_date"]),
        errors["log_error"].to_numpy(float),
        days_since_epoch(as_of),
        spec.days,
    )
    return np.where(count > 0, median, 0.0) * count / (np.maximum(count, 1) + spec.shrink)

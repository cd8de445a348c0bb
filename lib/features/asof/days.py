"""Dates as whole days and amounts as logs: the numbers in which the past is searched."""

from __future__ import annotations

import numpy as np
import pandas as pd


def days_since_epoch(dates: pd.Series) -> np.ndarray:
    """Whole days since 1970-01-01 (int64); a missing date comes out before every other."""
    return dates.to_numpy("datetime64[D]").astype("int64")


def log(values: pd.Series) -> np.ndarray:
    """Natural logarithms; what is missing, zero or negative has none (nan)."""
    numbers = values.to_numpy(float)
    return np.log(np.where(numbers > 0, numbers, np.nan))

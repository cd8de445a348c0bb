"""The as-of rule, and the whole days in which it is checked.

A home is valued as of a date, `as_of`: the day of its contract, or of its closing where that is
unknown; for a home on the market, the date on which it is valued (`lib.listings.normalize.dates`
sets it). A feature of the home may use

1. what the home's own listing said on that date;
2. sales that closed, and releases of external series that came out, strictly before that date
   (`close_date < as_of`): whatever happens on the date itself or later is unknown;
3. listings that were on offer on that date: listed before it and not gone before it.

Dates are compared as whole days since 1970, so the hour of an event and its time zone decide
nothing. Of events sorted by day, those that had happened are the first `count_before`: every search
and every refit in this room and in `lib/features` takes such a prefix and nothing behind it.
`tests/lib/features/test_canaries.py` changes what comes later and asserts that no feature moves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def count_before(days: np.ndarray, as_of: np.ndarray | int) -> np.ndarray:
    """Count the events that happened strictly before each date.

    Parameters
    ----------
    days
        (n,) int64 whole days of the events, sorted.
    as_of
        (m,) int64 whole days, or one of them.

    Returns
    -------
    (m,) int64, or one number: event i of `days` may be used for a query if i is smaller.

    Examples
    --------
    >>> count_before(np.array([10, 20, 20, 30]), np.array([10, 20, 21])).tolist()
    [0, 1, 3]
    """
    return np.searchsorted(days, as_of, side="left")


def days_since_epoch(dates: pd.Series) -> np.ndarray:
    """Convert dates to whole days.

    Parameters
    ----------
    dates
        (n,) datetime64; may be missing.

    Returns
    -------
    (n,) int64 days since 1970-01-01; a missing date comes out before every other.

    Examples
    --------
    >>> days_since_epoch(pd.Series(pd.to_datetime(["1969-12-31", "1970-01-02"]))).tolist()
    [-1, 1]
    """
    return dates.to_numpy("datetime64[D]").astype("int64")


def months_since_epoch(dates: pd.Series) -> np.ndarray:
    """Convert dates to whole months.

    Parameters
    ----------
    dates
        (n,) datetime64.

    Returns
    -------
    (n,) int64 months since January 1970.
    """
    return dates.to_numpy("datetime64[M]").astype("int64")


def log_positive(values: pd.Series) -> np.ndarray:
    """Take natural logarithms of amounts.

    Parameters
    ----------
    values
        (n,) numbers, such as prices in currency or areas in square feet.

    Returns
    -------
    (n,) float64; nan where the value is missing, zero or negative.
    """
    numbers = values.to_numpy(float)
    return np.log(np.where(numbers > 0, numbers, np.nan))

"""What intervals are worth: whether they hold as often as they promise, everywhere, and how wide
they are beside plain split conformal ones of the same model on the same sales."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lib.evaluation.metrics import accuracy
from lib.evaluation.metrics.slices import quantile_bands
from lib.models.calibration import prediction_intervals
from lib.models.calibration.conformal import split_bounds


def split_conformal_intervals(
    estimate: np.ndarray, errors: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray]:
    """Plain split conformal intervals, all of one relative width.

    Parameters
    ----------
    estimate : ndarray of shape (n,)
        Estimates (currency).
    errors : ndarray of shape (m,)
        Log errors of the past.
    coverage : float
        The share of prices that they are to hold.

    Returns
    -------
    (ndarray of shape (n,), ndarray of shape (n,))
        Lower and upper ends (currency).
    """
    low, high = split_bounds(errors, coverage)
    return estimate * np.exp(low), estimate * np.exp(high)


def _interval_metrics(
    test: pd.DataFrame, low: np.ndarray, high: np.ndarray, coverage: float
) -> dict[str, float]:
    """How often intervals held, how wide they are, and how evenly they held.

    Parameters
    ----------
    test : DataFrame of n rows
        close_price and pred_close_price (currency) and as_of.
    low, high : ndarray of shape (n,)
        Ends of the intervals (currency).
    coverage : float
        The share that they promise.

    Returns
    -------
    dict of str to float
        Measures of `lib.evaluation.metrics.accuracy.coverage_metrics` (`held` is the coverage) and
        the least and most held in a fifth of the test by estimate and in a month (shares).
    """
    price, estimate = (test[n].to_numpy(float) for n in ("close_price", "pred_close_price"))
    held = pd.Series((price >= low) & (price <= high), index=test.index)
    fifths = held.groupby(quantile_bands(test["pred_close_price"]).to_numpy()).mean()
    months = held.groupby(test["as_of"].dt.strftime("%Y-%m").fillna("undated").to_numpy()).mean()
    found = accuracy.coverage_metrics(price, low, high, estimate, coverage)
    return (
        {"held": found.pop("coverage")}
        | found
        | {
            "fifth_least": float(fifths.min()),
            "fifth_most": float(fifths.max()),
            "month_least": float(months.min()),
            "month_most": float(months.max()),
        }
    )


def compare_with_split_conformal(
    test: pd.DataFrame, errors: np.ndarray, names: list[str]
) -> pd.DataFrame:
    """A variant's intervals beside plain split conformal ones.

    Parameters
    ----------
    test : DataFrame
        close_price, pred_close_price, as_of and pred_low_ and pred_high_ of each coverage.
    errors : ndarray of shape (m,)
        Log errors of the past that `calibrate` scored.
    names : list of str
        Coverages in percent, as columns name them ("80", "90").

    Returns
    -------
    DataFrame
        A row for each coverage and each of `own` and `split`: intervals, coverage and the measures
        of `_interval_metrics`.
    """
    rows = []
    for name in names:
        share = int(name) / 100
        estimate = test["pred_close_price"].to_numpy(float)
        own = tuple(test[f"pred_{side}_{name}"].to_numpy(float) for side in ("low", "high"))
        for which, (low, high) in {
            "own": own,
            "split": split_conformal_intervals(estimate, errors, share),
        }.items():
            rows.append(
                {"intervals": which, "coverage": name, **_interval_metrics(test, low, high, share)}
            )
    return pd.DataFrame(rows)


# Intervals on the folds of the past, each fitted on the folds before it: what to choose their
# settings by, since the test is not looked at.


def fold_intervals(
    table: pd.DataFrame,
    inputs: list[str],
    fold: np.ndarray,
    coverages: list[float],
    spec: prediction_intervals.IntervalSpec,
    seed: int,
) -> Iterator[tuple[int, pd.DataFrame, np.ndarray]]:
    """Intervals of the sales in each fold, fitted on the folds before it.

    Parameters
    ----------
    table : DataFrame of n rows
        What `fit_intervals` takes.
    inputs : list of str
        The columns that the variant sees.
    fold : ndarray of shape (n,)
        The number of each row's fold, 0 for none.
    coverages : list of float
        Shares.
    spec : IntervalSpec
        How intervals are made.
    seed : int
        Of the error models.

    Returns
    -------
    iterator of (int, DataFrame, ndarray)
        From the second fold on: its number, its sales with their intervals, and the log errors of
        the folds before.
    """
    for number in range(2, int(fold.max(initial=0)) + 1):
        rows = (fold > 0) & (fold <= number)
        role = np.where(fold[rows] < number, "train", "test")
        part = table[rows].assign(role=role).reset_index(drop=True)
        past = part[part["role"] == "train"]
        state, known = prediction_intervals.fit_intervals(part, inputs, past, coverages, spec, seed)
        later = part[part["role"] == "test"].reset_index(drop=True)
        ranges = prediction_intervals.predict_intervals(later, known, state, newcomers=False)
        errors = known.loc[known["past"], "error"].to_numpy(float)
        yield number, later.join(ranges), errors

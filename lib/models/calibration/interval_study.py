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


def split_intervals(
    estimate: np.ndarray, errors: np.ndarray, coverage: float
) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) of plain split conformal intervals, from log errors of the past (m,)."""
    low, high = split_bounds(errors, coverage)
    return estimate * np.exp(low), estimate * np.exp(high)


def interval_metrics(
    test: pd.DataFrame, low: np.ndarray, high: np.ndarray, coverage: float
) -> dict[str, float]:
    """`metrics.coverage` of intervals on the test, and the least and most they held in a fifth of
    it by estimate and in a month."""
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


def compare_with_split(test: pd.DataFrame, errors: np.ndarray, names: list[str]) -> pd.DataFrame:
    """One row for each coverage in `names` ("80", "90") and each of `own` and `split` intervals.

    `test` has close_price, pred_close_price, as_of and pred_low_/pred_high_ per coverage; `errors`
    are the log errors of the past that `calibrate` scored.
    """
    rows = []
    for name in names:
        share = int(name) / 100
        estimate = test["pred_close_price"].to_numpy(float)
        own = tuple(test[f"pred_{side}_{name}"].to_numpy(float) for side in ("low", "high"))
        for which, (low, high) in {
            "own": own,
            "split": split_intervals(estimate, errors, share),
        }.items():
            rows.append(
                {"intervals": which, "coverage": name, **interval_metrics(test, low, high, share)}
            )
    return pd.DataFrame(rows)


# Intervals on the folds of the past, each by what the folds before it teach: what to choose their
# settings by, since the test is not looked at.


def fold_intervals(
    table: pd.DataFrame,
    inputs: list[str],
    fold: np.ndarray,
    coverages: list[float],
    spec: prediction_intervals.Spec,
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
        state, known = prediction_intervals.fit_intervals(part, inputs, past, coverages, spec, seed)
        later = part[part["role"] == "test"].reset_index(drop=True)
        ranges = prediction_intervals.predict_intervals(later, known, state, newcomers=False)
        errors = known.loc[known["past"], "error"].to_numpy(float)
        yield number, later.join(ranges), errors

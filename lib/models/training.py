"""Fitting one variant in time order: out-of-fold predictions of the past, then the served model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from lib.common.checks import require
from lib.models.estimators import Estimator
from lib.models.level import Level, level

# called with "folds" or "training", a fitted model, and the sales that it is to be judged on
Watch = Callable[[str, Estimator, pd.DataFrame], None]


def fitted(sales: pd.DataFrame, inputs: list[str], make: Callable[[], Estimator]) -> Estimator:
    """A fresh model fitted on closed sales."""
    price = np.log(sales["close_price"].to_numpy(float))
    return make().fit(sales[inputs], price, sales[["as_of", "close_date"]])


def out_of_fold(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    watch: Watch | None = None,
) -> pd.Series:
    """Log price predicted for each row in a fold by a model fitted on the sales that had closed
    before the fold began and are usable evidence (missing elsewhere; unusable sales are predicted,
    too). `table` needs role, fold, usable, close_date, close_price.

    Without `edges` the folds are groups of homes, and the model of each is fitted on the others'.
    """
    predicted = pd.Series(np.nan, index=table.index)
    starts = edges[:-1] or [None] * int(table["fold"].max())
    for number, start in enumerate(starts, start=1):
        rows = table["fold"] == number
        before = ~rows if start is None else table["close_date"] < start
        known = (table["role"] == "train") & table["usable"] & before
        if rows.any():
            require(known.any(), f"fold {number}: no usable sale outside it to learn from")
            model = fitted(table[known], inputs, make)
            predicted[rows] = model.predict(table.loc[rows, inputs])
            if watch:
                watch("folds", model, table[rows])
    return predicted


def errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """`close_date` and `log_error` of the usable sales whose price their model had not seen."""
    priced = predictions["close_price"].notna() & predictions["log_raw"].notna()
    sold = predictions[priced & predictions["usable"]]
    return pd.DataFrame(
        {
            "close_date": sold["close_date"],
            "log_error": np.log(sold["close_price"]) - sold["log_raw"],
        }
    )


def predictions(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: Level | None,
    watch: Watch | None = None,
) -> tuple[Estimator, pd.DataFrame]:
    """(the model fitted on the usable past, its predictions with the as-of level correction).

    Rows in folds are predicted out of fold, every later row by the returned model. `watch` sees
    each fold's model with that fold, and the returned model with its past. Columns:
    listing_key, property_key, role, usable, as_of, close_date, close_price, log_raw, level,
    log_estimate.
    """
    out = table[["listing_key", "property_key", "role", "usable", "as_of", "close_date"]].copy()
    out["close_price"] = table["close_price"].where(table["role"] != "subject")
    out["log_raw"] = out_of_fold(table, inputs, edges, make, watch)
    past = (table["role"] == "train") & table["usable"]
    model = fitted(table[past], inputs, make)
    if watch:
        watch("training", model, table[past])
    later = table["role"].isin(["test", "purged", "subject"])
    if later.any():
        out.loc[later, "log_raw"] = model.predict(table.loc[later, inputs])
    out = out[later | (table["fold"] > 0)]
    out["level"] = level(errors(out), out["as_of"], spec) if spec else 0.0
    out["log_estimate"] = out["log_raw"] + out["level"]
    return model, out

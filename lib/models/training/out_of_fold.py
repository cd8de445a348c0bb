"""Fitting one variant in time order: out-of-fold predictions of the past, then the served model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common.artifacts import LevelSettings
from lib.common.errors import require
from lib.common.parallel import map_threads
from lib.models.estimators.tabular.base import Estimator
from lib.models.training.level_correction import level_shift


class Watch(Protocol):
    """Sees each model with the sales that it is to be judged on. `look` is called from several
    threads; what it returns comes to `add`, with "folds" or "training", in order."""

    def look(self, model: Estimator, sales: pd.DataFrame) -> Any: ...
    def add(self, kind: str, seen: Any) -> None: ...


@dataclass(frozen=True)
class FitPart:
    """Rows that one model learns from, those that it predicts, and those that it is judged on
    (boolean, all of the table's length), and what `Watch.add` is told of them."""

    known: pd.Series
    told: pd.Series
    judged: pd.Series
    kind: str


def fit_model(model: Estimator, sales: pd.DataFrame, inputs: list[str]) -> Estimator:
    """A fresh `model`, fitted on closed sales."""
    price = np.log(sales["close_price"].to_numpy(float))
    return model.fit(sales[inputs], price, sales[["as_of", "close_date"]])


def fold_parts(table: pd.DataFrame, edges: list[pd.Timestamp]) -> list[FitPart]:
    """What the model of each fold that has rows learns from, as `out_of_fold` says."""
    parts = []
    starts = edges[:-1] or [None] * int(table["fold"].max())
    for number, start in enumerate(starts, start=1):
        rows = table["fold"] == number
        before = ~rows if start is None else table["close_date"] < start
        known = (table["role"] == "train") & table["usable"] & before
        if rows.any():
            require(known.any(), f"fold {number}: no usable sale outside it to learn from")
            parts.append(FitPart(known, rows, rows, "folds"))
    return parts


def fit_parts(
    table: pd.DataFrame,
    inputs: list[str],
    parts: list[FitPart],
    make: Callable[[], Estimator],
    watch: Watch | None,
) -> tuple[list[Estimator], pd.Series]:
    """(the model of each part, what they predict of the table's rows, missing elsewhere).

    Parts are independent, so all cores share them. The last, which as a rule learns from the most
    rows, starts first: a core that comes to the longest one last would leave the others waiting.
    """

    def done(job: tuple[Estimator, FitPart]) -> tuple[Estimator, np.ndarray | None, Any]:
        model, part = fit_model(job[0], table[job[1].known], inputs), job[1]
        said = model.predict(table.loc[part.told, inputs]) if part.told.any() else None
        return model, said, watch.look(model, table[part.judged]) if watch else None

    models = [make() for _ in parts]
    workers = 1 if any(getattr(model, "fits_on_all_cores", False) for model in models) else None
    # set around the threads: each of them setting and resetting it would undo the others'
    with threadpool_limits(1, "blas"):
        found = map_threads(done, list(zip(models, parts, strict=True))[::-1], workers)[::-1]
    predicted = pd.Series(np.nan, index=table.index)
    for part, (_, said, seen) in zip(parts, found, strict=True):
        if said is not None:
            predicted[part.told] = said
        if watch:
            watch.add(part.kind, seen)
    return [model for model, _, _ in found], predicted


def out_of_fold(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
) -> pd.Series:
    """Log price predicted for each row in a fold by a model fitted on the sales that had closed
    before the fold began and are usable evidence (missing elsewhere; unusable sales are predicted,
    too). `table` needs role, fold, usable, close_date, close_price.

    Without `edges` the folds are groups of homes, and the model of each is fitted on the others'.
    """
    return fit_parts(table, inputs, fold_parts(table, edges), make, None)[1]


def unseen_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """`close_date` and `log_error` of the usable sales whose price their model had not seen."""
    priced = predictions["close_price"].notna() & predictions["log_raw"].notna()
    sold = predictions[priced & predictions["usable"]]
    return pd.DataFrame(
        {
            "close_date": sold["close_date"],
            "log_error": np.log(sold["close_price"]) - sold["log_raw"],
        }
    )


def fit_and_predict(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: LevelSettings | None,
    watch: Watch | None = None,
) -> tuple[Estimator, pd.DataFrame]:
    """(the model fitted on the usable past, its predictions with the as-of level correction).

    Rows in folds are predicted as by `out_of_fold`, every later row by the returned model. `watch`
    sees each fold's model with that fold, and the returned model with its past. Columns:
    listing_key, property_key, role, usable, as_of, close_date, close_price, log_raw, level,
    log_estimate.
    """
    out = table[["listing_key", "property_key", "role", "usable", "as_of", "close_date"]].copy()
    out["close_price"] = table["close_price"].where(table["role"] != "subject")
    past = (table["role"] == "train") & table["usable"]
    later = table["role"].isin(["test", "purged", "subject"])
    parts = [*fold_parts(table, edges), FitPart(past, later, past, "training")]
    models, out["log_raw"] = fit_parts(table, inputs, parts, make, watch)
    out = out[later | (table["fold"] > 0)]
    out["level"] = level_shift(unseen_errors(out), out["as_of"], spec) if spec else 0.0
    out["log_estimate"] = out["log_raw"] + out["level"]
    return models[-1], out


def refit_on_folds(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: LevelSettings | None,
) -> np.ndarray:
    """Out-of-fold estimates of the sales in folds, with the as-of level where there is one.

    Parameters
    ----------
    table : DataFrame
        The table of `lib.models.training.out_of_fold`.
    inputs : list of str
        The columns that the models see.
    edges : list of Timestamp
        The edges of the folds; without any, the folds are groups of homes.
    make : callable
        Gives a fresh model.
    spec : LevelSettings or None
        Settings of the level correction.

    Returns
    -------
    ndarray of shape (n,)
        Estimates in currency, in the order of the rows of `table` that lie in a fold.
    """
    rows = table[table["fold"] > 0].assign(log_raw=out_of_fold(table, inputs, edges, make))
    shift = level_shift(unseen_errors(rows), rows["as_of"], spec) if spec else 0.0
    return np.exp(rows["log_raw"].to_numpy() + shift)

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
from lib.common.processes import map_threads
from lib.models.variants.training.estimators.base import Estimator
from lib.models.variants.training.level_correction import level_shifts


class FitObserver(Protocol):
    """Sees each model with the sales that it is to be judged on. `measure` is called from several
    threads; what it returns comes to `add`, with "folds" or "training", in order."""

    def measure(self, model: Estimator, sales: pd.DataFrame) -> Any: ...
    def add(self, kind: str, result: Any) -> None: ...


@dataclass(frozen=True)
class _FitPart:
    """Rows that one model learns from, those that it predicts, and those that it is judged on
    (boolean, all of the table's length), and the kind that `Watch.add` gets of them."""

    train_rows: pd.Series
    predict_rows: pd.Series
    judge_rows: pd.Series
    kind: str


def _fit_model(model: Estimator, sales: pd.DataFrame, inputs: list[str]) -> Estimator:
    """Fit a fresh model on closed sales.

    Parameters
    ----------
    model : Estimator
        The model.
    sales : DataFrame of n rows
        close_price (currency), as_of, close_date and the inputs.
    inputs : list of str
        The columns that it sees.

    Returns
    -------
    Estimator
        The fitted model.
    """
    price = np.log(sales["close_price"].to_numpy(float))
    return model.fit(sales[inputs], price, sales[["as_of", "close_date"]])


def _fold_parts(table: pd.DataFrame, edges: list[pd.Timestamp]) -> list[_FitPart]:
    """What the model of each fold that has rows learns from and predicts.

    Parameters
    ----------
    table : DataFrame of n rows
        role, fold, usable and close_date.
    edges : list of Timestamp
        The edges of the folds; without any, the folds are groups of homes.

    Returns
    -------
    list of _FitPart
        One a fold.

    Raises
    ------
    RemlError
        Where no usable sale lies outside a fold.
    """
    parts = []
    starts = edges[:-1] or [None] * int(table["fold"].max())
    for number, start in enumerate(starts, start=1):
        rows = table["fold"] == number
        before = ~rows if start is None else table["close_date"] < start
        known = (table["role"] == "train") & table["usable"] & before
        if rows.any():
            require(known.any(), f"fold {number}: no usable sale outside it to learn from")
            parts.append(_FitPart(known, rows, rows, "folds"))
    return parts


def _fit_parts(
    table: pd.DataFrame,
    inputs: list[str],
    parts: list[_FitPart],
    make: Callable[[], Estimator],
    watch: FitObserver | None,
) -> tuple[list[Estimator], pd.Series]:
    """Fit a model on each part and predict its rows; all cores share the parts.

    Parameters
    ----------
    table : DataFrame of n rows
        What `predict_out_of_fold` takes.
    inputs : list of str
        The columns that the models see.
    parts : list of _FitPart
        Parts, which are independent of each other.
    make : callable
        Gives a fresh model.
    watch : FitObserver or None
        Looks at each model with the sales that it is judged on.

    Returns
    -------
    models : list of Estimator
        The model of each part.
    predicted : Series of shape (n,)
        Log price of the rows that a part predicts, nan elsewhere.

    Notes
    -----
    The last part, which as a rule learns from the most rows, starts first: a core that comes to the
    longest one last would leave the others waiting.
    """

    def done(job: tuple[Estimator, _FitPart]) -> tuple[Estimator, np.ndarray | None, Any]:
        model, part = _fit_model(job[0], table[job[1].train_rows], inputs), job[1]
        said = (
            model.predict(table.loc[part.predict_rows, inputs]) if part.predict_rows.any() else None
        )
        return model, said, watch.measure(model, table[part.judge_rows]) if watch else None

    models = [make() for _ in parts]
    workers = 1 if any(getattr(model, "fits_on_all_cores", False) for model in models) else None
    # set around the threads: each of them setting and resetting it would undo the others'
    with threadpool_limits(1, "blas"):
        found = map_threads(done, list(zip(models, parts, strict=True))[::-1], workers)[::-1]
    predicted = pd.Series(np.nan, index=table.index)
    for part, (_, said, seen) in zip(parts, found, strict=True):
        if said is not None:
            predicted[part.predict_rows] = said
        if watch:
            watch.add(part.kind, seen)
    return [model for model, _, _ in found], predicted


def predict_out_of_fold(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
) -> pd.Series:
    """Log price of each row in a fold, by a model that had not seen it.

    Parameters
    ----------
    table : DataFrame of n rows
        role, fold, usable, as_of, close_date, close_price and the inputs.
    inputs : list of str
        The columns that the models see.
    edges : list of Timestamp
        The edges of the folds. A fold's model learns from usable sales that had closed before the
        fold began; without edges from those of the other groups.
    make : callable
        Gives a fresh model.

    Returns
    -------
    Series of shape (n,)
        Log price, nan outside of folds; unusable sales are predicted, too.
    """
    return _fit_parts(table, inputs, _fold_parts(table, edges), make, None)[1]


def unseen_log_errors(predictions: pd.DataFrame) -> pd.DataFrame:
    """Log errors of the usable sales whose price their model had not seen.

    Parameters
    ----------
    predictions : DataFrame
        close_price (currency), log_raw, usable and close_date.

    Returns
    -------
    DataFrame
        close_date and log_error (log price minus log_raw).
    """
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
    watch: FitObserver | None = None,
) -> tuple[Estimator, pd.DataFrame]:
    """Fit the models of the folds and the served one, and predict folds and later rows.

    Parameters
    ----------
    table : DataFrame
        What `predict_out_of_fold` takes, with listing_key and property_key.
    inputs : list of str
        The columns that the models see.
    edges : list of Timestamp
        The edges of the folds.
    make : callable
        Gives a fresh model.
    spec : LevelSettings or None
        Settings of the level correction.
    watch : FitObserver or None
        Looks at each fold's model with that fold, and at the served model with its past.

    Returns
    -------
    model : Estimator
        The served model, fitted on the usable past.
    predictions : DataFrame
        listing_key, property_key, role, usable, as_of, close_date, close_price (currency), log_raw,
        level and log_estimate (log price), of rows in folds and of every later row.
    """
    out = table[["listing_key", "property_key", "role", "usable", "as_of", "close_date"]].copy()
    out["close_price"] = table["close_price"].where(table["role"] != "subject")
    past = (table["role"] == "train") & table["usable"]
    later = table["role"].isin(["test", "purged", "subject"])
    parts = [*_fold_parts(table, edges), _FitPart(past, later, past, "training")]
    models, out["log_raw"] = _fit_parts(table, inputs, parts, make, watch)
    out = out[later | (table["fold"] > 0)]
    out["level"] = level_shifts(unseen_log_errors(out), out["as_of"], spec) if spec else 0.0
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
        The table of `lib.models.variants.training.out_of_fold`.
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
    rows = table[table["fold"] > 0].assign(log_raw=predict_out_of_fold(table, inputs, edges, make))
    shift = level_shifts(unseen_log_errors(rows), rows["as_of"], spec) if spec else 0.0
    return np.exp(rows["log_raw"].to_numpy() + shift)

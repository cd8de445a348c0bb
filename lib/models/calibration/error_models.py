"""How hard a home is to value: the size of error to expect, learned from errors on unseen sales.

A gamma regression with a log link (McCullagh and Nelder, Generalized Linear Models, 1989) predicts
the mean absolute log error, a scale that is positive and errs by factors. Nothing below `floor`
times the median counts as easier, since part of a price nobody can know.
"""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
from pydantic import Field
from sklearn.linear_model import GammaRegressor
from threadpoolctl import threadpool_limits

from lib.common.params import Section

SMALLEST = 0.005  # log price; what is added to errors, since the gamma loss takes no zero
MOST = 0.8  # log price; larger errors count as this much, lest one odd deal stand for its area
LIMIT = 6.0  # standard deviations beyond which an input says no more


class DifficultySettings(Section):
    """The `calibrate.difficulty` section; `alpha` is the penalty, as in scikit-learn."""

    minimum_errors: int = Field(ge=1)
    parts: int = Field(ge=2)
    alpha: float = Field(ge=0)
    floor: float = Field(ge=0, le=1)


def columns_as_numbers(table: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """The named columns as numbers.

    Parameters
    ----------
    table : DataFrame of n rows
        Columns that it lacks count as missing.
    columns : list of str
        The k columns, in order.

    Returns
    -------
    ndarray of shape (n, k), float64
        nan where missing.
    """
    return table.reindex(columns=columns).to_numpy(float)


def _standardize_inputs(inputs: np.ndarray, model: dict[str, Any]) -> np.ndarray:
    """Inputs in standard deviations from their median.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    model : dict of str to Any
        `median` and `deviation` of k columns, as `fit_difficulty` gives them.

    Returns
    -------
    ndarray of shape (n, k)
        Clipped to `LIMIT` either way; 0 where missing.
    """
    centred = (inputs - np.array(model["median"])) / np.array(model["deviation"])
    return np.clip(np.nan_to_num(centred), -LIMIT, LIMIT)


def fit_difficulty(
    inputs: np.ndarray, error: np.ndarray, spec: DifficultySettings
) -> dict[str, Any]:
    """Fit a gamma regression of the size of errors to expect.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    error : ndarray of shape (n,)
        Log errors on sales that the model had not seen.
    spec : DifficultySettings
        `alpha` is the penalty.

    Returns
    -------
    dict of str to Any
        The regression in the types of JSON: median, deviation, intercept, coefficients and the
        range of its predictions in training.

    Notes
    -----
    Gamma regression with a log link (McCullagh and Nelder, 1989) of the absolute error, capped at
    `MOST`.
    """
    known = np.isfinite(inputs).any(axis=0)
    filled = np.where(known, inputs, 0.0)  # columns that nobody has say nothing
    deviation = np.nan_to_num(np.nanstd(filled, axis=0))
    model: dict[str, Any] = {
        "median": np.nanmedian(filled, axis=0).tolist(),
        "deviation": np.where(deviation > 0, deviation, 1.0).tolist(),
    }
    size = np.minimum(np.abs(error), MOST) + SMALLEST
    with threadpool_limits(
        1
    ):  # threads mostly wait; BLAS on another number gives other last digits
        fitted = GammaRegressor(alpha=spec.alpha, max_iter=2000).fit(
            _standardize_inputs(inputs, model), size
        )
    model |= {"intercept": float(fitted.intercept_), "coefficients": fitted.coef_.tolist()}
    told = predict_difficulty(inputs, model | {"range": [0.0, np.inf]})
    return model | {"range": [float(told.min()), float(told.max())]}


def predict_difficulty(inputs: np.ndarray, model: dict[str, Any]) -> np.ndarray:
    """The mean absolute log error to expect of each home.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    model : dict of str to Any
        What `fit_difficulty` gives.

    Returns
    -------
    ndarray of shape (n,)
        In log price, inside the range of the sales learnt from.
    """
    log_scale = model["intercept"] + _standardize_inputs(inputs, model) @ np.array(
        model["coefficients"]
    )
    return np.clip(np.exp(log_scale), *model["range"])


def assign_cross_fit_parts(count: int, parts: int) -> np.ndarray:
    """The part of each row for cross-fitting: neighbours in their order share one.

    Parameters
    ----------
    count : int
        Rows.
    parts : int
        Parts.

    Returns
    -------
    ndarray of shape (count,), int64
        Numbers from 0 to parts - 1.

    Examples
    --------
    >>> assign_cross_fit_parts(5, 2).tolist()
    [0, 0, 0, 1, 1]
    """
    return np.arange(count) * parts // max(count, 1)


# Quantiles of a home's error, by boosted trees with the pinball loss (Koenker and Bassett,
# Econometrica 46, 1978), for conformalised quantile regression.


class QuantileSettings(Section):
    """The trees' settings under LightGBM's names."""

    num_iterations: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    num_leaves: int = Field(ge=2)
    min_data_in_leaf: int = Field(ge=1)
    feature_fraction: float = Field(gt=0, le=1)
    bagging_fraction: float = Field(gt=0, le=1)
    lambda_l2: float = Field(ge=0)
    num_threads: int = Field(ge=1)


def fit_error_quantile(
    inputs: np.ndarray, error: np.ndarray, alpha: float, spec: QuantileSettings, seed: int
) -> str:
    """Boosted trees of one quantile of a home's log error.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    error : ndarray of shape (n,)
        Log errors on sales that the model had not seen.
    alpha : float
        The quantile (share).
    spec : QuantileSettings
        The trees' settings.
    seed : int
        LightGBM's seed.

    Returns
    -------
    str
        The trees as LightGBM's text.

    Notes
    -----
    Pinball loss (Koenker and Bassett, Econometrica 46, 1978), for conformalised quantile regression
    (Romano et al., NeurIPS 2019).
    """
    settings = spec.model_dump() | {
        "objective": "quantile",
        "alpha": alpha,
        "seed": seed,
        "bagging_freq": 1,
        "deterministic": True,
        "force_row_wise": True,
        "verbosity": -1,
    }
    return lightgbm.train(settings, lightgbm.Dataset(inputs, error)).model_to_string()


def predict_error_quantile(inputs: np.ndarray, trees: str) -> np.ndarray:
    """The fitted quantile of each home's log error.

    Parameters
    ----------
    inputs : ndarray of shape (n, k)
        nan where missing.
    trees : str
        What `fit_error_quantile` gives.

    Returns
    -------
    ndarray of shape (n,)
        In log price.
    """
    if not len(inputs):
        return np.empty(0)
    return np.asarray(lightgbm.Booster(model_str=trees).predict(inputs, num_threads=1))

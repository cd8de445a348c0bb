"""From a saved model and a feature table to valuations: the one path that tests, open listings
and files of properties all take."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from lib.common import io
from lib.common.artifacts import Blend, FittedVariant, Model
from lib.common.processes import map_threads
from lib.models.variants.photo import pooling
from lib.models.variants.photo.photo_pca import COUNT, MISSING, PREFIX, REUSED
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.training.estimators.base import Estimator
from lib.models.variants.training.estimators.registry import saved_settings
from lib.models.variants.training.level_correction import level_shifts
from lib.models.variants.training.out_of_fold import unseen_log_errors
from lib.models.variants.training.training_table import add_log_list_price

Result = TypeVar("Result")


def rebuild_estimator(saved: FittedVariant) -> Estimator:
    """The estimator that `train` saved as the content of model.json; raises `RemlError` naming file
    and key where another version wrote it or it is damaged."""
    estimator, settings = saved_settings(saved, MODELS)
    try:
        return estimator.from_json(saved.state, settings, saved.seed)
    except ValueError as error:
        raise saved.refusal("state", str(error)) from error


def uses_photos(saved: Model) -> bool:
    """Whether a saved variant, or a member of a blend, was trained on photos."""
    return any(name.startswith(PREFIX) for name in saved.inputs)


def add_missing_photo_inputs(features: pd.DataFrame, saved: Model) -> pd.DataFrame:
    """Give homes without photos the inputs that a model expects of them.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows.
    saved : Model
        A fitted variant or a blend.

    Returns
    -------
    DataFrame of n rows
        `features`, and each input of the model that begins with `img_` and is not among them, as
        for homes without photos.
    """
    absent = [name for name in saved.inputs if name.startswith(PREFIX) and name not in features]
    none = {MISSING: 1.0, COUNT: 0.0, REUSED: 0.0}
    return features.assign(**{name: none.get(name, np.nan) for name in absent})


def model_inputs(features: pd.DataFrame, saved: FittedVariant) -> pd.DataFrame:
    """The columns that a variant was trained on, in its order.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows, with list_price where the variant's view is aware.
    saved : FittedVariant
        The variant.

    Returns
    -------
    DataFrame of shape (n, inputs)
        Its inputs.

    Raises
    ------
    RemlError
        Where the features lack one of them.
    """
    seen = add_log_list_price(features) if saved.view == "aware" else features
    if missing := [name for name in saved.inputs if name not in seen]:
        raise saved.refusal("inputs", f"the feature table has no {', '.join(missing)}")
    return seen[saved.inputs]


def map_members(function: Callable[[str, FittedVariant], Result], blend: Blend) -> list[Result]:
    """`function` of each member of a blend and its name, on all cores: trees give Python's lock
    away while they predict."""
    with threadpool_limits(1, "blas"):  # for all of them: members that each set it would race
        return map_threads(lambda name: function(name, blend.members[name]), blend.weights)


def log_estimates_before_level(features: pd.DataFrame, saved: Model) -> np.ndarray:
    """Log price before the level correction.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows.
    saved : Model
        A fitted variant, or a blend, whose members are weighted.

    Returns
    -------
    ndarray of shape (n,)
        Log price.
    """
    if isinstance(saved, FittedVariant):
        return rebuild_estimator(saved).predict(model_inputs(features, saved))
    each = map_members(lambda name, member: log_estimates_before_level(features, member), saved)
    return np.column_stack(each) @ np.array(list(saved.weights.values()))


def market_level_shifts(
    features: pd.DataFrame, saved: Model, predictions: pd.DataFrame
) -> np.ndarray:
    """The level correction of each row at its as_of date.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows, with as_of.
    saved : Model
        A fitted variant or a blend.
    predictions : DataFrame
        Its own predictions.parquet, whose closed sales tell where the market is.

    Returns
    -------
    ndarray of shape (n,)
        In log price; 0 where the model has none.
    """
    if saved.level is None:
        return np.zeros(len(features))
    return level_shifts(unseen_log_errors(predictions), features["as_of"], saved.level)


def market_level_shifts_since(
    features: pd.DataFrame, saved: Model, predictions: pd.DataFrame
) -> np.ndarray:
    """As `market_level_shifts`, and 0 for rows valued before the model stopped learning.

    Such rows are comparables that it was trained on: of their market it has seen more than the
    level says.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows, with as_of.
    saved : Model
        A fitted variant or a blend.
    predictions : DataFrame
        Its own predictions.parquet.

    Returns
    -------
    ndarray of shape (n,)
        In log price.
    """
    later = features["as_of"] >= pd.Timestamp(saved.trained_before)
    return np.where(later, market_level_shifts(features, saved, predictions), 0.0)


def log_estimates(features: pd.DataFrame, saved: Model, predictions: pd.DataFrame) -> np.ndarray:
    """Log price of each row at its as_of date, level correction included.

    Parameters
    ----------
    features : DataFrame of n rows
        Feature rows, with as_of.
    saved : Model
        A fitted variant or a blend.
    predictions : DataFrame
        Its own predictions.parquet.

    Returns
    -------
    ndarray of shape (n,)
        Log price.
    """
    return log_estimates_before_level(features, saved) + market_level_shifts(
        features, saved, predictions
    )


# Features with what their listings' photos say beside them, for models that look at photos.


def add_photo_inputs(features: pd.DataFrame, saved: Model, vectors: Path) -> pd.DataFrame:
    """All feature rows of a domain, with what their photos say where the model looks at photos.

    Parameters
    ----------
    features : DataFrame of n rows
        The domain's feature table.
    saved : Model
        A fitted variant or a blend.
    vectors : Path
        The file that `embed` wrote; it is read only where photos are looked at.

    Returns
    -------
    DataFrame of n rows
        `features`, with the `img_` columns of `lib.models.variants.photo.pooling` where they are
        needed.
    """
    if not uses_photos(saved):
        return features
    table = io.read_parquet(vectors)
    return pooling.add_photo_columns(features, table[table["domain"] == saved.domain])

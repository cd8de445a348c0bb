"""Estimators that see no photos, by the name that params.yaml calls them."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from lib.common.artifacts import FittedVariant
from lib.common.params import Section
from lib.models.variants.training.estimators.boosting import (
    BoostedTrees,
    BoostedTreesParams,
    RandomForest,
    RandomForestParams,
)
from lib.models.variants.training.estimators.comparables_regressor import (
    ComparablesRegressor,
    ComparablesRegressorParams,
)
from lib.models.variants.training.estimators.linear import HedonicRidge, HedonicRidgeParams

# a model's name -> its class and the class of its section of params.yaml, called like it
TABULAR: dict[str, tuple[Any, type[Section]]] = {
    "linear": (HedonicRidge, HedonicRidgeParams),
    "lightgbm": (BoostedTrees, BoostedTreesParams),
    "kriged": (BoostedTrees, BoostedTreesParams),
    "random_forest": (RandomForest, RandomForestParams),
    "comparables": (ComparablesRegressor, ComparablesRegressorParams),
    "district": (BoostedTrees, BoostedTreesParams),
}
BOOSTED = [name for name, (_, section) in TABULAR.items() if section is BoostedTreesParams]


def saved_settings(
    saved: FittedVariant, models: dict[str, tuple[Any, type[Section]]]
) -> tuple[Any, Section]:
    """The class of a saved variant's model among `models`, and the settings that it was fitted by.

    Raises `RemlError` naming file and key where another version knew the model or its settings.
    """
    if saved.model not in models:
        raise saved.refusal("model", f"no model is called {saved.model!r}")
    estimator, section = models[saved.model]
    try:
        return estimator, section.model_validate(saved.params)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(["params", *(str(part) for part in fault["loc"])])
        raise saved.refusal(key, fault["msg"]) from error

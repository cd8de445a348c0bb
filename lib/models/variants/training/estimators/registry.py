"""Estimators that see no photos, by the name that params.yaml calls them."""

from __future__ import annotations

from typing import Any

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

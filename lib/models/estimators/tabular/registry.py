"""Estimators that see no photos, by the name that params.yaml calls them."""

from __future__ import annotations

from typing import Any

from lib.common.params import Section
from lib.models.estimators.tabular.boosting import (
    LightGBM,
    LightGBMParams,
    RandomForest,
    RandomForestParams,
)
from lib.models.estimators.tabular.comparables_regressor import Comparables, ComparablesParams
from lib.models.estimators.tabular.linear import Linear, LinearParams

# a model's name -> its class and the class of its section of params.yaml, called like it
TABULAR: dict[str, tuple[Any, type[Section]]] = {
    "linear": (Linear, LinearParams),
    "lightgbm": (LightGBM, LightGBMParams),
    "kriged": (LightGBM, LightGBMParams),
    "random_forest": (RandomForest, RandomForestParams),
    "comparables": (Comparables, ComparablesParams),
    "district": (LightGBM, LightGBMParams),
}

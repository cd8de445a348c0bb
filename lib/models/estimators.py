"""Estimators of log price behind one small protocol, saved as text that loads anywhere.

An estimator is fitted on a frame of inputs (n, columns) and log prices (n,), and predicts log
prices. Whatever must be learned to read the inputs (categories, medians, scales) is learned in
`fit`, from training rows alone.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pandas as pd

from lib.common.params import Section
from lib.models.comparables import Comparables, ComparablesParams
from lib.models.late_fusion import LateFusion, LateFusionParams
from lib.models.linear import Linear, LinearParams
from lib.models.photo_net import PhotoNet, PhotoNetParams
from lib.models.photo_trees import PhotoTrees, PhotoTreesParams
from lib.models.trees import LightGBM, LightGBMParams, RandomForest, RandomForestParams

__all__ = ["MODELS", "Estimator", "LightGBM", "LightGBMParams", "Linear", "LinearParams"]


class Estimator(Protocol):
    """What `train` and `predict` need of a model.

    `dates` has `as_of` and `close_date` of the training rows, for what is fitted in time order.
    """

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> Estimator: ...
    def predict(self, inputs: pd.DataFrame) -> np.ndarray: ...
    def importances(self) -> dict[str, float]: ...
    def dump(self) -> str: ...


# a model's name -> its class and the class of its section of params.yaml, called like it; first
# those of `train`, then those of `fuse`, which see photos
TABULAR: dict[str, tuple[Any, type[Section]]] = {
    "linear": (Linear, LinearParams),
    "lightgbm": (LightGBM, LightGBMParams),
    "kriged": (LightGBM, LightGBMParams),
    "random_forest": (RandomForest, RandomForestParams),
    "comparables": (Comparables, ComparablesParams),
    "district": (LightGBM, LightGBMParams),
}
SEEING: dict[str, tuple[Any, type[Section]]] = {
    "photo_trees": (PhotoTrees, PhotoTreesParams),
    "photo_net": (PhotoNet, PhotoNetParams),
    "late_fusion": (LateFusion, LateFusionParams),
}
MODELS = TABULAR | SEEING
# those whose `fit` keeps all cores busy by itself: several at once would be in each other's way
ALONE: tuple[type, ...] = (PhotoNet,)

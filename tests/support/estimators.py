"""Small settings of every estimator, and homes whose prices follow a rule that is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.models.variants.photo.late_fusion import LateFusion, LateFusionParams
from lib.models.variants.photo.photo_boosting import PhotoBoostedTrees, PhotoBoostedTreesParams
from lib.models.variants.photo.photo_mlp import PhotoMLP, PhotoMLPParams
from lib.models.variants.training.estimators.boosting import RandomForest, RandomForestParams
from lib.models.variants.training.estimators.comparables_regressor import (
    ComparablesRegressor,
    ComparablesRegressorParams,
)
from lib.models.variants.training.estimators.registry import (
    BoostedTrees,
    BoostedTreesParams,
    HedonicRidge,
    HedonicRidgeParams,
)

STARTS = ["comp_log_price", "mkt_zip_log_price_365d"]
TREES = BoostedTreesParams(
    without=[], start=STARTS, objective="l2", alpha=0.9, num_iterations=60, learning_rate=0.1,
    num_leaves=15, min_data_in_leaf=5, feature_fraction=0.8, bagging_fraction=0.8, lambda_l2=0.0,
    num_threads=1,
)  # fmt: skip
RIDGE = HedonicRidgeParams(alpha=1.0, without=[])
FOREST = RandomForestParams(
    without=[], start=STARTS, objective="l2", num_iterations=100, num_leaves=63,
    min_data_in_leaf=2, feature_fraction=0.8, bagging_fraction=0.63, num_threads=1,
)  # fmt: skip
NEIGHBOURS = ComparablesRegressorParams(start=["size", *STARTS], shrink=10)
PHOTO_COMPONENTS = {"components": 3, "room_components": 2}
FUSED = LateFusionParams(**TREES.model_dump(), **PHOTO_COMPONENTS, ridge=1.0, parts=3)
NET = PhotoMLPParams(
    **PHOTO_COMPONENTS,
    without=[],
    start=STARTS,
    hidden=8,
    nets=2,
    penalty=0.1,
    passes=150,
    learning_rate=0.01,
)
ESTIMATORS = {
    "linear": (HedonicRidge, RIDGE),
    "lightgbm": (BoostedTrees, TREES),
    "random_forest": (RandomForest, FOREST),
    "comparables": (ComparablesRegressor, NEIGHBOURS),
    "photo_trees": (
        PhotoBoostedTrees,
        PhotoBoostedTreesParams(**TREES.model_dump(), **PHOTO_COMPONENTS),
    ),
    "photo_net": (PhotoMLP, NET),
    "late_fusion": (LateFusion, FUSED),
}


def hedonic_homes(n=400, seed=0):
    """Inputs and log prices by a known rule, with two useless columns."""
    rng = np.random.default_rng(seed)
    inputs = pd.DataFrame(
        {
            "size": rng.normal(7.5, 0.4, n),
            "age": rng.integers(0, 80, n).astype(float),
            "noise": rng.normal(size=n),
            "constant": 3.0,
            "postal_code": pd.Series(rng.choice(["A", "B", "C"], n), dtype="str"),
        }
    )
    premium = inputs["postal_code"].map({"A": 0.0, "B": 0.3, "C": -0.2})
    price = 5 + 0.9 * inputs["size"] - 0.004 * inputs["age"] + premium
    return inputs, (price + rng.normal(0, 0.01, n)).to_numpy()


def many_codes():
    inputs, price = hedonic_homes(100)
    return inputs.assign(street=[f"street {i % 20}" for i in range(100)]), price


def make_estimator(name):
    model, params = ESTIMATORS[name]
    return model(params, 7)

"""Quantiles of a home's error, by boosted trees with the pinball loss (Koenker and Bassett,
Econometrica 46, 1978), for conformalised quantile regression."""

from __future__ import annotations

import lightgbm
import numpy as np
from pydantic import Field

from lib.common.params import Section


class Quantiles(Section):
    """The trees' settings under LightGBM's names."""

    num_iterations: int = Field(ge=1)
    learning_rate: float = Field(gt=0)
    num_leaves: int = Field(ge=2)
    min_data_in_leaf: int = Field(ge=1)
    feature_fraction: float = Field(gt=0, le=1)
    bagging_fraction: float = Field(gt=0, le=1)
    lambda_l2: float = Field(ge=0)
    num_threads: int


def fit(inputs: np.ndarray, error: np.ndarray, alpha: float, spec: Quantiles, seed: int) -> str:
    """Trees, as text, that say which log error a home's own falls below with probability `alpha`;
    `inputs` (n, columns), `error` (n,)."""
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


def predict(inputs: np.ndarray, trees: str) -> np.ndarray:
    """The quantile of each row of `inputs` (n,)."""
    if not len(inputs):
        return np.empty(0)
    return np.asarray(lightgbm.Booster(model_str=trees).predict(inputs, num_threads=1))

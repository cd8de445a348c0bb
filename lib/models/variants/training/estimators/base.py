"""Estimators of log price behind one small protocol, saved as text that loads anywhere.

An estimator is fitted on a frame of inputs (n, columns) and log prices (n,), and predicts log
prices. Whatever must be learned to read the inputs (categories, medians, scales) is learned in
`fit`, from training rows alone.
"""

from __future__ import annotations

import json
from typing import Any, Protocol

import numpy as np
import pandas as pd


class Estimator(Protocol):
    """What `train` and `predict` need of a model.

    `dates` has `as_of` and `close_date` of the training rows, for what is fitted in time order. A
    class whose `fit` keeps all cores busy by itself has `fits_on_all_cores = True`: several of its
    fits at once would be in each other's way.
    """

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> Estimator: ...
    def predict(self, inputs: pd.DataFrame) -> np.ndarray: ...
    def feature_importances(self) -> dict[str, float]: ...
    def to_json(self) -> str: ...


def parse_state(text: str, *keys: str) -> dict[str, Any]:
    """What `to_json` wrote; raises `ValueError` where it is no JSON object with these keys."""
    state = json.loads(text)
    if not isinstance(state, dict):
        raise ValueError("no JSON object")
    for key in keys:
        if key not in state:
            raise ValueError(f"no {key!r} in it")
    return state

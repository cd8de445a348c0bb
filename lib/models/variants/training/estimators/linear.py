"""The baseline: a ridge regression of log price on the home, its place and time."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.common.params import Section
from lib.models.variants.training.estimators.base import parse_state
from lib.models.variants.training.estimators.columns import (
    Prefix,
    Standardizer,
    columns_without_prefixes,
    require_any_column,
    text_categories,
)


class HedonicRidgeParams(Section):
    """The `train.linear` section."""

    alpha: float = Field(ge=0, allow_inf_nan=False)
    without: list[Prefix]


class HedonicRidge:
    """Regularised hedonic regression: ridge on scaled numbers and one column a category.

    Missing numbers take the training median; a category never seen counts as none. A number lies at
    most as far beyond those of training as they are apart: a line knows nothing of what lies
    farther out, and in log price it soon gives a value of any size.
    """

    def __init__(self, params: HedonicRidgeParams, seed: int) -> None:
        self.params = params
        self.state: dict[str, Any] = {}

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        state = self.state
        numbers = inputs.reindex(columns=state["numbers"]).to_numpy(float)
        low, high = (np.array(state[name]) for name in ("low", "high"))
        numbers = np.clip(numbers, low - (high - low), high + (high - low))
        centre, scale, median = (np.array(state[name]) for name in ("mean", "scale", "median"))
        scaled = Standardizer(centre, scale, median).transform(numbers)
        texts = inputs.reindex(columns=list(state["categories"]))
        dummies = [
            (texts[name].to_numpy(object) == value).astype(float)
            for name, values in state["categories"].items()
            for value in values
        ]
        return np.column_stack([scaled, *dummies])

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> HedonicRidge:
        columns = columns_without_prefixes(inputs, self.params.without)
        texts = text_categories(inputs, columns)
        # a column that is empty in training teaches nothing: its median would be missing too
        numbers = [n for n in columns if n not in texts and inputs[n].notna().any()]
        require_any_column([*numbers, *(value for values in texts.values() for value in values)])
        values = inputs[numbers].to_numpy(float)
        median = np.nanmedian(values, axis=0)
        filled = np.where(np.isfinite(values), values, median)
        scale = filled.std(axis=0)
        self.state = {
            "numbers": numbers,
            "categories": texts,
            "median": median.tolist(),
            "mean": filled.mean(axis=0).tolist(),
            "scale": np.where(scale > 0, scale, 1.0).tolist(),
            "low": filled.min(axis=0).tolist(),
            "high": filled.max(axis=0).tolist(),
        }
        from sklearn.linear_model import Ridge  # slow to import, and only fits need it

        ridge = Ridge(alpha=self.params.alpha, solver="cholesky")
        with threadpool_limits(1, "blas"):  # sums in another order give other last digits
            ridge.fit(self._matrix(inputs), log_price)
        self.state |= {"coef": ridge.coef_.tolist(), "intercept": float(ridge.intercept_)}
        return self

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        with threadpool_limits(1, "blas"):
            return self._matrix(inputs) @ np.array(self.state["coef"]) + self.state["intercept"]

    def terms(self, inputs: pd.DataFrame) -> pd.DataFrame:
        """Coefficient times scaled value in log price (n, inputs); the columns of a category are
        added up under its name."""
        products = self._matrix(inputs) * np.array(self.state["coef"])
        names = list(self.state["numbers"])
        out = {name: products[:, i] for i, name in enumerate(names)}
        at = len(names)
        for name, values in self.state["categories"].items():
            out[name] = products[:, at : at + len(values)].sum(axis=1)
            at += len(values)
        return pd.DataFrame(out, index=inputs.index)

    def feature_importances(self) -> dict[str, float]:
        """Log-price effect of one standard deviation; for categories, the spread of effects."""
        coef = np.abs(self.state["coef"])
        out = dict(zip(self.state["numbers"], coef.tolist(), strict=False))
        start = len(self.state["numbers"])
        for name, values in self.state["categories"].items():
            effects = np.array(self.state["coef"][start : start + len(values)])
            out[name] = float(effects.std()) if len(values) else 0.0
            start += len(values)
        return out

    def to_json(self) -> str:
        return json.dumps(self.state)

    @classmethod
    def from_json(cls, text: str, params: HedonicRidgeParams, seed: int) -> HedonicRidge:
        model = cls(params, seed)
        model.state = parse_state(
            text, "numbers", "categories", "median", "mean", "scale", "coef", "intercept"
        )
        return model

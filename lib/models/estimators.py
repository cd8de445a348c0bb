"""Estimators of log price behind one small protocol, saved as text that loads anywhere.

An estimator is fitted on a frame of inputs (n, columns) and log prices (n,), and predicts log
prices. Whatever must be learned to read the inputs (categories, medians, scales) is learned in
`fit`, from training rows alone.
"""

from __future__ import annotations

import json
from typing import Any, Protocol, cast

import lightgbm
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from threadpoolctl import threadpool_limits

from lib.common.checks import require
from lib.common.params import Section


class Estimator(Protocol):
    """What `train` and `predict` need of a model."""

    def fit(self, inputs: pd.DataFrame, log_price: np.ndarray) -> Estimator: ...
    def predict(self, inputs: pd.DataFrame) -> np.ndarray: ...
    def importances(self) -> dict[str, float]: ...
    def dump(self) -> str: ...


class LinearParams(Section):
    """The `train.linear` section."""

    alpha: float
    without: list[str]


class LightGBMParams(Section):
    """The `train.lightgbm` and `train.kriged` sections: LightGBM's own names, and what boosting
    starts from: the first of `start` that is known."""

    without: list[str]
    start: list[str]
    objective: str
    alpha: float
    num_iterations: int
    learning_rate: float
    num_leaves: int
    min_data_in_leaf: int
    feature_fraction: float
    bagging_fraction: float
    lambda_l2: float
    num_threads: int


def _seen(inputs: pd.DataFrame, without: list[str]) -> list[str]:
    return [name for name in inputs if not name.startswith(tuple(without))]


def _categories(inputs: pd.DataFrame, columns: list[str]) -> dict[str, list[str]]:
    return {
        name: sorted(inputs[name].dropna().unique())
        for name in columns
        if not pd.api.types.is_numeric_dtype(inputs[name])
    }


class Linear:
    """Regularised hedonic regression: ridge on scaled numbers and one column a category.

    Missing numbers take the training median; a category never seen counts as none.
    """

    def __init__(self, params: LinearParams, seed: int) -> None:
        self.params = params
        self.state: dict[str, Any] = {}

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        state = self.state
        numbers = inputs.reindex(columns=state["numbers"]).to_numpy(float)
        scaled = (
            np.where(np.isfinite(numbers), numbers, state["median"]) - np.array(state["mean"])
        ) / np.array(state["scale"])
        texts = inputs.reindex(columns=list(state["categories"]))
        dummies = [
            (texts[name].to_numpy(object) == value).astype(float)
            for name, values in state["categories"].items()
            for value in values
        ]
        return np.column_stack([scaled, *dummies])

    def fit(self, inputs: pd.DataFrame, log_price: np.ndarray) -> Linear:
        columns = _seen(inputs, self.params.without)
        categories = _categories(inputs, columns)
        # a column that is empty in training teaches nothing: its median would be missing too
        numbers = [n for n in columns if n not in categories and inputs[n].notna().any()]
        values = inputs[numbers].to_numpy(float)
        median = np.nanmedian(values, axis=0)
        filled = np.where(np.isfinite(values), values, median)
        scale = filled.std(axis=0)
        self.state = {
            "numbers": numbers,
            "categories": categories,
            "median": median.tolist(),
            "mean": filled.mean(axis=0).tolist(),
            "scale": np.where(scale > 0, scale, 1.0).tolist(),
        }
        ridge = Ridge(alpha=self.params.alpha, solver="cholesky")
        with threadpool_limits(1, "blas"):  # sums in another order give other last digits
            ridge.fit(self._matrix(inputs), log_price)
        self.state |= {"coef": ridge.coef_.tolist(), "intercept": float(ridge.intercept_)}
        return self

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        with threadpool_limits(1, "blas"):
            return self._matrix(inputs) @ np.array(self.state["coef"]) + self.state["intercept"]

    def importances(self) -> dict[str, float]:
        """Log-price effect of one standard deviation; for categories, the spread of effects."""
        coef = np.abs(self.state["coef"])
        out = dict(zip(self.state["numbers"], coef.tolist(), strict=False))
        start = len(self.state["numbers"])
        for name, values in self.state["categories"].items():
            effects = np.array(self.state["coef"][start : start + len(values)])
            out[name] = float(effects.std()) if len(values) else 0.0
            start += len(values)
        return out

    def dump(self) -> str:
        return json.dumps(self.state)

    @classmethod
    def load(cls, text: str, params: LinearParams, seed: int) -> Linear:
        model = cls(params, seed)
        model.state = json.loads(text)
        return model


class LightGBM:
    """Boosted trees on top of what past sales say.

    Trees cannot follow a market above what they have seen, but the price of comparables, or the
    kriged price, moves with it; so boosting starts from the first of `params.start` that a home
    has (else from the training mean) and learns the home's premium over it.
    """

    def __init__(self, params: LightGBMParams, seed: int) -> None:
        self.params, self.seed = params, seed
        self.state: dict[str, Any] = {}
        self.booster: lightgbm.Booster | None = None

    def _fitted(self) -> lightgbm.Booster:
        require(self.booster is not None, "LightGBM: used before fit")
        return cast(lightgbm.Booster, self.booster)

    def _start(self, inputs: pd.DataFrame) -> np.ndarray:
        start = np.full(len(inputs), np.nan)
        for name in self.params.start:
            if name in inputs:
                start = np.where(np.isfinite(start), start, inputs[name].to_numpy(float))
        return np.where(np.isfinite(start), start, self.state["mean"])

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        columns = []
        inputs = inputs.reindex(columns=self.state["columns"])  # absent ones are all missing
        for name in self.state["columns"]:
            if name in self.state["categories"]:
                codes = {v: float(i) for i, v in enumerate(self.state["categories"][name])}
                columns.append(inputs[name].map(codes).to_numpy(float))
            else:
                columns.append(inputs[name].to_numpy(float))
        return np.column_stack(columns)

    def fit(self, inputs: pd.DataFrame, log_price: np.ndarray) -> LightGBM:
        columns = _seen(inputs, self.params.without)
        self.state = {
            "columns": columns,
            "categories": _categories(inputs, columns),
            "mean": float(np.mean(log_price)),
        }
        settings = self.params.model_dump(exclude={"without", "start"})
        settings |= {
            "seed": self.seed,
            "bagging_freq": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        data = lightgbm.Dataset(
            self._matrix(inputs),
            log_price - self._start(inputs),
            feature_name=columns,
            categorical_feature=[n for n in columns if n in self.state["categories"]],
        )
        self.booster = lightgbm.train(settings, data)
        return self

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        trees = self._fitted().predict(self._matrix(inputs), num_threads=self.params.num_threads)
        return self._start(inputs) + np.asarray(trees)

    def importances(self) -> dict[str, float]:
        """Total gain of each input's splits."""
        gains = self._fitted().feature_importance("gain")
        return dict(zip(self.state["columns"], gains.tolist(), strict=True))

    def dump(self) -> str:
        return json.dumps({**self.state, "booster": self._fitted().model_to_string()})

    @classmethod
    def load(cls, text: str, params: LightGBMParams, seed: int) -> LightGBM:
        model = cls(params, seed)
        model.state = json.loads(text)
        model.booster = lightgbm.Booster(model_str=model.state.pop("booster"))
        return model


MODELS: dict[str, tuple[Any, type[Section]]] = {
    "linear": (Linear, LinearParams),
    "lightgbm": (LightGBM, LightGBMParams),
    "kriged": (LightGBM, LightGBMParams),
    "district": (LightGBM, LightGBMParams),
}

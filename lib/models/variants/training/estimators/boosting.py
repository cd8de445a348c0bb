"""Trees on top of a start from past sales, such as the kriged price: boosted ones and a forest."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, cast

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from lib.common.errors import require
from lib.common.params import Section
from lib.models.variants.training.estimators import target_encoding
from lib.models.variants.training.estimators.base import parse_state
from lib.models.variants.training.estimators.columns import (
    Prefix,
    columns_without_prefixes,
    first_finite,
    require_any_column,
    text_categories,
)


@contextmanager
def _hide_packages(*packages: str) -> Iterator[None]:
    """While it lasts, `packages` that nobody has imported yet look as if not installed.

    For a library that imports an optional one, whole and slowly, for parts that we do not use:
    those fail for as long as the process lives. No other thread may import meanwhile.
    """
    absent = [name for name in packages if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: ImportError
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


with _hide_packages("sklearn"):  # a second of each start, for an interface that nothing here uses
    import lightgbm

ENCODED = "enc_"  # prefix of the encoded columns
# of LightGBM's objectives those for numbers of either sign, which log prices over a start are
Objective = Literal[
    "regression", "l2", "mse", "rmse", "l1", "mae", "huber", "fair", "quantile", "mape"
]


class TreesParams(Section):
    """What all trees share: what they see, what they start from (the first of `start` that is
    known), and LightGBM's own settings under its own names.

    `encode` names text columns to add as shrunken mean residuals (`encode_shrink` in sales);
    `monotone` says for a number whether price may only rise (1) or only fall (-1) with it.
    """

    without: list[Prefix]
    start: list[str]
    encode: list[str] = []
    encode_shrink: float = Field(default=20.0, ge=0)
    monotone: dict[str, Literal[-1, 0, 1]] = {}
    objective: Objective
    num_iterations: int = Field(ge=1)
    num_leaves: int = Field(ge=2)
    min_data_in_leaf: int = Field(ge=1)
    feature_fraction: float = Field(gt=0, le=1)
    bagging_fraction: float = Field(gt=0, le=1)
    num_threads: int = Field(ge=1)


class BoostedTreesParams(TreesParams):
    """The `train.lightgbm` and `train.kriged` sections."""

    alpha: float = Field(gt=0, allow_inf_nan=False)
    learning_rate: float = Field(gt=0)
    lambda_l2: float = Field(ge=0)

    @model_validator(mode="after")
    def _is_a_share(self) -> BoostedTreesParams:
        if self.objective == "quantile" and self.alpha >= 1:
            raise ValueError("alpha must lie below 1 where objective is quantile")
        return self


# the settings that LightGBM itself takes; a model on top of trees has more
LIGHTGBM_SETTINGS = set(BoostedTreesParams.model_fields) - {
    "without",
    "start",
    "encode",
    "encode_shrink",
    "monotone",
}


class RandomForestParams(TreesParams):
    """The `train.random_forest` section."""

    bagging_fraction: float = Field(gt=0, lt=1)  # a forest of equal samples is one tree


def require_trees(text: Any) -> str:
    """`text`, where it is LightGBM's of a model whose trees are as long as its header says; else
    raises `ValueError`: LightGBM would end the process over a text that is cut."""
    head, begin, rest = str(text).partition("\n\nTree=0\n")
    sizes = re.search(r"^tree_sizes=([\d ]+)$", head, re.MULTILINE)
    trees, end, _ = f"Tree=0\n{rest}".partition("end of trees\n")
    if not (begin and end and sizes and sum(map(int, sizes[1].split())) == len(trees.encode())):
        raise ValueError("booster: no text of LightGBM, or a part of one")
    return str(text)


class BoostedTrees:
    """Boosted trees that learn the premium over a start from past sales.

    Trees cannot follow a market above what they have seen, but the price of comparables, or the
    kriged price, moves with it; so boosting starts from the first of `params.start` that a home
    has (else from the training mean) and learns the home's premium over it.
    """

    boosting = "gbdt"

    def __init__(self, params: TreesParams, seed: int) -> None:
        self.params, self.seed = params, seed
        self.state: dict[str, Any] = {}
        self.booster: lightgbm.Booster | None = None

    def _fitted(self) -> lightgbm.Booster:
        require(self.booster is not None, f"{type(self).__name__}: used before fit")
        return cast(lightgbm.Booster, self.booster)

    def start_values(self, inputs: pd.DataFrame) -> np.ndarray:
        """Log price (n,) that the trees start from: the first of `params.start` that a home has,
        else the training mean."""
        start = first_finite(inputs, self.params.start)
        return np.where(np.isfinite(start), start, self.state["mean"])

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        columns = []
        encoded = self.state["encoded"]
        names = [*self.state["columns"], *encoded]
        inputs = inputs.reindex(columns=list(dict.fromkeys(names)))  # absent ones are all missing
        for name in self.state["columns"]:
            if name in self.state["categories"]:
                codes = {v: float(i) for i, v in enumerate(self.state["categories"][name])}
                columns.append(inputs[name].map(codes).to_numpy(float))
            else:
                columns.append(inputs[name].to_numpy(float))
        columns += [
            target_encoding.encode_categories(inputs[name], means)
            for name, means in encoded.items()
        ]
        return np.column_stack(columns)

    def _cross_fitted(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None
    ) -> np.ndarray:
        """The training matrix: encodings in it know only what lay before each row, and those for
        later homes go into the state."""
        wanted = [name for name in self.params.encode if name in inputs]
        for name in wanted:  # serving looks means up by text, which a number would not find
            require(
                not pd.api.types.is_numeric_dtype(inputs[name]),
                f"encode: {name} holds numbers; only text columns are encoded",
            )
        require(not wanted or dates is not None, "encode: training needs `as_of` and `close_date`")
        start = first_finite(inputs, self.params.start)
        # where nothing is known to start from, the training mean is, which later sales move
        residual = log_price - start if self.params.start else log_price
        shrink = self.params.encode_shrink
        means = {
            name: target_encoding.final_target_means(inputs[name], residual, shrink)
            for name in wanted
        }
        self.state["encoded"] = means
        matrix = self._matrix(inputs)
        for i, name in enumerate(wanted, start=matrix.shape[1] - len(wanted)):
            past = cast(pd.DataFrame, dates)
            matrix[:, i] = target_encoding.past_target_means(inputs[name], residual, past, shrink)
        return matrix

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> BoostedTrees:
        columns = columns_without_prefixes(inputs, self.params.without)
        texts = text_categories(inputs, columns)
        self.state = {
            "columns": columns,
            "categories": texts,
            "mean": float(np.mean(log_price)),
        }
        require_any_column([*columns, *inputs.columns.intersection(self.params.encode)])
        matrix = self._cross_fitted(inputs, log_price, dates)
        names = [*columns, *(ENCODED + name for name in self.state["encoded"])]
        ways = self.params.monotone
        settings = self.params.model_dump(include=LIGHTGBM_SETTINGS)
        settings |= {
            "boosting": self.boosting,
            "seed": self.seed,
            "bagging_freq": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        if any(name in ways for name in columns):
            settings["monotone_constraints"] = [ways.get(name, 0) for name in names]
        data = lightgbm.Dataset(
            matrix,
            log_price - self.start_values(inputs),
            feature_name=names,
            categorical_feature=[n for n in columns if n in texts],
        )
        # kept as it is: else LightGBM would write the model as text and read it back
        self.booster = lightgbm.train(settings, data, keep_training_booster=True)
        return self

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        trees = self._fitted().predict(self._matrix(inputs), num_threads=self.params.num_threads)
        return self.start_values(inputs) + np.asarray(trees)

    def staged_predict(self, inputs: pd.DataFrame, steps: list[int]) -> np.ndarray:
        """(steps, n): what the first trees alone predict, for each of the rising numbers `steps`.
        Each tree predicts once. Boosting that ended early repeats its last prediction."""
        model, matrix, start = self._fitted(), self._matrix(inputs), self.start_values(inputs)
        total, done, out = np.zeros(len(inputs)), 0, []
        for step in steps:
            to = min(step, model.current_iteration())
            if to > done:
                part = np.asarray(
                    model.predict(
                        matrix,
                        start_iteration=done,
                        num_iteration=to - done,
                        num_threads=self.params.num_threads,
                    )
                )
                # LightGBM takes the mean over the trees that it is asked for where it is a forest
                total = total + part * (to - done if self.boosting == "rf" else 1)
                done = to
            out.append(start + total / (done if self.boosting == "rf" else 1))
        return np.array(out)

    def leaves(self, inputs: pd.DataFrame) -> np.ndarray:
        """The number of the leaf that each home falls into in each tree, int32 (n, trees)."""
        leaves = self._fitted().predict(
            self._matrix(inputs), pred_leaf=True, num_threads=self.params.num_threads
        )
        return np.asarray(leaves).astype("int32")

    def shap_values(self, inputs: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """(expected value, SHAP values (n, columns of the trees)) in log price, of the trees alone:
        without the start."""
        booster = self._fitted()
        values = np.asarray(
            booster.predict(
                self._matrix(inputs), pred_contrib=True, num_threads=self.params.num_threads
            )
        )
        if self.boosting == "rf":  # LightGBM adds up what a forest averages
            values = values / booster.num_trees()
        table = pd.DataFrame(values[:, :-1], index=inputs.index, columns=booster.feature_name())
        return float(values[0, -1]), table

    def feature_importances(self) -> dict[str, float]:
        """Total gain of each input's splits, as the saved model tells it: its text has six digits
        of each."""
        saved = lightgbm.Booster(model_str=self._fitted().model_to_string())
        gains = saved.feature_importance("gain")
        return dict(zip(saved.feature_name(), gains.tolist(), strict=True))

    def to_json(self) -> str:
        return json.dumps({**self.state, "booster": self._fitted().model_to_string()})

    @classmethod
    def from_json(cls, text: str, params: TreesParams, seed: int) -> BoostedTrees:
        model = cls(params, seed)
        model.state = parse_state(text, "columns", "categories", "mean", "encoded", "booster")
        model.booster = lightgbm.Booster(model_str=require_trees(model.state.pop("booster")))
        return model


class RandomForest(BoostedTrees):
    """A forest (Breiman, Machine Learning 45, 2001): trees on random parts of the past, each
    grown on the premium over the start, their mean taken."""

    boosting = "rf"

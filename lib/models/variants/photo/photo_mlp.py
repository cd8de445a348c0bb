"""A shallow neural net on a home's inputs and its photos together.

Numbers are standardised over the training rows, missing ones stand at the median beside a flag that
says so, categories become a column a value, and vectors their components. The net learns the home's
premium over what past sales say, as the trees do; scikit-learn fits it (Adam: Kingma and Ba,
arXiv:1412.6980, 2014), and a few lines of numpy ask it. Several nets from different seeds are
averaged, since each ends elsewhere.
"""

from __future__ import annotations

import json
import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.common.processes import map_processes
from lib.models.variants.photo.photo_pca import PhotoPCA, PhotoPCAParams, sum_components_by_source
from lib.models.variants.training.estimators.base import parse_state
from lib.models.variants.training.estimators.columns import (
    Prefix,
    Standardizer,
    columns_without_prefixes,
    first_finite,
    require_any_column,
    text_categories,
)

FAR = 5.0  # standard deviations at which an input stops moving the net: a net's lines run on
# where no home was, and one mistyped lot would carry its value along


class PhotoMLPParams(PhotoPCAParams):
    """The `fuse.photo_net` section; `without` and `start` as trees have them, `penalty` on squared
    weights, `nets` that are averaged, `passes` over the sales."""

    without: list[Prefix]
    start: list[str]
    hidden: int = Field(ge=1)
    nets: int = Field(ge=1)
    penalty: float = Field(ge=0, allow_inf_nan=False)
    passes: int = Field(ge=1)
    learning_rate: float = Field(gt=0, allow_inf_nan=False)


class PhotoMLP:
    """Log price = start + what the nets say, one hidden layer of rectified units each."""

    fits_on_all_cores = True

    def __init__(self, params: PhotoMLPParams, seed: int) -> None:
        self.params, self.seed = params, seed
        self.photos = PhotoPCA(params)
        self.state: dict[str, Any] = {}

    def start_values(self, inputs: pd.DataFrame) -> np.ndarray:
        """Log price (n,) that the nets start from, as in `BoostedTrees`."""
        start = first_finite(inputs, self.params.start)
        return np.where(np.isfinite(start), start, self.state["mean"])

    def _columns(self) -> list[str]:
        """The input behind each column of the matrix."""
        state = self.state
        dummies = [name for name, values in state["categories"].items() for _ in values]
        return [*state["numbers"], *state["flags"], *dummies]

    def _matrix(self, inputs: pd.DataFrame) -> np.ndarray:
        """(n, columns), each of mean 0 over the training rows."""
        state, inputs = self.state, self.photos.transform(inputs)
        numbers = inputs.reindex(columns=state["numbers"]).to_numpy(float)
        known = np.isfinite(numbers)
        centre, scale, median = (np.array(state[name]) for name in ("centre", "scale", "median"))
        scaled = Standardizer(centre, scale, median).transform(numbers)
        flagged = [state["numbers"].index(name) for name in state["flags"]]
        texts = inputs.reindex(columns=list(state["categories"]))
        dummies = [
            (texts[name].to_numpy(object) == value).astype(float)
            for name, values in state["categories"].items()
            for value in values
        ]
        sides = np.column_stack([(~known[:, flagged]).astype(float), *dummies])
        whole = np.column_stack([np.clip(scaled, -FAR, FAR), sides])
        return whole - np.array(state["shift"]) if "shift" in state else whole

    @staticmethod
    def _varies(column: pd.Series) -> bool:
        """Whether a number takes two values, or is missing in some rows and known in others."""
        known = column.notna()
        return column.nunique() > 1 or bool(known.any() and not known.all())

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> PhotoMLP:
        plain = self.photos.fit(inputs).transform(inputs)
        columns = columns_without_prefixes(plain, self.params.without)
        texts = text_categories(plain, columns)
        # a number that is the same in all of training teaches nothing, and nothing would ever move
        # the weights that it starts with: another value later would count by chance
        numbers = [n for n in columns if n not in texts and self._varies(plain[n])]
        require_any_column([*numbers, *(value for values in texts.values() for value in values)])
        values = plain[numbers].to_numpy(float)
        median = np.nanmedian(values, axis=0)
        filled = np.where(np.isfinite(values), values, median)
        scale = np.where(np.ptp(filled, axis=0), filled.std(axis=0), 1.0)
        self.state = {
            "mean": float(np.mean(log_price)),
            "numbers": numbers,
            "flags": [
                n for n, gaps in zip(numbers, np.isnan(values).any(axis=0), strict=True) if gaps
            ],
            "categories": texts,
            "median": median.tolist(),
            "centre": filled.mean(axis=0).tolist(),
            "scale": scale.tolist(),
        }
        self.state["shift"] = self._matrix(plain).mean(axis=0).tolist()
        premium = log_price - self.start_values(plain)
        spread = float(premium.std()) or 1.0
        import sklearn.neural_network  # noqa: F401  slow to import: here, so that no process does

        # in processes: scikit-learn's steps are so small that Python's lock is never free
        self.state["nets"] = map_processes(
            partial(self._net, self._matrix(plain), premium / spread, spread),
            range(self.seed, self.seed + self.params.nets),
        )
        self.state["importances"] = self.terms(inputs)[1].abs().mean().to_dict()
        return self

    def _net(
        self, matrix: np.ndarray, target: np.ndarray, spread: float, seed: int
    ) -> dict[str, Any]:
        """Weights of one net; those behind its hidden layer in log price."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor

        net = MLPRegressor(
            hidden_layer_sizes=(self.params.hidden,),
            alpha=self.params.penalty,
            learning_rate_init=self.params.learning_rate,
            max_iter=self.params.passes,
            n_iter_no_change=self.params.passes,  # a set number of passes, whatever the loss does
            random_state=seed,
        )
        with threadpool_limits(1, "blas"), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is stopped, as asked
            net.fit(matrix, target)
        return {
            "hidden": net.coefs_[0].T.tolist(),
            "bias": net.intercepts_[0].tolist(),
            "out": (net.coefs_[1][:, 0] * spread).tolist(),
            "constant": float(net.intercepts_[1][0] * spread),
        }

    def _premium(self, matrix: np.ndarray) -> np.ndarray:
        with threadpool_limits(1, "blas"):
            said = [
                np.maximum(matrix @ np.array(net["hidden"]).T + net["bias"], 0) @ net["out"]
                + net["constant"]
                for net in self.state["nets"]
            ]
        return np.mean(said, axis=0)

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        return self.start_values(inputs) + self._premium(self._matrix(inputs))

    def terms(self, inputs: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """(what the nets say of the mean training home, what each input adds to that (n, inputs)):
        the rescale rule of DeepLIFT (Shrikumar, Greenside and Kundaje, ICML 2017, section 3.5.1).

        A hidden unit passes on to its inputs, in proportion to how far each moves it, the change of
        its output; so the parts add up to the change of the whole.
        """
        matrix = self._matrix(inputs)
        parts = np.zeros_like(matrix)
        with threadpool_limits(1, "blas"):
            for net in self.state["nets"]:
                hidden, bias = np.array(net["hidden"]), np.array(net["bias"])
                moved = matrix @ hidden.T  # the mean home's matrix row is zero
                rise = np.maximum(moved + bias, 0) - np.maximum(bias, 0)
                still = moved == 0
                slope = np.where(still, moved + bias > 0, rise / np.where(still, 1.0, moved))
                parts += matrix * ((slope * net["out"]) @ hidden)
        base = float(self._premium(np.zeros((1, matrix.shape[1])))[0])
        table = pd.DataFrame(parts / len(self.state["nets"]), index=inputs.index)
        table = table.T.groupby(self._columns(), sort=False).sum().T
        return base, sum_components_by_source(table)

    def feature_importances(self) -> dict[str, float]:
        """Mean absolute size of what each input adds to a training home's log price (`terms`)."""
        return dict(self.state["importances"])

    def to_json(self) -> str:
        return json.dumps({"net": self.state, "photos": self.photos.to_dict()})

    @classmethod
    def from_json(cls, text: str, params: PhotoMLPParams, seed: int) -> PhotoMLP:
        model, state = cls(params, seed), parse_state(text, "net", "photos")
        model.state, model.photos = state["net"], PhotoPCA.from_dict(state["photos"], params)
        return model

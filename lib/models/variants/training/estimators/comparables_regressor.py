"""The comparables model: the price of a home by its past neighbours, shrunk where they are few.

The neighbours are weighted and adjusted in `features` (`comp_kriged_log_price`: kriging of a
hedonic regression's residuals; `comp_log_price`: a kernel mean). What is left to learn is a line:
how far a difference between homes' comparables is one between their prices, and what to say of a
home that has none.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.models.variants.training.estimators.base import parse_state
from lib.models.variants.training.estimators.columns import first_finite


class ComparablesRegressorParams(Section):
    """The `train.comparables` section: the first of `start` that is known is the price said;
    `shrink` (in sales) draws its slope to 1, which takes it as it is."""

    start: list[str]
    shrink: float = Field(ge=0)


class ComparablesRegressor:
    """Log price = mean + slope (start - its mean); the mean alone where no start is known."""

    def __init__(self, params: ComparablesRegressorParams, seed: int) -> None:
        self.params = params
        self.state: dict[str, Any] = {}

    def fit(
        self, inputs: pd.DataFrame, log_price: np.ndarray, dates: pd.DataFrame | None = None
    ) -> ComparablesRegressor:
        said = first_finite(inputs, self.params.start)
        known = np.isfinite(said)
        self.state = {"mean": float(np.mean(log_price)), "centre": 0.0, "at": 0.0, "slope": 1.0}
        if known.any():
            x, y = said[known] - said[known].mean(), log_price[known] - log_price[known].mean()
            spread = float((x**2).mean())
            # `shrink` more sales of the same spread that lie on the line of slope 1
            weight = spread * (known.sum() + self.params.shrink)
            slope = float((x @ y + self.params.shrink * spread) / weight) if weight > 0 else 1.0
            self.state |= {
                "centre": float(said[known].mean()),
                "at": float(log_price[known].mean()),
                "slope": min(max(slope, 0.0), 1.5),
            }
        return self

    def predict(self, inputs: pd.DataFrame) -> np.ndarray:
        said, state = first_finite(inputs, self.params.start), self.state
        line = state["at"] + state["slope"] * (said - state["centre"])
        return np.where(np.isfinite(said), line, state["mean"])

    def start_values(self, inputs: pd.DataFrame) -> np.ndarray:
        """The prediction (n,): all of it rests on the first of `params.start` that is known."""
        return self.predict(inputs)

    def feature_importances(self) -> dict[str, float]:
        """The slope, given to the first of `start`."""
        return {name: self.state["slope"] for name in self.params.start[:1]}

    def to_json(self) -> str:
        return json.dumps(self.state)

    @classmethod
    def from_json(
        cls, text: str, params: ComparablesRegressorParams, seed: int
    ) -> ComparablesRegressor:
        model = cls(params, seed)
        model.state = parse_state(text, "mean", "centre", "at", "slope")
        return model

"""Learning curves: how the error of a model falls with its trees, on the sales that it learnt from
and out of fold. Where the first goes on falling and the second does not, more trees learn noise.

The error is MAPE, mean |exp(prediction) / price - 1|, of the raw prediction, without the as-of
level correction. A model without trees has one point, at step 0.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.models.variants.training.estimators.base import Estimator
from lib.models.variants.training.estimators.boosting import BoostedTrees

KINDS = ("training", "folds")
POINTS = 20  # of a curve; a model is asked at each of them


def curve_steps(trees: int, points: int) -> list[int]:
    """At most `points` numbers of trees, evenly apart, `trees` the last: (800, 4) -> 200 to 800."""
    return sorted({max(1, round(trees * i / points)) for i in range(1, points + 1)})


class LearningCurves:
    """Gathers errors while `fit_and_predict` fits its models: its `FitObserver`.

    Parameters
    ----------
    inputs : list of str
        The columns that the models see.
    points : int
        Of a curve, at most.
    """

    def __init__(self, inputs: list[str], points: int = POINTS) -> None:
        self.inputs, self.points = inputs, points
        self.steps: list[int] = [0]  # the same of each model
        self.errors: dict[str, list[np.ndarray]] = {kind: [] for kind in KINDS}

    def measure(self, model: Estimator, sales: pd.DataFrame) -> np.ndarray:
        """(steps, n) errors of what `model` says of the n `sales` with a price."""
        sales = sales[sales["close_price"].notna()]
        price = sales["close_price"].to_numpy(float)
        if isinstance(model, BoostedTrees):
            self.steps = curve_steps(model.params.num_iterations, self.points)
            predicted = model.staged_predict(sales[self.inputs], self.steps)
        else:
            predicted = model.predict(sales[self.inputs])[None, :]
        return np.abs(np.exp(predicted) / price - 1)

    def add(self, kind: str, errors: np.ndarray) -> None:
        """Keep what `measure` returned; `kind` is one of KINDS."""
        self.errors[kind].append(errors)

    def table(self) -> pd.DataFrame:
        """One row a step: `step`, and the MAPE of each kind on all its sales together (a fraction,
        nan without a sale)."""
        out: dict[str, object] = {"step": self.steps}
        for kind, parts in self.errors.items():
            whole = np.concatenate(parts, axis=1) if parts else np.empty((len(self.steps), 0))
            out[kind] = whole.mean(axis=1) if whole.shape[1] else np.full(len(self.steps), np.nan)
        return pd.DataFrame(out)

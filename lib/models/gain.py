"""What a model gains by inputs: fitted again on the same folds, sales and seeds, and compared on
the same homes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.models.ablation import fold_estimates
from lib.models.bootstrap import clusters
from lib.models.comparison import paired
from lib.models.estimators import Estimator
from lib.models.level import Level
from lib.models.metrics import accuracy
from lib.models.permutation import p_values


@dataclass(frozen=True)
class Trial:
    """A variant as it was trained: its inputs, the edges of the folds, a fresh model of its own
    settings, and its as-of level where it has one."""

    inputs: list[str]
    edges: list[pd.Timestamp]
    make: Callable[[], Estimator]
    spec: Level | None

    def said(self, table: pd.DataFrame, inputs: list[str] | None = None) -> np.ndarray:
        """Prices said of the sales in folds (n,) with these inputs, or all of the variant's."""
        inputs = self.inputs if inputs is None else inputs
        return fold_estimates(table, inputs, self.edges, self.make, self.spec)


@dataclass(frozen=True)
class Judge:
    """How differences are judged: bootstrap draws, swaps of the permutation test, and the seed
    that both start from."""

    draws: int
    permutations: int
    seed: int


def gain(
    without: np.ndarray, seen: np.ndarray, sold: pd.DataFrame, judge: Judge, tested: bool = False
) -> dict[str, dict[str, Any]]:
    """By how much MdAPE and MAPE fall from the estimates `without` to those `seen` (n,).

    `sold` (n rows: property_key, close_price) are the sales. Each metric: `value` (above zero:
    `seen` is better), `low` and `high` of its paired 95 % interval by home, `relative` to the
    error without, and where `tested` the `p` of `lib.models.permutation`.
    """
    price, home = sold["close_price"].to_numpy(float), clusters(sold["property_key"])
    out = paired(without, seen, price, judge.draws, np.random.default_rng(judge.seed), home)
    error = accuracy(without, price)
    for name, one in out.items():
        one["relative"] = one["value"] / error[name] if error[name] else 0.0
    if tested:
        before, after = (np.abs(said / price - 1) for said in (without, seen))
        rng = np.random.default_rng(judge.seed)
        for name, p in p_values(before, after, home, judge.permutations, rng).items():
            out[name]["p"] = p
    return out

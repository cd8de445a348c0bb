"""What a group of inputs is worth: fitted again without it, on the same folds, sales and seeds.

Errors are those of out-of-fold predictions of the past, so the test stays unseen. Two models err
alike on a home, so the differences are bootstrapped in pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import LevelSettings
from lib.common.errors import RemlError
from lib.evaluation.ablation.permutation_test import permutation_p_values
from lib.evaluation.feature_groups import group_members, group_title
from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.evaluation.metrics.bootstrap import home_clusters
from lib.evaluation.metrics.paired_bootstrap import paired_intervals
from lib.models.estimators.tabular.base import Estimator
from lib.models.estimators.tabular.columns import visible
from lib.models.training.level_correction import level
from lib.models.training.out_of_fold import errors, out_of_fold


def refit_on_folds(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: LevelSettings | None,
) -> np.ndarray:
    """Prices said of the sales in folds (n,), in the table's order, with the as-of level where
    there is one. `table` is that of `lib.models.training.out_of_fold`."""
    rows = table[table["fold"] > 0].assign(log_raw=out_of_fold(table, inputs, edges, make))
    shift = level(errors(rows), rows["as_of"], spec) if spec else 0.0
    return np.exp(rows["log_raw"].to_numpy() + shift)


def judge_group(gap: dict[str, dict[str, float]]) -> str:
    """What the intervals of both metrics say of a group; `gap` is the error without it less the
    error with it, and an interval that holds zero tells nothing."""
    worse = [name for name, one in gap.items() if one["low"] > 0]
    better = [name for name, one in gap.items() if one["high"] < 0]
    names = {"mdape": "MdAPE", "mape": "MAPE"}
    if worse and not better:
        return f"worse without it ({' and '.join(names[name] for name in worse)})"
    if better and not worse:
        return f"better without it ({' and '.join(names[name] for name in better)})"
    return "no significant loss without it" if not worse else "the two metrics disagree"


def ablate_groups(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: LevelSettings | None,
    params: dict[str, Any],
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """`sales`, `mdape` and `mape` with all inputs, and for each group that has some: its `title`,
    how many `inputs` it has, and the `mdape` and `mape` lost without it (value, low, high), with a
    `verdict`; or why it was `skipped`. `params` are the model's own."""
    sold = table[table["fold"] > 0]
    price, home = sold["close_price"].to_numpy(float), home_clusters(sold["property_key"])
    full = refit_on_folds(table, inputs, edges, make, spec)
    said = accuracy_metrics(full, price)
    looked_at = set(visible(inputs, params))
    groups: dict[str, Any] = {}
    for group, own in group_members(inputs).items():
        part: dict[str, Any] = {"title": group_title(group), "inputs": len(looked_at & set(own))}
        groups[group] = part
        if not part["inputs"]:
            part["skipped"] = "this model does not look at it"
            continue
        try:
            rest = [name for name in inputs if name not in own]
            without = refit_on_folds(table, rest, edges, make, spec)
        except RemlError as error:
            part["skipped"] = f"nothing is left to learn from ({error})"
            continue
        part |= paired_intervals(without, full, price, draws, np.random.default_rng(seed), home)
        part["verdict"] = judge_group({name: part[name] for name in ("mdape", "mape")})
    return {
        "sales": len(price),
        "mdape": said["mdape"],
        "mape": said["mape"],
        "groups": groups,
    }


# What a model gains by inputs: fitted again on the same folds, sales and seeds, and compared on
# the same homes.


@dataclass(frozen=True)
class Refit:
    """A variant as it was trained: its inputs, the edges of the folds, a fresh model of its own
    settings, and its as-of level where it has one."""

    inputs: list[str]
    edges: list[pd.Timestamp]
    make: Callable[[], Estimator]
    spec: LevelSettings | None

    def fold_estimates(self, table: pd.DataFrame, inputs: list[str] | None = None) -> np.ndarray:
        """Prices said of the sales in folds (n,) with these inputs, or all of the variant's."""
        inputs = self.inputs if inputs is None else inputs
        return refit_on_folds(table, inputs, self.edges, self.make, self.spec)


@dataclass(frozen=True)
class ComparisonPlan:
    """How differences are judged: bootstrap draws, swaps of the permutation test, and the seed
    that both start from."""

    draws: int
    permutations: int
    seed: int


def measure_gain(
    without: np.ndarray,
    seen: np.ndarray,
    sold: pd.DataFrame,
    judge: ComparisonPlan,
    tested: bool = False,
) -> dict[str, dict[str, Any]]:
    """By how much MdAPE and MAPE fall from the estimates `without` to those `seen` (n,).

    `sold` (n rows: property_key, close_price) are the sales. Each metric: `value` (above zero:
    `seen` is better), `low` and `high` of its paired 95 % interval by home, `relative` to the
    error without, and where `tested` the `p` of `lib.evaluation.ablation.permutation_test`.
    """
    price, home = sold["close_price"].to_numpy(float), home_clusters(sold["property_key"])
    out = paired_intervals(
        without, seen, price, judge.draws, np.random.default_rng(judge.seed), home
    )
    error = accuracy_metrics(without, price)
    for name, one in out.items():
        one["relative"] = one["value"] / error[name] if error[name] else 0.0
    if tested:
        before, after = (np.abs(said / price - 1) for said in (without, seen))
        rng = np.random.default_rng(judge.seed)
        for name, p in permutation_p_values(before, after, home, judge.permutations, rng).items():
            out[name]["p"] = p
    return out

"""What a group of inputs is worth to a variant: refitted without it on the same folds and sales.

Errors are those of out-of-fold predictions of the past, so the test stays unseen. Two models err
alike on a home, so differences are bootstrapped in pairs, by home.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.common.artifacts import LevelSettings, visible_columns
from lib.common.errors import RemlError
from lib.evaluation.ablation.permutation_test import permutation_p_values
from lib.evaluation.feature_groups import group_title, inputs_by_group
from lib.evaluation.metrics.accuracy import accuracy_metrics
from lib.evaluation.metrics.bootstrap import home_clusters
from lib.evaluation.metrics.paired_bootstrap import paired_intervals
from lib.models.variants.training.estimators.base import Estimator
from lib.models.variants.training.out_of_fold import refit_on_folds


@dataclass(frozen=True)
class RefittableVariant:
    """A variant as it was trained, to be fitted again.

    Attributes
    ----------
    inputs : list of str
        Its inputs.
    edges : list of Timestamp
        The edges of the folds; without any, the folds are groups of homes.
    make : callable
        Gives a fresh model with the variant's own settings.
    spec : LevelSettings or None
        Settings of its level correction, where it has one.
    """

    inputs: list[str]
    edges: list[pd.Timestamp]
    make: Callable[[], Estimator]
    spec: LevelSettings | None

    def fold_estimates(self, table: pd.DataFrame, inputs: list[str] | None = None) -> np.ndarray:
        """Estimates (n,) in currency of the sales in folds, by these inputs or all of its own."""
        inputs = self.inputs if inputs is None else inputs
        return refit_on_folds(table, inputs, self.edges, self.make, self.spec)


@dataclass(frozen=True)
class ComparisonSettings:
    """How differences are tested: bootstrap draws, swaps of the permutation test, and the seed
    that both start from."""

    draws: int
    permutations: int
    seed: int


def group_verdict(gap: dict[str, dict[str, float]]) -> str:
    """The verdict on a group in words, from the intervals of `mdape` and `mape`.

    `gap` is the error without the group less the error with it; an interval that holds zero is no
    evidence.
    """
    worse = [name for name, one in gap.items() if one["low"] > 0]
    better = [name for name, one in gap.items() if one["high"] < 0]
    names = {"mdape": "MdAPE", "mape": "MAPE"}
    if worse and not better:
        return f"worse without it ({' and '.join(names[name] for name in worse)})"
    if better and not worse:
        return f"better without it ({' and '.join(names[name] for name in better)})"
    return "no significant loss without it" if not worse else "the two metrics disagree"


def ablate_groups(
    table: pd.DataFrame, refit: RefittableVariant, params: dict[str, Any], draws: int, seed: int
) -> dict[str, Any]:
    """What each group of inputs is worth to a variant on the folds of the past.

    Parameters
    ----------
    table : DataFrame
        The table of `lib.models.variants.training.out_of_fold`, with property_key.
    refit : RefittableVariant
        The variant.
    params : dict of str to Any
        The model's own settings, which say what inputs it looks at.
    draws : int
        Bootstrap draws of each interval.
    seed : int
        Seed of each group's draws.

    Returns
    -------
    dict of str to Any
        `sales`, `mdape` and `mape` with all inputs (fractions), and `groups`: for each group that
        has inputs its `title`, how many `inputs` the model looks at, `mdape` and `mape` lost
        without it (value, low, high) and a `verdict`; or why it was `skipped`.
    """
    sold = table[table["fold"] > 0]
    price, home = sold["close_price"].to_numpy(float), home_clusters(sold["property_key"])
    full = refit.fold_estimates(table)
    accuracy = accuracy_metrics(full, price)
    looked_at = set(visible_columns(refit.inputs, params))
    groups: dict[str, Any] = {}
    for group, members in inputs_by_group(refit.inputs).items():
        part: dict[str, Any] = {
            "title": group_title(group),
            "inputs": len(looked_at & set(members)),
        }
        groups[group] = part
        if not part["inputs"]:
            part["skipped"] = "this model does not look at it"
            continue
        try:
            rest = [name for name in refit.inputs if name not in members]
            without = refit.fold_estimates(table, rest)
        except RemlError as error:
            part["skipped"] = f"nothing is left to learn from ({error})"
            continue
        part |= paired_intervals(without, full, price, draws, np.random.default_rng(seed), home)
        part["verdict"] = group_verdict({name: part[name] for name in ("mdape", "mape")})
    return {
        "sales": len(price),
        "mdape": accuracy["mdape"],
        "mape": accuracy["mape"],
        "groups": groups,
    }


def measure_gain(
    before: np.ndarray,
    after: np.ndarray,
    sold: pd.DataFrame,
    plan: ComparisonSettings,
    tested: bool = False,
) -> dict[str, dict[str, Any]]:
    """By how much MdAPE and MAPE fall from one set of estimates to another.

    Parameters
    ----------
    before, after : ndarray of shape (n,)
        Estimates in currency of the same sales.
    sold : DataFrame
        The n sales: property_key, close_price (currency).
    plan : ComparisonSettings
        Draws, swaps and seed.
    tested : bool
        Whether to run the permutation test as well.

    Returns
    -------
    dict of str to dict
        `mdape` and `mape`, each with `value` (a fraction; above zero, `after` is better), `low` and
        `high` of its paired 95 % interval by home, `relative` to the error before, and where
        `tested` the `p` of `lib.evaluation.ablation.permutation_test`.
    """
    price, home = sold["close_price"].to_numpy(float), home_clusters(sold["property_key"])
    gains = paired_intervals(
        before, after, price, plan.draws, np.random.default_rng(plan.seed), home
    )
    error = accuracy_metrics(before, price)
    for name, one in gains.items():
        one["relative"] = one["value"] / error[name] if error[name] else 0.0
    if tested:
        first, second = (np.abs(estimate / price - 1) for estimate in (before, after))
        rng = np.random.default_rng(plan.seed)
        for name, p in permutation_p_values(first, second, home, plan.permutations, rng).items():
            gains[name]["p"] = p
    return gains

"""What a group of inputs is worth: fitted again without it, on the same folds, sales and seeds.

Errors are those of out-of-fold predictions of the past, so the test stays unseen. Two models err
alike on a home, so the differences are bootstrapped in pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from lib.common.checks import RemlError
from lib.models.bootstrap import clusters
from lib.models.comparison import paired
from lib.models.estimators import Estimator
from lib.models.input_groups import members, title
from lib.models.inputs import visible
from lib.models.level import Level, level
from lib.models.metrics import accuracy
from lib.models.training import errors, out_of_fold


def fold_estimates(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: Level | None,
) -> np.ndarray:
    """Prices said of the sales in folds (n,), in the table's order, with the as-of level where
    there is one. `table` is that of `lib.models.training`."""
    rows = table[table["fold"] > 0].assign(log_raw=out_of_fold(table, inputs, edges, make))
    shift = level(errors(rows), rows["as_of"], spec) if spec else 0.0
    return np.exp(rows["log_raw"].to_numpy() + shift)


def verdict(gap: dict[str, dict[str, float]]) -> str:
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


def ablate(
    table: pd.DataFrame,
    inputs: list[str],
    edges: list[pd.Timestamp],
    make: Callable[[], Estimator],
    spec: Level | None,
    params: dict[str, Any],
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """`sales`, `mdape` and `mape` with all inputs, and for each group that has some: its `title`,
    how many `inputs` it has, and the `mdape` and `mape` lost without it (value, low, high), with a
    `verdict`; or why it was `skipped`. `params` are the model's own."""
    sold = table[table["fold"] > 0]
    price, home = sold["close_price"].to_numpy(float), clusters(sold["property_key"])
    full = fold_estimates(table, inputs, edges, make, spec)
    said = accuracy(full, price)
    looked_at = set(visible(inputs, params))
    groups: dict[str, Any] = {}
    for group, own in members(inputs).items():
        part: dict[str, Any] = {"title": title(group), "inputs": len(looked_at & set(own))}
        groups[group] = part
        if not part["inputs"]:
            part["skipped"] = "this model does not look at it"
            continue
        try:
            rest = [name for name in inputs if name not in own]
            without = fold_estimates(table, rest, edges, make, spec)
        except RemlError as error:
            part["skipped"] = f"nothing is left to learn from ({error})"
            continue
        part |= paired(without, full, price, draws, np.random.default_rng(seed), home)
        part["verdict"] = verdict({name: part[name] for name in ("mdape", "mape")})
    return {
        "sales": len(price),
        "mdape": said["mdape"],
        "mape": said["mape"],
        "groups": groups,
    }

"""Figures of two revisions side by side: which moved, and whether for the better."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lib.evaluation.metrics import paired_bootstrap, slices
from lib.evaluation.metrics.accuracy import DIRECTIONS
from lib.evaluation.metrics.bootstrap import home_clusters

# ratio statistics are best at a value of their own (IAAO, Standard on Ratio Studies, 2013)
TARGETS = {"bias": 0.0, "median_ratio": 1.0, "mean_ratio": 1.0, "prd": 1.0, "mki": 1.0,
           "prb": 0.0, "vei": 0.0}  # fmt: skip
LESS = ("cod", "fsd", "width", "score")  # names, or ends of names, of which less is better
BOUNDS = ("_low", "_high")  # ends of an interval are shown beside their figure
MONEY = ("mae", "rmse")
# shown as they are; all else is a fraction, shown in percent
PLAIN = ("r2", "rmsle", "cod", "median_ratio", "mean_ratio", "prd", "mki", "prb", "vei")


@dataclass(frozen=True)
class FigureChange:
    """One figure of one variant in two revisions; None where a revision has no such figure.
    `sign`: 1 better, -1 worse, 0 neither; spans are 95 % intervals, where evaluate.json has
    them."""

    variant: str
    metric: str
    old: float | None
    new: float | None
    old_span: tuple[float, float] | None
    new_span: tuple[float, float] | None
    sign: int


def _base_metric(metric: str) -> str:
    """A metric without what it was measured on.

    Examples
    --------
    >>> _base_metric("fold_mdape"), _base_metric("screened_cod")
    ('mdape', 'cod')
    """
    return re.sub(r"^(folds?|screened|trimmed|untrimmed)_", "", metric)


def change_sign(metric: str, old: float | None, new: float | None) -> int:
    """1 where `new` is the better figure by the metric's own direction, -1 where it is the worse, 0
    where they are equal, one is missing, or the metric has no direction that is known.

    Coverages are best at what they promise: coverage_90 at 0.9.
    """
    if old is None or new is None or old == new:
        return 0
    name = _base_metric(metric)
    promised = re.fullmatch(r"coverage_(\d+)", name)
    if promised or name in TARGETS:
        best = int(promised[1]) / 100 if promised else TARGETS[name]
        return int(np.sign(round(abs(old - best) - abs(new - best), 12)))
    way = -1 if name.split("_")[-1] in LESS else DIRECTIONS.get(name, 0)
    return int(np.sign(new - old)) * way


def _find_interval(
    scores: dict[str, Any] | None, variant: str, metric: str
) -> tuple[float, float] | None:
    """The 95 % interval of a figure of the summary, from evaluate.json's content."""
    part = ((scores or {}).get("variants") or {}).get(variant) or {}
    name, part = (
        (metric.removeprefix("screened_"), part.get("screened") or {})
        if metric.startswith("screened_")
        else (metric, part)
    )
    if found := re.fullmatch(r"coverage_(\d+)", name):
        part, name = {"it": part.get(f"interval_{found[1]}")}, "coverage"
    groups = [group for group in part.values() if isinstance(group, dict)]
    groups += [group.get("untrimmed") or {} for group in groups]  # of a ratio study, all sales
    for group in groups:
        figure = group.get(name)
        if isinstance(figure, dict) and None not in (figure.get("low"), figure.get("high")):
            return float(figure["low"]), float(figure["high"])
    return None


def changed_figures(
    diff: dict[str, Any], before: dict[str, Any] | None, after: dict[str, Any] | None
) -> list[FigureChange]:
    """What `dvc metrics diff` found in the summary, name -> {old, new}, by variant and metric, each
    with its intervals in the two contents of evaluate.json."""
    rows = []
    for name, pair in sorted(diff.items()):
        variant, _, metric = name.partition(".")
        if not metric or metric.endswith(BOUNDS):
            continue
        old, new = pair.get("old"), pair.get("new")
        spans = _find_interval(before, variant, metric), _find_interval(after, variant, metric)
        rows.append(FigureChange(variant, metric, old, new, *spans, change_sign(metric, old, new)))
    return rows


def format_figure(metric: str, value: float | None, signed: bool = False) -> str:
    """A figure as people read it: 9.64 %, 0.9210, 45,120; `signed` with + or -, points for %."""
    if value is None:
        return "none"
    name, sign = _base_metric(metric), "+" if signed else ""
    if name in MONEY:
        return f"{value:{sign},.0f}"
    if name in PLAIN:
        return f"{value:{sign}.4f}"
    return f"{100 * value:{sign}.2f} {'points' if signed else '%'}"


def join_predictions(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """The test sales that two tables of predictions value and price alike.

    Parameters
    ----------
    before, after
        variant, domain, listing_key, close_price, pred_close_price (currency).

    Returns
    -------
    DataFrame
        The columns of `after`, and `base_close_price`, the estimate of `before`.
    """
    keys = ["variant", "domain", "listing_key", "close_price"]
    base = before[[*keys, "pred_close_price"]].rename(
        columns={"pred_close_price": "base_close_price"}
    )
    return after.merge(base, on=keys).sort_values(["variant", "listing_key"], ignore_index=True)


def paired_gap(rows: pd.DataFrame, draws: int, seed: int) -> dict[str, dict[str, float]]:
    """Difference in error of the present estimates against the base's, on the same sales.

    Parameters
    ----------
    rows
        close_price, pred_close_price, base_close_price (currency), property_key.
    draws
        Bootstrap samples of homes.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        Metric -> value, low, high (share): the 95 % interval of the paired bootstrap.
    """
    now, base, price = (
        rows[name].to_numpy(float)
        for name in ("pred_close_price", "base_close_price", "close_price")
    )
    home = home_clusters(rows["property_key"])
    return paired_bootstrap.paired_intervals(
        now, base, price, draws, np.random.default_rng(seed), home
    )


def large_slices(rows: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """The price bands, ZIPs and months that hold enough sales to be compared.

    Parameters
    ----------
    rows
        close_price (currency), postal_code, as_of.

    Yields
    ------
    tuple
        Kind, slice and its rows, at least `slices.THIN` of them.
    """
    for kind, column in (
        ("price band", slices.quantile_bands(rows["close_price"])),
        ("ZIP", rows["postal_code"].fillna("none")),
        ("month", rows["as_of"].dt.strftime("%Y-%m")),
    ):
        for value, part in rows.groupby(column.to_numpy(object)):
            if len(part) >= slices.THIN:
                yield kind, str(value), part

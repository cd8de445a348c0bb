"""The ratio study by stratum, and the calibration of estimates, as tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lib.evaluation.metrics import slices
from lib.evaluation.metrics.bootstrap import MetricFamily, bootstrap_intervals
from lib.evaluation.metrics.weighted_quantiles import WeightedOrder
from lib.evaluation.scoring import score, verdicts

# bands by price paid and by estimate are tilted by chance itself, so ratios go by the proxy alone
KINDS = ("proxy band", "ZIP", "property type", "age", "month")
TRIMMED = ("untrimmed", "trimmed")
COLUMNS = (
    "kind", "stratum", "sales", "trimmed", "statistic", "value", "low", "high", "verdict", "thin",
)  # fmt: skip


def ratio_study_to_long(
    statistics: dict[str, Any], kind: str, stratum: str, sales: int
) -> pd.DataFrame:
    """The statistics of a ratio study as one row each.

    Parameters
    ----------
    statistics : dict of str to Any
        `untrimmed` and those of TRIMS that there are, each statistic to its interval and verdict.
    kind : str
        Kind of the stratum.
    stratum : str
        Name of the stratum.
    sales : int
        How many sales it has.

    Returns
    -------
    DataFrame
        The columns of COLUMNS.
    """
    rows = [
        {"kind": kind, "stratum": stratum, "sales": sales, "trimmed": name, "statistic": statistic}
        | one
        | {"thin": sales < slices.THIN}
        for name in ("untrimmed", *score.TRIMS)
        if name in statistics
        for statistic, one in statistics[name].items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ratio_study_by_stratum(
    table: pd.DataFrame, settings: score.EvaluateParams, seed: int
) -> pd.DataFrame:
    """The ratio study of each stratum, each with its own bootstrap.

    Parameters
    ----------
    table : DataFrame
        Sales with the columns that `slice_labels` and `score_sales` name; rows without an estimate
        are left out.
    settings : EvaluateParams
        The `evaluate` section of params.yaml.
    seed : int
        Seed of each stratum's draws.

    Returns
    -------
    DataFrame
        The columns of COLUMNS, for the kinds of KINDS.
    """
    table = table[table["pred_close_price"].notna()].reset_index(drop=True)
    parts = [pd.DataFrame(columns=list(COLUMNS))]
    for kind, column in slices.slice_labels(table).items():
        if kind not in KINDS:
            continue
        for stratum, part in table.groupby(column.to_numpy(object)):
            _, families = score.make_ratio_study(part, settings.ratio_study)
            statistics = bootstrap_intervals(
                {name: families[name] for name in TRIMMED},
                score.home_clusters_in(part),
                settings.draws,
                np.random.default_rng(seed),
            )
            for name in TRIMMED:
                for statistic, one in statistics[name].items():
                    one["verdict"] = verdicts.judge_statistic(
                        statistic, one, settings.ratio_study.cod
                    )
            parts.append(ratio_study_to_long(statistics, kind, str(stratum), len(part)))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def calibration_by_decile(
    table: pd.DataFrame, draws: int, seed: int, parts: int = 10
) -> pd.DataFrame:
    """The median of price over estimate in each tenth of the estimates; 1 is what a buyer may
    expect.

    Parameters
    ----------
    table : DataFrame
        Sales: close_price and pred_close_price (currency), property_key where known.
    draws : int
        Bootstrap draws.
    seed : int
        Seed of each tenth's draws.
    parts : int
        How many parts to make.

    Returns
    -------
    DataFrame
        decile, sales, median_estimate and median_price (currency), price_to_estimate with low and
        high (95 %), thin.
    """
    table = table[table["pred_close_price"].notna()].reset_index(drop=True)
    tenth = (
        slices.quantile_bands(table["pred_close_price"], parts).str.extract(r"(\d+)")[0].astype(int)
    )
    rows = []
    for decile, part in table.groupby(tenth.to_numpy()):
        ratio = (part["close_price"] / part["pred_close_price"]).to_numpy()
        order = np.argsort(ratio, kind="stable")

        def evaluate(
            counts: np.ndarray, order: np.ndarray = order, ratio: np.ndarray = ratio
        ) -> Any:
            return WeightedOrder(counts[:, order]).median(ratio[order])[:, None]

        one = bootstrap_intervals(
            {"ratio": MetricFamily(("ratio",), evaluate)},
            score.home_clusters_in(part),
            draws,
            np.random.default_rng(seed),
        )["ratio"]["ratio"]
        rows.append(
            {
                "decile": int(decile),
                "sales": len(part),
                "median_estimate": float(part["pred_close_price"].median()),
                "median_price": float(part["close_price"].median()),
                "price_to_estimate": one["value"],
                "low": one["low"],
                "high": one["high"],
                "thin": len(part) < slices.THIN,
            }
        )
    names = ["decile", "sales", "median_estimate", "median_price", "price_to_estimate"]
    return pd.DataFrame(rows, columns=[*names, "low", "high", "thin"])

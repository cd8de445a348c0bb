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


def ratio_study_to_long(found: dict[str, Any], kind: str, stratum: str, sales: int) -> pd.DataFrame:
    """A row a statistic of a `score`'s ratio study, in COLUMNS."""
    rows = [
        {"kind": kind, "stratum": stratum, "sales": sales, "trimmed": name, "statistic": statistic}
        | one
        | {"thin": sales < slices.THIN}
        for name in ("untrimmed", *score.TRIMS)
        if name in found
        for statistic, one in found[name].items()
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def ratio_study_by_stratum(table: pd.DataFrame, settings: score.Scoring, seed: int) -> pd.DataFrame:
    """COLUMNS for each stratum of the rows with an estimate; each has its own bootstrap."""
    table = table[table["pred_close_price"].notna()].reset_index(drop=True)
    parts = [pd.DataFrame(columns=list(COLUMNS))]
    for kind, column in slices.slice_columns(table).items():
        if kind not in KINDS:
            continue
        for stratum, part in table.groupby(column.to_numpy(object)):
            _, families = score.make_ratio_study(part, settings.ratio_study)
            found = bootstrap_intervals(
                {name: families[name] for name in TRIMMED},
                score.home_numbers(part),
                settings.draws,
                np.random.default_rng(seed),
            )
            for name in TRIMMED:
                for statistic, one in found[name].items():
                    one["verdict"] = verdicts.judge_statistic(
                        statistic, one, settings.ratio_study.cod
                    )
            parts.append(ratio_study_to_long(found, kind, str(stratum), len(part)))
    return pd.concat([part for part in parts if len(part)] or parts, ignore_index=True)


def calibration_by_decile(
    table: pd.DataFrame, draws: int, seed: int, parts: int = 10
) -> pd.DataFrame:
    """Tenths of the estimates: decile, sales, median estimate and price (currency), and the median
    price / estimate with its 95 % interval; thin ones marked. 1 is what a buyer may expect."""
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
            score.home_numbers(part),
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

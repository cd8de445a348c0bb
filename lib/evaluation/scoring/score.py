"""All figures of one table of test sales, each with its interval from one and the same bootstrap.

A table has close_price and pred_close_price (currency; missing: no valuation); optional are
property_key (the home), pred_abstention (why the valuation is not stood by, missing where it is),
and pred_low_90, pred_high_90 and the like.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.evaluation.metrics.accuracy import accuracy_family, accuracy_metrics, coverage_family
from lib.evaluation.metrics.bootstrap import (
    MetricFamily,
    bootstrap_intervals,
    home_clusters,
    restrict_rows,
)
from lib.evaluation.metrics.ratio_study import RatioStudy
from lib.evaluation.scoring import verdicts

TRIMS = ("trimmed", "trimmed_extreme")  # by the two factors of `ratio_study.trim`


class Scoring(Section):
    """The `evaluate` section of params.yaml."""

    draws: int = Field(ge=1)
    places: int = Field(ge=1)
    worst: int = Field(ge=0)
    ratio_study: verdicts.RatioStudyParams


def round_nested(content: Any, places: int) -> Any:
    """Numbers of a nested structure to `places` significant digits; nan becomes null."""
    if isinstance(content, dict):
        return {key: round_nested(value, places) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [round_nested(value, places) for value in content]
    if isinstance(content, float):
        return float(f"{content:.{places}g}") if np.isfinite(content) else None
    return content


def interval_names(table: pd.DataFrame) -> list[str]:
    """The coverages, in percent, whose intervals a table has."""
    lows = [str(name) for name in table if str(name).startswith("pred_low_")]
    names = [name.removeprefix("pred_low_") for name in lows]
    return [name for name in names if f"pred_high_{name}" in table]


def home_numbers(table: pd.DataFrame) -> np.ndarray:
    """(n,) number of each row's home; without keys each row is one."""
    if "property_key" not in table:
        return np.arange(len(table))
    return home_clusters(table["property_key"])


def make_ratio_study(
    table: pd.DataFrame, study: verdicts.RatioStudyParams
) -> tuple[RatioStudy, dict[str, MetricFamily]]:
    """The ratio study of the rows with an estimate, and its families: untrimmed, and by TRIMS."""
    rows = np.flatnonzero(table["pred_close_price"].notna())
    made = RatioStudy(
        *(table[name].to_numpy(float)[rows] for name in ("pred_close_price", "close_price"))
    )
    families = {"untrimmed": made.family()} | {
        name: made.family(factor, study.trim_cap)
        for name, factor in zip(TRIMS, study.trim, strict=True)
    }
    return made, {name: restrict_rows(family, rows) for name, family in families.items()}


def score_sales(
    table: pd.DataFrame,
    settings: Scoring,
    seed: int,
    fold_cod: float | None = None,
    aware: bool = False,
) -> dict[str, Any]:
    """Sales, accuracy, accuracy of the answered ones, intervals, and the ratio study.

    `fold_cod`: COD out of fold in the past, for the sales-chasing check; `aware`: the estimates
    rest on list prices.
    """
    estimate, price = (table[name].to_numpy(float) for name in ("pred_close_price", "close_price"))
    given = np.isfinite(estimate)
    if "pred_abstention" in table:
        given &= table["pred_abstention"].isna().to_numpy()
    answered = accuracy_family(estimate[given], price[given])
    families = {
        "accuracy": accuracy_family(estimate, price, given),
        "answered": restrict_rows(answered, np.flatnonzero(given)),
    }
    for name in interval_names(table):
        low, high = (table[f"pred_{side}_{name}"].to_numpy(float) for side in ("low", "high"))
        families[f"interval_{name}"] = coverage_family(price, low, high, estimate, int(name) / 100)
    study, studied = make_ratio_study(table, settings.ratio_study)
    found = bootstrap_intervals(
        families | studied, home_numbers(table), settings.draws, np.random.default_rng(seed)
    )
    for name in studied:
        for statistic, one in found[name].items():
            one["verdict"] = verdicts.judge_statistic(statistic, one, settings.ratio_study.cod)
    whole = np.ones((1, len(study.ratio)))
    limits = settings.ratio_study
    gone = {
        f"{name}_sales": int((whole - study.trim_counts(whole, factor, limits.trim_cap)).sum())
        for name, factor in zip(TRIMS, limits.trim, strict=True)
    }
    cod = found["untrimmed"]["cod"]
    return {
        "sales": len(table),
        "with_interval": {
            name: int(table[[f"pred_low_{name}", f"pred_high_{name}"]].notna().all(axis=1).sum())
            for name in interval_names(table)
        },
        **{name: found[name] for name in families},
        "ratio_study": {
            **{name: found[name] for name in studied},
            **gone,
            "prb_regression": study.prb_regression(),
            "sales_chasing": verdicts.check_sales_chasing(study.ratio, cod, fold_cod, aware),
        },
    }


def score_folds(predictions: pd.DataFrame) -> dict[str, float]:
    """Accuracy out of fold, in the past, and COD and median ratio there: the figures to choose by,
    as often as one likes."""
    past = predictions[predictions["role"] == "train"]
    estimate, price = np.exp(past["log_estimate"].to_numpy()), past["close_price"].to_numpy()
    study = RatioStudy(estimate, price).family().point_values(len(price))
    return accuracy_metrics(estimate, price) | {
        name: study[name] for name in ("cod", "median_ratio")
    }


def summarize_scores(scores: dict[str, Any]) -> dict[str, Any]:
    """The few figures per variant that `dvc exp show` has room for; folds first. All are on every
    closed sale but for those called screened, which are on the sales that `screen` calls usable."""
    out = {}
    for variant, part in scores.items():
        value = {name: one["value"] for name, one in part["accuracy"].items()}
        study = part["ratio_study"]["untrimmed"]
        out[variant] = {
            "fold_mdape": part["folds"]["mdape"],
            "fold_mape": part["folds"]["mape"],
            "mdape": value["mdape"],
            "mdape_low": part["accuracy"]["mdape"]["low"],
            "mdape_high": part["accuracy"]["mdape"]["high"],
            **{name: value[name] for name in ("mape", "r2", "ppe10", "bias", "hit_rate")},
            **{name: study[name]["value"] for name in ("median_ratio", "cod", "prd", "prb")},
            **{
                f"screened_{name}": part["screened"]["accuracy"][name]["value"]
                for name in ("mdape", "mape")
            },
            **{
                name.replace("interval", "coverage"): part[name]["coverage"]["value"]
                for name in part
                if name.startswith("interval_")
            },
        }
    return out


def round_table(table: pd.DataFrame, places: int) -> pd.DataFrame:
    """A table as it goes into a CSV: numbers to `places` significant digits."""
    numbers = table.select_dtypes("float").columns
    return table.assign(
        **{
            name: table[name].map(lambda x: float(f"{x:.{places}g}"), na_action="ignore")
            for name in numbers
        }
    )

"""All figures of one table of sales, each with its interval from the same bootstrap.

A table has close_price and pred_close_price (currency; missing: no valuation); optional are
property_key (the home), pred_abstention (why the model abstains; missing where it does not), and
pred_low_90, pred_high_90 and the like.
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


class EvaluateParams(Section):
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


def interval_coverages(table: pd.DataFrame) -> list[str]:
    """The coverages whose intervals a table has.

    Parameters
    ----------
    table : DataFrame
        Any table; intervals are columns pred_low_<name> and pred_high_<name>.

    Returns
    -------
    list of str
        Coverages in percent, such as "90".
    """
    lows = [str(name) for name in table if str(name).startswith("pred_low_")]
    names = [name.removeprefix("pred_low_") for name in lows]
    return [name for name in names if f"pred_high_{name}" in table]


def home_clusters_in(table: pd.DataFrame) -> np.ndarray:
    """The number of each row's home, which the bootstrap draws as one.

    Parameters
    ----------
    table : DataFrame
        n sales; without the column property_key each row is a home of its own.

    Returns
    -------
    ndarray of int of shape (n,)
        Numbers from 0, equal for rows of one home.
    """
    if "property_key" not in table:
        return np.arange(len(table))
    return home_clusters(table["property_key"])


def make_ratio_study(
    table: pd.DataFrame, study: verdicts.RatioStudyParams
) -> tuple[RatioStudy, dict[str, MetricFamily]]:
    """The ratio study of the rows with an estimate, and its metrics.

    Parameters
    ----------
    table : DataFrame
        Sales: close_price and pred_close_price (currency).
    study : RatioStudyParams
        How ratios are trimmed.

    Returns
    -------
    study : RatioStudy
        The study of the rows with an estimate.
    families : dict of str to MetricFamily
        `untrimmed` and those of TRIMS, for counts of all rows.
    """
    rows = np.flatnonzero(table["pred_close_price"].notna())
    ratio_study = RatioStudy(
        *(table[name].to_numpy(float)[rows] for name in ("pred_close_price", "close_price"))
    )
    families = {"untrimmed": ratio_study.family()} | {
        name: ratio_study.family(factor, study.trim_cap)
        for name, factor in zip(TRIMS, study.trim, strict=True)
    }
    return ratio_study, {name: restrict_rows(family, rows) for name, family in families.items()}


def score_sales(
    table: pd.DataFrame,
    settings: EvaluateParams,
    seed: int,
    fold_cod: float | None = None,
    aware: bool = False,
) -> dict[str, Any]:
    """Every figure of one table of sales, each with its interval from the same bootstrap.

    Parameters
    ----------
    table : DataFrame
        Sales with the columns that the head of this module names.
    settings : EvaluateParams
        The `evaluate` section of params.yaml.
    seed : int
        Seed of the draws.
    fold_cod : float, optional
        COD out of fold in the past (percent), for the check of sales chasing.
    aware : bool
        Whether the estimates rest on list prices.

    Returns
    -------
    dict of str to Any
        `sales`, `with_interval`, `accuracy`, `answered` (the estimates that the model does not
        abstain from), `interval_<name>` for each coverage, and `ratio_study`.
    """
    estimate, price = (table[name].to_numpy(float) for name in ("pred_close_price", "close_price"))
    answered = np.isfinite(estimate)
    if "pred_abstention" in table:
        answered &= table["pred_abstention"].isna().to_numpy()
    answered_family = accuracy_family(estimate[answered], price[answered])
    families = {
        "accuracy": accuracy_family(estimate, price, answered),
        "answered": restrict_rows(answered_family, np.flatnonzero(answered)),
    }
    for name in interval_coverages(table):
        low, high = (table[f"pred_{side}_{name}"].to_numpy(float) for side in ("low", "high"))
        families[f"interval_{name}"] = coverage_family(price, low, high, estimate, int(name) / 100)
    study, studied = make_ratio_study(table, settings.ratio_study)
    metrics = bootstrap_intervals(
        families | studied, home_clusters_in(table), settings.draws, np.random.default_rng(seed)
    )
    for name in studied:
        for statistic, one in metrics[name].items():
            one["verdict"] = verdicts.judge_statistic(statistic, one, settings.ratio_study.cod)
    ones = np.ones((1, len(study.ratio)))
    limits = settings.ratio_study
    trimmed = {
        f"{name}_sales": int((ones - study.trim_counts(ones, factor, limits.trim_cap)).sum())
        for name, factor in zip(TRIMS, limits.trim, strict=True)
    }
    cod = metrics["untrimmed"]["cod"]
    return {
        "sales": len(table),
        "with_interval": {
            name: int(table[[f"pred_low_{name}", f"pred_high_{name}"]].notna().all(axis=1).sum())
            for name in interval_coverages(table)
        },
        **{name: metrics[name] for name in families},
        "ratio_study": {
            **{name: metrics[name] for name in studied},
            **trimmed,
            "prb_regression": study.prb_regression(),
            "sales_chasing": verdicts.check_sales_chasing(study.ratio, cod, fold_cod, aware),
        },
    }


def score_folds(predictions: pd.DataFrame) -> dict[str, float]:
    """Accuracy, COD and median ratio out of fold in the past: the figures to choose variants by.

    Parameters
    ----------
    predictions : DataFrame
        predictions.parquet of a variant: role, log_estimate (log currency), close_price (currency).

    Returns
    -------
    dict of str to float
        Every metric of DIRECTIONS, `cod` (percent) and `median_ratio`.
    """
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
    """A table as it goes into a CSV.

    Parameters
    ----------
    table : DataFrame
        Any table.
    places : int
        Significant digits of its numbers.

    Returns
    -------
    DataFrame
        The table with its columns of floats rounded.
    """
    numbers = table.select_dtypes("float").columns
    return table.assign(
        **{
            name: table[name].map(lambda x: float(f"{x:.{places}g}"), na_action="ignore")
            for name in numbers
        }
    )


def accuracy_and_level(estimate: np.ndarray, price: np.ndarray) -> dict[str, float]:
    """MdAPE, MAPE and R2 (accuracy.py), COD and median ratio (ratio_study.py).

    Parameters
    ----------
    estimate, price : ndarray of shape (n,)
        Estimates and prices paid in currency, above zero.

    Returns
    -------
    dict of str to float
        `mdape`, `mape` (fractions), `r2`, `cod` (percent), `median_ratio`.
    """
    metrics = accuracy_metrics(estimate, price)
    study = RatioStudy(estimate, price).family().point_values(len(price))
    return {name: metrics[name] for name in ("mdape", "mape", "r2")} | {
        name: study[name] for name in ("cod", "median_ratio")
    }

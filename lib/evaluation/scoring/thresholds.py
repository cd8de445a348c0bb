"""Baseline thresholds of a variant and levels of areas, checked by interval: a figure passes where
its whole 95 % interval is allowed, fails where no part of it is, and is inconclusive in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.special import bdtr

from lib.common.params import Section
from lib.evaluation.metrics.ratio_study import value_proxy
from lib.evaluation.metrics.slices import THIN, quantile_bands

PASS, FAIL, OPEN, UNKNOWN = "pass", "fail", "inconclusive", "not measured"


class Thresholds(Section):
    """What a variant has to hold; fractions, but for the COD, which is in percent."""

    gain: float = Field(ge=0, lt=1)
    coverage_90: float = Field(gt=0, lt=1)
    cod: float = Field(gt=0)
    bias: float = Field(gt=0, lt=1)
    hit_rate: float = Field(ge=0, le=1)
    area_level: float = Field(gt=0, lt=1)


def judge_interval(
    one: Mapping[str, float | None], floor: float | None, ceiling: float | None
) -> str:
    """The verdict on a figure {value, low, high}; a missing bound of the allowed range is open."""
    low, high = one["low"], one["high"]
    if low is None or high is None:
        return UNKNOWN
    if (floor is not None and high < floor) or (ceiling is not None and low > ceiling):
        return FAIL
    inside = (floor is None or low >= floor) and (ceiling is None or high <= ceiling)
    return PASS if inside else OPEN


def check_thresholds(
    score: Mapping[str, Any], gap: Mapping[str, float] | None, limits: Thresholds
) -> dict[str, dict[str, Any]]:
    """Each threshold by name: value, low, high, what is allowed (floor, ceiling), verdict.

    Parameters: a variant's part of metrics/evaluate.json; its MdAPE less that of the linear
    baseline on the same sales, with an interval (none: it is the baseline); the thresholds.
    """
    study = score.get("ratio_study", {}).get("untrimmed", {})
    figures: dict[str, tuple[Mapping[str, Any] | None, float | None, float | None]] = {
        "gain": (gap, None, 0.0 - limits.gain),
        "coverage_90": (
            score.get("interval_90", {}).get("coverage"),
            0.9 - limits.coverage_90,
            0.9 + limits.coverage_90,
        ),
        "cod": (study.get("cod"), None, limits.cod),
        "bias": (score["accuracy"]["bias"], -limits.bias, limits.bias),
        "hit_rate": (score["accuracy"]["hit_rate"], limits.hit_rate, None),
    }
    if gap is None:
        del figures["gain"]
    nothing = {"value": None, "low": None, "high": None}
    return {
        name: {key: (one or nothing)[key] for key in nothing}
        | {
            "floor": floor,
            "ceiling": ceiling,
            "verdict": judge_interval(one or nothing, floor, ceiling),
        }
        for name, (one, floor, ceiling) in figures.items()
    }


# Levels of groups: the median of estimate / price. IAAO, Standard on Ratio Studies (2013), asks
# that each group's level lies within 5 % of that of all.


def median_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """Bounds of the median that hold whatever the distribution.

    Parameters
    ----------
    values : ndarray of shape (n,)
        A sample.
    level : float
        The least confidence of the bounds.

    Returns
    -------
    tuple of float
        The order statistics that the binomial distribution names; nan where there are too few
        values.
    """
    below = bdtr(np.arange(len(values) + 1), len(values), 0.5)
    rank = int(np.searchsorted(below, (1 - level) / 2)) if len(values) else 0
    if not rank:
        return np.nan, np.nan
    ordered = np.sort(values)
    return float(ordered[rank - 1]), float(ordered[-rank])


def value_proxy_bands(estimate: np.ndarray, price: np.ndarray) -> pd.Series:
    """Each sale's fifth by the IAAO's proxy of market value.

    Parameters
    ----------
    estimate : ndarray of shape (n,)
        Estimates in currency.
    price : ndarray of shape (n,)
        Prices paid in currency.

    Returns
    -------
    Series of str of shape (n,)
        "1 low" to "5 high".

    Notes
    -----
    Bands by the price or by the estimate alone are tilted by the errors of that one.
    """
    return quantile_bands(pd.Series(value_proxy(estimate, price)))


def group_levels(ratio: np.ndarray, group: pd.Series, limit: float) -> pd.DataFrame:
    """The level of each group, and whether it differs from that of all.

    Parameters
    ----------
    ratio : ndarray of shape (n,)
        Estimate over price of each sale.
    group : Series of shape (n,)
        Group of each sale; missing: none.
    limit : float
        How far a group's level may lie from that of all, as a share of it.

    Returns
    -------
    DataFrame
        One row a group: group, sales, thin, level (median ratio), low, high, verdict. Thin groups
        get no verdict.

    Notes
    -----
    The intervals of the groups that are not thin hold together with 95 % (Bonferroni), so that
    among many groups few fail by chance.
    """
    parts = {
        str(name): ratio[rows] for name, rows in group.groupby(group.to_numpy()).indices.items()
    }
    thick = sum(len(part) >= THIN for part in parts.values())
    overall = float(np.median(ratio)) if len(ratio) else np.nan
    floor, ceiling = overall * (1 - limit), overall * (1 + limit)
    rows = []
    for name, part in parts.items():
        low, high = median_interval(part, 1 - 0.05 / max(thick, 1))
        if len(part) < THIN or np.isnan(low):
            judged = UNKNOWN
        elif high < floor or low > ceiling:
            judged = FAIL
        else:
            judged = PASS if low >= floor and high <= ceiling else OPEN
        rows.append((name, len(part), len(part) < THIN, float(np.median(part)), low, high, judged))
    columns = ["group", "sales", "thin", "level", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=columns).astype({"thin": bool})


def combine_verdicts(table: pd.DataFrame) -> str:
    """One verdict on all groups: fail if one fails, pass if all that are not thin pass.

    Parameters
    ----------
    table : DataFrame
        What `group_levels` gives.

    Returns
    -------
    str
        PASS, FAIL, OPEN or UNKNOWN.
    """
    verdicts = set(table.loc[~table["thin"], "verdict"])
    if not verdicts:
        return UNKNOWN
    return FAIL if FAIL in verdicts else PASS if verdicts == {PASS} else OPEN

"""Verdicts on the statistics of a ratio study, by intervals instead of points.

`within`: the whole interval lies in the acceptable range. `outside`: the whole interval lies
beyond it. `inconclusive`: the interval straddles an end, or there is none, or it has no width, as
that of one home; and PRB's where it lies beyond the range and short of failing. The ranges are
those of the IAAO's Standard on Ratio Studies for residential property; COD's are params, since they
differ by the kind of market.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import field_validator
from scipy.special import bdtrc

from lib.common.params import Section
from lib.evaluation.metrics.bootstrap import Interval

RANGES = {
    "median_ratio": (0.90, 1.10),
    "prd": (0.98, 1.03),
    "prb": (-0.05, 0.05),
    "mki": (0.95, 1.05),
    "vei": (-10.0, 10.0),
}
PRB_FAILS = 0.10  # PRB is outside only where its whole interval lies beyond this
CHASED = 5.0  # COD below which the standard suspects sales chasing
CLOSE = 0.01  # a ratio this near to 1 is an estimate that may have been set to the price
HEAP = 1.5  # times as many close ratios as the spread implies are a heap
SURE = 0.001  # chance, at most, of so many close ratios from the spread alone
NARROWER = 0.8  # a test COD below this share of the COD out of fold knows more than the folds did
ENOUGH = 30  # sales from which the check says anything


class RatioStudyParams(Section):
    """`evaluate.ratio_study`: how ratios are trimmed, and the acceptable COD."""

    trim: tuple[float, float]
    trim_cap: float
    cod: tuple[float, float]

    @field_validator("trim", "trim_cap", "cod")
    @classmethod
    def _sensible(cls, given: Any) -> Any:
        if isinstance(given, float):
            if not 0 < given <= 1:
                raise ValueError("a share must lie above 0 and at or below 1")
        elif not 0 < given[0] < given[1]:
            raise ValueError("two positive numbers, the lower one first")
        return given


def acceptable_ranges(cod: tuple[float, float]) -> dict[str, tuple[float, float]]:
    """Statistic -> (lower, upper) acceptable value; COD in percent."""
    order = ("median_ratio", "cod", "prd", "prb", "mki", "vei")
    every = RANGES | {"cod": cod}
    return {name: every[name] for name in order}


def judge_statistic(name: str, one: Interval, cod: tuple[float, float]) -> str:
    """`within`, `outside` or `inconclusive` for a statistic's value and interval.

    PRB fails only where its interval lies beyond +-0.10. VEI, with its 90 % interval, like the
    others: its interval lies beyond +-10 only where the value does.
    """
    low, high = one["low"], one["high"]
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        return "inconclusive"  # no interval, or the same draw over and over
    least, most = acceptable_ranges(cod)[name]
    if low >= least and high <= most:
        return "within"
    beyond = (-PRB_FAILS, PRB_FAILS) if name == "prb" else (least, most)
    return "outside" if high < beyond[0] or low > beyond[1] else "inconclusive"


def share_near_one(ratio: np.ndarray) -> tuple[float, float, float]:
    """How many ratios lie near 1, and how likely so many are by their spread alone.

    Parameters
    ----------
    ratio : ndarray of shape (n,)
        Estimate over price of each sale.

    Returns
    -------
    tuple of float
        The share within CLOSE of 1, the most that the spread implies, and the chance (binomial) of
        so many.

    Notes
    -----
    The most is that of a Laplace distribution about 1 with the same distance of the quartiles,
    which is more peaked than errors of prices are.
    """
    low, high = np.quantile(ratio, [0.25, 0.75])
    near = np.abs(ratio - 1) <= CLOSE
    scale = (high - low) / (2 * np.log(2))
    implied = 1 - np.exp(-CLOSE / scale) if scale > 0 else 1.0
    chance = bdtrc(near.sum() - 1, len(ratio), implied)
    return float(near.mean()), float(implied), float(chance)


def check_sales_chasing(
    ratio: np.ndarray, cod: Interval, fold_cod: float | None, aware: bool = False
) -> dict[str, str]:
    """Whether estimates were set to the prices they are compared with.

    Parameters
    ----------
    ratio : ndarray of shape (n,)
        Estimate over price of each sale.
    cod : Interval
        COD of the test (percent) with its interval.
    fold_cod : float or None
        COD out of fold in the past, where there is one.
    aware : bool
        Whether the estimates rest on list prices.

    Returns
    -------
    dict of str to str
        `verdict` (`no sign`, `suspect` or `cannot tell`) and `reason`.

    Notes
    -----
    The standard's first check compares values of sold homes with those of unsold ones from one
    roll; it needs two rolls and is not done.
    """
    n = len(ratio)
    if n < ENOUGH:
        return {"verdict": "cannot tell", "reason": f"{n} sales are too few for this check"}
    near, implied, chance = share_near_one(ratio)
    signs, calm = [], []
    span = f"COD {cod['value']:.1f} ({cod['low']:.1f} to {cod['high']:.1f})"
    if cod["value"] < CHASED:
        sure = "" if cod["high"] < CHASED else ", though its interval reaches above"
        signs.append(f"{span} is below {CHASED:g}, less spread than real markets leave{sure}")
        if aware:
            signs[-1] += "; this variant sees the list price, which is nearly the price itself"
    else:
        calm.append(f"{span} is not below {CHASED:g}")
    heap = f"{100 * near:.1f} % of the ratios lie within {100 * CLOSE:g} % of 1"
    if near > HEAP * implied and chance < SURE:
        signs.append(f"{heap}, where their spread implies {100 * implied:.1f} % at most")
    else:
        calm.append(f"{heap}, and their spread allows up to {100 * implied:.1f} %")
    if fold_cod is None or not np.isfinite(fold_cod):
        calm.append("no estimates of earlier sales are at hand to compare the spread with")
    elif cod["high"] < NARROWER * fold_cod:
        signs.append(f"the ratios spread less than out of fold in the past (COD {fold_cod:.1f})")
    else:
        calm.append(f"COD out of fold in the past is {fold_cod:.1f}")
    return {
        "verdict": "suspect" if signs else "no sign",
        "reason": "; ".join(signs or calm)
        + ". Sold homes are not compared with unsold ones, whose prices nobody knows.",
    }

"""Are homes of one area or price range valued at the same level as those of another?

The level of a group is the median of its ratios estimate / price. IAAO, Standard on Ratio Studies
(2013), asks that the level of each group lies within 5 % of that of all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import bdtr

from lib.models.ratio_study import proxy
from lib.models.slices import THIN, bands
from lib.models.thresholds import FAIL, OPEN, PASS, UNKNOWN


def median_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """Bounds of the median that hold with at least this confidence whatever the distribution: the
    order statistics that the binomial distribution names; nan where `values` are too few."""
    below = bdtr(np.arange(len(values) + 1), len(values), 0.5)
    rank = int(np.searchsorted(below, (1 - level) / 2)) if len(values) else 0
    if not rank:
        return np.nan, np.nan
    ordered = np.sort(values)
    return float(ordered[rank - 1]), float(ordered[-rank])


def proxy_bands(estimate: np.ndarray, price: np.ndarray) -> pd.Series:
    """Each sale's fifth by the IAAO's proxy of market value: bands cut on the price or the estimate
    alone lean towards what that one is off by."""
    return bands(pd.Series(proxy(estimate, price)))


def levels(ratio: np.ndarray, group: pd.Series, limit: float) -> pd.DataFrame:
    """One row a group: group, sales, thin, level, low, high, verdict.

    Parameters: ratios (n,), the group of each (missing: none), how far a group's level may lie from
    that of all, as a share of it. The intervals of the groups that are not thin hold together with
    95 % (Bonferroni), so that many groups do not fail by chance; thin ones get no verdict.
    """
    parts = {
        str(name): ratio[rows] for name, rows in group.groupby(group.to_numpy()).indices.items()
    }
    thick = sum(len(part) >= THIN for part in parts.values())
    whole = float(np.median(ratio)) if len(ratio) else np.nan
    floor, ceiling = whole * (1 - limit), whole * (1 + limit)
    rows = []
    for name, part in parts.items():
        low, high = median_interval(part, 1 - 0.05 / max(thick, 1))
        if len(part) < THIN or np.isnan(low):
            said = UNKNOWN
        elif high < floor or low > ceiling:
            said = FAIL
        else:
            said = PASS if low >= floor and high <= ceiling else OPEN
        rows.append((name, len(part), len(part) < THIN, float(np.median(part)), low, high, said))
    columns = ["group", "sales", "thin", "level", "low", "high", "verdict"]
    return pd.DataFrame(rows, columns=columns).astype({"thin": bool})


def summed(table: pd.DataFrame) -> str:
    """One verdict on all groups: fail if one fails, pass if all that are not thin pass."""
    said = set(table.loc[~table["thin"], "verdict"])
    if not said:
        return UNKNOWN
    return FAIL if FAIL in said else PASS if said == {PASS} else OPEN

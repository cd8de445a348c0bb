"""Which columns know too much: those that give the price away alone, those that are filled only
after the sale, those whose gaps change with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

AFTER = 0.01  # a column filled in at most this share of open listings counts as empty there
ODD = 0.05  # share of sales that may be odd
SURE = 1e-4  # chance that equal rates would differ as much
CHANGES = 0.2  # difference of filled shares that is worth a word


def power(column: pd.Series, log_price: pd.Series) -> float:
    """How much of the log price one column explains alone: R2 on rows it was not fitted on.

    Numbers and days go through a small decision tree, texts through the mean of their value,
    shrunk to the whole. Two halves (every other row) predict each other; 1 is the price itself,
    0 or less is no help. The rows that fit worst are left out (ODD of them): sales that are no
    market sales would hide what a column knows of the others.
    """
    half = np.arange(len(column)) % 2 == 0
    target = log_price.to_numpy(float)
    predicted = np.full(len(column), np.nan)
    for fit in (half, ~half):
        predicted[~fit] = _predict(column[fit], target[fit], column[~fit])
    left = (target - predicted) ** 2
    usual = left <= np.quantile(left, 1 - ODD)
    return float(1 - left[usual].sum() / ((target - target.mean()) ** 2)[usual].sum())


def _predict(known: pd.Series, target: np.ndarray, asked: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(known):
        known, asked = (
            one.astype("int64").where(one.notna()).astype(float) for one in (known, asked)
        )
    if pd.api.types.is_numeric_dtype(known):
        from sklearn.tree import DecisionTreeRegressor  # slow to import, and preflight is quick

        tree = DecisionTreeRegressor(min_samples_leaf=10, max_leaf_nodes=128, random_state=0)
        tree.fit(known.to_numpy(float).reshape(-1, 1), target)
        return tree.predict(asked.to_numpy(float).reshape(-1, 1))
    groups = pd.Series(target, index=known.index).groupby(known)
    shrunk = (groups.sum() + 5 * target.mean()) / (groups.count() + 5)
    return asked.map(shrunk).fillna(target.mean()).to_numpy(float)


def scan(
    closed: pd.DataFrame, open_: pd.DataFrame, log_price: pd.Series, limit: float
) -> pd.DataFrame:
    """One row a column that both frames share: `r2` alone, `filled_closed`, `filled_open` (share,
    missing where no listing is open) and `finding`, empty where nothing speaks against it:

    - `gives the price away`: r2 of at least `limit`;
    - `filled only after the sale`: blank or 0 in nearly all open listings, and not by chance;
    - `filled otherwise after the sale`: shares differ by CHANGES or more, and not by chance.
    """
    rows = []
    for name in closed:
        r2 = power(closed[name], log_price) if closed[name].nunique() > 1 else 0.0
        n, m = len(closed), len(open_)
        shut = closed[name].notna().mean()
        still = open_[name].notna().mean() if m else float("nan")
        finding = ""
        if r2 >= limit:
            finding = "gives the price away"
        elif any(
            before <= AFTER and (1 - after) ** m < SURE
            for after, before in ((shut, still), (told(closed[name]), told(open_[name])))
        ):
            finding = "filled only after the sale"
        elif m and abs(shut - still) >= CHANGES and _apart(shut, n, still, m):
            finding = "filled otherwise after the sale"
        rows.append((name, r2, shut, still, finding))
    columns = ["column", "r2", "filled_closed", "filled_open", "finding"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["r2", "column"], ascending=[False, True], ignore_index=True
    )


def told(cells: pd.Series) -> float:
    """Share of cells that say something: filled, and not 0."""
    return float((cells.notna() & (cells != 0)).mean())


def _apart(p: float, n: int, q: float, m: int) -> bool:
    """Whether two shares differ by more than four standard errors of equal ones."""
    both = (p * n + q * m) / (n + m)
    return abs(p - q) > 4 * np.sqrt(max(both * (1 - both), 1e-12) * (1 / n + 1 / m))

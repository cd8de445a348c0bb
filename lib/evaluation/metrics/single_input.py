"""How much of the log price a single column gives away: R2 on rows it was not fitted on."""

from __future__ import annotations

import numpy as np
import pandas as pd

ODD = 0.05  # share of sales that may be odd


FEW = 50  # filled rows from which they are judged for themselves


BLANK = {"", "-", "--", "n/a", "na", "none", "null", "nan", "?", "."}


NO = {"0", "no", "n", "false", "f"}


def held_out_r2(column: pd.Series, log_price: pd.Series) -> float:
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

        # what scikit-learn makes of numbers itself; its checks of them take longer than the tree
        x, at = (one.to_numpy(float).astype("float32").reshape(-1, 1) for one in (known, asked))
        doubt = not all(np.isfinite(one).all() for one in (x, at, target))
        tree = DecisionTreeRegressor(min_samples_leaf=10, max_leaf_nodes=128, random_state=0)
        return tree.fit(x, target, check_input=doubt).predict(at, check_input=doubt)
    groups = pd.Series(target, index=known.index).groupby(known)
    shrunk = (groups.sum() + 5 * target.mean()) / (groups.count() + 5)
    return asked.map(shrunk).fillna(target.mean()).to_numpy(float)


def input_r2(column: pd.Series, log_price: pd.Series) -> tuple[float, float]:
    """`power` of a column on all rows, and the greater of it and that on the rows alone in which
    it says something: a price in every third row is a price."""
    if column.nunique() < 2:
        return 0.0, 0.0
    some = is_informative(column)
    alone = not some.all() and some.sum() >= FEW and column[some].nunique() > 1
    whole = held_out_r2(column, log_price)
    return whole, max(whole, held_out_r2(column[some], log_price[some]) if alone else whole)


def cell_words(cells: pd.Series) -> pd.Series:
    return cells.astype("str").str.strip().str.lower()


def is_filled(cells: pd.Series) -> pd.Series:
    """Which cells hold something (boolean); words such as N/A stand for a gap."""
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return cells.notna()
    return cells.notna() & ~cell_words(cells).isin(BLANK)


def is_informative(cells: pd.Series) -> pd.Series:
    """Which cells say something (boolean): filled, and neither 0 nor no."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.notna() & (cells != 0)
    return is_filled(cells) & ~cell_words(cells).isin(NO)

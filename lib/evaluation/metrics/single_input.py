"""How much of the log price a single column gives away: R2 on rows it was not fitted on."""

from __future__ import annotations

import numpy as np
import pandas as pd

ODD = 0.05  # share of sales that may be odd
FEW = 50  # filled rows from which they are judged by themselves
BLANK = {"", "-", "--", "n/a", "na", "none", "null", "nan", "?", "."}
NO = {"0", "no", "n", "false", "f"}


def held_out_r2(column: pd.Series, log_price: pd.Series) -> float:
    """How much of the log price one column explains by itself: R2 on rows it was not fitted on.

    Parameters
    ----------
    column : Series of shape (n,)
        The input: numbers, days or texts.
    log_price : Series of shape (n,)
        Log price of each row.

    Returns
    -------
    float
        1 for the price itself; 0 or less where the column is no help.

    Notes
    -----
    Numbers and days go through a small decision tree, texts through the mean price of their value,
    shrunk to the mean of all. Two halves (every other row) predict each other. The rows that fit
    worst (a share ODD of them) are left out: sales outside the market would hide what a column
    knows of the others.
    """
    half = np.arange(len(column)) % 2 == 0
    target = log_price.to_numpy(float)
    predicted = np.full(len(column), np.nan)
    for fit in (half, ~half):
        predicted[~fit] = _predict(column[fit], target[fit], column[~fit])
    left = (target - predicted) ** 2
    usual = left <= np.quantile(left, 1 - ODD)
    return float(1 - left[usual].sum() / ((target - target.mean()) ** 2)[usual].sum())


def _predict(train: pd.Series, target: np.ndarray, query: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_any_dtype(train):
        train, query = (
            one.astype("int64").where(one.notna()).astype(float) for one in (train, query)
        )
    if pd.api.types.is_numeric_dtype(train):
        from sklearn.tree import DecisionTreeRegressor  # slow to import, and preflight is quick

        # what scikit-learn makes of numbers itself; its checks of them take longer than the tree
        x, at = (one.to_numpy(float).astype("float32").reshape(-1, 1) for one in (train, query))
        doubt = not all(np.isfinite(one).all() for one in (x, at, target))
        tree = DecisionTreeRegressor(min_samples_leaf=10, max_leaf_nodes=128, random_state=0)
        return tree.fit(x, target, check_input=doubt).predict(at, check_input=doubt)
    groups = pd.Series(target, index=train.index).groupby(train)
    shrunk = (groups.sum() + 5 * target.mean()) / (groups.count() + 5)
    return query.map(shrunk).fillna(target.mean()).to_numpy(float)


def input_r2_all_and_informative(column: pd.Series, log_price: pd.Series) -> tuple[float, float]:
    """How much of the log price one column explains, on all rows and where it says something.

    A price that stands in every third row only is still a price, so the rows with information are
    judged by themselves as well, where there are at least FEW of them.

    Parameters
    ----------
    column : Series of shape (n,)
        The input: numbers, days or texts.
    log_price : Series of shape (n,)
        Log price of each row.

    Returns
    -------
    tuple of float
        `held_out_r2` on all rows, and the greater of it and that on the informative rows alone.
    """
    if column.nunique() < 2:
        return 0.0, 0.0
    rows = is_informative(column)
    partial = not rows.all() and rows.sum() >= FEW and column[rows].nunique() > 1
    on_all = held_out_r2(column, log_price)
    return on_all, max(on_all, held_out_r2(column[rows], log_price[rows]) if partial else on_all)


def _cell_words(cells: pd.Series) -> pd.Series:
    """Cells as texts in lower case without surrounding blanks.

    Parameters
    ----------
    cells : Series of shape (n,)
        Cells of any type.

    Returns
    -------
    Series of str of shape (n,)
        The texts.
    """
    return cells.astype("str").str.strip().str.lower()


def is_filled(cells: pd.Series) -> pd.Series:
    """Which cells hold something; words such as N/A stand for a gap.

    Parameters
    ----------
    cells : Series of shape (n,)
        Cells of any type.

    Returns
    -------
    Series of bool of shape (n,)
        True where there is a value.
    """
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return cells.notna()
    return cells.notna() & ~_cell_words(cells).isin(BLANK)


def is_informative(cells: pd.Series) -> pd.Series:
    """Which cells hold something other than 0 or no.

    Parameters
    ----------
    cells : Series of shape (n,)
        Cells of any type.

    Returns
    -------
    Series of bool of shape (n,)
        True where there is a value that says something.
    """
    if pd.api.types.is_numeric_dtype(cells):
        return cells.notna() & (cells != 0)
    return is_filled(cells) & ~_cell_words(cells).isin(NO)

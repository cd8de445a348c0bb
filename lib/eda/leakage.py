"""Which columns know too much: those that give the price away alone, those that are filled only
after the sale, those whose gaps change with it."""

from __future__ import annotations

import numpy as np
import pandas as pd

AFTER = 0.01  # a column filled in at most this share of open listings counts as empty there
ODD = 0.05  # share of sales that may be odd
SURE = 1e-4  # chance that equal rates would differ as much
CHANGES = 0.12  # difference of filled shares that is worth a word
TIMES = 3  # and their ratio
SOME = 0.08  # share of sales with a yes that no open listing has, that is worth a word
FEW = 50  # filled rows from which they are judged for themselves
BLANK = {"", "-", "--", "n/a", "na", "none", "null", "nan", "?", "."}
NO = {"0", "no", "n", "false", "f"}


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

        # what scikit-learn makes of numbers itself; its checks of them take longer than the tree
        x, at = (one.to_numpy(float).astype("float32").reshape(-1, 1) for one in (known, asked))
        doubt = not all(np.isfinite(one).all() for one in (x, at, target))
        tree = DecisionTreeRegressor(min_samples_leaf=10, max_leaf_nodes=128, random_state=0)
        return tree.fit(x, target, check_input=doubt).predict(at, check_input=doubt)
    groups = pd.Series(target, index=known.index).groupby(known)
    shrunk = (groups.sum() + 5 * target.mean()) / (groups.count() + 5)
    return asked.map(shrunk).fillna(target.mean()).to_numpy(float)


def scan(
    closed: pd.DataFrame, open_: pd.DataFrame, log_price: pd.Series, limit: float
) -> pd.DataFrame:
    """One row a column that both frames share: `r2` alone, `filled_closed`, `filled_open` (share,
    missing where no listing is open) and `finding`, empty where nothing speaks against it:

    - `gives the price away`: r2 of at least `limit`;
    - `filled only after the sale`: blank, 0 or no in nearly all open listings, and not by chance;
    - `yes only after the sale`: the same of a column of yes and no, which is a yes in SOME sales;
    - `filled otherwise after the sale`: shares differ by CHANGES or TIMES, and not by chance.
    """
    rows = []
    for name in closed:
        shut, still = (float(filled(frame[name]).mean()) for frame in (closed, open_))
        whole, r2 = powers(closed[name], log_price)
        finding = gaps(closed[name], open_[name])
        # one that is filled only after the sale, in some sales, is told as that
        if whole >= limit or (r2 >= limit and "only after" not in finding):
            finding = "gives the price away"
        rows.append((name, r2, shut, still, finding))
    columns = ["column", "r2", "filled_closed", "filled_open", "finding"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["r2", "column"], ascending=[False, True], ignore_index=True
    )


def powers(column: pd.Series, log_price: pd.Series) -> tuple[float, float]:
    """`power` of a column on all rows, and the greater of it and that on the rows alone in which
    it says something: a price in every third row is a price."""
    if column.nunique() < 2:
        return 0.0, 0.0
    some = says(column)
    alone = not some.all() and some.sum() >= FEW and column[some].nunique() > 1
    whole = power(column, log_price)
    return whole, max(whole, power(column[some], log_price[some]) if alone else whole)


def gaps(closed: pd.Series, open_: pd.Series) -> str:
    """What the filled shares of a column in closed and open listings tell, in words of `scan`."""
    m = len(open_)
    if not m:
        return ""
    (shut, still), (said, unsaid) = (
        (float(share(closed).mean()), float(share(open_).mean())) for share in (filled, says)
    )
    if still <= AFTER and (1 - shut) ** m < SURE:
        return "filled only after the sale"
    if unsaid <= AFTER and (1 - said) ** m < SURE:
        if not _two_valued(pd.concat([closed, open_])):
            return "filled only after the sale"
        # a rare yes may well be of none of the open ones
        if said >= SOME and _apart(says(closed), says(open_)):
            return "yes only after the sale"
    low, high = sorted((shut, still))
    if (high - low >= CHANGES or high >= TIMES * low) and _apart(filled(closed), filled(open_)):
        return "filled otherwise after the sale"
    return ""


def _words(cells: pd.Series) -> pd.Series:
    return cells.astype("str").str.strip().str.lower()


def filled(cells: pd.Series) -> pd.Series:
    """Which cells hold something (boolean); words such as N/A stand for a gap."""
    if pd.api.types.is_numeric_dtype(cells) or pd.api.types.is_datetime64_any_dtype(cells):
        return cells.notna()
    return cells.notna() & ~_words(cells).isin(BLANK)


def says(cells: pd.Series) -> pd.Series:
    """Which cells say something (boolean): filled, and neither 0 nor no."""
    if pd.api.types.is_numeric_dtype(cells):
        return cells.notna() & (cells != 0)
    return filled(cells) & ~_words(cells).isin(NO)


def _two_valued(cells: pd.Series) -> bool:
    """Whether a column answers with a yes or a no: one thing said, and its denial."""
    some = cells[filled(cells)]
    return some[says(some)].nunique() == 1 and bool((~says(some)).any())


def _apart(closed: pd.Series, open_: pd.Series) -> bool:
    """Whether two shares (of boolean rows) differ by more than chance lets equal ones: Fisher's
    exact test, for in a few open listings one cell of a rare column is no rate."""
    from scipy.stats import fisher_exact  # slow to import, as above

    yes = [int(rows.sum()) for rows in (closed, open_)]
    no = [len(rows) - some for rows, some in zip((closed, open_), yes, strict=True)]
    return bool(fisher_exact([yes, no]).pvalue < SURE)

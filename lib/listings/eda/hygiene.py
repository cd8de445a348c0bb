"""How complete, varied, plausible and steady columns are: frames in, small tables out."""

from __future__ import annotations

import numpy as np
import pandas as pd

FEW = 20  # rows of a group below which its shares say nothing
DRIFTS = 0.25  # population stability index from which a shift is usually called large
BINS = 10


def missing_shares(frame: pd.DataFrame, names: list[str]) -> pd.Series:
    """Take the share of rows that lack each column.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    names : list of str

    Returns
    -------
    Series of float64
        Column -> share, greatest first.
    """
    share = frame[names].isna().mean()
    return share.sort_values(ascending=False, kind="stable")


def missing_shares_by(frame: pd.DataFrame, names: list[str], by: pd.Series) -> pd.DataFrame:
    """Take the share of rows that lack each column, group by group.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    names : list of str
    by : Series, shape (n,)
        The group of each row.

    Returns
    -------
    DataFrame of float64
        Columns of `frame` (rows) by groups (columns); groups of fewer than FEW rows are left out.
    """
    counts = by.value_counts()
    groups = counts[counts >= FEW].index
    kept = by.isin(groups)
    return frame.loc[kept, names].isna().groupby(by[kept]).mean().sort_index().T


def greatest_swing(
    shares: pd.DataFrame, sizes: pd.Series
) -> tuple[str, object, object, float] | None:
    """Find the column whose missing share differs most between groups.

    Parameters
    ----------
    shares : DataFrame
        A table of `missing_shares_by`.
    sizes : Series of int
        Rows of each group.

    Returns
    -------
    tuple or None
        The column, its fullest group, its emptiest group, and the standard errors between the two;
        None where fewer than two groups are left.
    """
    if shares.shape[1] < 2:
        return None
    span = shares.max(axis=1) - shares.min(axis=1)
    name = str(span.idxmax())
    least, most = shares.loc[name].idxmin(), shares.loc[name].idxmax()
    low, high = shares.loc[name, least], shares.loc[name, most]
    noise = np.sqrt(
        sum(max(p * (1 - p), 0.25 / sizes[g]) / sizes[g] for p, g in ((low, least), (high, most)))
    )
    return name, least, most, float((high - low) / noise)


def column_cardinality(frame: pd.DataFrame, kinds: dict[str, str]) -> pd.DataFrame:
    """Count how varied each column is.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    kinds : dict of str to str
        Column -> kind, of the columns to count.

    Returns
    -------
    DataFrame
        A row a column: `column`, `kind`, `filled` (share), `distinct` (count) and `top` (share of
        the filled cells that hold the commonest value).
    """
    rows = []
    for name, kind in kinds.items():
        filled = frame[name].dropna()
        counts = filled.value_counts()
        top = counts.iloc[0] / len(filled) if len(filled) else float("nan")
        rows.append((name, kind, frame[name].notna().mean(), len(counts), top))
    return pd.DataFrame(rows, columns=["column", "kind", "filled", "distinct", "top"])


def outside_fences(amount: pd.Series, group: pd.Series, width: float, least: int = 30) -> pd.Series:
    """Mark amounts outside Tukey's fences of their group.

    The fences stand on the logarithm of a positive amount, more than `width` interquartile ranges
    below the first or above the third quartile.

    Parameters
    ----------
    amount : Series of float64, shape (n,)
    group : Series, shape (n,)
    width : float
        Interquartile ranges.
    least : int
        Groups of fewer rows take the fences of all rows.

    Returns
    -------
    Series of bool, shape (n,)

    References
    ----------
    J. Tukey, Exploratory Data Analysis, 1977.
    """
    logs = np.log(amount.where(amount > 0))
    thin = group.map(logs.groupby(group).count()).fillna(0) < least
    pools = group.where(~thin, "all rows")

    def quartile(share: float) -> pd.Series:
        quartiles = pools.map(logs.groupby(pools).quantile(share))
        return quartiles.mask(thin, logs.quantile(share))

    low, high = quartile(0.25), quartile(0.75)
    reach = width * (high - low)
    return ((logs < low - reach) | (logs > high + reach)).fillna(False)


def mask_outside_ranges(
    frame: pd.DataFrame, ranges: dict[str, tuple[float, float]]
) -> pd.DataFrame:
    """Set cells outside their column's range missing.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
        Numbers.
    ranges : dict of str to tuple of float
        Column -> lowest and highest plausible value.

    Returns
    -------
    DataFrame, shape (n, k)
    """
    return frame.apply(
        lambda cells: (
            cells.where(cells.between(*ranges[cells.name])) if cells.name in ranges else cells
        )
    )


def count_outside_ranges(frame: pd.DataFrame, ranges: dict[str, tuple[float, float]]) -> pd.Series:
    """Count cells outside each column's range.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    ranges : dict of str to tuple of float
        Column -> lowest and highest plausible value.

    Returns
    -------
    Series of int64
        Column -> cells, most first.
    """
    counts = {
        name: int((frame[name].notna() & ~frame[name].between(*span)).sum())
        for name, span in ranges.items()
        if name in frame
    }
    return pd.Series(counts, dtype="int64").sort_values(ascending=False, kind="stable")


def rank_correlations(frame: pd.DataFrame, target: str, most: int = 12) -> pd.DataFrame:
    """Correlate numbers by rank (Spearman), those that go with the target best.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
        Numbers.
    target : str
    most : int
        How many numbers beside the target.

    Returns
    -------
    DataFrame of float64
        A square table, the target first; empty where the target cannot be correlated.
    """
    table = (
        frame.corr(method="spearman", min_periods=FEW).dropna(how="all").dropna(how="all", axis=1)
    )
    if target not in table:
        return pd.DataFrame()
    order = table[target].abs().sort_values(ascending=False, kind="stable").index[: most + 1]
    return table.loc[order, order]


def population_stability(frame: pd.DataFrame, names: list[str], month: pd.Series) -> pd.DataFrame:
    """Take the population stability index of each number in each later quarter.

    The first third of the rows, by month, is what the quarters after it are compared with.

    Parameters
    ----------
    frame : DataFrame, shape (n, k)
    names : list of str
        Columns of numbers.
    month : Series of datetime64, shape (n,)
        The month of each row.

    Returns
    -------
    DataFrame of float64
        Numbers (rows) by quarters (columns); quarters of fewer than FEW rows are left out.

    Notes
    -----
    PSI = sum over bins of (p - q) ln(p / q), bins at the deciles of the first third, half a row
    added to each bin. By rule of thumb 0.1 is a shift and 0.25 a large one. Without drift it is
    about (1/n + 1/m) times chi-squared with bins - 1 degrees of freedom (B. Yurdakul, Statistical
    properties of PSI, 2018); what chance exceeds once in a thousand is taken off, so that small
    quarters do not seem to drift.
    """
    from scipy.stats import chi2  # slow to import, and preflight is quick

    quarter = month.dt.to_period("Q").astype("str").where(month.notna())
    early = month <= month.quantile(1 / 3)
    later = quarter[~early & month.notna()]
    sizes = later.value_counts()
    out = {}
    for name in names:
        base = frame.loc[early, name].dropna()
        if base.nunique() < 2:
            continue
        edges = np.unique(base.quantile(np.linspace(0, 1, BINS + 1)[1:-1]))
        expected = _shares(base, edges)
        row = {}
        for label in sorted(sizes[sizes >= FEW].index):
            now = frame.loc[later.index[later == label], name].dropna()
            if len(now) >= FEW:
                actual = _shares(now, edges)
                index = float(((actual - expected) * np.log(actual / expected)).sum())
                chance = chi2.ppf(0.999, len(edges)) * (1 / len(now) + 1 / len(base))
                row[label] = max(index - chance, 0.0)
        out[name] = row
    return pd.DataFrame.from_dict(out, orient="index").sort_index(axis=1)


def _shares(values: pd.Series, edges: np.ndarray) -> np.ndarray:
    """Share of values in each bin between edges, half a row added to each."""
    counts = np.bincount(np.searchsorted(edges, values, side="left"), minlength=len(edges) + 1)
    return (counts + 0.5) / (len(values) + 0.5 * (len(edges) + 1))

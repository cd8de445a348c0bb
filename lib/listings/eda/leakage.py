"""Which columns know too much: those that give the price away alone, those that are filled only
after the sale, those whose gaps change with it."""

from __future__ import annotations

import pandas as pd

from lib.evaluation.metrics.single_input import (
    input_r2_all_and_informative,
    is_filled,
    is_informative,
)

AFTER = 0.01  # a column filled in at most this share of open listings counts as empty there
SURE = 1e-4  # chance that equal rates would differ as much
CHANGES = 0.12  # difference of filled shares that is worth a word
TIMES = 3  # and their ratio
YES_SHARE = 0.08  # share of sales with a yes that no open listing has, that is worth a word


def scan_columns(
    closed: pd.DataFrame, open_: pd.DataFrame, log_price: pd.Series, limit: float
) -> pd.DataFrame:
    """Scan the columns that closed and open listings share for those that know too much.

    Findings are, in this order (none: nothing speaks against the column):

    - `gives the price away`: r2 of at least `limit`;
    - `filled only after the sale`: blank, 0 or no in nearly all open listings, and not by chance;
    - `yes only after the sale`: the same of a column of yes and no, which is a yes in YES_SHARE
      of the sales or more;
    - `filled otherwise after the sale`: shares differ by CHANGES or TIMES, and not by chance.

    Parameters
    ----------
    closed : DataFrame, shape (n, k)
        Closed listings.
    open_ : DataFrame, shape (m, k)
        Open listings, with the same columns.
    log_price : Series of float64, shape (n,)
        Log closing price.
    limit : float
        R² of the log price, from one column alone, that gives the price away.

    Returns
    -------
    DataFrame, shape (k, 5)
        `column`, `r2`, `filled_closed`, `filled_open` (shares; missing where no listing is open)
        and `finding`, the greatest r2 first.
    """
    rows = []
    for name in closed:
        shut, still = (float(is_filled(frame[name]).mean()) for frame in (closed, open_))
        in_all, r2 = input_r2_all_and_informative(closed[name], log_price)
        finding = fill_gap_finding(closed[name], open_[name])
        # one that is filled only after the sale, in some sales, is called that
        if in_all >= limit or (r2 >= limit and "only after" not in finding):
            finding = "gives the price away"
        rows.append((name, r2, shut, still, finding))
    columns = ["column", "r2", "filled_closed", "filled_open", "finding"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        ["r2", "column"], ascending=[False, True], ignore_index=True
    )


def fill_gap_finding(closed: pd.Series, open_: pd.Series) -> str:
    """Judge a column by its filled shares in closed and open listings.

    Parameters
    ----------
    closed : Series, shape (n,)
    open_ : Series, shape (m,)

    Returns
    -------
    str
        A finding of `scan_columns`, or "".
    """
    m = len(open_)
    if not m:
        return ""
    (shut, still), (informative, informative_open) = (
        (float(share(closed).mean()), float(share(open_).mean()))
        for share in (is_filled, is_informative)
    )
    if still <= AFTER and (1 - shut) ** m < SURE:
        return "filled only after the sale"
    if informative_open <= AFTER and (1 - informative) ** m < SURE:
        if not _two_valued(pd.concat([closed, open_])):
            return "filled only after the sale"
        # a rare yes may well be of none of the open ones
        if informative >= YES_SHARE and _apart(is_informative(closed), is_informative(open_)):
            return "yes only after the sale"
    low, high = sorted((shut, still))
    if (high - low >= CHANGES or high >= TIMES * low) and _apart(
        is_filled(closed), is_filled(open_)
    ):
        return "filled otherwise after the sale"
    return ""


def _two_valued(cells: pd.Series) -> bool:
    """Whether a column answers with a yes or a no: one value, and its denial."""
    some = cells[is_filled(cells)]
    return some[is_informative(some)].nunique() == 1 and bool((~is_informative(some)).any())


def _apart(closed: pd.Series, open_: pd.Series) -> bool:
    """Whether two shares (of boolean rows) differ by more than chance lets equal ones: Fisher's
    exact test, for in a few open listings one cell of a rare column is no rate."""
    from scipy.stats import fisher_exact  # slow to import

    yes = [int(rows.sum()) for rows in (closed, open_)]
    no = [len(rows) - some for rows, some in zip((closed, open_), yes, strict=True)]
    return bool(fisher_exact([yes, no]).pvalue < SURE)

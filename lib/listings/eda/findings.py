"""One sentence for each picture of the analysis, made of what was counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.common.vocabulary import NEWEST_STATE_DOUBTS
from lib.listings.contract.reso import UNKNOWN, UNSTATED
from lib.listings.contract.row_rules import is_valued
from lib.listings.eda import hygiene


def format_percent(share: float) -> str:
    """0.123 -> 12 %; small shares with one digit, and never 0 or 100 for what is not."""
    shown = f"{100 * share:.0f} %"
    if (share and shown in ("0 %", "1 %", "2 %")) or (share < 1 and shown == "100 %"):
        shown = f"{100 * share:.1f} %"
    return "under 0.1 %" if share and shown == "0.0 %" else shown


def list_names(names: list[str], most: int = 4) -> str:
    """`a`, `b` and `c`; of many the first few and how many more."""
    shown = [f"`{name}`" for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + " and " + shown[-1]


def describe_missing(shares: pd.Series) -> str:
    """Say how many columns have gaps, and which most.

    Parameters
    ----------
    shares : Series of float
        Column -> share of rows that lack it, greatest first (`hygiene.missing_shares`).

    Returns
    -------
    str
    """
    full = int((shares == 0).sum())
    gaps = shares[shares > 0]
    if gaps.empty:
        return f"All {len(shares)} columns are filled in every row."
    worst = ", ".join(f"`{name}` ({format_percent(share)})" for name, share in gaps.head(3).items())
    empty = list(shares[shares == 1].index)
    end = f" Nothing at all is in {list_names(empty)}." if empty else ""
    return (
        f"{full} of {len(shares)} columns are filled in every row; most is missing in {worst}.{end}"
    )


def describe_odd_points(reasons: pd.Series, points: int) -> str:
    """Say which coordinates cannot be the homes', and why.

    Parameters
    ----------
    reasons : Series of str, shape (n,)
        From `odd_points.odd_points`, "" where nothing is odd.
    points : int
        Listings that have coordinates.

    Returns
    -------
    str
        "" where none is odd.
    """
    odd = reasons[reasons != ""]
    if odd.empty:
        return ""
    counts = odd.value_counts().rename_axis("reason").reset_index(name="rows")
    counts = counts.sort_values(["rows", "reason"], ascending=[False, True])
    parts = "; ".join(f"{row.reason} ({row.rows:,})" for row in counts.itertuples())
    return (
        f"Coordinates of {len(odd):,} of {points:,} listings that have any are not a home's and "
        f"will be set missing: {parts}."
    )


def describe_missing_by(shares: pd.DataFrame, sizes: pd.Series, what: str) -> str:
    """Say which column's gaps differ most between groups, and whether chance may explain it.

    Parameters
    ----------
    shares : DataFrame
        Columns by groups (`hygiene.missing_shares_by`).
    sizes : Series of int
        Rows of each group.
    what : str
        What a group is, such as month.

    Returns
    -------
    str
    """
    swing = hygiene.greatest_swing(shares, sizes)
    if swing is None:
        return f"There are too few {what}s with {hygiene.FEW} rows to compare."
    name, least, most, errors = swing
    low, high = shares.loc[name, least], shares.loc[name, most]
    if high - low < 0.005:
        return f"No column is missing more in one {what} than in another."
    sure = (
        "far more than chance would give" if errors > 4 else "which so few rows may show by chance"
    )
    return (
        f"Between {what}s `{name}` differs most: {format_percent(low)} is missing in "
        f"{label_group(least)} and {format_percent(high)} in {label_group(most)}, {sure}."
    )


def label_group(group: object) -> str:
    """The name of a group: a month as 2024-05, else its text."""
    return f"{group:%Y-%m}" if isinstance(group, pd.Timestamp) else str(group)


def describe_spread(price: pd.Series, frame: pd.DataFrame) -> str:
    """Say where closing prices lie and which number has the longest tail.

    Parameters
    ----------
    price : Series of float64, shape (n,)
        Closing prices in the feed's currency.
    frame : DataFrame, shape (n, k)
        The other numbers.

    Returns
    -------
    str
    """
    low, middle, high = price.quantile([0.25, 0.5, 0.75])
    skews = frame.skew().dropna()
    text = (
        f"Half of the closing prices lie between {low:,.0f} and {high:,.0f}, "
        f"with {middle:,.0f} in the middle"
    )
    if skews.empty or skews.abs().max() < 1:
        return text + ", and no number has a long tail."
    name = str(skews.abs().idxmax())
    tail = "large" if skews[name] > 0 else "small"
    return (
        text
        + f"; `{name}` has the longest tail (skewness {skews[name]:.1f}), towards {tail} values."
    )


def describe_correlations(table: pd.DataFrame, target: str) -> str:
    """Say which number is correlated with the price most, and which two with each other.

    Parameters
    ----------
    table : DataFrame, shape (k, k)
        Rank correlations (`hygiene.rank_correlations`), the target first.
    target : str

    Returns
    -------
    str
    """
    if len(table) < 2:
        return "There are too few numbers to correlate."
    best = table[target].drop(target)
    pairs = (
        table.drop(target)
        .drop(columns=target)
        .abs()
        .where(np.tril(np.ones((len(table) - 1,) * 2), -1).astype(bool))
    )
    text = (
        f"Among the numbers `{best.index[0]}` goes along with the price best "
        f"(rank correlation {best.iloc[0]:.2f})"
    )
    if pairs.notna().any().any():
        a, b = pairs.stack().idxmax()
        text += (
            f"; of those shown, the two that say most nearly the same are `{b}` and `{a}` "
            f"({table.loc[a, b]:.2f})"
        )
    return text + "."


def describe_outliers(
    cells: pd.Series, out: pd.Series, price: pd.Series, width: float, sized: bool = True
) -> str:
    """Say what lies outside the contract's ranges and Tukey's fences.

    Parameters
    ----------
    cells : Series of int
        Column -> cells outside its range, most first.
    out : Series of bool, shape (n,)
        Closed listings outside the fences.
    price : Series of float64, shape (n,)
        Their closing prices.
    width : float
        Of the fences, in interquartile ranges.
    sized : bool
        Whether any home has a size.

    Returns
    -------
    str
    """
    and_size = " and price per square foot" if sized else ""
    total = int(cells.sum())
    text = "No cell of a closed listing lies outside the contract's ranges. "
    if total:
        text = (
            f"{total} cells of closed listings lie outside the contract's ranges, most of them in "
            f"`{cells.index[0]}`; `normalize` drops them. "
        )
    if not out.any():
        return (
            text
            + f"No closed listing lies outside Tukey's fences at {width:g} interquartile ranges."
        )
    cheap = int((price[out] < price.median()).sum())
    return text + (
        f"Tukey's fences at {width:g} interquartile ranges, on price{and_size} in "
        f"each market area, would exclude {int(out.sum())} of {len(out)} closed listings "
        f"({format_percent(out.mean())}), {cheap} of them below the median price."
    )


VERBS = {  # of one column, of several
    "gives the price away": ("gives the price away", "give the price away"),
    "filled only after the sale": ("is filled only after the sale", "are filled only after it"),
    "yes only after the sale": ("is a yes only after the sale", "are a yes only after it"),
    "filled otherwise after the sale": (
        "is filled more or less often after the sale than before",
        "are filled more or less often after the sale than before",
    ),
}


def describe_leaks(scan: pd.DataFrame, opened: int) -> str:
    """Say which columns know too much.

    Parameters
    ----------
    scan : DataFrame
        From `leakage.scan_columns`.
    opened : int
        Open listings that were compared.

    Returns
    -------
    str
    """
    parts = []
    for finding, rows in scan[scan["finding"] != ""].groupby("finding", sort=False):
        names = list(rows["column"])
        parts.append(f"{list_names(names)} {VERBS[str(finding)][len(names) > 1]}")
    text = "; ".join(parts) + "." if parts else "No column knows more than it should."
    if not opened:
        text += " No listing is open, so what is filled only after the sale cannot be told."
    best = scan[(scan["finding"] == "") & (scan["r2"] >= 0.01)].head(1)
    if len(best):
        text += (
            f" {'Of the rest' if parts else 'Alone'}, `{best['column'].iloc[0]}` explains most of "
            f"the log price (R² {best['r2'].iloc[0]:.2f})."
        )
    return text


def describe_drift(table: pd.DataFrame) -> str:
    """Say which number drifts most, and in which quarter.

    Parameters
    ----------
    table : DataFrame
        Numbers by quarters (`hygiene.population_stability`).

    Returns
    -------
    str
    """
    if table.empty or table.isna().all().all():
        return "There are too few rows in later quarters to tell drift from chance."
    worst = table.max(axis=1).sort_values(ascending=False, kind="stable")
    name = worst.index[0]
    if worst.iloc[0] == 0:
        return "No number drifts more, against the first third of the closings, than chance would."
    large = list(worst[worst > hygiene.DRIFTS].index)
    end = (
        f"{list_names(large)} {'pass' if len(large) > 1 else 'passes'} {hygiene.DRIFTS:g}, "
        "from which a shift is called large"
        if large
        else f"none passes {hygiene.DRIFTS:g}, from which a shift is called large"
    )
    return (
        f"Against the first third of the closings `{name}` drifts most, with a PSI of "
        f"{worst.iloc[0]:.2f} above chance in {table.loc[name].idxmax()}; {end}."
    )


def describe_classes(classes: pd.Series, bare: pd.Series, valued: list[str]) -> str:
    """Say of which classes of property the listings are, and what looks like another.

    Parameters
    ----------
    classes : Series of str, shape (n,)
        `property_class` of each listing.
    bare : Series of bool, shape (n,)
        Whether it states nothing of a home (`row_rules.lacks_home_facts`).
    valued : list of str
        The contract's `valued_classes`.

    Returns
    -------
    str
    """
    apart, told = ~is_valued(classes, valued), ~classes.isin([UNSTATED, UNKNOWN])
    counts = classes[apart & told].value_counts().sort_index()
    parts = []
    if not told.any():
        parts.append("The feed does not say what kind of property a listing is: all count as homes")
    elif counts.empty:
        parts.append(f"By their types all listings are {' or '.join(valued)} property")
    else:
        names = ", ".join(f"{count:,} are {name}" for name, count in counts.items())
        alone = f"the feed values {' and '.join(valued)} alone"
        parts.append(f"By their types {names}; these stand apart, since {alone}")
    if (classes == UNKNOWN).any():
        many = int((classes == UNKNOWN).sum())
        parts.append(
            f"The type of {many:,} is not explained by the contract's `property_classes`: "
            "these stand apart too"
        )
    if (bare & ~apart).any():
        many = int((bare & ~apart).sum())
        parts.append(
            f"{many:,} that count as homes state neither size, bedrooms, baths nor year built: "
            "look whether they are land"
        )
    return ". ".join(parts) + "."


def describe_duplicates(rows: pd.DataFrame, rows_in: int) -> str:
    """Say how many rows repeat a listing, and as what.

    Parameters
    ----------
    rows : DataFrame
        duplicates.csv: `_reason`, `_source_file` and `_kept_file`.
    rows_in : int
        Rows of the feed.

    Returns
    -------
    str
    """
    if rows.empty:
        return f"None of the {rows_in:,} rows repeats another."
    counts = rows["_reason"].value_counts()
    parts = ", ".join(f"{count:,} as {reason}" for reason, count in counts.items())
    across = int((rows["_source_file"] != rows["_kept_file"]).sum())
    return (
        f"{len(rows):,} of {rows_in:,} rows ({format_percent(len(rows) / rows_in)}) repeat "
        f"a listing, {parts}; "
        f"{across:,} of them stand in another file than the row that is kept."
    )


def describe_doubts(newest: dict[str, int]) -> list[str]:
    """Say of how many listings the newest state is in doubt, by staging's counts: a line each,
    behind an empty one."""
    doubts = {why: newest.get(name, 0) for name, why in NEWEST_STATE_DOUBTS.items()}
    told = [f"{listings:,} listings: {why}." for why, listings in doubts.items() if listings]
    return [line for one in told for line in ("", one)]


def describe_photos(counts: pd.DataFrame) -> str:
    """Say how complete the albums are, and in which month least.

    Parameters
    ----------
    counts : DataFrame
        Listings by month (rows) and photo status (columns).

    Returns
    -------
    str
    """
    total = counts.sum()
    shares = total / total.sum()
    parts = ", ".join(f"{name} {format_percent(share)}" for name, share in shares.items() if share)
    lacking = 1 - counts.get("complete", 0) / counts.sum(axis=1)
    return (
        f"Of the listings: {parts}; the month with the fewest complete albums is "
        f"{lacking.idxmax():%Y-%m} ({format_percent(lacking.max())} lack some or all)."
    )

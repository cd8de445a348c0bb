"""Day before month or month before day: what a column's own cells say about it.

A day above 12 is read one way alone. Where a contract gives both orders, a column of one order is
read by that; in a column of both, a day up to 12 cannot be told from a month.
"""

from __future__ import annotations

import pandas as pd

from lib.listings.contract import parse_values

FEWEST_DATES = 10  # dates from which on their days are a distribution
BOTH_WAYS = "day or month: the column writes both first"


def settle_order(text: pd.Series, formats: list[str]) -> tuple[list[str], pd.Series]:
    """Find the formats for one column of a feed whose formats have both orders.

    Parameters
    ----------
    text : Series of str, shape (n,)
        All cells of the column.
    formats : list of str
        The feed's formats, in order.

    Returns
    -------
    formats : list of str
        Those of the order that the cells settle before those of the other.
    unclear : Series of bool, shape (n,)
        The cells that read both ways, as different days, in a column with cells of both orders.
    """
    unclear = pd.Series(False, index=text.index)
    for form in formats:
        other = swap_day_and_month(form)
        if other == form or other not in formats or formats.index(other) < formats.index(form):
            continue
        one, two = (parse_values.parse_moments(text, [name]) for name in (form, other))
        first, second = (one.notna() & two.isna()).any(), (two.notna() & one.isna()).any()
        if first and second:
            unclear |= one.notna() & two.notna() & (one != two)
        elif second:
            formats = [{form: other, other: form}.get(name, name) for name in formats]
    return formats, unclear


def find_mangled(text: pd.Series, formats: list[str]) -> tuple[str, str] | None:
    """Find the trace of a spreadsheet that took days up to 12 for months.

    It turns what it can read in its own order into dates, with day and month exchanged, and leaves
    days above 12 as the text they were: two formats, of which one has no day above 12 and the other
    none up to 12. By chance ten dates have no day above 12 once in ten thousand times.

    Parameters
    ----------
    text : Series of str, shape (n,)
    formats : list of str
        The formats that the column is read by, in order.

    Returns
    -------
    tuple of str or None
        (the format of the exchanged dates, the format of the others).
    """
    left = pd.Series(text.dropna().unique(), dtype="str").str.strip()
    days: dict[str, pd.Series] = {}
    for form in formats:
        read = parse_values.parse_moments(left, [form])
        days[form] = read.dropna().dt.day
        left = left[read.isna()]
    low = [form for form, day in days.items() if _spread(day) and (day <= 12).all()]
    high = [form for form, day in days.items() if _spread(day) and (day > 12).all()]
    # two orders of one form are two sources, not a spreadsheet: see `settle_order`
    pairs = [(one, two) for one in low for two in high if swap_day_and_month(one) != two]
    return pairs[0] if pairs else None


def _spread(day: pd.Series) -> bool:
    return len(day) >= FEWEST_DATES and day.nunique() >= 3


def months_betray_swap(day: pd.Series) -> bool:
    """Whether dates with a day up to 12 fit the months of the others only with both exchanged.

    Where a spreadsheet has swapped the days up to 12 of a column and wrote all alike, many of those
    dates lie in months that no other date reaches, and exchanged hardly any does. Dates that keep
    to a few days of the month, as those known to the month do, say nothing.

    Parameters
    ----------
    day : Series of datetime64[us], shape (n,)

    Returns
    -------
    bool
    """
    day = day.dropna()
    low = day[day.dt.day <= 12]
    sure, open_ = day[day.dt.day > 12], low[low.dt.day != low.dt.month]
    if len(open_) < FEWEST_DATES or len(sure) < len(low) / 2:
        return False
    if low.dt.day.value_counts(normalize=True).max() > 0.4:
        return False
    months = set(sure.dt.year * 12 + sure.dt.month)
    alone = ~(open_.dt.year * 12 + open_.dt.month).isin(months)
    alone_exchanged = ~(open_.dt.year * 12 + open_.dt.day).isin(months)
    return bool(alone.sum() >= FEWEST_DATES and alone_exchanged.sum() <= alone.sum() / 10)


def swap_day_and_month(form: str) -> str:
    """Exchange day and month in a format of strptime."""
    return form.replace("%m", "%x").replace("%d", "%m").replace("%x", "%d")

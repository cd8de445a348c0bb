"""What spreadsheets make of cells: days and months exchanged, codes rounded or without their zeros.

A day above 12 is read one way alone. Where a contract gives both orders, a column of one order is
read by that; in a column of both, a day up to 12 cannot be told from a month. Of codes,
Excel keeps 15 digits and shows long ones as 2.02E+11; what is gone cannot be restored, so such a
key is refused and never compared.
"""

from __future__ import annotations

import pandas as pd

from lib.listings.contract import parse_values

FEWEST_DATES = 10  # dates from which on their days are a distribution
FEWEST_LATE = 15  # and from which on all lie after the 12th once in two thousand times
MOST_OF_A_DAY = 0.4  # dates that keep to one day of the month are known to the month alone
BOTH_WAYS = "day or month: the column writes both first"
# as patterns of a whole code, which Python and DuckDB (RE2) read alike. Excel writes E+11, other
# tools e+11 behind a decimal point; 12E45 is a key that somebody gave
SCIENTIFIC = r"[0-9]+[.,][0-9]+[eE][+-]?[0-9]{1,3}|[0-9]+[eE]\+[0-9]{1,3}"
GROUPED = r"[0-9]{1,3}(,[0-9]{3})+"
ROUNDED = r"[0-9]{15}0+"
LONG = r"[0-9]{16,}"
POINT_ZERO = r"[0-9]{1,15}\.0+"  # a whole number that a tool has made a decimal one

NOTATION = "in scientific notation, so a spreadsheet has rounded it; export it again as text"
SEPARATORS = "with thousands separators, as a spreadsheet writes numbers; export it again as text"
ZEROS = "rounded to 15 digits by a spreadsheet; export it again as text"
DAMAGES = (NOTATION, SEPARATORS, ZEROS)
LEAST_ROUNDED = 3  # codes; one or two may end in zeros by chance
# states whose ZIP codes begin with 0, which a number loses
ZERO_STATES = {
    "CT": "CONNECTICUT",
    "MA": "MASSACHUSETTS",
    "ME": "MAINE",
    "NH": "NEW HAMPSHIRE",
    "NJ": "NEW JERSEY",
    "PR": "PUERTO RICO",
    "RI": "RHODE ISLAND",
    "VI": "VIRGIN ISLANDS",
    "VT": "VERMONT",
}


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


def swapped_dates_message(text: pd.Series, formats: list[str]) -> tuple[str, str] | None:
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
    days = _days_by_format(text, formats)
    low = [form for form, day in days.items() if _spread(day) and (day <= 12).all()]
    high = [form for form, day in days.items() if _spread(day) and (day > 12).all()]
    # two orders of one form are two sources, not a spreadsheet: see `settle_order`
    pairs = [(one, two) for one in low for two in high if swap_day_and_month(one) != two]
    return pairs[0] if pairs else None


def find_half_mangled(text: pd.Series, formats: list[str]) -> tuple[str, str] | None:
    """Find half the trace of swapped dates, where other rows are written as the other half is.

    The exchanged dates then cannot be told from the others of their format.

    Parameters
    ----------
    text : Series of str, shape (n,)
        All cells of the column.
    formats : list of str
        The formats that the column is read by, in order.

    Returns
    -------
    tuple of str or None
        A format, and the days that it lacks, though others have both: "up to" or "above" the 12th.
    """
    days = _days_by_format(text, formats)
    for form, day in days.items():
        # of a format read both ways, what each reads goes by the order they are tried in
        other = swap_day_and_month(form)
        if (other in days and other != form) or not _spread(day):
            continue
        if day.value_counts(normalize=True).max() > MOST_OF_A_DAY:
            continue
        rest = pd.concat([some for name, some in days.items() if name != form] + [day.iloc[:0]])
        if not ((rest <= 12).any() and (rest > 12).any()):
            continue
        if (day > 12).all() and len(day) >= FEWEST_LATE:
            return form, "up to"
        if (day <= 12).all():
            return form, "above"
    return None


def _days_by_format(text: pd.Series, formats: list[str]) -> dict[str, pd.Series]:
    """The days of the month of the distinct dates that each format is the first to read."""
    left = pd.Series(text.dropna().unique(), dtype="str").str.strip()
    days: dict[str, pd.Series] = {}
    for form in formats:
        read = parse_values.parse_moments(left, [form])
        days[form] = read.dropna().dt.day
        left = left[read.isna()]
    return days


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
    if low.dt.day.value_counts(normalize=True).max() > MOST_OF_A_DAY:
        return False
    months = set(sure.dt.year * 12 + sure.dt.month)
    alone = ~(open_.dt.year * 12 + open_.dt.month).isin(months)
    alone_exchanged = ~(open_.dt.year * 12 + open_.dt.day).isin(months)
    return bool(alone.sum() >= FEWEST_DATES and alone_exchanged.sum() <= alone.sum() / 10)


def swap_day_and_month(form: str) -> str:
    """Exchange day and month in a format of strptime."""
    return form.replace("%m", "%x").replace("%d", "%m").replace("%x", "%d")


def _most_by_chance(length: int) -> float:
    """The share of codes of so many digits (over 15) that may end in zeros from the 16th on without
    a spreadsheet's doing: ten times what chance gives, at most half of them."""
    return min(0.5, 10.0 * 10.0 ** (15 - length))


def rounded_lengths(counts: dict[int, tuple[int, int]]) -> list[int]:
    """The lengths of code that a spreadsheet has rounded to 15 digits.

    `counts` holds for each number of digits (over 15) the codes and those of them that have zeros
    from the 16th digit on.
    """
    return sorted(
        length
        for length, (codes, zeros) in counts.items()
        if zeros >= LEAST_ROUNDED and zeros > _most_by_chance(length) * codes
    )


def damaged_codes_message(codes: pd.Series) -> pd.Series:
    """Say what a spreadsheet has done to codes that cannot be restored.

    Parameters
    ----------
    codes : Series of str, shape (n,)
        Codes of one file, since rounding shows in many of them.

    Returns
    -------
    Series of str, shape (n,)
        NOTATION, SEPARATORS or ZEROS; missing where a code is sound.

    Examples
    --------
    >>> damaged_codes_message(pd.Series(["2.02E+11", "20240001", "1,234"])).notna().tolist()
    [True, False, True]
    """
    plain = codes.str.strip()
    damage = pd.Series(None, index=codes.index, dtype="str")
    damage = damage.mask(_fits(plain, SCIENTIFIC), NOTATION)
    damage = damage.mask(_fits(plain, GROUPED), SEPARATORS)
    long, zeros = plain[_fits(plain, LONG)], _fits(plain, ROUNDED)
    size = long.str.len()
    counts = {
        int(length): (len(some), int(zeros[some.index].sum()))
        for length, some in size.groupby(size)
    }
    rounded = size.index[size.isin(rounded_lengths(counts)) & zeros[size.index]]
    return damage.mask(damage.index.isin(rounded), ZEROS)


def _fits(codes: pd.Series, pattern: str) -> pd.Series:
    return codes.str.fullmatch(pattern).fillna(False).astype(bool)


def restore_zip_zeros(zips: pd.Series, states: pd.Series) -> pd.Series:
    """Restore the zeros that ZIP codes have lost in states where all begin with one.

    Parameters
    ----------
    zips : Series of str, shape (n,)
        ZIP codes as the export wrote them.
    states : Series of str, shape (n,)
        State of each row, as two letters or by its name.

    Returns
    -------
    Series of str, shape (n,)
        2139 of Massachusetts is 02139; what is no short ZIP code of such a state stays as it was.

    Examples
    --------
    >>> restore_zip_zeros(pd.Series(["2139", "2139"]), pd.Series(["MA", "TX"])).tolist()
    ['02139', '2139']
    """
    there = states.str.strip().str.upper().isin({*ZERO_STATES, *ZERO_STATES.values()})
    return zips.where(~there, parse_values.pad_zips(zips))

"""What the values of one export column look like: numbers, dates, ZIPs, notations of baths.

A column is profiled once; each field of the dictionary is then compared with the profile.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import pandas as pd

from lib.listings.contract import parse_values
from lib.listings.contract.contract import SERIALS
from lib.listings.contract.reso import ResoDictionary, ResoField, fold_header

# the first of those that read equally many cells wins: month before day, as in the US, but for dots
FORMATS = [
    "%m/%d/%Y", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%z", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %H:%M", "%m/%d/%y", "%m/%d/%y %H:%M", "%m/%d/%y %I:%M %p",
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%y", "%m.%d.%Y", "%m.%d.%y",
    "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p", "%d/%m/%y", "%d/%m/%y %H:%M", "%d/%m/%y %I:%M %p", "%m-%d-%Y",
    "%m-%d-%Y %H:%M", "%m-%d-%Y %H:%M:%S", "%m-%d-%y", "%d-%m-%Y", "%d-%m-%Y %H:%M",
    "%d-%m-%Y %H:%M:%S", "%d-%m-%y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y.%m.%d", "%Y%m%d",
    "%Y%m%dT%H%M%S", "%Y%m%d%H%M%S", "%d-%b-%Y", "%d-%b-%y", "%d-%b-%Y %H:%M:%S", "%d %b %Y",
    "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y", "%A, %B %d, %Y",
    "%b %d %Y %I:%M%p", "%b %d, %Y %I:%M %p", "%d %b %Y %H:%M",
    "%Y-%d-%m", "%Y/%d/%m", "%m%d%Y", "%d%m%Y", "%y-%m-%d", "%y/%m/%d", "%y.%m.%d",
]  # fmt: skip
# what stands between the parts of a date: a text that lacks one of a format's marks is not in it
MARKS = {form: frozenset(re.sub("%.| ", "", form)) for form in FORMATS}
FEWEST_DATES = 10  # dates from which on the years that they span tell how they are written
BUCKETS = 500  # distinct values looked at: parsing dates in many formats is slow


@dataclass(frozen=True)
class ColumnProfile:
    """One column's values. `texts` are distinct, at most BUCKETS; shares are of the filled cells
    that these stand for."""

    rows: int
    filled: int
    distinct: int
    counts: pd.Series  # trimmed text -> how many cells hold it, most frequent first
    dates: float
    numbers: pd.Series  # number of each text of `texts`, missing where it is none
    serials: float = 0.0  # dates written as one number, if the column is one of dates

    @property
    def texts(self) -> pd.Series:
        """The distinct values looked at."""
        return self.counts.index[:BUCKETS].to_series(index=range(min(BUCKETS, self.distinct)))

    def share(self, fits: pd.Series) -> float:
        """The share of cells whose text fits; `fits` is aligned with `texts`."""
        weights = self.counts.iloc[:BUCKETS].to_numpy()
        return float((fits.to_numpy() * weights).sum() / weights.sum()) if self.filled else 0.0

    @property
    def unique(self) -> float:
        """Distinct values over filled cells: 1 for a key."""
        return self.distinct / self.filled if self.filled else 0.0


def profile_column(column: pd.Series) -> ColumnProfile:
    """Profile a column of text.

    Parameters
    ----------
    column : Series of str, shape (n,)

    Returns
    -------
    ColumnProfile
    """
    filled = column[~parse_values.is_blank(column)].str.strip()
    counts = filled.value_counts(sort=False)
    counts = counts.sort_values(ascending=False, kind="stable")
    texts = counts.index[:BUCKETS].to_series(index=range(min(BUCKETS, len(counts)))).astype("str")
    profile = ColumnProfile(
        len(column), len(filled), len(counts), counts, 0.0, parse_values.parse_number(texts)
    )
    read = parse_dates(texts, detect_date_formats([texts])).notna()
    serials = max(
        profile.share(parse_values.parse_moments(texts, [form]).notna() | read) for form in SERIALS
    )
    return replace(profile, dates=profile.share(read), serials=serials)


def parse_dates(texts: pd.Series, forms: list[str]) -> pd.Series:
    """Parse calendar dates between 1800 and 2200; a number is one only if it has eight digits.

    Parameters
    ----------
    texts : Series of str, shape (n,)
    forms : list of str
        Formats of strptime, tried in order.

    Returns
    -------
    Series of datetime64[us], shape (n,)
    """
    return _days(texts.where(_likely(texts)), forms)


def _likely(texts: pd.Series) -> pd.Series:
    """Which texts may be dates: parsing is slow, and most columns hold none."""
    length = texts.str.len()
    number = parse_values.parse_number(texts).notna() & ~length.isin([8, 14])
    return (texts.str.contains("[0-9]") & length.between(6, 35) & ~number).astype(bool)


def _days(texts: pd.Series, forms: list[str]) -> pd.Series:
    day = parse_values.parse_moments(texts, forms)
    return day.where(day.dt.year.between(1800, 2200))


def detect_date_formats(columns: list[pd.Series]) -> list[str]:
    """Find the fewest of FORMATS that read these columns' cells, the one that reads most first.

    All date columns of an export are looked at together, since a day above 12 in one of them
    settles whether the month comes first in all.

    Parameters
    ----------
    columns : list of Series of str

    Returns
    -------
    list of str
    """
    left = pd.concat(columns, ignore_index=True) if columns else pd.Series([], dtype="str")
    total, chosen = len(left), []
    left = left[_likely(left)]
    while len(left):
        best, read = "", pd.Series(False, index=left.index)
        letters = [frozenset(text.upper()) for text in left]
        for form in FORMATS:
            if not any(MARKS[form] <= some for some in letters):
                continue  # to look for marks is far quicker than to parse
            fits = _days(left, [form]).notna()
            if fits.sum() > read.sum():
                best, read = form, fits
        if read.sum() <= 0.002 * total:
            break  # the rest are errors of typing, not a format
        best = _year_first(left, best)
        chosen.append(best)
        left = left[~read]
    return chosen


def _year_first(texts: pd.Series, form: str) -> str:
    """A format of short years, or the same with the year before the month where that reads as many
    dates within less than half the time: 23-05-14 lies among its neighbours in 2023 or in 2014."""
    sign = form[2:3]
    first = f"%y{sign}%m{sign}%d"
    if not form.endswith("%y") or first not in FORMATS:
        return form
    day, other = _days(texts, [form]).dropna(), _days(texts, [first]).dropna()
    if len(other) < max(len(day), FEWEST_DATES):
        return form
    return first if other.max() - other.min() < (day.max() - day.min()) / 2 else form


def _fold_words(lists: dict[str, list[str]]) -> set[str]:
    """All keys and words of a list by key, in plain form."""
    return {fold_header(word) for key, some in lists.items() for word in (key, *some)}


def share_that_fits(profile: ColumnProfile, field: ResoField, book: ResoDictionary) -> float | None:
    """The share of filled cells that read as values of `field`; None for a column without any."""
    if not profile.filled:
        return None
    texts, numbers = profile.texts.astype("str"), profile.numbers
    if field.type == "timestamp":  # one without a time of day is hardly one
        if profile.serials > profile.dates:
            return profile.serials
        return profile.dates if texts.str.contains("[0-9]:[0-9]|T[0-9]{6}").mean() > 0.5 else (
            0.6 * profile.dates
        )  # fmt: skip
    if field.type == "date":  # asked of a column with such a name alone, so numbers count
        return max(profile.dates, profile.serials)
    if field.type == "postal_code":
        return profile.share(parse_values.parse_postal_code(texts).notna())
    if field.type == "yes_no":
        return (
            profile.share(parse_values.parse_yes_no(texts).notna())
            if profile.distinct <= 10
            else 0.0
        )
    if field.type == "baths_full_slash_half":
        return profile.share(texts.str.fullmatch(r"[0-9]+ ?/ ?[0-9]+").astype(bool))
    if field.type in ("number", "count", "baths_full_half", "baths_decimal"):
        fits = numbers.notna()
        if field.range:
            inside = numbers.between(*field.range)
            if field.unit == "square feet":  # or in square meters: `infer` asks which
                inside |= (numbers * book.areas["square meters"]).between(*field.range)
            fits &= inside
        if field.type == "count":
            fits &= numbers % 1 == 0
        return profile.share(fits)
    if field.type == "text":
        return 1.0 if texts.str.len().mean() > 30 else 0.2
    if field.looks in ("status", "lease"):
        words = _fold_words(book.statuses) if field.looks == "status" else {
            fold_header(word) for some in book.leases.values() for word in some
        }  # fmt: skip
        # of the different words: a single local word may stand in most rows
        return float(texts.map(fold_header).isin(words).mean()) if profile.distinct <= 50 else 0.0
    if field.looks == "identity":
        return profile.unique
    if field.looks == "words":
        return profile.share(texts.str.contains("[A-Za-z]").astype(bool)) * (1 - profile.dates)
    return 1.0


def bath_notation(profile: ColumnProfile) -> str | None:
    """How one column writes baths: 2/1, 2.1 or 2.5; None where whole numbers leave it open."""
    texts = profile.texts.astype("str")
    if profile.share(texts.str.fullmatch(r"[0-9]+ ?/ ?[0-9]+").astype(bool)) > 0.5:
        return "baths_full_slash_half"
    part = ((profile.numbers % 1) * 100).round()
    decimal, dotted = (
        profile.share(part.isin([25, 50, 75])),
        profile.share(part.isin([10, 20, 30, 40])),
    )
    if max(decimal, dotted) == 0:
        return None
    return "baths_decimal" if decimal > dotted else "baths_full_half"

"""How an export's date columns are written: each column's formats, and whether the day comes first.

A day above 12 settles it for its column, and for the columns written alike that have none. What no
column settles is a question for a person, as are columns in which a spreadsheet has swapped days
and months.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import pandas as pd

from lib.listings.contract import parse_values, spreadsheets
from lib.listings.contract.contract import SERIALS
from lib.listings.contract.spreadsheets import swap_day_and_month
from lib.listings.onboarding import column_profile
from lib.listings.onboarding.column_profile import FORMATS, parse_dates

SEQUENCE = (  # the dates of a deal as they follow
    "listing_contract_date", "purchase_contract_date", "close_date", "modification_timestamp",
)  # fmt: skip
LOOKED_AT = 1000  # distinct dates of a column: parsing in many formats is slow
SELDOM = 0.002  # a share of cells up to which they are errors of typing, not a format
MANY = 20  # distinct dates without a day above 12 are odd in a column that has a choice
SERIAL_NOTES = {
    "excel serial": "days since 1899-12-30, as spreadsheets count them but for old Macs (1904)",
    "unix seconds": "read in UTC, which may be the day before or after where the home is",
    "unix milliseconds": "read in UTC, which may be the day before or after where the home is",
}


@dataclass(frozen=True)
class ColumnDates:
    """A date column's formats, the one that reads most first, and what is doubtful about it.

    `order`: month or day, whichever is settled to come first; open where nothing does; mixed where
    some cells read only one way and some only the other; None for formats without that doubt.
    """

    formats: list[str]
    order: str | None
    distinct: int
    doubt: str = ""
    stated: bool = False  # whether the formats are for this column alone


def _month_is_first(form: str) -> bool:
    """Whether the month's number stands before the day's in a format."""
    return form.find("%m") < form.find("%d")


def has_two_orders(form: str) -> bool:
    """Whether a format is written with day and month exchanged as well, as those that begin with
    the year are not."""
    return (
        not form.startswith("%Y")
        and swap_day_and_month(form) != form
        and swap_day_and_month(form) in FORMATS
    )


def date_columns(columns: dict[str, pd.Series]) -> dict[str, ColumnDates]:
    """Find how each date column is written.

    Parameters
    ----------
    columns : dict of str to Series of str
        Column -> its texts, of the same rows; those of SEQUENCE tell which reading of dates that
        could be read both ways keeps the order of a deal.

    Returns
    -------
    dict of str to ColumnDates
        Without the columns that no format reads.
    """
    written = {name: _column_dates(texts.astype("str")) for name, texts in columns.items()}
    written = {name: one for name, one in written.items() if one.formats}
    settled = {one.order for one in written.values()} & {"month", "day"}
    if not settled:
        return _by_sequence(written, columns)
    # an open column is written as the others, or as most of them
    usual = _usual_order(written)
    for name, one in written.items():
        if one.order == "open":
            formats = _all_in_order(one.formats, usual)
            doubt = ""
            if len(settled) > 1 or one.distinct >= MANY:
                doubt = f"no day above 12: read with the {usual} first, as other columns"
            written[name] = replace(one, formats=formats, doubt=one.doubt or doubt)
        elif len(settled) > 1 and one.order not in (None, usual):
            doubt = f"the {one.order} first, in other columns the {usual}"
            written[name] = replace(one, doubt=one.doubt or doubt, stated=True)
    return written


def _by_sequence(
    written: dict[str, ColumnDates], columns: dict[str, pd.Series]
) -> dict[str, ColumnDates]:
    """The reading of open columns that leaves fewer rows with a listing after its contract, closing
    or last change; it stays a question."""
    if "open" not in {one.order for one in written.values()}:
        return written

    def broken(order: str) -> int:
        days = [
            parse_dates(columns[name].astype("str"), _all_in_order(written[name].formats, order))
            for name in SEQUENCE
            if name in written
        ]
        return sum(int((one > two).sum()) for one, two in itertools.pairwise(days))

    if broken("day") >= broken("month"):
        return written
    return {
        name: replace(one, formats=_all_in_order(one.formats, "day"))
        if one.order == "open"
        else one
        for name, one in written.items()
    }


def format_note(written: dict[str, ColumnDates], formats: list[str]) -> str:
    """What is doubtful about the formats of a feed, "" where nothing is."""
    if not written:
        return "no dates found"
    orders, note = {one.order for one in written.values()}, ""
    for form in filter(has_two_orders, formats):
        swapped = swap_day_and_month(form)
        if "mixed" in orders and swapped in formats:
            note = f"some dates read only as {form}, some only as {swapped}"
        elif "open" in orders and not {"month", "day", "mixed"} & orders:
            first = "month" if _month_is_first(form) else "day"
            note = f"{swapped} reads them as well; is the {first} first?"
            if first == "day" and "." not in form:
                note += " (So fewer deals end before they begin.)"
    return note


def feed_formats(written: dict[str, ColumnDates]) -> list[str]:
    """The formats of all columns that have none of their own, those of most columns first."""
    ranks: dict[str, list[int]] = {}
    for one in written.values():
        for rank, form in enumerate([] if one.stated else one.formats):
            ranks.setdefault(form, []).append(rank)
    return sorted(ranks, key=lambda form: (-len(ranks[form]), min(ranks[form])))


def _column_dates(texts: pd.Series) -> ColumnDates:
    filled = texts[~parse_values.is_blank(texts)].str.strip()
    texts = pd.Series(filled.unique()[:LOOKED_AT], dtype="str")
    formats = column_profile.detect_date_formats([texts])
    read = parse_dates(texts, formats).notna()
    formats += _serial_formats(texts[~read], len(texts))
    order, doubt, stated = _order(texts, formats), "", False
    mangled = spreadsheets.swapped_dates_message(texts, formats)
    if mangled:
        low, high = mangled
        doubt = f"by {low} no day is above 12, by {high} none below: a spreadsheet swapped them"
        if low not in SERIALS:
            formats, stated = [swap_day_and_month(low) if f == low else f for f in formats], True
    elif half := spreadsheets.find_half_mangled(texts, formats):
        doubt = f"by {half[0]} no day is {half[1]} 12: has a spreadsheet swapped some?"
    elif spreadsheets.months_betray_swap(parse_dates(texts, formats)):
        doubt = "days up to 12 fit the others only with day and month exchanged: a spreadsheet?"
    notes = [f"{form}: {SERIAL_NOTES[form]}" for form in formats if form in SERIALS]
    doubts = "; ".join([doubt, *notes] if doubt else notes)
    return ColumnDates(formats, order, len(texts), doubts, stated)


def _serial_formats(texts: pd.Series, total: int) -> list[str]:
    """The formats of dates written as numbers that read more than a few of what is left."""
    counts = {form: parse_values.parse_moments(texts, [form]).notna().sum() for form in SERIALS}
    return [form for form, cells in counts.items() if cells > max(SELDOM * total, 0)]


def _order(texts: pd.Series, formats: list[str]) -> str | None:
    """Whether month or day comes first: settled by the cells that read one way alone."""
    only = {"month": 0, "day": 0}
    both = False
    for form in formats:
        if not has_two_orders(form):
            continue
        reads = {
            _month_is_first(f): parse_dates(texts, [f]).notna()
            for f in (form, swap_day_and_month(form))
        }
        if swap_day_and_month(form) in formats and not _month_is_first(form):
            continue  # counted with its other half
        only["month"] += int((reads[True] & ~reads[False]).sum())
        only["day"] += int((reads[False] & ~reads[True]).sum())
        both = both or bool((reads[True] & reads[False]).any())
    few = SELDOM * len(texts)
    firsts = [name for name, cells in only.items() if cells > few]
    if len(firsts) == 2:
        return "mixed"
    return firsts[0] if firsts else "open" if both else None


def _usual_order(written: dict[str, ColumnDates]) -> str:
    """The order of most columns that settle it; the month first where they are even."""
    orders = [one.order for one in written.values()]
    return "day" if orders.count("day") > orders.count("month") else "month"


def _all_in_order(formats: list[str], order: str) -> list[str]:
    """Formats with the day or the month first, where they are written both ways."""
    return [
        form
        if not has_two_orders(form) or _month_is_first(form) == (order == "month")
        else swap_day_and_month(form)
        for form in formats
    ]

"""Dates of listings: those that cannot be are set missing, and each listing gets its as_of date.

The rules of DATE_RULES are applied in order, each to the table as the rules before it left it.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from lib.common.errors import RemlError, require
from lib.common.vocabulary import ON_MARKET
from lib.listings.normalize import typed_cells
from lib.listings.throughout.wrong_columns import LEAST, SHARE

DATES = ["listing_contract_date", "purchase_contract_date", "close_date"]  # as they follow
STAMP = "modification_timestamp"
LATE = "after the latest date of the feed"
UNTOUCHED = "long after the row was last changed"
OLD_STAMP = "long before the closing in most sales, so no closing is doubted by it"
LONG_DEAL = "more than {} days before the closing"
AGREED = "more than {} days before the closing, but listing and contract agree: both stay"
FUTURE = "more than a year after the valuation date"
# a home may be sold before it is finished: the value stays
SOON = "after the year of the valuation"
# works on a home that its sale, or valuation, came before
LATER_WORK = "done after the year that the listing is valued in"
WORK = re.compile(r"renov|remodel|rehab|refurb|updat|improve|effective|addition|reroof")


@dataclass(frozen=True)
class DateLimits:
    """What a date may be.

    `slack_days`: how far the latest date may lie after the others. `earliest`: a listing before it
    is a mistyped year. `deal_days`: from listing or contract to closing; homes sold off plan take
    three years or four.
    """

    slack_days: int = 90
    earliest: dt.date = dt.date(1950, 1, 1)
    deal_days: int = 1825

    @property
    def slack(self) -> pd.Timedelta:
        """`slack_days` as a span of time."""
        return pd.Timedelta(days=self.slack_days)

    @property
    def longest_deal(self) -> pd.Timedelta:
        """`deal_days` as a span of time."""
        return pd.Timedelta(days=self.deal_days)


USUAL_LIMITS = DateLimits()


@dataclass(frozen=True)
class _DateFault:
    """Rows (boolean) whose date in `column` is at fault; a note alone unless `set_missing`."""

    column: str
    rows: pd.Series
    reason: str
    set_missing: bool = True


DateRule = Callable[[pd.DataFrame, pd.Timestamp, DateLimits], list[_DateFault]]


def _before_earliest(table: pd.DataFrame, limits: DateLimits) -> list[_DateFault]:
    """Find dates and stamps before `limits.earliest`.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs DATES and `modification_timestamp` (datetime64).
    limits : DateLimits
        What a date may be.

    Returns
    -------
    list of DateFault
        One for each of the four columns.
    """
    first = pd.Timestamp(limits.earliest)
    reason = f"before {limits.earliest}"
    return [_DateFault(name, table[name] < first, reason) for name in [*DATES, STAMP]]


def _closed_after_last_change(
    table: pd.DataFrame, as_of: pd.Timestamp, limits: DateLimits
) -> list[_DateFault]:
    """Find closings of deals that took too long, long after the row was last changed.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs DATES and `modification_timestamp` (datetime64).
    as_of : Timestamp
        Not used by this rule.
    limits : DateLimits
        What a date may be.

    Returns
    -------
    list of DateFault
        One, of `close_date`: the closing, not the other dates, is the wrong one.
    """
    closing = table["close_date"]
    late = closing - table[STAMP] > limits.slack
    late &= closing - table[[*DATES[:2], STAMP]].min(axis=1) > limits.longest_deal
    judged = int((closing.notna() & table[STAMP].notna()).sum())
    if judged >= LEAST and late.sum() > SHARE * judged:  # then it is the stamps that are wrong
        return [_DateFault(STAMP, late, OLD_STAMP, set_missing=False)]
    return [_DateFault("close_date", late, UNTOUCHED)]


def _after_end_of_feed(
    table: pd.DataFrame, as_of: pd.Timestamp, limits: DateLimits
) -> list[_DateFault]:
    """Find dates more than the slack after the latest date of the feed.

    Where the feed ends is read from its stamps and from the closings of each domain, since not all
    domains have stamps.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs DATES, `modification_timestamp` (datetime64) and `domain`.
    as_of : Timestamp
        The date that listings on the market are valued at.
    limits : DateLimits
        What a date may be.

    Returns
    -------
    list of DateFault
        One for each of DATES.
    """
    # the feed may go on after as_of; and stamps of one domain say nothing of the other
    last = max([as_of, *(_usual_end(table, name)[1] for name in (STAMP, "close_date"))])
    closings = {domain: _usual_end(rows, "close_date") for domain, rows in table.groupby("domain")}
    ends = {
        domain: max(last, day if len(dates) > 1 else last)
        for domain, (dates, day) in closings.items()
    }
    limit = table["domain"].map(ends) + limits.slack
    return [_DateFault(name, table[name] > limit, LATE) for name in DATES]


def _long_before_closing(
    table: pd.DataFrame, as_of: pd.Timestamp, limits: DateLimits
) -> list[_DateFault]:
    """Find listing and contract dates that make a deal longer than deals are.

    Where both lie within `limits.deal_days` of each other, as of a home sold off plan, they stay
    with a note; one that stands alone is the wrong one.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs DATES (datetime64).
    as_of : Timestamp
        Not used by this rule.
    limits : DateLimits
        What a date may be.

    Returns
    -------
    list of DateFault
        A note and a fault for each of the two dates.
    """
    agree = (table[DATES[1]] - table[DATES[0]]).abs() <= limits.longest_deal
    faults = []
    for name in DATES[:2]:
        long = table["close_date"] - table[name] > limits.longest_deal
        faults += [
            _DateFault(name, long & agree, AGREED.format(limits.deal_days), set_missing=False),
            _DateFault(name, long & ~agree, LONG_DEAL.format(limits.deal_days)),
        ]
    return faults


DATE_RULES: tuple[DateRule, ...] = (
    _closed_after_last_change,
    _after_end_of_feed,
    _long_before_closing,
)


def null_implausible_dates(
    table: pd.DataFrame, as_of: dt.date | None, limits: DateLimits
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Timestamp]:
    """Set dates missing that cannot be, before anything is derived from them.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings with DATES, `modification_timestamp`, `domain` and the columns of an issue.
    as_of : date or None
        `base.as_of`; None takes the feed's latest date.
    limits : DateLimits
        What a date may be.

    Returns
    -------
    table : DataFrame, shape (n, k)
        The table with faulty dates missing.
    issues : DataFrame
        A line for each faulty date, in the order of the rules (`typed_cells.ISSUE_COLUMNS`
        and `set_missing`).
    as_of : Timestamp
        The date that listings on the market are valued at.

    Raises
    ------
    RemlError
        As `resolve_as_of` does.
    """
    issues = typed_cells.Issues(table)
    table = _without(table, issues, _before_earliest(table, limits))
    day = resolve_as_of(table, as_of, limits.slack_days)
    for rule in DATE_RULES:
        table = _without(table, issues, rule(table, day, limits))
    return table, issues.table().reset_index(drop=True), day


def _without(
    table: pd.DataFrame, issues: typed_cells.Issues, faults: list[_DateFault]
) -> pd.DataFrame:
    """The table with the faulty dates set missing, each of which `issues` gets."""
    for fault in faults:
        if not fault.rows.any():
            continue
        name, rows = fault.column, fault.rows
        written = table.loc[rows, name].dt.strftime("%Y-%m-%d").astype("str")
        issues.add(rows, name, written, fault.reason, fault.set_missing)
        if fault.set_missing:
            table = table.assign(**{name: table[name].mask(rows)})
    return table


def _usual_end(table: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Timestamp]:
    """(local days of a column in order, the latest day after setting aside the newest thousandth,
    at least one row; 1970 where there is none)."""
    dates = table[column] if column != STAMP else typed_cells.local_days(table)
    dates = dates.dropna().sort_values()
    if not len(dates):
        return dates, pd.Timestamp(0)
    return dates, dates.iloc[-1 - max(1, len(dates) // 1000)] if len(dates) > 1 else dates.iloc[-1]


def resolve_as_of(
    table: pd.DataFrame, as_of: dt.date | None, slack_days: int = DateLimits.slack_days
) -> pd.Timestamp:
    """Find the date that listings on the market are valued at.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Typed listings with `modification_timestamp`, `close_date` and lineage.
    as_of : date or None
        `base.as_of`; None takes the feed's latest modification by its local day, or its latest
        closing where no row has a stamp.
    slack_days : int
        Days that the latest date may lie after the others.

    Returns
    -------
    Timestamp

    Raises
    ------
    RemlError
        Where there is no date, or where the latest lies more than `slack_days` after all but a
        thousandth of the others: one mistyped year would move every valuation.
    """
    if as_of is not None:
        return pd.Timestamp(as_of)
    column = "close_date" if table[STAMP].isna().all() else STAMP
    dates, usual = _usual_end(table, column)
    require(
        len(dates) > 0,
        "no row of the feed has a modification stamp or a closing date that can be read, so its "
        "latest date is unknown; check date_formats in the contract, or set as_of in params.yaml",
    )
    if dates.iloc[-1] - usual > pd.Timedelta(days=slack_days):
        row = table.loc[dates.index[-1]]
        raise RemlError(
            f"{row['_source_file']}, data row {row['_source_row']}: {column} "
            f"{dates.iloc[-1]:%Y-%m-%d} lies {(dates.iloc[-1] - usual).days} days after the feed's "
            "other dates; mend the row, or set as_of in params.yaml to value on a date of your own"
        )
    return pd.Timestamp(dates.iloc[-1])


def as_of_dates(table: pd.DataFrame, as_of: pd.Timestamp) -> pd.Series:
    """Date each listing: the day as of which it is valued.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs `purchase_contract_date`, `close_date` and `standard_status`.
    as_of : Timestamp
        The date of listings on the market.

    Returns
    -------
    Series of datetime64, shape (n,)
        The contract date of a closed sale where it is known and not after the closing, else its
        close date; `as_of` for listings on the market; missing for the rest.
    """
    contract = table["purchase_contract_date"]
    plausible = contract.notna() & (contract <= table["close_date"])
    closed = table["standard_status"] == "Closed"
    dates = contract.where(plausible, table["close_date"]).where(closed)
    return dates.mask(table["standard_status"].isin(ON_MARKET), as_of)


def is_undated_sale(table: pd.DataFrame, issues: pd.DataFrame) -> pd.Series:
    """Find closed rows of domains in which no closing has a date because the feed has none.

    They are valued as of the feed's day, and `split` holds out groups of homes. A domain whose
    closings have dates that could not be read is not one of them.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs `standard_status`, `close_date` and `domain`.
    issues : DataFrame
        Issues of `table`, with `column` and `domain`.

    Returns
    -------
    Series of bool, shape (n,)
    """
    closed = table["standard_status"] == "Closed"
    unread = set(issues.loc[issues["column"] == "close_date", "domain"])
    dated = set(table.loc[closed & table["close_date"].notna(), "domain"]) | unread
    return closed & ~table["domain"].isin(dated)


def null_future_years(table: pd.DataFrame, issues: typed_cells.Issues) -> pd.DataFrame:
    """Set `year_built` missing where it lies more than a year after the listing's as_of date.

    A year that is later by one stays, with a note.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs `year_built` and `as_of`.
    issues : Issues
        Gets the cells set missing, and the notes.

    Returns
    -------
    DataFrame, shape (n, k)
    """
    year, last = table["year_built"], table["as_of"].dt.year
    written = year.map("{:.0f}".format).astype("str")
    future = year > last + 1
    issues.add(future, "year_built", written, FUTURE)
    issues.add((year > last) & ~future, "year_built", written, SOON, False)
    return table.assign(year_built=year.mask(future))


def null_later_works(table: pd.DataFrame, issues: typed_cells.Issues) -> pd.DataFrame:
    """Set years of renovations and other works missing where they come after the as_of date's year.

    An export names the last works there were, those of the buyer too: on the as_of date nobody knew
    of them, and what had been done before is not told.

    Parameters
    ----------
    table : DataFrame, shape (n, k)
        Needs `as_of`; columns count whose name has a year, and a word of WORK.
    issues : Issues
        Gets the cells set missing.

    Returns
    -------
    DataFrame, shape (n, k)
    """
    last = table["as_of"].dt.year
    for name in table.columns:
        yearly = {"year", "yr"} & set(name.split("_")) and WORK.search(name)
        if not yearly or not pd.api.types.is_numeric_dtype(table[name]):
            continue
        later = table[name] > last
        written = table[name].map("{:.0f}".format).astype("str")
        issues.add(later, name, written, LATER_WORK)
        table = table.assign(**{name: table[name].mask(later)})
    return table

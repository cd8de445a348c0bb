"""From staged text to typed tables: types, units, statuses, keys, and the as_of date of each row.

A value that does not parse or cannot be is set missing and listed with its reason; no row goes.
"""

from __future__ import annotations

import datetime as dt

import pandas as pd

from lib.common.errors import RemlError, require
from lib.common.vocabulary import ON_MARKET
from lib.listings.contract.contract import Contract
from lib.listings.identity import property_keys
from lib.listings.normalize import typed_cells
from lib.listings.normalize.typed_cells import OFFSET, typed

SLACK_DAYS = 90  # how far the latest date may lie after the others
EARLIEST = dt.date(1950, 1, 1)  # a listing before is a mistyped year
DEAL_DAYS = (
    1825  # from listing or contract to closing; homes sold off plan take three years or four
)
DATES = ["listing_contract_date", "purchase_contract_date", "close_date"]
STAMP = "modification_timestamp"
LATE = "after the latest date of the feed"
FUTURE = "more than a year after the valuation date"
UNTOUCHED = "long after the row was last changed"
AGREED = "more than {} days before the closing, but listing and contract agree: both stay"
SOON = (
    "after the year of the valuation"  # a home may be sold before it is finished: the value stays
)
UNREAD = "not read as an address; it stays as written"
ALWAYS = [
    "standard_status",
    "postal_code",
    "latitude",
    "longitude",
    "list_price",
    "original_list_price",
    "close_price",
    "living_area",
    "year_built",
    "modification_timestamp",
    *DATES,
]


def with_absent(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each column that later stages name, all missing where the feed has none."""
    table = table.copy(deep=False)  # columns are added, none is changed
    for name in [*ALWAYS, OFFSET]:
        if name not in table:
            kind = (
                "datetime64[us]"
                if name in [*DATES, "modification_timestamp"]
                else ("str" if name in ("standard_status", "postal_code") else "float64")
            )
            table[name] = pd.Series(None, index=table.index, dtype=kind)
    return table


def _usual(table: pd.DataFrame, column: str) -> tuple[pd.Series, pd.Timestamp]:
    """(local days of a column in order, the latest that a thousandth of them at least, and another
    one, reaches; 1970 where there is none)."""
    dates = table[column] if column != STAMP else typed_cells.local_day(table)
    dates = dates.dropna().sort_values()
    if not len(dates):
        return dates, pd.Timestamp(0)
    return dates, dates.iloc[-1 - max(1, len(dates) // 1000)] if len(dates) > 1 else dates.iloc[-1]


def valuation_date(
    table: pd.DataFrame, given: dt.date | None, slack_days: int = SLACK_DAYS
) -> pd.Timestamp:
    """The date that listings on the market are valued at: `given` (base.as_of), else the feed's
    latest modification (by its local day), else its latest closing.

    Raises `RemlError` where there is none, or where the latest lies more than `slack_days` after
    all but a thousandth of the others: one mistyped year would move every valuation.
    """
    if given is not None:
        return pd.Timestamp(given)
    column = "close_date" if table[STAMP].isna().all() else STAMP
    dates, usual = _usual(table, column)
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


def undated(table: pd.DataFrame, issues: pd.DataFrame) -> pd.Series:
    """The closed rows (boolean) of domains in which no closing has a date, because the feed has
    none and not because none could be read: they are valued as of the feed's day, and `split` holds
    out groups of homes."""
    closed = table["standard_status"] == "Closed"
    unread = set(issues.loc[issues["column"] == "close_date", "domain"])
    known = set(table.loc[closed & table["close_date"].notna(), "domain"]) | unread
    return closed & ~table["domain"].isin(known)


def _without(
    table: pd.DataFrame, issues: typed_cells.Issues, name: str, bad: pd.Series, reason: str
) -> pd.DataFrame:
    """The table with the dates that are `bad` set missing, each of which `issues` gets."""
    if not bad.any():
        return table
    written = table.loc[bad, name].dt.strftime("%Y-%m-%d").astype("str")
    issues.drop(bad, name, written, reason)
    return table.assign(**{name: table[name].mask(bad)})


def sane_dates(
    table: pd.DataFrame, given: dt.date | None, slack_days: int, earliest: dt.date, deal_days: int
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Timestamp]:
    """(table, issues, valuation date): dates that cannot be are set missing, before anything is
    told by them. A date is none before `earliest`, a date of a deal none more than `slack_days`
    after the feed's latest (or the `given`), nor more than `deal_days` before the closing. How far
    the feed goes, its stamps tell and the closings of each domain, of which not all have stamps.

    A deal that is too long has a wrong closing where the row was last changed more than
    `slack_days` before it. Else listing and contract date stay, with a note, where they lie within
    `deal_days` of each other, as of a home sold off plan; a lone one is the wrong one.

    Raises `RemlError` as `valuation_date` does.
    """
    issues = typed_cells.Issues(table)
    for name in [*DATES, STAMP]:
        old = table[name] < pd.Timestamp(earliest)
        table = _without(table, issues, name, old, f"before {earliest}")
    today = valuation_date(table, given, slack_days)
    longest, slack = pd.Timedelta(days=deal_days), pd.Timedelta(days=slack_days)
    untouched = table["close_date"] - table[STAMP] > slack
    untouched &= table["close_date"] - table[[*DATES[:2], STAMP]].min(axis=1) > longest
    table = _without(table, issues, "close_date", untouched, UNTOUCHED)
    # the feed may go on after the date given; and stamps of one domain say nothing of the other
    last = max([today, *(_usual(table, name)[1] for name in (STAMP, "close_date"))])
    closings = {domain: _usual(rows, "close_date") for domain, rows in table.groupby("domain")}
    reach = {
        one: max(last, day if len(dates) > 1 else last) for one, (dates, day) in closings.items()
    }
    limit = table["domain"].map(reach) + slack
    for name in DATES:
        table = _without(table, issues, name, table[name] > limit, LATE)
    agree = (table[DATES[1]] - table[DATES[0]]).abs() <= longest
    for name in DATES[:2]:
        long = table["close_date"] - table[name] > longest
        written = table.loc[long & agree, name].dt.strftime("%Y-%m-%d").astype("str")
        issues.drop(long & agree, name, written, AGREED.format(deal_days), False)
        reason = f"more than {deal_days} days before the closing"
        table = _without(table, issues, name, long & ~agree, reason)
    return table, issues.table().reset_index(drop=True), today


def as_of(table: pd.DataFrame, today: pd.Timestamp) -> pd.Series:
    """The date each listing is valued at: contract date where known, else close date; `today`
    for listings on the market; missing for the rest."""
    contract = table["purchase_contract_date"]
    sane = contract.notna() & (contract <= table["close_date"])
    closed = table["standard_status"] == "Closed"
    dates = contract.where(sane, table["close_date"]).where(closed)
    return dates.mask(table["standard_status"].isin(ON_MARKET), today)


def normalize(
    staged: pd.DataFrame,
    contract: Contract,
    given: dt.date | None,
    slack_days: int = SLACK_DAYS,
    earliest: dt.date = EARLIEST,
    deal_days: int = DEAL_DAYS,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(table, issues): staged rows with types, addresses, keys and an `as_of` date each; see
    `typed`, `homes` and `sane_dates`. Issues with `set_missing` false are notes on values that
    stay."""
    table, issues = typed(staged, contract)
    table = property_keys.identified(with_absent(table), contract.property_key)
    table, dates, today = sane_dates(table, given, slack_days, earliest, deal_days)
    issues = pd.concat([issues, dates], ignore_index=True)
    table["as_of"] = as_of(table, today).mask(undated(table, issues), today)
    year, last = table["year_built"], table["as_of"].dt.year
    written = year.map("{:.0f}".format).astype("str")
    future = year > last + 1
    more = typed_cells.Issues(table)
    more.drop(future, "year_built", written, FUTURE)
    more.drop((year > last) & ~future, "year_built", written, SOON, False)
    table["year_built"] = year.mask(future)
    unread = table[property_keys.PARSED] == 0
    more.drop(unread, "unparsed_address", table["unparsed_address"], UNREAD, False)
    return table, pd.concat([issues, more.table()], ignore_index=True)

"""Days with listings, and of those without which are gaps and which are the feed's quiet days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.tseries.holiday import Holiday, USFederalHolidayCalendar

from lib.acquire.portal.settings import Gaps
from lib.common.vocabulary import DOMAINS

STATES = ("active", "empty", "partial", "quiet", "gap")
OUTAGE_DAYS = 3  # a week end and the holiday beside it: shorter runs come by themselves
OUTAGE_TIMES = 10  # so many times the usual pause of a feed do not come by themselves
TWIN_DAYS = 2  # a holiday and the working day on which it is kept


class History(NamedTuple):
    """Of each day: how many other days tell of it, and how many of those hold listings."""

    days: np.ndarray
    active: np.ndarray

    def quiet(self, gaps: Gaps) -> np.ndarray:
        """Where there are days enough, and enough of them hold nothing."""
        nothing = self.days - self.active >= gaps.quiet_share * self.days - 1e-9
        return (self.days >= gaps.minimum_days) & nothing

    def where(self, condition: np.ndarray, other: History) -> History:
        """This one where `condition` holds, else the other."""
        pairs = zip(self, other, strict=True)
        return History(*(np.where(condition, mine, its) for mine, its in pairs))


def daily(rows: pd.DataFrame, first: dt.date, last: dt.date) -> pd.DataFrame:
    """One row per day from `first` to `last` (both included) and domain, in that order.

    `rows` has listing_key, domain and day (datetime64). Returns `date` (datetime64[us]), `domain`
    (those of DOMAINS that occur anywhere in `rows`; both where there is no row at all), `listings`
    (distinct keys of that day) and `status`: COMPLETE where there are any, else MISSING.
    """
    there = set(rows["domain"])
    domains = [name for name in DOMAINS if name in there] or list(DOMAINS)
    span = pd.date_range(first, last, unit="us")
    both = pd.MultiIndex.from_product([span, domains], names=["date", "domain"])
    keys = rows[["day", "domain", "listing_key"]].dropna().drop_duplicates()
    counted = keys.astype({"day": "datetime64[us]"}).groupby(["day", "domain"]).size()
    counted.index.names = both.names
    table = counted.reindex(both, fill_value=0).rename("listings").reset_index()
    table["listings"] = table["listings"].astype("int64")
    table["status"] = np.where(table["listings"] > 0, "COMPLETE", "MISSING")
    return table.astype({"domain": "str", "status": "str"})


def judge(table: pd.DataFrame, asked: Mapping[dt.date, str], gaps: Gaps) -> pd.DataFrame:
    """The table of `daily` with `state`, `kind`, `usual` and `history`.

    `asked` is what `manifest.asked` says. State: `partial` where the day was fetched before it was
    over; `active` where it holds listings; `empty` where it holds none and the portal says so;
    `quiet` where such days usually hold none (at least `quiet_share` of its history); else `gap`.
    `kind` is a holiday's name or the weekday, `history` the number of days that tell what is usual
    and `usual` (float64, missing where there are none) the share of them with listings.

    The history of a weekday are the same weekdays of that domain, holidays apart, at most
    `history_weeks` before or after it; where these are fewer than `minimum_days`, all of the span.
    That of a holiday are those of its name in other years; where these are too few, all other
    holidays. A holiday is quiet, too, where its weekday is. With a history of fewer than
    `minimum_days` nothing tells a quiet day from a gap, and it counts as a gap.

    A day teaches if it lies between the domain's first and last day that is known (with listings,
    or empty by the portal's word) and is not part of an outage. An outage is a run of at least
    OUTAGE_DAYS days of which nothing is known, and of at least OUTAGE_TIMES the domain's usual
    pause, the median number of days without listings between two with. The usual pause of a feed
    that works on most days is 0, so that 3 days in a row are one; of a domain with a listing a week
    it is 6, and its empty days teach that it is sparse. A long outage does not teach that it is
    normal: what is quiet in it is what is quiet outside. Whatever counts as a gap by mistake is
    asked for once, and is `empty` from then on.
    """
    parts = [_judged(part, asked, gaps) for _, part in table.groupby("domain")]
    return pd.concat(parts).sort_index() if parts else table


def _judged(part: pd.DataFrame, asked: Mapping[dt.date, str], gaps: Gaps) -> pd.DataFrame:
    """`judge` of one domain, whose days follow one another."""
    said = np.array([asked.get(day, "") for day in part["date"].dt.date], dtype="str")
    listed = part["listings"].to_numpy() > 0
    done, unfinished = said == "done", said == "partial"
    span = part["date"].iloc[0], part["date"].iloc[-1]
    holidays = federal(*span) if gaps.holidays == "us_federal" else {}
    name = np.array([holidays.get(day, "") for day in part["date"]], dtype="str")
    weekday = part["date"].dt.day_name().to_numpy("str")

    teaches = _teaches(listed, done) & (listed | ~unfinished)
    reach = len(part)
    ordinary = _by_kind(weekday, teaches & (name == ""), listed, 7 * gaps.history_weeks)
    enough = ordinary.days >= gaps.minimum_days
    ordinary = ordinary.where(enough, _by_kind(weekday, teaches & (name == ""), listed, reach))
    of_name = _by_kind(name, teaches & (name != ""), listed, reach, TWIN_DAYS)
    enough = of_name.days >= gaps.minimum_days
    any_name = np.where(name == "", "", "holiday")
    all_others = _by_kind(any_name, teaches & (name != ""), listed, reach, TWIN_DAYS)
    kept = of_name.where(enough, all_others)

    quiet = kept.quiet(gaps) & (name != "")
    tells = (name != "") & (kept.days >= gaps.minimum_days) & (quiet | ~ordinary.quiet(gaps))
    history = kept.where(tells, ordinary)
    usual = np.full(len(part), np.nan)
    np.divide(history.active, history.days, out=usual, where=history.days > 0)
    state = np.select(
        [unfinished, listed, done, history.quiet(gaps)],
        ["partial", "active", "empty", "quiet"],
        "gap",
    )
    kind = np.where(name == "", weekday, name)
    return part.assign(
        state=pd.Series(state, index=part.index, dtype="str"),
        kind=pd.Series(kind, index=part.index, dtype="str"),
        usual=usual,
        history=history.days.astype("int64"),
    )


def _teaches(listed: np.ndarray, done: np.ndarray) -> np.ndarray:
    """Which days of a domain may teach, as `judge` says."""
    known = np.flatnonzero(listed | done)
    teaches = np.zeros(len(listed), dtype=bool)
    if not len(known):
        return teaches
    teaches[known[0] : known[-1] + 1] = True
    pauses = np.diff(np.flatnonzero(listed)) - 1
    usual = float(np.median(pauses)) if len(pauses) else 0.0
    longest = max(float(OUTAGE_DAYS), OUTAGE_TIMES * usual)
    for before, after in pairwise(known):
        if after - before - 1 >= longest:
            teaches[before + 1 : after] = False
    return teaches


def _by_kind(
    kinds: np.ndarray, teaches: np.ndarray, listed: np.ndarray, reach: int, beyond: int = 0
) -> History:
    """The history of each day from days of its kind that teach, more than `beyond` and at most
    `reach` days away."""
    total = History(np.zeros(len(kinds), dtype=int), np.zeros(len(kinds), dtype=int))
    for kind in np.unique(kinds):
        at = np.flatnonzero(kinds == kind)
        teachers = at[teaches[at]]
        before = np.concatenate([[0], np.cumsum(listed[teachers])])
        for distance, sign in ((reach, 1), (min(beyond, reach), -1)):
            low = np.searchsorted(teachers, at - distance, side="left")
            high = np.searchsorted(teachers, at + distance, side="right")
            total.days[at] += sign * (high - low)
            total.active[at] += sign * (before[high] - before[low])
    return total


def day_table(judged: pd.DataFrame) -> pd.DataFrame:
    """One row per day of `judge`: date, listings of all domains, and `fetch`, whether the portal
    should be asked: some domain has a gap or was fetched too early, or no domain is known (all are
    quiet and nobody ever asked)."""
    marks = pd.DataFrame(
        {
            "date": judged["date"],
            "listings": judged["listings"],
            "open": judged["state"].isin(["gap", "partial"]),
            "known": judged["state"].isin(["active", "empty"]),
        }
    )
    days = marks.groupby("date", as_index=False).agg(
        listings=("listings", "sum"), open=("open", "any"), known=("known", "any")
    )
    return days.assign(fetch=days["open"] | ~days["known"])[["date", "listings", "fetch"]]


# Federal holidays of the United States, on the day itself and on the day they are kept.


def federal(first: pd.Timestamp, last: pd.Timestamp) -> dict[pd.Timestamp, str]:
    """Day -> name of each holiday from `first` to `last`, both included.

    One that falls on a week end is there twice: pandas' calendar has the working day on which
    offices keep it, and markets rest on the day itself as well.
    """
    found: dict[pd.Timestamp, str] = {}
    for rule in USFederalHolidayCalendar().rules:
        rules = [rule]
        if rule.observance is not None:
            rules.append(
                Holiday(rule.name, month=rule.month, day=rule.day, start_date=rule.start_date)
            )
        for one in rules:
            found |= dict.fromkeys(one.dates(first, last), rule.name)
    return found

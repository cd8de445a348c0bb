"""Days with listings, and of those without which are gaps and which are the feed's quiet days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd
from pandas.tseries.holiday import Holiday, USFederalHolidayCalendar

from lib.acquire.portal.settings import GapSettings
from lib.common.vocabulary import DOMAINS

STATES = ("active", "empty", "partial", "quiet", "gap")
OUTAGE_DAYS = 3  # a week end and the holiday beside it: shorter runs come by themselves
OUTAGE_TIMES = 10  # so many times the usual pause of a feed do not come by themselves
TWIN_DAYS = 2  # a holiday and the working day on which it is kept


class _DayHistory(NamedTuple):
    """Of each day: how many other days tell what is usual on it, and how many of those hold
    listings.
    """

    days: np.ndarray
    active: np.ndarray

    def quiet(self, gaps: GapSettings) -> np.ndarray:
        """Where there are days enough, and enough of them hold nothing.

        Parameters
        ----------
        gaps
            Their least number and share.

        Returns
        -------
        (n,) bool.
        """
        nothing = self.days - self.active >= gaps.quiet_share * self.days - 1e-9
        return (self.days >= gaps.minimum_days) & nothing

    def where(self, condition: np.ndarray, other: _DayHistory) -> _DayHistory:
        """This history where a condition holds, else the other.

        Parameters
        ----------
        condition
            (n,) bool.
        other
            A history of the same days.

        Returns
        -------
        A history of n days.
        """
        pairs = zip(self, other, strict=True)
        return _DayHistory(*(np.where(condition, this, that) for this, that in pairs))


def count_days(rows: pd.DataFrame, first: dt.date, last: dt.date) -> pd.DataFrame:
    """Count the listings of each day and domain.

    Parameters
    ----------
    rows
        (n, columns) with `listing_key`, `domain` and `day` (datetime64).
    first, last
        The days to count, both included.

    Returns
    -------
    One row a day and domain, in that order: `date` (datetime64[us]), `domain` (those of DOMAINS
    that occur anywhere in `rows`; both where there is no row at all), `listings` (distinct keys of
    that day) and `status`: COMPLETE where there are any, else MISSING.
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


def judge_days(
    table: pd.DataFrame, states: Mapping[dt.date, str], gaps: GapSettings
) -> pd.DataFrame:
    """Tell gaps from the feed's quiet days.

    State: `partial` where the day was fetched before it was over; `active` where it holds listings;
    `empty` where it holds none and the portal says so; `quiet` where such days usually hold none
    (at least `quiet_share` of its history); else `gap`.

    The history of a weekday is the same weekdays of that domain, holidays apart, at most
    `history_weeks` before or after it; where these are fewer than `minimum_days`, all of the span.
    That of a holiday is the days of its name in other years; where these are too few, all other
    holidays. A holiday is quiet, too, where its weekday is. With a history of fewer than
    `minimum_days` nothing tells a quiet day from a gap, and it counts as a gap.

    A day belongs to a history if it lies between the domain's first and last certain day (with
    listings, or empty according to the portal) and is not part of an outage. An outage is a run of
    at least OUTAGE_DAYS days without a certain one, and of at least OUTAGE_TIMES the domain's usual
    pause, the median number of days without listings between two with. The usual pause of a feed
    that works on most days is 0, so that 3 days in a row are one; of a domain with a listing a week
    it is 6, and its empty days show that it is sparse. A long outage does not become normal: what
    is quiet in it is what is quiet outside. Whatever counts as a gap by mistake is asked for once,
    and is `empty` from then on.

    Parameters
    ----------
    table
        (n, 4) as `count_days` gives it.
    states
        State of each day that was asked for, as `manifest.day_states` gives it.
    gaps
        Settings of the judgement.

    Returns
    -------
    (n, 8) the table with `state`; `kind`, a holiday's name or the weekday; `usual`, the share of
    the history with listings (float64, missing where there is none); `history`, its number of days.
    """
    parts = [_judged(part, states, gaps) for _, part in table.groupby("domain")]
    return pd.concat(parts).sort_index() if parts else table


def _judged(part: pd.DataFrame, states: Mapping[dt.date, str], gaps: GapSettings) -> pd.DataFrame:
    """`judge_days` of one domain, whose days follow one another."""
    portal_state = np.array([states.get(day, "") for day in part["date"].dt.date], dtype="str")
    listed = part["listings"].to_numpy() > 0
    done, unfinished = portal_state == "done", portal_state == "partial"
    span = part["date"].iloc[0], part["date"].iloc[-1]
    holidays = federal_holidays(*span) if gaps.holidays == "us_federal" else {}
    name = np.array([holidays.get(day, "") for day in part["date"]], dtype="str")
    weekday = part["date"].dt.day_name().to_numpy("str")

    counted = _in_history(listed, done) & (listed | ~unfinished)
    reach = len(part)
    ordinary = _by_kind(weekday, counted & (name == ""), listed, 7 * gaps.history_weeks)
    enough = ordinary.days >= gaps.minimum_days
    ordinary = ordinary.where(enough, _by_kind(weekday, counted & (name == ""), listed, reach))
    of_name = _by_kind(name, counted & (name != ""), listed, reach, TWIN_DAYS)
    enough = of_name.days >= gaps.minimum_days
    any_name = np.where(name == "", "", "holiday")
    all_others = _by_kind(any_name, counted & (name != ""), listed, reach, TWIN_DAYS)
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


def _in_history(listed: np.ndarray, done: np.ndarray) -> np.ndarray:
    """(n,) bool: which days of a domain belong to the history of others, as `judge_days` says."""
    certain = np.flatnonzero(listed | done)
    counted = np.zeros(len(listed), dtype=bool)
    if not len(certain):
        return counted
    counted[certain[0] : certain[-1] + 1] = True
    pauses = np.diff(np.flatnonzero(listed)) - 1
    usual = float(np.median(pauses)) if len(pauses) else 0.0
    longest = max(float(OUTAGE_DAYS), OUTAGE_TIMES * usual)
    for before, after in pairwise(certain):
        if after - before - 1 >= longest:
            counted[before + 1 : after] = False
    return counted


def _by_kind(
    kinds: np.ndarray, counted: np.ndarray, listed: np.ndarray, reach: int, beyond: int = 0
) -> _DayHistory:
    """The history of each day from other days of its kind that count, more than `beyond` and at
    most `reach` days away."""
    total = _DayHistory(np.zeros(len(kinds), dtype=int), np.zeros(len(kinds), dtype=int))
    for kind in np.unique(kinds):
        at = np.flatnonzero(kinds == kind)
        others = at[counted[at]]
        before = np.concatenate([[0], np.cumsum(listed[others])])
        for distance, sign in ((reach, 1), (min(beyond, reach), -1)):
            low = np.searchsorted(others, at - distance, side="left")
            high = np.searchsorted(others, at + distance, side="right")
            total.days[at] += sign * (high - low)
            total.active[at] += sign * (before[high] - before[low])
    return total


def days_to_request(judged: pd.DataFrame) -> pd.DataFrame:
    """Say which days the portal should be asked for.

    Parameters
    ----------
    judged
        (n, 8) as `judge_days` gives it.

    Returns
    -------
    One row a day: `date`, `listings` of all domains, and `fetch`: some domain has a gap or was
    fetched too early, or no domain is certain (all are quiet and nobody ever asked).
    """
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


def federal_holidays(first: pd.Timestamp, last: pd.Timestamp) -> dict[pd.Timestamp, str]:
    """Day -> name of each holiday from `first` to `last`, both included.

    One that falls on a week end is there twice: pandas' calendar has the working day on which
    offices keep it, and markets rest on the day itself as well.
    """
    holidays: dict[pd.Timestamp, str] = {}
    for rule in USFederalHolidayCalendar().rules:
        rules = [rule]
        if rule.observance is not None:
            rules.append(
                Holiday(rule.name, month=rule.month, day=rule.day, start_date=rule.start_date)
            )
        for one in rules:
            holidays |= dict.fromkeys(one.dates(first, last), rule.name)
    return holidays

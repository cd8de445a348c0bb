"""Medians, quantiles and counts of what happened in a group in the days before a date.

One pass per statistic over events and questions together, in order of group and day: a window only
moves forward, so the cost grows with the number of both (times the logarithm of a window's).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.indexers import BaseIndexer


class _Bounds(BaseIndexer):
    """Windows given by their first row and the row after their last."""

    start: np.ndarray
    end: np.ndarray

    def get_window_bounds(
        self,
        num_values: int = 0,
        min_periods: int | None = None,
        center: bool | None = None,
        closed: str | None = None,
        step: int | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        return self.start, self.end


@dataclass(frozen=True)
class Past:
    """Events and questions, ready to be asked; made by `past`.

    `line` holds group and day of each as one number, in order; `event` the event that stands at
    each place of the line (-1 for a question), `asked` the place of each question.
    """

    line: np.ndarray
    event: np.ndarray
    asked: np.ndarray
    span: int  # days from the earliest to the latest, and one

    def _bounds(self, window: int, lag: int) -> tuple[np.ndarray, np.ndarray]:
        """First and last place (exclusive) of the days [day - lag - window, day - lag)."""
        day = self.line % self.span
        group = self.line - day
        return (
            np.searchsorted(self.line, group + np.maximum(day - lag - window, 0)),
            np.searchsorted(self.line, group + np.maximum(day - lag, 0)),
        )

    def _placed(self, values: np.ndarray) -> np.ndarray:
        return np.append(values, np.nan)[self.event]

    def quantiles(
        self, values: np.ndarray, window: int, shares: list[float], lag: int = 0
    ) -> list[np.ndarray]:
        """For each of `shares` the quantile (by straight lines between values) of the events'
        `values` in the `window` days that end `lag` days before the asked day, which is not part
        of them; missing values do not count; nan where there is none."""
        start, end = self._bounds(window, lag)
        frame = pd.Series(self._placed(values))
        rolling = frame.rolling(_Bounds(start=start, end=end), min_periods=1)
        return [
            (rolling.median() if share == 0.5 else rolling.quantile(share)).to_numpy()[self.asked]
            for share in shares
        ]

    def count(self, values: np.ndarray, window: int, lag: int = 0) -> np.ndarray:
        """How many events with a known value the same window holds (float64)."""
        known = np.append(0, np.cumsum(np.isfinite(self._placed(values))))
        start, end = self._bounds(window, lag)
        return (known[end] - known[start])[self.asked].astype(float)


def past(groups: np.ndarray, days: np.ndarray, of: np.ndarray, at: np.ndarray) -> Past:
    """Events by their group number and whole day (n,), and questions by theirs (m,): `of` whom,
    `at` which day. Numbers are non-negative."""
    span, (days, at) = since_first(days, at)
    events = groups.astype("int64") * span + days
    questions, back = np.unique(of.astype("int64") * span + at, return_inverse=True)
    line = np.concatenate([events, questions])
    order = np.argsort(line, kind="stable")
    place = np.empty(len(line), dtype="int64")
    place[order] = np.arange(len(line))
    event = np.where(order < len(events), order, -1)
    return Past(line[order], event, place[len(events) :][back], span)


def since_first(*days: np.ndarray) -> tuple[int, list[np.ndarray]]:
    """(days from the earliest to the latest of all arrays and one, each counted from the earliest):
    `group * span + day` is then one number for each group and day, before 1970 as well."""
    everything = np.concatenate(days) if sum(map(len, days)) else np.zeros(1, dtype="int64")
    first = int(everything.min())
    return int(everything.max()) - first + 1, [one - first for one in days]


def coded(one: pd.DataFrame, other: pd.DataFrame, names: list[str]) -> tuple[np.ndarray, ...]:
    """Numbers of the groups that `names` make in two tables together; missing is a group, too."""
    keys = []
    for table in (one, other):
        key = np.full(len(table), "", dtype=object)
        for name in names:
            if name in table:
                key = key + table[name].fillna("").to_numpy(object)
            key = key + "\t"
        keys.append(key)
    codes, _ = pd.factorize(np.concatenate(keys))
    return codes[: len(one)], codes[len(one) :]


def past_median(
    days: np.ndarray, values: np.ndarray, as_of: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """(median, count) of `values` whose `days` lie in [as_of - window, as_of), per query.

    Days are whole days (int64); missing values do not count; no sale in the window: nan and 0.
    """
    none = np.zeros(len(days), dtype="int64"), np.zeros(len(as_of), dtype="int64")
    asked = past(none[0], days, none[1], as_of)
    return asked.quantiles(values, window, [0.5])[0], asked.count(values, window)

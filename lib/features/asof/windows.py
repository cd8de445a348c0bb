"""Medians, quantiles and counts of what happened in a group in the days before a date.

One pass a statistic over events and queries together, in order of group and day: a window only
moves forward, so the cost grows with the number of both (times the logarithm of a window's). A
window ends strictly before the query's date (`lib.features.asof.rule`).
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
class EventWindows:
    """Events and queries in one order, ready for statistics of any window; made by `index_events`.

    Parameters
    ----------
    line
        (n + k,) int64 group and day of each event and each distinct query as one number, sorted.
    event
        (n + k,) int64 the event at each place of the line, -1 for a query.
    queries
        (m,) int64 the place of each query in the line.
    span
        Days from the earliest to the latest, and one.
    """

    line: np.ndarray
    event: np.ndarray
    queries: np.ndarray
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
        """Quantiles of the events' values in the window of each query.

        Parameters
        ----------
        values
            (n,) float64 of the events; missing values do not count.
        window
            Length of the window in days.
        shares
            Which quantiles, between 0 and 1, by straight lines between values.
        lag
            Days between the end of the window and the query's date; the date itself is never
            inside.

        Returns
        -------
        For each of `shares` (m,) float64, nan where the window holds no value.
        """
        start, end = self._bounds(window, lag)
        frame = pd.Series(self._placed(values))
        rolling = frame.rolling(_Bounds(start=start, end=end), min_periods=1)
        return [
            (rolling.median() if share == 0.5 else rolling.quantile(share)).to_numpy()[self.queries]
            for share in shares
        ]

    def count(self, values: np.ndarray, window: int, lag: int = 0) -> np.ndarray:
        """Count the events with a value in the window of each query.

        Parameters
        ----------
        values
            (n,) float64 of the events; missing values do not count.
        window, lag
            As for `quantiles`.

        Returns
        -------
        (m,) float64 counts.
        """
        counted = np.append(0, np.cumsum(np.isfinite(self._placed(values))))
        start, end = self._bounds(window, lag)
        return (counted[end] - counted[start])[self.queries].astype(float)


def index_events(
    groups: np.ndarray, days: np.ndarray, query_groups: np.ndarray, as_of: np.ndarray
) -> EventWindows:
    """Bring events and queries into one order of group and day.

    Parameters
    ----------
    groups
        (n,) int64 group of each event, from 0 on (`encode_groups`).
    days
        (n,) int64 whole day of each event.
    query_groups
        (m,) int64 group of each query.
    as_of
        (m,) int64 whole day of each query.

    Returns
    -------
    The events with the windows before each query.

    Examples
    --------
    >>> import numpy as np
    >>> sold = index_events(np.array([0, 0, 0]), np.array([1, 5, 9]), np.array([0]), np.array([9]))
    >>> sold.quantiles(np.array([10.0, 20.0, 90.0]), 30, [0.5])[0].tolist()
    [15.0]
    """
    span, (days, as_of) = days_since_first(days, as_of)
    events = groups.astype("int64") * span + days
    places, back = np.unique(query_groups.astype("int64") * span + as_of, return_inverse=True)
    line = np.concatenate([events, places])
    order = np.argsort(line, kind="stable")
    place = np.empty(len(line), dtype="int64")
    place[order] = np.arange(len(line))
    event = np.where(order < len(events), order, -1)
    return EventWindows(line[order], event, place[len(events) :][back], span)


def days_since_first(*days: np.ndarray) -> tuple[int, list[np.ndarray]]:
    """Count days from the earliest of all arrays, so that `group * span + day` is one number for
    each group and day, before 1970 as well.

    Parameters
    ----------
    days
        int64 arrays of whole days, of any lengths.

    Returns
    -------
    span
        Days from the earliest to the latest of all arrays, and one.
    shifted
        Each array, counted from the earliest day: from 0 to `span` - 1.
    """
    everything = np.concatenate(days) if sum(map(len, days)) else np.zeros(1, dtype="int64")
    first = int(everything.min())
    return int(everything.max()) - first + 1, [one - first for one in days]


def encode_groups(
    first: pd.DataFrame, second: pd.DataFrame, columns: list[str]
) -> tuple[np.ndarray, ...]:
    """Number the groups that some columns make in two tables together.

    Parameters
    ----------
    first, second
        (n, any) and (m, any) tables; a column that one lacks is missing there throughout.
    columns
        Text columns that make a group together; missing is a value of its own.

    Returns
    -------
    (n,) and (m,) int64 numbers from 0 on, equal where all columns are.
    """
    keys = []
    for table in (first, second):
        key = np.full(len(table), "", dtype=object)
        for name in columns:
            if name in table:
                key = key + table[name].fillna("").to_numpy(object)
            key = key + "\t"
        keys.append(key)
    codes, _ = pd.factorize(np.concatenate(keys))
    return codes[: len(first)], codes[len(first) :]


def past_median(
    days: np.ndarray, values: np.ndarray, as_of: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray]:
    """Median of the values in the days before each date.

    Parameters
    ----------
    days
        (n,) int64 whole days of the events.
    values
        (n,) float64; missing values do not count.
    as_of
        (m,) int64 whole days of the queries.
    window
        Length of the window [as_of - window, as_of) in days.

    Returns
    -------
    median
        (m,) float64, nan where the window holds no value.
    count
        (m,) float64 how many values it holds.
    """
    none = np.zeros(len(days), dtype="int64"), np.zeros(len(as_of), dtype="int64")
    windows = index_events(none[0], days, none[1], as_of)
    return windows.quantiles(values, window, [0.5])[0], windows.count(values, window)

"""Order statistics of rows that count several times, for many sets of counts at once.

A bootstrap draw is a count for each row. With the rows sorted once, the running total of the counts
says which row stands at any place of the drawn sample, so that no draw is ever sorted.
"""

from __future__ import annotations

import numpy as np


class WeightedOrder:
    """Rows in one order, and how often each counts in each draw.

    Parameters
    ----------
    weights : ndarray of shape (draws, n)
        Whole numbers: how often each row counts in each draw.
    """

    def __init__(self, weights: np.ndarray) -> None:
        draws, self.n = weights.shape
        # one running total over all draws: it never falls, so one search serves them all
        self.flat = np.cumsum(weights, dtype="float64") if weights.size else np.zeros(0)
        ends = self.flat[self.n - 1 :: self.n] if self.n else np.zeros(draws)
        self.start = np.concatenate([[0.0], ends[:-1]])[:draws]
        self.size = ends - self.start  # (draws,) rows drawn, repeats counted

    def running_counts(self) -> np.ndarray:
        """How many of the drawn rows stand at each row or before it.

        Returns
        -------
        ndarray of shape (draws, n)
            Running totals of the counts.
        """
        return self.flat.reshape(-1, self.n) - self.start[:, None]

    def rows_at(self, place: np.ndarray) -> np.ndarray:
        """The row at a place of each drawn sample.

        Parameters
        ----------
        place : ndarray of shape (draws,)
            Places from 0; no sample may be empty.

        Returns
        -------
        ndarray of int of shape (draws,)
            Index of the row at that place.
        """
        flat = np.searchsorted(self.flat, self.start + place, side="right")
        return np.clip(flat - np.arange(len(place)) * self.n, 0, max(self.n - 1, 0))

    def quantile(self, values: np.ndarray, share: float) -> np.ndarray:
        """A quantile of each drawn sample, as `np.quantile` of the repeated values.

        Parameters
        ----------
        values : ndarray of shape (n,)
            Values of the rows; they rise in the order of the rows.
        share : float
            Which quantile, from 0 to 1.

        Returns
        -------
        ndarray of float of shape (draws,)
            The quantile; nan where nothing is drawn.
        """
        if not self.n:
            return np.full(len(self.size), np.nan)
        place = np.maximum(self.size - 1, 0) * share
        below = np.floor(place)
        low = values[self.rows_at(below)]
        high = values[self.rows_at(np.minimum(below + 1, np.maximum(self.size - 1, 0)))]
        out = low + (place - below) * (high - low)
        return np.where(self.size > 0, out, np.nan)

    def median(self, values: np.ndarray) -> np.ndarray:
        """The median of each drawn sample, for `values` (n,) that rise in the order of the rows."""
        return self.quantile(values, 0.5)

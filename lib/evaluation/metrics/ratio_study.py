"""Ratio study: level and uniformity of valuations, as the IAAO's Standard on Ratio Studies has it.

A = estimate, S = price, r = A / S, M = median of r. COD: mean |r - M| in percent of M. PRD: mean r
over sum A / sum S. PRB: slope of (r - M) / M on log2 of the proxy S / 2 + A / (2 M). MKI: Gini of A
over Gini of S, both in order of S (Quintos); sales of one price share their ranks, which is the
mean over all their orders. VEI: the median of the highest group by proxy less that of the lowest,
in percent of M; of sales of one proxy at a group's edge each counts an equal part. The order of the
rows changes nothing. MKI below 1, PRD above 1, PRB or VEI below 0: expensive
homes are undervalued relative to cheap ones. Each is a function of how often each sale counts
(lib/evaluation/metrics/bootstrap.py). Nothing below is in currency.
"""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from lib.evaluation.metrics.bootstrap import MetricFamily
from lib.evaluation.metrics.weighted_quantiles import WeightedOrder

STATISTICS = ("median_ratio", "cod", "prd", "prb", "mki", "vei")
LEVELS = {"vei": 0.90}  # the standard judges VEI by its 90 % interval
SMALLEST = 20  # sales below which the standard names no groups for VEI


def vei_group_count(n: int) -> int:
    """How many groups by proxy VEI compares for n sales; 0 where there are too few."""
    return 0 if n < SMALLEST else 2 if n <= 50 else 4 if n <= 500 else 10


class RatioStudy:
    """The statistics of one set of sales.

    Parameters
    ----------
    estimate, price : ndarray of shape (n,)
        Estimates and prices paid in currency, above zero.
    """

    def __init__(self, estimate: np.ndarray, price: np.ndarray) -> None:
        # by price too: where trimming keeps some sales of one ratio, the rows' order says nothing
        order = np.lexsort((price, estimate / price))
        self.order = order  # everything below stands in order of the ratio
        self.estimate, self.price = estimate[order], price[order]
        self.ratio = self.estimate / self.price
        self.terms = np.stack([np.ones(len(order)), self.ratio, self.estimate, self.price], axis=1)
        self.by_price = np.argsort(self.price, kind="stable")
        # where each run of sales of one price begins in that order, and which run a sale is of
        fresh = np.diff(self.price[self.by_price], prepend=np.nan) != 0
        self.runs, self.run = np.flatnonzero(fresh), np.cumsum(fresh) - 1
        value = value_proxy(self.estimate, self.price)
        self.middle = np.median(self.ratio) if len(order) else np.nan
        by_proxy = np.argsort(value, kind="stable")
        # the rows that VEI's outer groups draw from, from either end: more than such a group holds
        self.ends = [rows[: self.reach(len(order))] for rows in (by_proxy, by_proxy[::-1])]
        # the proxy of the first row beyond them
        self.beyond = [
            value[rows[self.reach(len(order))]] if self.reach(len(order)) < len(order) else np.nan
            for rows in (by_proxy, by_proxy[::-1])
        ]
        self.parts = vei_group_count(len(order))

    def family(self, factor: float | None = None, cap: float = 1.0) -> MetricFamily:
        """STATISTICS as functions of counts; with `factor`, of the ratios that `trim_counts`
        leaves.
        """

        def evaluate(counts: np.ndarray) -> np.ndarray:
            ordered = counts[:, self.order]
            if not len(self.order):
                return np.full((len(counts), len(STATISTICS)), np.nan)
            return self.statistics(
                ordered if factor is None else self.trim_counts(ordered, factor, cap)
            )

        return MetricFamily(STATISTICS, evaluate, LEVELS)

    def trim_counts(self, counts: np.ndarray, factor: float, cap: float) -> np.ndarray:
        """Counts without outlier ratios.

        A ratio is an outlier where it lies farther from the nearer quartile than `factor` times the
        distance of the quartiles. Where more than the share `cap` of the sales are outliers, those
        farthest out are taken until the share is reached.

        Parameters
        ----------
        counts : ndarray of shape (draws, n)
            How often each sale counts, in order of the ratio.
        factor : float
            Multiple of the distance of the quartiles: 1.5 for outliers, 3 for extreme ones.
        cap : float
            The greatest share of the sales that may go.

        Returns
        -------
        ndarray of shape (draws, n)
            What is left of the counts.

        Notes
        -----
        IAAO, Standard on Ratio Studies (2013), appendix B, trims by these factors.
        """
        ranked = WeightedOrder(counts)
        low, high = (ranked.quantile(self.ratio, share)[:, None] for share in (0.25, 0.75))
        outside = np.maximum(low - self.ratio, self.ratio - high) - factor * (high - low)
        gone = counts * (outside > 0)
        most = np.floor(cap * ranked.size)
        over = np.flatnonzero(gone.sum(axis=1) > most)
        if len(over):
            far = np.argsort(-outside[over], axis=1, kind="stable")
            ordered = np.take_along_axis(gone[over], far, axis=1)
            before = np.cumsum(ordered, axis=1) - ordered
            gone[over[:, None], far] = np.clip(most[over, None] - before, 0, ordered)
        return counts - gone

    def statistics(self, counts: np.ndarray) -> np.ndarray:
        """The statistics of each draw.

        Parameters
        ----------
        counts : ndarray of shape (draws, n)
            How often each sale counts, in order of the ratio.

        Returns
        -------
        ndarray of shape (draws, 6)
            STATISTICS in their order; COD and VEI in percent.
        """
        ranked = WeightedOrder(counts)
        middle = ranked.median(self.ratio)
        with np.errstate(divide="ignore", invalid="ignore"):
            n, ratios, estimates, prices = (counts @ self.terms).T
            below = counts * (self.ratio <= middle[:, None])
            n_below, ratios_below = (below @ self.terms[:, :2]).T
            # sum of |r - M|: those below the median and those above it, each from their sums
            off = middle * n_below - ratios_below + (ratios - ratios_below) - middle * (n - n_below)
            proxy = (self.price + self.estimate / middle[:, None]) / 2
            return np.stack(
                [
                    middle,
                    100 * off / n / middle,  # COD
                    (ratios / n) / (estimates / prices),
                    self._slope(counts, middle, proxy),
                    self._gini_ratio(counts, n, estimates, prices),
                    self._vei(counts, middle, n),
                ],
                axis=1,
            )

    def _slope(self, counts: np.ndarray, middle: np.ndarray, proxy: np.ndarray) -> np.ndarray:
        """PRB. The centre keeps the sums of squares from cancelling."""
        x = np.log2(proxy)
        x -= x.mean(axis=1, keepdims=True)
        y = self.ratio / middle[:, None] - 1
        weighed = counts * x
        n, sx, sy = counts.sum(axis=1), weighed.sum(axis=1), np.einsum("ij,ij->i", counts, y)
        sxx, sxy = np.einsum("ij,ij->i", weighed, x), np.einsum("ij,ij->i", weighed, y)
        spread = sxx - sx**2 / n
        return np.where(
            spread > 1e-12 * np.maximum(sxx, 1e-9), (sxy - sx * sy / n) / spread, np.nan
        )

    def _gini_ratio(
        self, counts: np.ndarray, n: np.ndarray, estimates: np.ndarray, prices: np.ndarray
    ) -> np.ndarray:
        """MKI. Of w sales of one price, the last of them at place c, each has the mean of their
        ranks, (2 c - w + 1) / 2: any order of theirs is as good, and Gini is linear in the ranks.
        """
        ordered = counts[:, self.by_price]
        alike = np.add.reduceat(ordered, self.runs, axis=1)
        ranks = 2 * WeightedOrder(alike).running_counts() - alike + 1
        places = ordered * ranks[:, self.run]
        columns = np.stack([self.estimate[self.by_price], self.price[self.by_price]], axis=1)
        weighed = (places @ columns).T
        gini = [
            total / (n * amount) - (n + 1) / n
            for total, amount in zip(weighed, (estimates, prices), strict=True)
        ]
        return np.where(gini[1] > 1e-12, gini[0] / gini[1], np.nan)

    def reach(self, n: int) -> int:
        """How many rows from an end nearly always hold the outer group of a draw of n sales."""
        parts = vei_group_count(n)
        return min(n, n if parts < 4 else int(1.2 * n / parts) + 40)

    def _vei(self, counts: np.ndarray, middle: np.ndarray, size: np.ndarray) -> np.ndarray:
        """VEI: groups of equal counts by the proxy of each draw; `size` (draws,) drawn rows."""
        if not self.parts:
            return np.full(len(counts), np.nan)
        size = np.floor(size / self.parts)
        low, high = (self._outer(counts, middle, size, side) for side in (0, 1))
        return 100 * (high - low) / middle

    def _outer(
        self, counts: np.ndarray, middle: np.ndarray, size: np.ndarray, side: int
    ) -> np.ndarray:
        """(draws,) the median ratio of the `size` drawn rows of lowest (side 0) or highest proxy.

        Only rows near that end are looked at first; a draw in which a row further in could belong
        to the group is done again with all rows. Which draws these are is certain: the drawn median
        moves a proxy by a factor between 1 and the undrawn median over the drawn one.
        """
        out, sure = self._lowest(counts, middle, size, self.ends[side], side)
        if not np.isnan(self.beyond[side]):
            moved = self.middle / middle
            bound = self.beyond[side] * (np.maximum(1, moved) if side else np.minimum(1, moved))
            far = ~(sure > bound) if side else ~(sure < bound)
            if far.any():
                rows = np.arange(len(self.order))
                out[far] = self._lowest(counts[far], middle[far], size[far], rows, side)[0]
        return out

    def _lowest(
        self, counts: np.ndarray, middle: np.ndarray, size: np.ndarray, rows: np.ndarray, side: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """`_outer` of some rows, and the proxy at the inner end of the group; nan where they are
        too few.

        Rows in about the order of their proxies are sorted cheaply.
        """
        value = (self.price[rows] + self.estimate[rows] / middle[:, None]) / 2
        order = np.argsort(-value if side else value, axis=1, kind="stable")
        drawn = counts[:, rows]
        ranked = WeightedOrder(np.take_along_axis(drawn, order, axis=1))
        last = ranked.rows_at(np.maximum(size - 1, 0))
        end = np.take_along_axis(value, np.take_along_axis(order, last[:, None], 1), 1)
        inside = drawn * (value > end if side else value < end)
        edge = drawn * (value == end)
        # sales at the edge fill the room that is left in equal parts; times all of them, so that
        # counts stay whole
        tied, room = edge.sum(axis=1), size - inside.sum(axis=1)
        taken = inside * tied[:, None] + edge * np.minimum(room, tied)[:, None]
        by_ratio = np.argsort(rows, kind="stable")
        median = WeightedOrder(taken[:, by_ratio]).median(self.ratio[rows[by_ratio]])
        return median, np.where(ranked.size >= size, end[:, 0], np.nan)

    def prb_regression(self, level: float = 0.95) -> dict[str, float]:
        """PRB with the interval of its regression's standard error, to check the bootstrap by.

        Returns
        -------
        dict of str to float
            `value`, `low` and `high`, by least squares with n - 2 degrees of freedom; nan under
            three sales, or where all proxies are alike.
        """
        n = len(self.ratio)
        out = {"value": np.nan, "low": np.nan, "high": np.nan}
        if n < 3:
            return out
        middle = np.median(self.ratio)
        x = np.log2((self.price + self.estimate / middle) / 2)
        y = self.ratio / middle - 1
        x = x - x.mean()
        spread = (x**2).sum()
        if spread <= 1e-12:
            return out
        slope = (x * y).sum() / spread
        left = y - y.mean() - slope * x
        half = stdtrit(n - 2, (1 + level) / 2) * np.sqrt((left**2).sum() / (n - 2) / spread)
        return {"value": float(slope), "low": float(slope - half), "high": float(slope + half)}


def value_proxy(estimate: np.ndarray, price: np.ndarray) -> np.ndarray:
    """The IAAO's proxy of market value, S / 2 + A / (2 M), which errors of neither side tilt.

    Parameters
    ----------
    estimate : ndarray of shape (n,)
        Estimates (A) in currency; nan where there is none.
    price : ndarray of shape (n,)
        Prices paid (S) in currency, above zero.

    Returns
    -------
    ndarray of float of shape (n,)
        The mean of the price and of the estimate over the median ratio M, in currency; nan where
        there is no estimate.

    Notes
    -----
    IAAO, Standard on Ratio Studies (2013), on PRB.

    Examples
    --------
    >>> import numpy as np
    >>> value_proxy(np.array([90.0, 180.0]), np.array([100.0, 200.0])).tolist()
    [100.0, 200.0]
    """
    if not len(price):
        return np.asarray(price, dtype=float)
    valued = np.isfinite(estimate)
    middle = np.median(estimate[valued] / price[valued]) if valued.any() else np.nan
    return (price + estimate / middle) / 2

"""A hedonic regression as of each date: what the market pays for size, age, place and month.

Log price is regressed on the home's attributes and their squares, its ZIP and the month of
closing (Rosen, Journal of Political Economy 82, 1974). The regression is refitted every few days
on the sales that had closed before, so nothing of a later date enters; sums of products are
carried from one fit to the next, so the cost grows with the number of sales. ZIP effects are
shrunk to zero by a ridge penalty, and the months' effects, which are the market's time index, to
their neighbours' by a random walk: a month without sales takes over the last one's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field
from threadpoolctl import threadpool_limits

from lib.common.params import Section
from lib.features.asof.days import days_since_epoch, log
from lib.features.comparables import Axis, attributes

LIMIT = 4.0  # units of an axis beyond which a home counts as no farther from typical


class Hedonic(Section):
    """How often to refit, and how strongly to shrink (in sales: a penalty of 5 weighs like 5)."""

    refit_days: int = Field(ge=1)
    minimum_sales: int = Field(ge=1)
    ridge: float = Field(gt=0)
    zip_ridge: float = Field(gt=0)
    month_ridge: float = Field(gt=0)


@dataclass(frozen=True)
class Inputs:
    """What the regression reads of n homes: `own` (n, p) numbers, ZIP code number (-1: unknown to
    every sale) and month number, counted from the first sale's."""

    own: np.ndarray
    zips: np.ndarray
    months: np.ndarray


@dataclass(frozen=True)
class Fit:
    """Effects in log price as of one date: of `own` (p,), of each ZIP, of each month up to it."""

    own: np.ndarray
    zips: np.ndarray
    months: np.ndarray

    def predict(self, at: Inputs, rows: np.ndarray) -> np.ndarray:
        """Log price of `rows` of `at`; a later month counts as the last known one."""
        zips = np.append(self.zips, 0.0)[at.zips[rows]]  # -1, an unknown ZIP, picks the zero
        months = self.months[np.clip(at.months[rows], 0, len(self.months) - 1)]
        return at.own[rows] @ self.own + zips + months


@dataclass(frozen=True)
class Market:
    """All that the regression knows of some homes (n) and the sales (m) around them, which are in
    order of closing: inputs of both, log prices and days of the sales, the refit day that serves
    each home, and the fit of each refit day (none before the first)."""

    of_sales: Inputs
    of_homes: Inputs
    log_price: np.ndarray
    days: np.ndarray
    refits: np.ndarray
    fits: dict[int, Fit]


def known(homes: pd.DataFrame, sales: pd.DataFrame, axes: dict[str, Axis], spec: Hedonic) -> Market:
    """The regression as of the date of each of `homes`, on the `sales` closed before it."""
    price, days = log(sales["close_price"]), days_since_epoch(sales["close_date"])
    of_sales = inputs(sales, sales["close_date"], sales, axes)
    refits = latest(days_since_epoch(homes["as_of"]), spec.refit_days)
    made = fits(of_sales, price, days, int(refits.max(initial=0)), spec)
    return Market(of_sales, inputs(homes, homes["as_of"], sales, axes), price, days, refits, made)


def month(dates: pd.Series) -> np.ndarray:
    """Months since January 1970 (int64)."""
    return dates.to_numpy("datetime64[M]").astype("int64")


def areas(sales: pd.DataFrame) -> np.ndarray:
    """The ZIP codes in the order that `inputs` numbers them; blank for sales without one."""
    return np.unique(sales["postal_code"].fillna(""))


def inputs(
    homes: pd.DataFrame, dates: pd.Series, sales: pd.DataFrame, axes: dict[str, Axis]
) -> Inputs:
    """The regression's inputs of `homes` on `dates`, numbered as those of `sales`."""
    own = np.clip(attributes(homes, axes), -LIMIT, LIMIT)
    codes = {code: i for i, code in enumerate(areas(sales))}
    zips = homes["postal_code"].fillna("").map(codes).fillna(-1).to_numpy("int64")
    first = month(sales["close_date"]).min(initial=np.iinfo("int64").max)
    return Inputs(np.hstack([own, own**2]), zips, month(dates) - first)


def fits(
    at: Inputs, log_price: np.ndarray, days: np.ndarray, until: int, spec: Hedonic
) -> dict[int, Fit]:
    """The fit of each refit day (whole days, multiples of `refit_days`) from the first with
    `minimum_sales` to `until`, on sales of `days` strictly before it. `days` must be in order."""
    p, zips = at.own.shape[1], int(at.zips.max(initial=-1)) + 1
    count = p + zips + int(at.months.max(initial=-1)) + 1
    products, sums = np.zeros((count, count)), np.zeros(count)
    out: dict[int, Fit] = {}
    if not len(days):
        return out
    start = 0
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        for day in range(
            -(-(int(days[0]) + 1) // spec.refit_days) * spec.refit_days,
            until + 1,
            spec.refit_days,
        ):
            end = int(np.searchsorted(days, day))
            if end > start:
                rows, at_row = slice(start, end), np.arange(end - start)
                block = np.zeros((end - start, count))
                block[:, :p] = at.own[rows]
                block[at_row, p + at.zips[rows]] = 1.0
                block[at_row, p + zips + at.months[rows]] = 1.0
                products += block.T @ block
                sums += block.T @ log_price[rows]
                start = end
            if end >= spec.minimum_sales:
                out[day] = _solve(products, sums, p, zips, int(at.months[end - 1]) + 1, end, spec)
    return out


def _solve(
    products: np.ndarray,
    sums: np.ndarray,
    p: int,
    zips: int,
    months: int,
    sales: int,
    spec: Hedonic,
) -> Fit:
    """Effects from sums of products: penalties on own inputs in units of their variance so far."""
    count = p + zips + months
    left, right = products[:count, :count].copy(), sums[:count]
    means = left[p + zips :, :p].sum(axis=0) / sales  # each sale has one month
    variance = np.diag(left)[:p] / sales - means**2
    left[np.diag_indices(p + zips)] += np.append(
        spec.ridge * np.maximum(variance, 0.01),  # an input that never varies has no effect
        np.full(zips, spec.zip_ridge),
    )
    walk = np.diff(np.eye(months), axis=0)
    left[-months:, -months:] += spec.month_ridge * (walk.T @ walk)
    effects = np.linalg.solve(left, right)
    return Fit(effects[:p], effects[p : p + zips], effects[p + zips :])


def latest(days: np.ndarray, refit_days: int) -> np.ndarray:
    """The refit day that serves each of `days`: the last one on or before it."""
    return days // refit_days * refit_days

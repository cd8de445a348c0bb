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
from lib.features.asof.rule import count_before, days_since_epoch, log_positive, months_since_epoch
from lib.features.nearby.comparables import MetricAxis, scaled_attributes

LIMIT = 4.0  # units of an axis beyond which a home counts as no farther from typical


class HedonicSettings(Section):
    """How often to refit, and how strongly to shrink (in sales: a penalty of 5 weighs like 5)."""

    refit_days: int = Field(ge=1)
    minimum_sales: int = Field(ge=1)
    ridge: float = Field(gt=0)
    zip_ridge: float = Field(gt=0)
    month_ridge: float = Field(gt=0)


@dataclass(frozen=True)
class HedonicInputs:
    """What the regression reads of n homes.

    Parameters
    ----------
    attributes
        (n, p) scaled attributes and their squares.
    zips
        (n,) int64 number of the ZIP code; -1: no sale lies there.
    months
        (n,) int64 month, counted from that of the first sale.
    """

    attributes: np.ndarray
    zips: np.ndarray
    months: np.ndarray


@dataclass(frozen=True)
class HedonicFit:
    """Effects in log price as of a date: of each attribute (p,), each ZIP, each month up to it."""

    attributes: np.ndarray
    zips: np.ndarray
    months: np.ndarray

    def predict(self, inputs: HedonicInputs, rows: np.ndarray) -> np.ndarray:
        """Log price of some rows.

        Parameters
        ----------
        inputs
            Homes or sales.
        rows
            (k,) int64 which of them.

        Returns
        -------
        (k,) float64; a month later than the fit's last one counts as that one, an unknown ZIP as
        none.
        """
        # -1, an unknown ZIP, picks the zero
        zips = np.append(self.zips, 0.0)[inputs.zips[rows]]
        months = self.months[np.clip(inputs.months[rows], 0, len(self.months) - 1)]
        return inputs.attributes[rows] @ self.attributes + zips + months


@dataclass(frozen=True)
class HedonicHistory:
    """The regression as of every refit day, with the homes (n) and sales (m) that it serves.

    Parameters
    ----------
    of_sales, of_homes
        Inputs of the sales, in order of closing, and of the homes.
    log_price
        (m,) float64 of the sales.
    days
        (m,) int64 whole days on which they closed.
    refits
        (n,) int64 the refit day that serves each home.
    fits
        The fit of each refit day; none before the first.
    """

    of_sales: HedonicInputs
    of_homes: HedonicInputs
    log_price: np.ndarray
    days: np.ndarray
    refits: np.ndarray
    fits: dict[int, HedonicFit]


def fit_hedonic_as_of(
    homes: pd.DataFrame, sales: pd.DataFrame, axes: dict[str, MetricAxis], settings: HedonicSettings
) -> HedonicHistory:
    """Fit the regression as of the date of each home, on the sales that closed before it.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, `postal_code` and the axes.
    sales
        (m, columns) in order of closing, with `close_date`, `close_price`, `postal_code` and the
        axes.
    axes
        The attributes, each with its scale.
    settings
        How often to refit and how strongly to shrink.

    Returns
    -------
    The fits of all refit days that the homes need.
    """
    price, days = log_positive(sales["close_price"]), days_since_epoch(sales["close_date"])
    of_sales = make_hedonic_inputs(sales, sales["close_date"], sales, axes)
    refits = refit_day(days_since_epoch(homes["as_of"]), settings.refit_days)
    fits = fit_hedonic_history(of_sales, price, days, int(refits.max(initial=0)), settings)
    return HedonicHistory(
        of_sales, make_hedonic_inputs(homes, homes["as_of"], sales, axes), price, days, refits, fits
    )


def list_zips(sales: pd.DataFrame) -> np.ndarray:
    """List the ZIP codes in the order in which `make_hedonic_inputs` numbers them.

    Parameters
    ----------
    sales
        (m, columns) with `postal_code`.

    Returns
    -------
    (zips,) distinct codes, sorted; blank for sales without one.
    """
    return np.unique(sales["postal_code"].fillna(""))


def make_hedonic_inputs(
    homes: pd.DataFrame, dates: pd.Series, sales: pd.DataFrame, axes: dict[str, MetricAxis]
) -> HedonicInputs:
    """The regression's inputs of homes or sales.

    Parameters
    ----------
    homes
        (n, columns) with `postal_code` and the axes.
    dates
        (n,) datetime64: when they are valued, or closed.
    sales
        (m, columns) the sales that number ZIPs and months.
    axes
        The attributes, each with its scale.

    Returns
    -------
    Inputs of n rows.
    """
    attributes = np.clip(scaled_attributes(homes, axes), -LIMIT, LIMIT)
    codes = {code: i for i, code in enumerate(list_zips(sales))}
    zips = homes["postal_code"].fillna("").map(codes).fillna(-1).to_numpy("int64")
    first = months_since_epoch(sales["close_date"]).min(initial=np.iinfo("int64").max)
    return HedonicInputs(
        np.hstack([attributes, attributes**2]), zips, months_since_epoch(dates) - first
    )


def fit_hedonic_history(
    inputs: HedonicInputs,
    log_price: np.ndarray,
    days: np.ndarray,
    until: int,
    settings: HedonicSettings,
) -> dict[int, HedonicFit]:
    """Fit the regression on each refit day, on the sales strictly before it.

    Parameters
    ----------
    inputs
        Inputs of the m sales, in order of closing.
    log_price
        (m,) float64.
    days
        (m,) int64 whole days, sorted.
    until
        The last day for which a fit is needed.
    settings
        How often to refit and how strongly to shrink.

    Returns
    -------
    The fit of each refit day (whole days, multiples of `refit_days`) from the first one with
    `minimum_sales` on.
    """
    p, zips = inputs.attributes.shape[1], int(inputs.zips.max(initial=-1)) + 1
    count = p + zips + int(inputs.months.max(initial=-1)) + 1
    products, sums = np.zeros((count, count)), np.zeros(count)
    out: dict[int, HedonicFit] = {}
    if not len(days):
        return out
    start = 0
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        for day in range(
            -(-(int(days[0]) + 1) // settings.refit_days) * settings.refit_days,
            until + 1,
            settings.refit_days,
        ):
            end = int(count_before(days, day))
            if end > start:
                rows, at_row = slice(start, end), np.arange(end - start)
                block = np.zeros((end - start, count))
                block[:, :p] = inputs.attributes[rows]
                block[at_row, p + inputs.zips[rows]] = 1.0
                block[at_row, p + zips + inputs.months[rows]] = 1.0
                products += block.T @ block
                sums += block.T @ log_price[rows]
                start = end
            if end >= settings.minimum_sales:
                out[day] = _solve(
                    products, sums, p, zips, int(inputs.months[end - 1]) + 1, end, settings
                )
    return out


# parameters: the sums so far, and the sizes of their parts
def _solve(
    products: np.ndarray,
    sums: np.ndarray,
    p: int,
    zips: int,
    months: int,
    sales: int,
    settings: HedonicSettings,
) -> HedonicFit:
    """Effects from sums of products: penalties on attributes in units of their variance so far."""
    count = p + zips + months
    left, right = products[:count, :count].copy(), sums[:count]
    means = left[p + zips :, :p].sum(axis=0) / sales  # each sale has one month
    variance = np.diag(left)[:p] / sales - means**2
    left[np.diag_indices(p + zips)] += np.append(
        settings.ridge * np.maximum(variance, 0.01),  # an input that never varies has no effect
        np.full(zips, settings.zip_ridge),
    )
    walk = np.diff(np.eye(months), axis=0)
    left[-months:, -months:] += settings.month_ridge * (walk.T @ walk)
    effects = np.linalg.solve(left, right)
    return HedonicFit(effects[:p], effects[p : p + zips], effects[p + zips :])


def refit_day(days: np.ndarray, refit_days: int) -> np.ndarray:
    """The refit day that serves each date: the last one on or before it.

    Parameters
    ----------
    days
        (n,) int64 whole days.
    refit_days
        Days between two fits.

    Returns
    -------
    (n,) int64 multiples of `refit_days`.
    """
    return days // refit_days * refit_days

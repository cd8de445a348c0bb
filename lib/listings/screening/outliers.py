"""Prices far from the usual near them: robust levels and spreads of the sales before, and what a
home's size, age and features explain of its price.

Everything is as of the sale's close date: a row uses sales of strictly earlier days alone, so that
no later row can change its flags.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.listings.screening.rules import Flag

NORMAL = 1.349  # quartiles of a normal distribution lie this many standard deviations apart
CLIP = 1.0  # log price beyond which a sale pulls the regression no further
ELASTICITY = 0.7  # of price to size, believed until sales say otherwise; as in `features`
TYPICAL_YEAR = 1975
REACH = 5.0
KINDS = ("property_sub_type", "property_type")  # the first that a feed has tells kinds of home
MOST_KINDS = 31  # RESO knows as many kinds of home; of more, those that were sold first
PRIOR = 50.0  # sales' worth of trust in that belief
NUMBERS = [
    "living_area",
    "lot_size_square_feet",
    "bedrooms_total",
    "bathrooms_total",
    "year_built",
    "stories",
    "garage_spaces",
    "fireplaces_total",
    "pool_private_yn",
    "waterfront_yn",
    "latitude",
    "longitude",
]
LOGS = ("living_area", "lot_size_square_feet")


@dataclass(frozen=True)
class PriceLevels:
    """Per row, of the sales before it.

    `level` (median), `spread` (standard deviation's worth, from the quartiles), their `count` in
    the row's area and in the whole `market`.
    """

    level: np.ndarray
    spread: np.ndarray
    count: np.ndarray
    market: np.ndarray


def quartiles_before(
    days: np.ndarray, values: np.ndarray, window: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take median and spread of the values of the days before each row.

    Each distinct day is worked out once, so that the cost grows with days times sales in the
    window.

    Parameters
    ----------
    days : ndarray of int, shape (n,)
        Days since the epoch, in any order.
    values : ndarray of float, shape (n,)
        Those that are not finite are left out.
    window : int
        Days before a row's day that count; the day itself does not.

    Returns
    -------
    median : ndarray, shape (n,)
        nan without a sale in the window.
    spread : ndarray, shape (n,)
        Interquartile range over NORMAL; nan without a sale in the window.
    count : ndarray of float, shape (n,)
        Finite values in the window.
    """
    finite = np.isfinite(values)
    order = np.argsort(days[finite], kind="stable")
    ordered_days, ordered = days[finite][order], values[finite][order]
    dates, back = np.unique(days, return_inverse=True)
    first, last = (
        np.searchsorted(ordered_days, dates - window),
        np.searchsorted(ordered_days, dates),
    )
    middle, spread = np.full(len(dates), np.nan), np.full(len(dates), np.nan)
    for i, (a, b) in enumerate(zip(first, last, strict=True)):
        if b > a:
            low, middle[i], high = np.quantile(ordered[a:b], (0.25, 0.5, 0.75))
            spread[i] = (high - low) / NORMAL
    return middle[back], spread[back], (last - first)[back].astype(float)


def levels_before(
    days: np.ndarray, area: np.ndarray, values: np.ndarray, window: int, shrink: float
) -> PriceLevels:
    """Take level and spread around each row, drawn to the market's where the area has few sales.

    An area with `shrink` sales counts as much as the market does. The market's spread holds the
    differences between areas too, so a thin area is judged mildly.

    Parameters
    ----------
    days : ndarray of int, shape (n,)
        Days since the epoch.
    area : ndarray of int, shape (n,)
        Codes of areas; -1 is none.
    values : ndarray of float, shape (n,)
        Such as log prices.
    window : int
        Days before a row's day that count.
    shrink : float
        Sales of an area that weigh as much as the market.

    Returns
    -------
    PriceLevels
        nan where the market is empty.
    """
    level, spread, market = quartiles_before(days, values, window)
    count = np.zeros(len(days))
    order = np.argsort(area, kind="stable")
    edges = np.flatnonzero(np.diff(area[order], prepend=-2, append=area.max(initial=-1) + 1))
    for start, end in pairwise(edges):
        rows = order[start:end]
        if area[rows[0]] < 0:
            continue
        here, wide, count[rows] = quartiles_before(days[rows], values[rows], window)
        trust = count[rows] / (count[rows] + shrink)
        level[rows] = np.where(trust > 0, trust * here + (1 - trust) * level[rows], level[rows])
        mixed = np.sqrt(trust * wide**2 + (1 - trust) * spread[rows] ** 2)
        spread[rows] = np.where(trust > 0, mixed, spread[rows])
    return PriceLevels(level, spread, count, market)


def _price_inputs(sales: pd.DataFrame) -> np.ndarray:
    """Build what explains prices.

    The `sales` are in order of close_date: of many kinds of home the first that were sold have a
    column, so that no later sale can take one away (one whose kind is new that month has learnt
    nothing yet).

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Any of NUMBERS, KINDS and the feed's `local_` numbers.

    Returns
    -------
    ndarray of float, shape (n, m)
        Log living area first; numbers of the home, each with a column that says whether it is
        there, squares of some, kinds of home; nan where missing.
    """
    local = [
        name
        for name in sales
        if name.startswith("local_") and pd.api.types.is_numeric_dtype(sales[name])
    ]
    columns = []
    for name in [*(name for name in NUMBERS if name in sales), *local]:
        value = sales[name].to_numpy(float)
        if name in LOGS:
            value = np.log(np.where(value > 0, value, np.nan))
        if name == "year_built":
            value = value - TYPICAL_YEAR  # keeps the sums of squares small
        columns += [value, np.isfinite(value).astype(float)]
        if name in (*LOGS, "year_built"):
            columns.append(value**2)
    kind = next((name for name in KINDS if name in sales), None)
    if kind:
        kinds = sales[kind].fillna("")
        columns += [(kinds == kind).to_numpy(float) for kind in kinds.unique()[:MOST_KINDS]]
    return np.column_stack(columns)


def explain_prices(months: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Predict each row's log price above its area's level by a regression on all earlier months.

    Normal equations are summed up month by month, so the cost is that of one regression. A missing
    input counts as the mean of the months before. `y` is clipped at CLIP and inputs at REACH
    standard deviations, so that a wild cell bends nothing. The ridge draws to ELASTICITY for log
    living area, the first column, and to none for the rest.

    Parameters
    ----------
    months : ndarray of int, shape (n,)
    x : ndarray of float, shape (n, k)
        From `_price_inputs`.
    y : ndarray of float, shape (n,)
        Log price above the area's level; nan is left out.

    Returns
    -------
    ndarray of float, shape (n,)
        Log price; 0 in the first month.
    """
    out = np.zeros(len(y))
    k = x.shape[1]
    belief = np.zeros(k)
    belief[0] = ELASTICITY
    count, sum_x, sum_y = 0, np.zeros(k), 0.0
    cross, moment = np.zeros((k, k)), np.zeros(k)
    for rows in _by_month(months):
        here = x[rows]
        centre = sum_x / count if count else _mean(here)
        here = np.where(np.isfinite(here), here, centre)
        if count:
            spread = cross / count - np.outer(centre, centre)
            scale = np.sqrt(np.maximum(np.diag(spread), 0))
            varies = scale > 1e-6 * np.maximum(1, np.abs(centre))
            size = np.where(varies, scale, 1.0)
            gram = spread / np.outer(size, size) * np.outer(varies, varies)
            pull = (moment / count - centre * sum_y / count) / size * varies
            ridge = PRIOR / count
            slope = np.linalg.solve(gram + ridge * np.eye(k), pull + ridge * belief * size)
            apart = np.clip((here - centre) / size, -REACH, REACH) * varies
            out[rows] = sum_y / count + apart @ slope
        good = np.isfinite(y[rows])
        used, clipped = here[good], np.clip(y[rows][good], -CLIP, CLIP)
        count += len(used)
        sum_x += used.sum(axis=0)
        sum_y += clipped.sum()
        cross += used.T @ used
        moment += used.T @ clipped
    return out


def _by_month(months: np.ndarray) -> list[np.ndarray]:
    """The positions of each month's rows, in order of month."""
    order = np.argsort(months, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(months[order])) + 1) if len(months) else []


def _mean(x: np.ndarray) -> np.ndarray:
    """Column means of the finite cells, 0 where a column has none."""
    there = np.isfinite(x)
    return np.where(there, x, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)


class OutlierLimits(Section):
    """What is usual and how far is too far; see params.yaml."""

    area: str
    window_days: int = Field(ge=1)
    shrink: float = Field(ge=0)
    minimum: int = Field(ge=1)
    least_spread: float = Field(gt=0)
    unusual: float = Field(gt=0)
    low: float = Field(gt=0)
    high: float = Field(gt=0)
    nominal_share: float = Field(ge=0, lt=1)


@dataclass(frozen=True)
class Deviations:
    """Per sale, in log price: `gap` to what size, features and place explain, `spread` of such
    gaps near it, `deviation` (gap in spreads; nan where too little is known), the same for price
    per square foot (`per_foot`), the level that the area had, and the sales it rests on."""

    gap: np.ndarray
    spread: np.ndarray
    deviation: np.ndarray
    per_foot: np.ndarray
    level: np.ndarray
    level_per_foot: np.ndarray
    count: np.ndarray


def measure_deviations(
    sales: pd.DataFrame, spec: OutlierLimits, learns: np.ndarray | None = None
) -> Deviations:
    """Measure how far each closed sale lies from the sales before it.

    A home without a size is judged by its price alone, against the wider spread of all prices of
    the area.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        In order of `close_date`; needs `close_date`, `close_price` (above 0) and `living_area`.
    spec : OutlierLimits
    learns : ndarray of bool, shape (n,), optional
        The sales that others learn from; all of them without it. The rest are measured likewise.

    Returns
    -------
    Deviations
        Each of shape (n,).
    """
    days = sales["close_date"].to_numpy("datetime64[D]").astype("int64")
    month = sales["close_date"].to_numpy("datetime64[M]").astype("int64")
    place = sales[spec.area] if spec.area in sales else pd.Series(None, index=sales.index)
    area = pd.factorize(place)[0]
    price = np.log(sales["close_price"].to_numpy(float))
    size = sales["living_area"].to_numpy(float)
    sized = size > 0
    per_foot = price - np.log(np.where(sized, size, np.nan))

    def before(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        values = values if learns is None else np.where(learns, values, np.nan)
        levels = levels_before(days, area, values, spec.window_days, spec.shrink)
        enough = levels.market >= spec.minimum
        level = np.where(enough, levels.level, np.nan)
        return level, np.maximum(levels.spread, spec.least_spread), levels.count

    level, wide, count = before(price)
    foot_level, foot_spread, _ = before(per_foot)
    above = price - level
    known = above if learns is None else np.where(learns, above, np.nan)
    gap = above - explain_prices(month, _price_inputs(sales), known)
    middle, narrow, _ = before(np.where(sized, gap, np.nan))
    gap, spread = np.where(sized, gap - middle, above), np.where(sized, narrow, wide)
    return Deviations(
        gap=gap,
        spread=spread,
        deviation=gap / spread,
        per_foot=(per_foot - foot_level) / foot_spread,
        level=level,
        level_per_foot=foot_level,
        count=count,
    )


def flag_outliers(
    sales: pd.DataFrame, deviations: Deviations, spec: OutlierLimits
) -> Iterator[Flag]:
    """Flag prices that are far off.

    A price per square foot counts only where the price itself is unusual on the same side: a home
    whose size explains its price is no outlier.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Needs `close_price` and `living_area`.
    deviations : Deviations
        Of the same rows, from `measure_deviations`.
    spec : OutlierLimits

    Returns
    -------
    Iterator of Flag
        Code, positions, reasons.
    """
    price = sales["close_price"].to_numpy(float)
    off, foot = (np.nan_to_num(values) for values in (deviations.deviation, deviations.per_foot))
    low, high = off < -spec.low, off > spec.high
    unusual = np.abs(off) > spec.unusual
    odd_foot = (foot < -spec.low) & (off < 0) | (foot > spec.high) & (off > 0)
    where = (
        sales[spec.area].fillna("no area").to_numpy(object)
        if spec.area in sales
        else np.full(len(sales), "the market", dtype=object)
    )

    def words(row: int) -> str:
        share = np.expm1(deviations.gap[row])
        return (
            f"price {price[row]:,.0f} lies {abs(share):.0%} {'above' if share > 0 else 'below'} "
            f"the {price[row] / np.exp(deviations.gap[row]):,.0f} that {where[row]} and the home "
            f"explain, {abs(deviations.deviation[row]):.1f} spreads of "
            f"{deviations.spread[row]:.0%} ({deviations.count[row]:.0f} sales there "
            f"in the {spec.window_days} days before)"
        )

    def foot_words(row: int) -> str:
        usual = np.exp(deviations.level_per_foot[row])
        return (
            f"{price[row] / sales['living_area'].iat[row]:,.2f} a square foot against "
            f"{usual:,.2f} in {where[row]}, {abs(foot[row]):.1f} spreads"
        )

    tiny = np.isfinite(deviations.level) & (price < spec.nominal_share * np.exp(deviations.level))
    for code, bad, say in (
        ("price_outlier_low", low, words),
        ("price_outlier_high", high, words),
        ("price_unusual", unusual & ~low & ~high, words),
        ("price_per_square_foot_outlier", odd_foot & unusual, foot_words),
        ("nominal_share", tiny, lambda row: f"price {price[row]:,.0f} is a nominal share of the "
         f"{np.exp(deviations.level[row]):,.0f} usual in {where[row]}"),
    ):  # fmt: skip
        rows = np.flatnonzero(bad)
        yield code, rows, pd.Series([say(row) for row in rows.tolist()], dtype="str")

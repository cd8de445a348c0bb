"""Prices far from what was usual near them: robust, and known by each sale's own date."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.listings.screen_level import explained, inputs, known_before
from lib.listings.screen_records import Flag


class Outliers(Section):
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
class Judged:
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


def judge(sales: pd.DataFrame, spec: Outliers) -> Judged:
    """How far each closed sale lies from the sales before it. A home without a size is judged by
    its price alone, against the wider spread of all prices of the area."""
    days = sales["close_date"].to_numpy("datetime64[D]").astype("int64")
    month = sales["close_date"].to_numpy("datetime64[M]").astype("int64")
    place = sales[spec.area] if spec.area in sales else pd.Series(None, index=sales.index)
    area = pd.factorize(place)[0]
    price = np.log(sales["close_price"].to_numpy(float))
    size = sales["living_area"].to_numpy(float)
    sized = size > 0
    per_foot = price - np.log(np.where(sized, size, np.nan))

    def before(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = known_before(days, area, values, spec.window_days, spec.shrink)
        enough = known.market >= spec.minimum
        level = np.where(enough, known.level, np.nan)
        return level, np.maximum(known.spread, spec.least_spread), known.count

    level, wide, count = before(price)
    foot_level, foot_spread, _ = before(per_foot)
    above = price - level
    gap = above - explained(month, inputs(sales), above)
    middle, narrow, _ = before(np.where(sized, gap, np.nan))
    gap, spread = np.where(sized, gap - middle, above), np.where(sized, narrow, wide)
    return Judged(
        gap=gap,
        spread=spread,
        deviation=gap / spread,
        per_foot=(per_foot - foot_level) / foot_spread,
        level=level,
        level_per_foot=foot_level,
        count=count,
    )


def outliers(sales: pd.DataFrame, found: Judged, spec: Outliers) -> Iterator[Flag]:
    """Flags of prices that are far off. A price per square foot counts only where the price itself
    is unusual on the same side: a home whose size explains its price is no outlier."""
    price = sales["close_price"].to_numpy(float)
    off, foot = (np.nan_to_num(values) for values in (found.deviation, found.per_foot))
    low, high = off < -spec.low, off > spec.high
    unusual = np.abs(off) > spec.unusual
    odd_foot = (foot < -spec.low) & (off < 0) | (foot > spec.high) & (off > 0)
    where = (
        sales[spec.area].fillna("no area").to_numpy(object)
        if spec.area in sales
        else np.full(len(sales), "the market", dtype=object)
    )

    def words(row: int) -> str:
        share = np.expm1(found.gap[row])
        return (
            f"price {price[row]:,.0f} lies {abs(share):.0%} {'above' if share > 0 else 'below'} "
            f"the {price[row] / np.exp(found.gap[row]):,.0f} that {where[row]} and the home "
            f"explain, {abs(found.deviation[row]):.1f} spreads of {found.spread[row]:.0%} "
            f"({found.count[row]:.0f} sales there in the {spec.window_days} days before)"
        )

    def foot_words(row: int) -> str:
        usual = np.exp(found.level_per_foot[row])
        return (
            f"{price[row] / sales['living_area'].iat[row]:,.2f} a square foot against "
            f"{usual:,.2f} in {where[row]}, {abs(foot[row]):.1f} spreads"
        )

    tiny = np.isfinite(found.level) & (price < spec.nominal_share * np.exp(found.level))
    for code, bad, say in (
        ("price_outlier_low", low, words),
        ("price_outlier_high", high, words),
        ("price_unusual", unusual & ~low & ~high, words),
        ("price_per_square_foot_outlier", odd_foot & unusual, foot_words),
        ("nominal_share", tiny, lambda row: f"price {price[row]:,.0f} is a nominal share of the "
         f"{np.exp(found.level[row]):,.0f} usual in {where[row]}"),
    ):  # fmt: skip
        rows = np.flatnonzero(bad)
        yield code, rows, pd.Series([say(row) for row in rows.tolist()], dtype="str")

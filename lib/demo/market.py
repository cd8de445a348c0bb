"""The invented market: what a home is worth on a day, and what it rents for.

Log price = base + place + size, age, lot and features (with bends and interactions)
          + quality + the market's level on that day. Whoever trades adds noise on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from lib.demo.homes import CONDO, FREE, TOWN

# Log effects unless the name says otherwise. `truth.json` repeats them for the tests.
EFFECTS: dict[str, float] = {
    "base": 12.62,
    "size": 0.72,
    "size_bend": -0.09,
    "extra_bed": 0.018,
    "full_bath": 0.045,
    "half_bath": 0.02,
    "age_per_year": -0.0058,
    "age_stops_at": 42.0,  # years; older homes lose no more ...
    "vintage_per_year": 0.004,  # ... and gain again past 60 years
    "lot": 0.085,
    "pool": 0.035,
    "pool_by_size": 0.05,
    "garage": 0.028,
    "fireplace": 0.012,
    "waterfront": 0.24,
    "townhouse": -0.05,
    "condominium": -0.11,
    "fee_per_1000": -0.010,
    "quality": 0.13,
    "noise": 0.06,  # sd of a closing price around the home's worth
    "trend_per_year": 0.05,
    "soft_patch": -0.04,
    "season": 0.018,
    "rent_elasticity": 0.72,  # rents rise slower than prices
    "rent_at_300k": 2050.0,  # dollars a month
    "rent_trend_per_year": 0.035,
    "rent_noise": 0.06,
}


@dataclass(frozen=True)
class Market:
    """The market's log level at the first day of each month, one month past the end included."""

    starts: tuple[date, ...]
    sale_level: np.ndarray
    rent_level: np.ndarray

    def at(self, days: np.ndarray, lease: bool = False) -> np.ndarray:
        """Log level on proleptic ordinal days, linear between month starts, flat outside them."""
        ordinals = [d.toordinal() for d in self.starts]
        return np.interp(days, ordinals, self.rent_level if lease else self.sale_level)


def draw_market(rng: np.random.Generator, start: date, years: int) -> Market:
    """A rising market with a soft patch midway, a spring peak and a little monthly noise."""
    count = 12 * years + 1
    first = start.year * 12 + start.month - 1
    starts = tuple(date((first + i) // 12, (first + i) % 12 + 1, 1) for i in range(count))
    month = np.arange(count)
    season = np.cos(2 * np.pi * (np.array([d.month for d in starts]) - 5) / 12)
    patch = 1 / (1 + np.exp(-(month - 0.5 * count) / (0.06 * count)))
    drift = np.cumsum(rng.normal(0, 0.002, count))
    sale = EFFECTS["trend_per_year"] / 12 * month + EFFECTS["soft_patch"] * patch + drift
    rent = EFFECTS["rent_trend_per_year"] / 12 * month + np.cumsum(rng.normal(0, 0.0015, count))
    swing = EFFECTS["season"] * season
    return Market(starts, sale + swing, rent + 0.6 * swing)


def log_value(homes: pd.DataFrame, days: np.ndarray, market: Market) -> np.ndarray:
    """Log of the worth in dollars of each home (row) on its ordinal day, before trading noise.

    Parameters
    ----------
    homes
        As `draw_homes` returns them, a row a value.
    days
        Ordinals, shape (n,).
    market
        Its levels by month.

    Returns
    -------
    ndarray
        Log dollars, shape (n,).
    """
    return _timeless(homes, days) + market.at(days)


def log_rent(homes: pd.DataFrame, days: np.ndarray, market: Market) -> np.ndarray:
    """Log of the monthly rent in dollars of each home on its ordinal day, before noise.

    Parameters
    ----------
    homes
        As `draw_homes` returns them, a row a value.
    days
        Ordinals, shape (n,).
    market
        Its levels by month.

    Returns
    -------
    ndarray
        Log dollars a month, shape (n,).
    """
    above = _timeless(homes, days) - np.log(300_000)
    at_300k = np.log(EFFECTS["rent_at_300k"])
    return at_300k + EFFECTS["rent_elasticity"] * above + market.at(days, lease=True)


def _timeless(homes: pd.DataFrame, days: np.ndarray) -> np.ndarray:
    e = EFFECTS
    size = np.log(homes["sqft"] / 2000)
    age = np.maximum(days / 365.25 - homes["year_built"], 0)
    free = homes["dwelling"] == FREE
    total = e["base"] + homes["place"] + e["size"] * size + e["size_bend"] * size**2
    total += e["extra_bed"] * (homes["beds"] - 1.1 - homes["sqft"] / 950)
    total += e["full_bath"] * np.sqrt(homes["full_baths"]) + e["half_bath"] * homes["half_baths"]
    total += e["age_per_year"] * np.minimum(age, e["age_stops_at"])
    total += e["vintage_per_year"] * np.maximum(age - 60, 0)
    total += e["lot"] * free * np.log(homes["acres"].fillna(0.05) / 0.19)
    total += homes["pool"] * (e["pool"] + e["pool_by_size"] * size)
    total += e["garage"] * np.minimum(homes["garage"], 3) + e["fireplace"] * homes["fireplaces"]
    total += e["waterfront"] * homes["waterfront"] * np.where(free, 1.0, 0.7)
    total += e["townhouse"] * (homes["dwelling"] == TOWN)
    total += e["condominium"] * (homes["dwelling"] == CONDO)
    total += e["fee_per_1000"] * homes["fee"] / 1000
    return (total + e["quality"] * homes["quality"]).to_numpy()

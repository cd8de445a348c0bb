"""What the other market says: rents of homes like one for sale, prices of homes like one to let,
and the gross yield between the two, all from closings before as_of."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.features import comparables
from lib.features.comparables import Comparables, days_since_epoch, log
from lib.features.windows import coded, past

MONTHS = 12  # rents are a month's


def zip_level(homes: pd.DataFrame, sales: pd.DataFrame, days: int) -> np.ndarray:
    """Median log price per square foot of the home's ZIP in the `days` before as_of (n,)."""
    of, groups = coded(homes, sales, ["postal_code"])
    closed, as_of = days_since_epoch(sales["close_date"]), days_since_epoch(homes["as_of"])
    per_foot = log(sales["close_price"]) - log(sales["living_area"])
    return past(groups, closed, of, as_of).quantiles(per_foot, days, [0.5])[0]


def features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    other: pd.DataFrame,
    rented: bool,
    near: np.ndarray,
    days: int,
    spec: Comparables,
) -> dict[str, np.ndarray]:
    """Per home (n,): log price (of rentals: a month's rent) per square foot in the `other` domain,
    in its ZIP and at the nearest comparables there; and the gross yield a year by either.

    `rented` says that the homes are rentals and `other` are sales; `near` is the log price per
    square foot of the home's own comparables.
    """
    found = comparables.find(homes, other, spec)
    said = comparables.features(homes, other, found, spec)["comp_log_price_per_square_foot"]
    levels = {"zip": zip_level(homes, other, days), "near": said}
    own = {"zip": zip_level(homes, sales, days), "near": near}
    out = {f"mkt_other_{by}_log_price_per_square_foot": level for by, level in levels.items()}
    for by, level in levels.items():
        rent, price = (own[by], level) if rented else (level, own[by])
        out[f"mkt_yield_{by}"] = MONTHS * np.exp(rent - price)
    return out

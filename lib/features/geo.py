"""Where a home lies among the sales before its as_of date: how far from their centre, and how many
are near. Places alone enter, never prices."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.features.asof.days import days_since_epoch
from lib.features.asof.nearest import count_past
from lib.features.asof.windows import coded, since_first
from lib.features.comparables import EARTH_KM, located, place

CM = 1e5  # a kilometre; sums of whole centimetres are exact in any order


class Geo(Section):
    """Which sales count as near: kilometres away, and days before as_of."""

    km: float = Field(gt=0)
    days: int = Field(ge=1)


def center_km(
    at: np.ndarray, of: np.ndarray, as_of: np.ndarray,
    places: np.ndarray, groups: np.ndarray, days: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Kilometres from each point `at` (n, 3) on the sphere to the centroid of the `places` (m, 3)
    of its group whose days lie strictly before its as_of; missing where there are none (n,)."""
    span, (days, as_of) = since_first(days, as_of)
    order = np.argsort(groups * span + days, kind="stable")
    line = (groups * span + days)[order]
    sums = np.zeros((len(line) + 1, 3), dtype="int64")
    np.cumsum(np.rint(places[order] * CM).astype("int64"), axis=0, out=sums[1:])
    first, last = np.searchsorted(line, of * span), np.searchsorted(line, of * span + as_of)
    total = (sums[last] - sums[first]).astype(float)
    length = np.linalg.norm(total, axis=1)
    with np.errstate(invalid="ignore"):
        center = total / np.where(length > 0, length, np.nan)[:, None] * EARTH_KM
        return np.where(last > first, np.linalg.norm(at - center, axis=1), np.nan)


def geo_features(homes: pd.DataFrame, sales: pd.DataFrame, spec: Geo) -> dict[str, np.ndarray]:
    """Per home (n,): kilometres to the centre of all earlier sales and of its ZIP's, and the
    sales of the last `spec.days` days within `spec.km`; missing where it has no coordinates."""
    names = ("geo_center_km", "geo_zip_center_km", "geo_sales_near")
    out = {name: np.full(len(homes), np.nan) for name in names}
    mine, theirs = located(homes), located(sales)
    some, past = homes[mine], sales[theirs]
    if not (len(some) and len(past)):
        return out
    at, places = place(some, False), place(past, False)
    as_of, days = days_since_epoch(some["as_of"]), days_since_epoch(past["close_date"])
    zips = coded(some, past, ["postal_code"])
    everywhere = np.zeros(len(some), dtype="int64"), np.zeros(len(past), dtype="int64")
    for name, (of, groups) in zip(names[:2], (everywhere, zips), strict=True):
        out[name][mine] = center_km(at, of, as_of, places, groups, days)
    near = count_past(places, days, at, as_of, spec.km)
    out["geo_sales_near"][mine] = near - count_past(places, days, at, as_of - spec.days, spec.km)
    return out

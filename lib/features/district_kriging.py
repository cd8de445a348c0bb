"""What all past sales of a home's district say of it, all of them weighed together.

Kriging with every sale of a district instead of the nearest few (universal kriging: Cressie,
Statistics for Spatial Data, 1993, ch. 3): log price is a level, a sum over the attributes and their
squares, the ZIP, a level that walks with time, and two parts that place and likeness carry. Each
home sees the sales that closed strictly before its as_of date: the Cholesky factor of the first m
sales is the upper left corner of that of them all, so one factor serves every date.

A district that has filled up is cut in two at the median of the sales that filled it, so cost grows
with the number of sales, and no later sale moves a border. Homes near a border are badly served,
so the map is cut several times in turned directions and the mean is taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from pydantic import Field
from scipy.linalg import cholesky, solve_triangular
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from lib.common.parallel import map_processes
from lib.common.params import Section
from lib.features import comparables, hedonic
from lib.features.asof import days
from lib.features.comparables import Axis

MONTH = 30.0  # days
CHUNK = 2000  # homes valued at once: 2,000 x 2,000 numbers are 32 MB
STRIP = 50  # rows of a covariance at once: 50 x 2,000 numbers stay in a core's cache


class Districts(Section):
    """How large districts grow and how far likeness carries; variances are of log price."""

    most: int = Field(ge=100)
    turns: int = Field(ge=1)
    minimum_sales: int = Field(ge=10)
    likeness: float = Field(gt=0)
    like_km: float = Field(gt=0)
    like_variance: float = Field(ge=0)
    reach_km: float = Field(gt=0)
    place_variance: float = Field(ge=0)
    axis_variance: float = Field(ge=0)
    zip_variance: float = Field(ge=0)
    month_variance: float = Field(ge=0)
    noise_variance: float = Field(gt=0)


@dataclass(frozen=True)
class Points:
    """n homes or sales as the covariance reads them: kilometres (n, 1 or 3), axes and their
    squares (n, axes), ZIP number (-1: unknown), whole days, and kilometres east and north."""

    place: np.ndarray
    axes: np.ndarray
    zips: np.ndarray
    days: np.ndarray
    flat: np.ndarray

    def take(self, rows: np.ndarray) -> Points:
        return Points(*(part[rows] for part in vars(self).values()))


def points(
    homes: pd.DataFrame,
    dates: pd.Series,
    codes: dict[str, int],
    axes: dict[str, Axis],
    by_zip: bool,
) -> Points:
    """`homes` on `dates`; `codes` number the ZIPs. `by_zip`: for homes without coordinates."""
    place = comparables.place(homes, by_zip)
    if by_zip:
        flat = np.hstack([place, np.zeros_like(place)])
    else:
        lat, lon = (np.radians(homes[name].to_numpy(float)) for name in ("latitude", "longitude"))
        flat = comparables.EARTH_KM * np.column_stack([lon * np.cos(lat), lat])
    limited = np.clip(comparables.attributes(homes, axes), -hedonic.LIMIT, hedonic.LIMIT)
    zips = homes["postal_code"].fillna("").map(codes).fillna(-1).to_numpy("int64")
    return Points(place, limited, zips, days.days_since_epoch(dates), flat)


def fading(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(-distance) (n, m) of the rows of `a` (n, d) and `b` (m, d). Each distance is summed from
    differences: a product of matrices would leave homes at one spot a small one, and the root of
    that is large."""
    distance = cdist(a, b)
    return np.exp(np.negative(distance, out=distance), out=distance)


def covariance(
    a: Points, b: Points, since: int, spec: Districts, lower: bool = False
) -> np.ndarray:
    """Covariance (n, m) of log prices, noise aside; `since` is the day the level starts from.
    `lower`, where `b` is `a`: what lies above the diagonal is left half done."""
    own, other = (np.hstack([p.axes, p.axes**2]) for p in (a, b))
    both = spec.axis_variance * own @ other.T
    both += 1.0  # the level: as good as free
    alike = [np.hstack([p.place / spec.like_km, p.axes / spec.likeness]) for p in (a, b)]
    near = [p.place / spec.reach_km for p in (a, b)]
    walk = spec.month_variance / MONTH
    mine, theirs = walk * (a.days[:, None] - since), walk * (b.days - since)
    for start in range(0, len(both), STRIP):
        strip = slice(start, start + STRIP)
        until = slice(min(start + STRIP, len(b.days)) if lower else len(b.days))
        part = both[strip, until]
        for variance, (one, two) in ((spec.like_variance, alike), (spec.place_variance, near)):
            carried = fading(one[strip], two[until])
            part += np.multiply(variance, carried, out=carried)
        part += spec.zip_variance * ((a.zips[strip, None] == b.zips[until]) & (b.zips[until] >= 0))
        part += np.minimum(mine[strip], theirs[until])
    return both


def along(flat: np.ndarray, angle: float) -> np.ndarray:
    """How far (n,) the points `flat` (n, 2) lie in a direction; summed by hand, since a product
    of matrices rounds differently for one point than for many, and some lie on a border."""
    return flat[:, 0] * np.cos(angle) + flat[:, 1] * np.sin(angle)


def cells(
    homes: Points, sales: Points, angle: float, most: int, least: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(homes, sales): the rows of `homes` that each district values, and of `sales`, in order of
    closing, that had filled it by then. A home's district depends on the sales before it alone.
    No border leaves a side with fewer than `least` of the first `most` sales."""
    waiting = [(np.arange(len(homes.days)), np.arange(len(sales.days)), angle)]
    while waiting:
        mine, ours, angle = waiting.pop()
        past = np.searchsorted(sales.days[ours], homes.days[mine])
        yield mine[past <= most], ours[:most]
        mine = mine[past > most]  # all of the first `most` sales closed before these
        if not len(mine):
            continue
        for across in (angle, angle + np.pi / 2):
            position = along(sales.flat[ours], across)
            border = np.sort(position[:most])[(most - 1) // 2]
            left, near = position <= border, along(homes.flat[mine], across) <= border
            if least <= left[:most].sum() <= most - least:
                waiting.append((mine[near], ours[left], across + np.pi / 2))
                waiting.append((mine[~near], ours[~left], across + np.pi / 2))
                break
        else:  # all in one spot, or all but a few: the older half makes room
            waiting.append((mine, ours[most // 2 :], angle))


def value(district: tuple[Points, Points, np.ndarray], spec: Districts) -> np.ndarray:
    """Log price (n,) of the homes of one `district` (homes, sales in order of closing, their log
    prices) from the sales before their dates; missing where fewer than `minimum_sales` closed."""
    homes, sales, price = district
    out = np.full(len(homes.days), np.nan)
    past = np.searchsorted(sales.days, homes.days)
    rows = np.flatnonzero(past >= spec.minimum_sales)
    if not len(rows):
        return out
    count = int(past[rows].max())
    sales, since = sales.take(np.arange(count)), int(sales.days[0])
    level = np.median(price[: spec.minimum_sales])  # every one valued here knows these
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        both = covariance(sales, sales, since, spec, lower=True)
        both[np.diag_indices(count)] += spec.noise_variance
        factor = cholesky(both, lower=True, overwrite_a=True, check_finite=False)
        errors = solve_triangular(factor, price[:count] - level, lower=True, check_finite=False)
        for some in np.array_split(rows, len(rows) // CHUNK + 1):
            shares = solve_triangular(
                factor,
                covariance(sales, homes.take(some), since, spec),
                lower=True,
                overwrite_b=True,
                check_finite=False,
            )
            shares *= np.arange(count)[:, None] < past[some]
            out[some] = level + errors @ shares
    return out


def turned(homes: Points, sales: Points, price: np.ndarray, spec: Districts) -> np.ndarray:
    """(turns, n): `value` of `homes` by their districts on each of the turned maps.

    Each turn begins with the same district, that of the whole map before it filled up, so a
    district that several turns have is worked out once. Others are independent: all cores share
    them, in processes, since LAPACK's bindings hold Python's lock.
    """
    found: dict[tuple[bytes, bytes], tuple[np.ndarray, np.ndarray, list[int]]] = {}
    for turn in range(spec.turns):
        angle = turn * np.pi / 2 / spec.turns
        for those, theirs in cells(homes, sales, angle, spec.most, spec.minimum_sales):
            if len(those):
                key = those.tobytes(), theirs.tobytes()
                found.setdefault(key, (those, theirs, []))[2].append(turn)
    said = map_processes(
        partial(value, spec=spec),
        [(homes.take(those), sales.take(ours), price[ours]) for those, ours, _ in found.values()],
    )
    out = np.full((spec.turns, len(homes.days)), np.nan)
    for (those, _, turns), values in zip(found.values(), said, strict=True):
        for turn in turns:
            out[turn, those] = values
    return out


def district_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    axes: dict[str, Axis],
    regressed: np.ndarray,
    spec: Districts,
) -> dict[str, np.ndarray]:
    """`comp_district_log_price` (n,), the mean over the turned maps, and how far it lies from the
    log price of the regression, `regressed` (n,); missing where too few sales had closed before.
    `sales` are in order of closing; `axes` are the kriging's."""
    out = np.full(len(homes), np.nan)
    on_map = comparables.on_map(homes, sales, spec.minimum_sales)
    sold_on_map = comparables.located(sales)
    codes = {code: i for i, code in enumerate(np.unique(sales["postal_code"].dropna()))}
    price = days.log(sales["close_price"])
    for by_zip in (False, True):
        mine = np.flatnonzero(on_map != by_zip)
        ours = np.flatnonzero(sold_on_map | by_zip)
        if not (len(mine) and len(ours)):
            continue
        some, past = homes.iloc[mine], sales.iloc[ours]
        at = points(some, some["as_of"], codes, axes, by_zip)
        known = points(past, past["close_date"], codes, axes, by_zip)
        out[mine] = turned(at, known, price[ours], spec).mean(axis=0)
    return {"comp_district_log_price": out, "comp_district_added": out - regressed}

"""Kriging with all past sales of a home's district instead of the nearest few.

Universal kriging (Cressie, Statistics for Spatial Data, 1993, ch. 3): log price is a level, a sum
over the attributes and their squares, the ZIP, a level that walks with time, and two parts that
place and likeness carry. Each home sees the sales that closed strictly before its as_of date: the
Cholesky factor of the first m sales is the upper left corner of that of them all, so one factor
serves every date.

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

from lib.common.params import Section
from lib.common.processes import map_processes
from lib.features import hedonic
from lib.features.asof import rule
from lib.features.asof.rule import count_before
from lib.features.nearby import comparables
from lib.features.nearby.comparables import MetricAxis

MONTH = 30.0  # days
CHUNK = 2000  # homes valued at once: 2,000 x 2,000 numbers are 32 MB
STRIP = 50  # rows of a covariance at once: 50 x 2,000 numbers stay in a core's cache


class DistrictSettings(Section):
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
class MapPoints:
    """n homes or sales as the covariance reads them.

    Parameters
    ----------
    place
        (n, 1 or 3) kilometres.
    axes
        (n, axes) scaled attributes, limited.
    zips
        (n,) int64 number of the ZIP; -1: unknown.
    days
        (n,) int64 whole days.
    flat
        (n, 2) kilometres east and north, by which districts are cut.
    """

    place: np.ndarray
    axes: np.ndarray
    zips: np.ndarray
    days: np.ndarray
    flat: np.ndarray

    def take(self, rows: np.ndarray) -> MapPoints:
        """Some rows of it.

        Parameters
        ----------
        rows
            (k,) int64, or a mask (n,).

        Returns
        -------
        k points.
        """
        return MapPoints(*(part[rows] for part in vars(self).values()))


def make_map_points(
    homes: pd.DataFrame,
    dates: pd.Series,
    codes: dict[str, int],
    axes: dict[str, MetricAxis],
    by_zip: bool,
) -> MapPoints:
    """Homes or sales as the covariance reads them.

    Parameters
    ----------
    homes
        (n, columns) with place, `postal_code` and the axes.
    dates
        (n,) datetime64: when they are valued, or closed.
    codes
        Number of each ZIP.
    axes
        The attributes, each with its scale.
    by_zip
        For homes without coordinates.

    Returns
    -------
    n points.
    """
    place = comparables.position_km(homes, by_zip)
    if by_zip:
        flat = np.hstack([place, np.zeros_like(place)])
    else:
        lat, lon = (np.radians(homes[name].to_numpy(float)) for name in ("latitude", "longitude"))
        flat = comparables.EARTH_KM * np.column_stack([lon * np.cos(lat), lat])
    limited = np.clip(comparables.scaled_attributes(homes, axes), -hedonic.LIMIT, hedonic.LIMIT)
    zips = homes["postal_code"].fillna("").map(codes).fillna(-1).to_numpy("int64")
    return MapPoints(place, limited, zips, rule.days_since_epoch(dates), flat)


def _exponential_decay(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """exp(-distance) of two sets of points.

    Each distance is summed from differences: a product of matrices would leave homes at one spot a
    small one, and the root of that is large.

    Parameters
    ----------
    a, b
        (n, d) and (m, d) positions in units of the reach.

    Returns
    -------
    (n, m) float64 between 0 and 1.
    """
    distance = cdist(a, b)
    return np.exp(np.negative(distance, out=distance), out=distance)


def price_covariance(
    a: MapPoints, b: MapPoints, since: int, settings: DistrictSettings, lower: bool = False
) -> np.ndarray:
    """Covariance of log prices, noise aside.

    Parameters
    ----------
    a, b
        n and m points.
    since
        The whole day from which the level walks.
    settings
        Variances and reaches.
    lower
        Where `b` is `a`: what lies above the diagonal is left half done.

    Returns
    -------
    (n, m) float64, squared log price.
    """
    first, second = (np.hstack([p.axes, p.axes**2]) for p in (a, b))
    both = settings.axis_variance * first @ second.T
    both += 1.0  # the level: as good as free
    alike = [np.hstack([p.place / settings.like_km, p.axes / settings.likeness]) for p in (a, b)]
    near = [p.place / settings.reach_km for p in (a, b)]
    walk = settings.month_variance / MONTH
    elapsed_a, elapsed_b = walk * (a.days[:, None] - since), walk * (b.days - since)
    for start in range(0, len(both), STRIP):
        strip = slice(start, start + STRIP)
        until = slice(min(start + STRIP, len(b.days)) if lower else len(b.days))
        part = both[strip, until]
        for variance, (one, two) in (
            (settings.like_variance, alike),
            (settings.place_variance, near),
        ):
            carried = _exponential_decay(one[strip], two[until])
            part += np.multiply(variance, carried, out=carried)
        part += settings.zip_variance * (
            (a.zips[strip, None] == b.zips[until]) & (b.zips[until] >= 0)
        )
        part += np.minimum(elapsed_a[strip], elapsed_b[until])
    return both


def _project_onto(flat: np.ndarray, angle: float) -> np.ndarray:
    """How far points lie in a direction.

    Summed by hand, since a product of matrices rounds differently for one point than for many, and
    some lie on a border.

    Parameters
    ----------
    flat
        (n, 2) kilometres.
    angle
        Direction in radians.

    Returns
    -------
    (n,) kilometres.
    """
    return flat[:, 0] * np.cos(angle) + flat[:, 1] * np.sin(angle)


def split_districts(
    homes: MapPoints, sales: MapPoints, angle: float, most: int, least: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut the map into districts as sales fill them.

    A home's district depends on the sales before it alone. No border leaves a side with fewer than
    `least` of the first `most` sales.

    Parameters
    ----------
    homes
        The homes to value.
    sales
        The sales, in order of closing.
    angle
        Direction of the first cut in radians; the next is at right angles to it.
    most
        Sales at which a district has filled up.
    least
        Sales that each side of a cut has at least.

    Yields
    ------
    (homes, sales): int64 rows of the homes that a district values, and of the sales, in order of
    closing, that had filled it by then.
    """
    waiting = [(np.arange(len(homes.days)), np.arange(len(sales.days)), angle)]
    while waiting:
        home_rows, sale_rows, angle = waiting.pop()
        past = count_before(sales.days[sale_rows], homes.days[home_rows])
        yield home_rows[past <= most], sale_rows[:most]
        home_rows = home_rows[past > most]  # all of the first `most` sales closed before these
        if not len(home_rows):
            continue
        for across in (angle, angle + np.pi / 2):
            position = _project_onto(sales.flat[sale_rows], across)
            border = np.sort(position[:most])[(most - 1) // 2]
            left, near = position <= border, _project_onto(homes.flat[home_rows], across) <= border
            if least <= left[:most].sum() <= most - least:
                waiting.append((home_rows[near], sale_rows[left], across + np.pi / 2))
                waiting.append((home_rows[~near], sale_rows[~left], across + np.pi / 2))
                break
        else:  # all in one spot, or all but a few: the older half makes room
            waiting.append((home_rows, sale_rows[most // 2 :], angle))


def _krige_district(
    district: tuple[MapPoints, MapPoints, np.ndarray], settings: DistrictSettings
) -> np.ndarray:
    """Value the homes of one district from the sales before their dates.

    Parameters
    ----------
    district
        Its n homes, its sales in order of closing, and (m,) log prices of the sales.
    settings
        Variances, reaches, `minimum_sales`.

    Returns
    -------
    (n,) log price; missing where fewer than `minimum_sales` had closed.
    """
    homes, sales, price = district
    out = np.full(len(homes.days), np.nan)
    past = count_before(sales.days, homes.days)
    rows = np.flatnonzero(past >= settings.minimum_sales)
    if not len(rows):
        return out
    count = int(past[rows].max())
    sales, since = sales.take(np.arange(count)), int(sales.days[0])
    level = np.median(price[: settings.minimum_sales])  # every one valued here knows these
    with threadpool_limits(1, "blas"):  # sums in another order give other last digits
        both = price_covariance(sales, sales, since, settings, lower=True)
        both[np.diag_indices(count)] += settings.noise_variance
        factor = cholesky(both, lower=True, overwrite_a=True, check_finite=False)
        errors = solve_triangular(factor, price[:count] - level, lower=True, check_finite=False)
        for part in np.array_split(rows, len(rows) // CHUNK + 1):
            shares = solve_triangular(
                factor,
                price_covariance(sales, homes.take(part), since, settings),
                lower=True,
                overwrite_b=True,
                check_finite=False,
            )
            shares *= np.arange(count)[:, None] < past[part]
            out[part] = level + errors @ shares
    return out


def _krige_turns(
    homes: MapPoints, sales: MapPoints, price: np.ndarray, settings: DistrictSettings
) -> np.ndarray:
    """Value homes by their districts on each of the turned maps.

    Each turn begins with the same district, that of the whole map before it filled up, so a
    district that several turns have is worked out once. Others are independent: all cores share
    them, in processes, since LAPACK's bindings hold Python's lock.

    Parameters
    ----------
    homes
        n homes.
    sales
        m sales in order of closing.
    price
        (m,) log price.
    settings
        How many turns, and how large districts grow.

    Returns
    -------
    (turns, n) log price; missing where fewer than `minimum_sales` had closed.
    """
    districts: dict[tuple[bytes, bytes], tuple[np.ndarray, np.ndarray, list[int]]] = {}
    for turn in range(settings.turns):
        angle = turn * np.pi / 2 / settings.turns
        for home_rows, sale_rows in split_districts(
            homes, sales, angle, settings.most, settings.minimum_sales
        ):
            if len(home_rows):
                key = home_rows.tobytes(), sale_rows.tobytes()
                districts.setdefault(key, (home_rows, sale_rows, []))[2].append(turn)
    prices = map_processes(
        partial(_krige_district, settings=settings),
        [
            (homes.take(home_rows), sales.take(sale_rows), price[sale_rows])
            for home_rows, sale_rows, _ in districts.values()
        ],
    )
    out = np.full((settings.turns, len(homes.days)), np.nan)
    for (home_rows, _, turns), values in zip(districts.values(), prices, strict=True):
        for turn in turns:
            out[turn, home_rows] = values
    return out


def district_features(
    homes: pd.DataFrame,
    sales: pd.DataFrame,
    axes: dict[str, MetricAxis],
    regressed: np.ndarray,
    settings: DistrictSettings,
) -> dict[str, np.ndarray]:
    """The kriged price of each home from its whole district.

    Parameters
    ----------
    homes
        (n, columns) with `as_of`, place, `postal_code` and the axes.
    sales
        (m, columns) in order of closing.
    axes
        Those of the kriging.
    regressed
        (n,) log price by the hedonic regression.
    settings
        Size of districts, variances and reaches.

    Returns
    -------
    (n,) arrays: `comp_district_log_price`, the mean over the turned maps, and
    `comp_district_added`, how far it lies from `regressed`; missing where too few sales had closed.
    """
    out = np.full(len(homes), np.nan)
    on_map = comparables.uses_coordinates(homes, sales, settings.minimum_sales)
    sold_on_map = comparables.has_coordinates(sales)
    codes = {code: i for i, code in enumerate(np.unique(sales["postal_code"].dropna()))}
    price = rule.log_positive(sales["close_price"])
    for by_zip in (False, True):
        home_rows = np.flatnonzero(on_map != by_zip)
        sale_rows = np.flatnonzero(sold_on_map | by_zip)
        if not (len(home_rows) and len(sale_rows)):
            continue
        targets, past = homes.iloc[home_rows], sales.iloc[sale_rows]
        queries = make_map_points(targets, targets["as_of"], codes, axes, by_zip)
        evidence = make_map_points(past, past["close_date"], codes, axes, by_zip)
        out[home_rows] = _krige_turns(queries, evidence, price[sale_rows], settings).mean(axis=0)
    return {"comp_district_log_price": out, "comp_district_added": out - regressed}

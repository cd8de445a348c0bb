"""Sales of several homes at one price: the price of the whole package stands at each of them.

Which sales may be one deal is told by `packages`; here it is judged whether they are, by what each
home explains of the price. This is the one rule that looks at rows of a sale's own day, none later:
a sale is evidence only for days after its own, on which all of its day is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from lib.listings.identity.same_home import HomeKeys
from lib.listings.screening import packages
from lib.listings.screening.outliers import (
    ELASTICITY,
    Deviations,
    OutlierLimits,
    measure_deviations,
    quartiles_before,
)
from lib.listings.screening.rules import DealLimits, Flag

FEW = 8  # sales before, in the window, with fewer of which nothing can be said of a package

PARKING = "parking"


def _measure_apart(
    sales: pd.DataFrame, links: packages.DealLinks, spec: OutlierLimits
) -> Deviations:
    """Measure deviations as if no sale that may be of a package had taught anything.

    Where packages are many they move the levels that would give them away. `FEW` sales before are
    enough here, since two homes have to be odd at once. In the first month of a feed nothing is
    learnt yet of what explains prices, and size alone does.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        In order of `close_date`.
    links : Links
        From `packages.link_sales`.
    spec : OutlierLimits

    Returns
    -------
    Deviations
    """
    few = spec.model_copy(update={"minimum": min(FEW, spec.minimum)})
    out = measure_deviations(sales, few, ~links.any_link())
    month = sales["close_date"].to_numpy("datetime64[M]")
    first = month == month.min() if len(month) else np.zeros(0, dtype=bool)
    days = sales["close_date"].to_numpy("datetime64[D]").astype("int64")
    size = column_or_nan(sales, "living_area")
    for_size = np.log(sales["close_price"].to_numpy(float)) - ELASTICITY * np.log(
        np.where(size > 0, size, np.nan)
    )
    taught = np.where(links.any_link(), np.nan, for_size)
    level, spread, count = quartiles_before(days, taught, few.window_days)
    gap = np.where(count >= few.minimum, for_size - level, np.nan)
    by_size = gap / np.maximum(spread, spec.least_spread)
    return replace(
        out,
        gap=np.where(first, gap, out.gap),
        deviation=np.where(first, by_size, out.deviation),
    )


def flag_bulk_sales(
    sales: pd.DataFrame, home: HomeKeys, deviation: np.ndarray, limits: OutlierLimits,
    spec: DealLimits,
) -> Iterator[Flag]:  # fmt: skip
    """Flag homes that closed on one day at one price: one price for the whole package.

    A package are, at one day and price,

    - homes of one document, whatever they are worth;
    - homes of one buyer, unless each explains its price, or they are alike where that is not known;
    - homes near each other (`packages.link_sales`) each of which is far above what it explains,
      while their shares of the price add up to about one;
    - `bulk_homes` or more of one area that are not alike, or of which one is far from usual.

    Homes of one size may well have one price (flats of a new house), and where it is usual for the
    home that has a code of its own, as neighbours have of which too little is known.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Index 0..n-1, in order of date; needs `close_date`, `close_price` and `living_area`.
    home : HomeKeys
        Of the same rows, from `same_home.home_keys`.
    deviation : ndarray, shape (n,)
        Spreads from the usual price (`outliers.Deviations`).
    limits : OutlierLimits
    spec : DealLimits

    Returns
    -------
    Iterator of Flag
        Code, positions, reasons.
    """
    links = packages.link_sales(sales, home.either, limits.area)
    reasons: dict[str, dict[int, str]] = {"bulk_sale": {}, "bulk_sale_alike": {}}
    by_area = _bulk_of_area(sales, home, deviation, limits.area, spec)
    for code, row, words in [*by_area, *_packages(sales, links, limits, spec)]:
        reasons[code].setdefault(row, words)
    for code, other in (("bulk_sale", {}), ("bulk_sale_alike", reasons["bulk_sale"])):
        rows = sorted(reasons[code].keys() - other.keys())
        told = pd.Series([reasons[code][row] for row in rows], dtype="str")
        yield code, np.array(rows, dtype="int64"), told


def flag_mixed_packages(
    sales: pd.DataFrame, home: HomeKeys, kinds: pd.Series, judged: np.ndarray, area: str
) -> Iterator[Flag]:
    """Flag homes that closed with property of another class at one price: with a lot, or a barn.

    A home and a lot of one document or one buyer, or beside each other, have one price on one day
    only where it is the price of both. One property that is listed under two classes has one parcel
    or one address, and is no package. A parking space moves the price of a flat by little: there
    the sale stays evidence.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Complete sales of all classes; index 0..n-1.
    home : HomeKeys
        Of the same rows, from `same_home.home_keys`.
    kinds : Series of str, shape (n,)
        The class of property of each.
    judged : ndarray of bool, shape (n,)
        Sales of a class that the feed values; the others are no evidence anyway.
    area : str
        The column that names the area.

    Returns
    -------
    Iterator of Flag
        Code, positions, reasons.
    """
    lacks = home.group.isna().groupby(home.address, dropna=False).transform("any")
    homes = home.either.mask(home.address.notna() & lacks, home.address)
    links = packages.link_sales(sales, homes, area)
    found: dict[int, tuple[str, str]] = {}
    for why, rows in links.packages():
        here = kinds.iloc[rows]
        if why == packages.NEAR or here.nunique() == 1:
            continue
        for row in rows[judged[rows]]:
            other = sorted(set(here) - {kinds.iat[row]})
            code = "bulk_sale_alike" if other == [PARKING] else "bulk_sale"
            words = (
                f"closed with {' and '.join(other)} {why} at the same "
                f"{sales['close_price'].iat[row]:,.0f} on {sales['close_date'].iat[row]:%Y-%m-%d}"
            )
            found.setdefault(int(row), (code, words))
    for code in ("bulk_sale", "bulk_sale_alike"):
        some = sorted(row for row, (name, _) in found.items() if name == code)
        told = pd.Series([found[row][1] for row in some], dtype="str")
        yield code, np.array(some, dtype="int64"), told


def _packages(
    sales: pd.DataFrame, links: packages.DealLinks, limits: OutlierLimits, spec: DealLimits
) -> Iterator[tuple[str, int, str]]:
    """Code, position and reason of the homes that are linked, by what they explain of their price
    together."""
    if not links.any_link().any():
        return
    apart = _measure_apart(sales, links, limits)
    price, size = sales["close_price"], column_or_nan(sales, "living_area")
    for why, rows in links.packages():
        shares = np.exp(-apart.gap[rows])
        at_all = np.log(shares.sum()) < spec.package_share * np.log(len(rows))  # nan: False
        each = bool((apart.deviation[rows] > spec.package_spreads).all())
        known = bool(np.isfinite(shares).all())
        alike = bool(size[rows].max() <= spec.bulk_sizes * size[rows].min())
        words = (
            f"{len(rows)} homes {why} closed on {sales['close_date'].iat[rows[0]]:%Y-%m-%d} at the "
            f"same {price.iat[rows[0]]:,.0f}"
        )
        if known:
            words += f", {np.exp(apart.gap[rows]).min():.1f} times what each explains or more"
        if why == packages.DOCUMENT:
            code = "bulk_sale"
        elif why == packages.BUYER:
            odd = at_all if known else not alike
            code = "bulk_sale" if odd else "bulk_sale_alike"
        elif at_all and each:
            code = "bulk_sale"
        elif why == packages.BESIDE and not known:
            code, words = "bulk_sale_alike", words + "; too few sales before tell what is usual"
        else:
            continue
        yield from ((code, int(row), words) for row in rows)


def column_or_nan(sales: pd.DataFrame, name: str) -> np.ndarray:
    """A column of numbers.

    Parameters
    ----------
    sales : DataFrame of n rows
        The sales.
    name : str
        A column of numbers, or of none where the feed lacks it.

    Returns
    -------
    ndarray of float64, shape (n,)
        Its cells; all nan where `sales` has no such column.
    """
    return sales[name].to_numpy(float) if name in sales else np.full(len(sales), np.nan)


def _bulk_of_area(
    sales: pd.DataFrame, home: HomeKeys, deviation: np.ndarray, area: str, spec: DealLimits
) -> Iterator[tuple[str, int, str]]:
    """Code, position and reason of `bulk_homes` or more of one area. A sale of which no place is
    known is in no such package: round prices of a whole market coincide every day."""
    place = packages.describe_places(sales, area)
    group = [place, sales["close_date"], sales["close_price"]]
    again = pd.concat(group, axis=1).duplicated(keep=False) & place.notna()
    part = sales[again].assign(
        row=np.flatnonzero(again), place=place[again], own=home.either[again]
    )
    groups = part.groupby(["place", "close_date", "close_price"], sort=False)
    homes = groups["own"].transform("nunique")
    sizes = groups["living_area"]
    alike = sizes.transform("max") <= spec.bulk_sizes * sizes.transform("min")
    alike &= groups["living_area"].transform("count") == groups["row"].transform("size")
    some = part.assign(homes=homes)[homes >= spec.bulk_homes]
    odd = np.abs(np.nan_to_num(deviation[some["row"]])) > spec.bulk_spreads
    alike = alike[some.index] & ~odd
    for code, which in (("bulk_sale", ~alike), ("bulk_sale_alike", alike)):
        for row, count, where, day, price in some.loc[
            which, ["row", "homes", "place", "close_date", "close_price"]
        ].itertuples(index=False):
            yield (
                code,
                row,
                f"{count} homes {where} closed on {day:%Y-%m-%d} at the same {price:,.0f}",
            )

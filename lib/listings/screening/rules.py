"""Rules that flag sales: records that contradict themselves, quick resales at odd ratios or at one
price."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, field_validator

from lib.common.params import Section
from lib.listings.contract.reso import CLASS, UNKNOWN
from lib.listings.contract.row_rules import is_valued
from lib.listings.identity.same_home import HomeKeys, previous_of_home

Flag = tuple[str, np.ndarray, pd.Series]  # code, positions, reasons of those positions


def _require_span(span: tuple[float, float]) -> tuple[float, float]:
    """A span of positive numbers; raises ValueError where its ends are not in order."""
    if not 0 < span[0] < span[1]:
        raise ValueError("two positive numbers, the lower one first")
    return span


class RecordLimits(Section):
    """Limits of what one record can say; spans are (lowest, highest) that is plausible."""

    nominal: dict[Literal["sale", "rental"], float]  # by domain: a price below is none
    list_ratio: tuple[float, float]  # of the price to the list price
    list_ratio_unusual: tuple[float, float]
    square_feet_per_bedroom: tuple[float, float]
    lot_per_living_area: tuple[float, float]

    @field_validator("list_ratio", "list_ratio_unusual", "square_feet_per_bedroom",
                     "lot_per_living_area")  # fmt: skip
    @classmethod
    def _ends_in_order(cls, span: tuple[float, float]) -> tuple[float, float]:
        return _require_span(span)


def _number_column(sales: pd.DataFrame, name: str) -> pd.Series:
    """Take a column of numbers, all missing where the feed has none.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
    name : str

    Returns
    -------
    Series of float64, shape (n,)
    """
    return sales[name] if name in sales else pd.Series(np.nan, index=sales.index)


def is_complete_sale(sales: pd.DataFrame) -> pd.Series:
    """Mark closed sales with a price above 0 and a date: no rule learns anything from the others.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Needs `close_price` and `close_date`.

    Returns
    -------
    Series of bool, shape (n,)
    """
    return (sales["close_price"] > 0) & sales["close_date"].notna()


def flag_incomplete(sales: pd.DataFrame) -> Iterator[Flag]:
    """Flag closed sales without a price above 0, or without a date.

    Where no sale of a feed is dated, `normalize` gives them all one as_of date, and a missing date
    counts against none of them.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Index 0..n-1; needs `close_price` and `close_date`.

    Returns
    -------
    Iterator of Flag
        Code, positions, reasons.
    """
    price = sales["close_price"]
    rows = np.flatnonzero(~(price > 0))
    words = [
        "closed without a price" if pd.isna(paid) else f"price {paid:,.0f} is none"
        for paid in price.iloc[rows]
    ]
    yield "no_price", rows, pd.Series(words, dtype="str")
    rows = np.flatnonzero(sales["close_date"].isna() & _number_column(sales, "as_of").isna())
    yield "no_close_date", rows, pd.Series(["closed without a date"] * len(rows), dtype="str")


def flag_classes(sales: pd.DataFrame, valued: list[str]) -> Iterator[Flag]:
    """Flag closed sales of another class of property than the feed values: they are no evidence.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Index 0..n-1; any of `property_class` and the types.
    valued : list of str
        The contract's `valued_classes`.

    Returns
    -------
    Iterator of Flag
        `not_valued_class`, or `unknown_class` where nobody has said what the feed's word means.
    """
    if CLASS not in sales:
        return
    names, other = sales[CLASS], ~is_valued(sales[CLASS], valued)
    rows = np.flatnonzero(other & (names != UNKNOWN))
    words = [f"{name}, and the feed values {', '.join(valued)} alone" for name in names.iloc[rows]]
    yield "not_valued_class", rows, pd.Series(words, dtype="str")
    rows = np.flatnonzero(other & (names == UNKNOWN))
    words = ["what it is cannot be told: its type is not explained, or nothing is stated"]
    yield "unknown_class", rows, pd.Series(words * len(rows), dtype="str")


def flag_records(sales: pd.DataFrame, spec: RecordLimits) -> Iterator[Flag]:
    """Flag closed sales whose records contradict themselves.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Index 0..n-1; needs prices, dates and `domain`.
    spec : RecordLimits

    Returns
    -------
    Iterator of Flag
        Code, positions, reasons.
    """

    def flag(code: str, bad: pd.Series, text: str, **values: pd.Series) -> Flag:
        rows = np.flatnonzero(bad.fillna(False).to_numpy(bool))
        shown = [
            dict(zip(values, cells, strict=True))
            for cells in zip(*(value.iloc[rows] for value in values.values()), strict=True)
        ]
        return code, rows, pd.Series([text.format(**cells) for cells in shown], dtype="str")

    price, closed = sales["close_price"], sales["close_date"]
    listed, agreed = sales["listing_contract_date"], sales["purchase_contract_date"]
    limit = sales["domain"].map(spec.nominal).astype(float)
    yield flag("nominal_price", price < limit, "price {p:,.0f} is no price, under {l:,.0f}",
               p=price, l=limit)  # fmt: skip
    yield flag("closed_before_listing", closed < listed,
               "closed on {c:%Y-%m-%d}, before it was listed on {d:%Y-%m-%d}",
               c=closed, d=listed)  # fmt: skip
    yield flag("closed_before_contract", closed < agreed,
               "closed on {c:%Y-%m-%d}, before its contract of {d:%Y-%m-%d}",
               c=closed, d=agreed)  # fmt: skip
    list_price = _number_column(sales, "list_price")
    ratio = price / list_price.where(list_price > 0)
    has_ratio, words = ratio.notna(), "price {p:,.0f} is {r:.2f} times the list price {a:,.0f}"
    far = has_ratio & ~ratio.between(*spec.list_ratio)
    unusual = has_ratio & ~far & ~ratio.between(*spec.list_ratio_unusual)
    for code, bad in (("list_price_far", far), ("list_price_unusual", unusual)):
        yield flag(code, bad, words, p=price, r=ratio, a=list_price)
    built = _number_column(sales, "year_built")
    yield flag("built_after_sale", built > closed.dt.year,
               "built in {b:.0f}, after the sale on {c:%Y-%m-%d}", b=built, c=closed)  # fmt: skip
    beds, baths = _number_column(sales, "bedrooms_total"), _number_column(sales, "bathrooms_total")
    area, lot = _number_column(sales, "living_area"), _number_column(sales, "lot_size_square_feet")
    yield flag("no_bedrooms", beds == 0, "no bedroom in {a:,.0f} square feet", a=area)
    yield flag("no_bathrooms", baths == 0, "no bath beside {b:.0f} bedrooms", b=beds)
    low, high = spec.square_feet_per_bedroom
    each = area / beds.where(beds > 0)
    yield flag("rooms_against_size", (each < low) | (each > high),
               "{a:,.0f} square feet for {b:.0f} bedrooms", a=area, b=beds)  # fmt: skip
    low, high = spec.lot_per_living_area
    share = lot / area.where(area > 0)
    yield flag("lot_against_size", (share < low) | (share > high),
               "a lot of {g:,.0f} square feet for {a:,.0f} of living area",
               g=lot, a=area)  # fmt: skip


class DealLimits(Section):
    """When a resale is quick and odd, and when sales of one day are one deal."""

    resale_days: int = Field(ge=1)
    resale_ratio: tuple[float, float]  # the later price over the earlier one; plausible span
    resale_spreads: float = Field(ge=0)  # own deviation, in spreads, that makes the later one odd
    bulk_homes: int = Field(ge=2)
    bulk_spreads: float = Field(ge=0)  # own deviation, in spreads, that no home alike explains
    bulk_sizes: float = Field(ge=1)  # largest over smallest living area of homes that are alike
    package_spreads: float = Field(ge=0)  # own deviation, in spreads, of each home of a package
    package_share: float = Field(gt=0, lt=1)  # of the way from one price for all to one for each
    same_price_days: int = Field(ge=0)  # from one sale to the next at the same price: one sale

    @field_validator("resale_ratio")
    @classmethod
    def _ends_in_order(cls, span: tuple[float, float]) -> tuple[float, float]:
        return _require_span(span)


def flag_resales(
    sales: pd.DataFrame, home: HomeKeys, deviation: np.ndarray, spec: DealLimits
) -> Iterator[Flag]:
    """Flag the later of two sales of a home within `resale_days` whose prices do not fit together,
    or within `same_price_days` at the same price: it is the same sale, recorded twice.

    Only the later is flagged: on its own date nobody knew what would follow the earlier. Where the
    later price is usual for the home, the earlier was the odd one, and the later gets a code of its
    own; where no usual price is known, the later is flagged.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        In order of date; needs `close_date` and `close_price`.
    home : HomeKeys
        Of the same rows, from `same_home.home_keys`.
    deviation : ndarray, shape (n,)
        Spreads from the usual price (`outliers.Deviations`).
    spec : DealLimits

    Returns
    -------
    Iterator of Flag
        Code, positions, reasons.
    """
    before = previous_of_home(home, sales["close_date"].to_numpy("datetime64[D]").astype("int64"))
    row = np.flatnonzero(before >= 0)
    part = sales[["close_date", "close_price"]].take(row).assign(row=row)
    past = sales.take(before[row])
    part["then"], part["paid"] = (past[n].to_numpy() for n in ("close_date", "close_price"))
    part["days"] = (part["close_date"] - part["then"]).dt.days
    part["ratio"] = part["close_price"] / part["paid"]
    same = part[(part["ratio"] == 1) & (part["days"] <= spec.same_price_days)]
    words = [
        f"sold at the {paid:,.0f} of {then:%Y-%m-%d}, {days} days before: one sale recorded twice"
        for paid, then, days in zip(same["paid"], same["then"], same["days"], strict=True)
    ]
    yield "same_price_resale", same["row"].to_numpy(), pd.Series(words, dtype="str")
    low, high = spec.resale_ratio
    odd = (part["ratio"] < low) | (part["ratio"] > high)
    part = part[odd & (part["days"] <= spec.resale_days)]
    spreads = deviation[part["row"]]
    usual = np.abs(spreads) < spec.resale_spreads
    usual |= np.sign(spreads) == -np.sign(np.log(part["ratio"].to_numpy()))
    for code, some in (("quick_resale", part[~usual]), ("quick_resale_usual", part[usual])):
        words = [
            f"sold for {ratio:.2f} times the {paid:,.0f} of {then:%Y-%m-%d}, {days} days before"
            for ratio, paid, then, days in zip(
                some["ratio"], some["paid"], some["then"], some["days"], strict=True
            )
        ]
        yield code, some["row"].to_numpy(), pd.Series(words, dtype="str")

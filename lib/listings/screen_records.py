"""Records that contradict themselves: each row is judged by its own cells alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lib.common.params import Section

Flag = tuple[str, np.ndarray, pd.Series]  # code, positions, reasons of those positions


class Records(Section):
    """Limits of what one record can say; spans are (lowest, highest) that is plausible."""

    nominal: dict[str, float]  # by domain: a price below is none
    list_ratio: tuple[float, float]  # of the price to the list price
    list_ratio_unusual: tuple[float, float]
    square_feet_per_bedroom: tuple[float, float]
    lot_per_living_area: tuple[float, float]


def column(sales: pd.DataFrame, name: str) -> pd.Series:
    """A column of numbers, all missing where the feed has none."""
    return sales[name] if name in sales else pd.Series(np.nan, index=sales.index)


def whole(sales: pd.DataFrame) -> pd.Series:
    """Which closed sales have a price above 0 and a date: the others tell no rule anything."""
    return (sales["close_price"] > 0) & sales["close_date"].notna()


def incomplete(sales: pd.DataFrame) -> Iterator[Flag]:
    """The flags of closed `sales` (index 0..n-1) without a price above 0, or without a date.

    Where no sale of a feed is dated, `normalize` gives them all one as_of date, and a missing date
    speaks against none of them."""
    price = sales["close_price"]
    rows = np.flatnonzero(~(price > 0))
    words = [
        "closed without a price" if pd.isna(paid) else f"price {paid:,.0f} is none"
        for paid in price.iloc[rows]
    ]
    yield "no_price", rows, pd.Series(words, dtype="str")
    rows = np.flatnonzero(sales["close_date"].isna() & column(sales, "as_of").isna())
    yield "no_close_date", rows, pd.Series(["closed without a date"] * len(rows), dtype="str")


def records(sales: pd.DataFrame, spec: Records) -> Iterator[Flag]:
    """The flags of closed `sales` (index 0..n-1) that speak against themselves."""

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
    asked = column(sales, "list_price")
    ratio = price / asked.where(asked > 0)
    known, words = ratio.notna(), "price {p:,.0f} is {r:.2f} times the list price {a:,.0f}"
    far = known & ~ratio.between(*spec.list_ratio)
    unusual = known & ~far & ~ratio.between(*spec.list_ratio_unusual)
    for code, bad in (("list_price_far", far), ("list_price_unusual", unusual)):
        yield flag(code, bad, words, p=price, r=ratio, a=asked)
    built = column(sales, "year_built")
    yield flag("built_after_sale", built > closed.dt.year,
               "built in {b:.0f}, after the sale on {c:%Y-%m-%d}", b=built, c=closed)  # fmt: skip
    beds, baths = column(sales, "bedrooms_total"), column(sales, "bathrooms_total")
    area, lot = column(sales, "living_area"), column(sales, "lot_size_square_feet")
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

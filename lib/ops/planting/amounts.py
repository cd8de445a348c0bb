"""Trouble with headers, units and fields that change another field's meaning."""

from __future__ import annotations

import pandas as pd

from lib.ops.planting.kinds import change_cells, choose_sales, listing_keys_at, register_kind

SIZE = ("living_area",)
SQUARE_FEET = 10.7639


@register_kind("headers", SIZE, "Signs of a header count: a ratio is no size", throughout=True)
def plant_price_per_foot(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """`$/SqFt` stands before `SqFt`."""
    at = choose_sales(rows, share, seed)
    price = rows["ClosePrice"].where(rows["ClosePrice"] != "", rows["ListPrice"]).astype(float)
    ratio = (price / rows["LivingArea"].astype(float)).round(2).astype("str")
    out = rows.rename(columns={"LivingArea": "SqFt"})
    out.insert(3, "$/SqFt", ratio)
    return out, listing_keys_at(rows, at)


@register_kind("headers", ("list_price", "close_price"), "Signs of a header count",
               throughout=True)  # fmt: skip
def plant_list_percent(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """`List Price %` stands before `List Price`."""
    at = choose_sales(rows, share, seed)
    out = rows.rename(columns={"ListPrice": "List Price"})
    paid = rows["ClosePrice"].where(rows["ClosePrice"] != "", rows["ListPrice"]).astype(float)
    out.insert(3, "List Price %", (100 * paid / rows["ListPrice"].astype(float)).round(1))
    return out.astype("str"), listing_keys_at(rows, at)


@register_kind("units", SIZE, "The unit of each row counts")
def plant_square_meters(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """RESO's LivingAreaUnits says square meters in some rows."""
    at = choose_sales(rows, share, seed)
    out = rows.assign(LivingAreaUnits="Square Feet")
    out = change_cells(
        out, at, LivingAreaUnits=lambda _: "Square Meters",
        LivingArea=lambda c: (c.astype(float) / SQUARE_FEET).round(2),
    )  # fmt: skip
    return out, listing_keys_at(rows, at)


@register_kind("units", ("lot_size_square_feet",), "The unit of each row counts")
def plant_lots_in_acres(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """RESO's LotSizeArea with LotSizeUnits, acres in some rows."""
    at = choose_sales(rows, share, seed)
    out = rows.rename(columns={"LotSizeSquareFeet": "LotSizeArea"})
    out = out.assign(LotSizeUnits="Square Feet")
    out = change_cells(
        out, at, LotSizeUnits=lambda _: "Acres",
        LotSizeArea=lambda c: (c.astype(float) / 43560).round(5),
    )  # fmt: skip
    return out, listing_keys_at(rows, at)


@register_kind("units", ("association_fee",), "Brought to a year by the frequency of each row")
def plant_quarterly_fees(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """RESO's AssociationFeeFrequency says quarterly in some rows."""
    at = choose_sales(rows, share, seed)
    out = rows.assign(AssociationFeeFrequency="Annually")
    out = change_cells(
        out, at, AssociationFeeFrequency=lambda _: "Quarterly",
        AssociationFee=lambda c: (c.astype(float) / 4).round().astype(int),
    )  # fmt: skip
    return out, listing_keys_at(rows, at)


@register_kind("units", ("bathrooms_total",), "Known from the total, or missing")
def plant_blank_half_baths(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """BathroomsHalf is blank where there is none."""
    at = choose_sales(rows, share, seed)
    out = change_cells(rows, at, BathroomsHalf=lambda c: c.where(c != "0", ""))
    return out, listing_keys_at(rows, at)


@register_kind(
    "units", ("bathrooms_total",), "Counted as 0.75, or the total is missing", slack=0.25
)
def plant_three_quarter_baths(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """A full bath is written as RESO's BathroomsThreeQuarter in some rows."""
    at = choose_sales(rows, share, seed)
    many = at[(rows["BathroomsFull"].iloc[at].astype(int) > 1).to_numpy()]
    at = many if len(many) else at
    out = rows.assign(BathroomsThreeQuarter="0")
    out = change_cells(
        out, at, BathroomsThreeQuarter=lambda _: "1",
        BathroomsFull=lambda c: c.astype(int) - 1,
    )  # fmt: skip
    return out, listing_keys_at(rows, at)


@register_kind("amounts", ("close_price",), "Told by `screen`, and no evidence")
def plant_prices_in_thousands(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """Prices of some rows are in thousands."""
    at = choose_sales(rows, share, seed)
    thousands = {
        name: lambda c: (c.astype(float) / 1000).map("{:g}".format)
        for name in ("ClosePrice", "ListPrice")
    }
    return change_cells(rows, at, **thousands), listing_keys_at(rows, at)

"""Trouble with states and dates of listings, and with columns that are wrong throughout."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from lib.ops.planting.clean_feed import STAMP, read_days, write_days
from lib.ops.planting.kinds import FILE, change_cells, choose_sales, listing_keys_at, register_kind

STATE = ("standard_status", "close_price")
DATED = ("close_date",)
EARLIER, LATER = "a_june.csv", "b_december.csv"


def _older_states(rows: pd.DataFrame, at: object) -> pd.DataFrame:
    """The chosen sales as they stood on the market, in an earlier file."""
    older = rows.iloc[at].assign(
        StandardStatus="Active", ClosePrice="", CloseDate="", PurchaseContractDate=""
    )
    return older.assign(**{FILE: EARLIER})


def _both(
    rows: pd.DataFrame, at: object, stamp: Callable[[pd.DataFrame, bool], pd.Series]
) -> pd.DataFrame:
    """Both files, with the stamps that `stamp` makes of (rows, whether they are older)."""
    files = [(_older_states(rows, at), True), (rows.assign(**{FILE: LATER}), False)]
    parts = [part.assign(ModificationTimestamp=stamp(part, old)) for part, old in files]
    return pd.concat(parts, ignore_index=True)


@register_kind("newest state", STATE, "The later import is the newer state")
def plant_no_stamps(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Two exports without a modification stamp: what was on the market in the first is sold in the
    second."""
    at = choose_sales(rows, share, seed)
    out = _both(rows, at, lambda part, old: part["ModificationTimestamp"])
    return out.drop(columns="ModificationTimestamp"), listing_keys_at(rows, at)


@register_kind("newest state", STATE, "The later import is the newer state of two of one stamp")
def plant_still_stamps(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """The stamp did not move when a listing was sold."""
    at = choose_sales(rows, share, seed)
    out = _both(rows, at, lambda part, old: part["ListingContractDate"] + "T08:00:00")
    return out, listing_keys_at(rows, at)


@register_kind("newest state", STATE, "The later import is the newer state of two of one day")
def plant_day_stamps(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Stamps are days, and a listing was changed twice on one day."""
    at = choose_sales(rows, share, seed)
    out = _both(rows, at, lambda part, old: part["ModificationTimestamp"].str[:10])
    return out, listing_keys_at(rows, at)


@register_kind("newest state", STATE, "Compared on one scale of time, or not at all")
def plant_mixed_zones(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """One file has stamps in UTC, the other local ones without an offset, two hours later."""
    at = choose_sales(rows, share, seed)

    def stamp(part: pd.DataFrame, old: bool) -> pd.Series:
        moment = pd.to_datetime(part["ModificationTimestamp"], format=STAMP)
        if not old:
            return moment.dt.strftime(STAMP)
        return (moment + pd.Timedelta(hours=4)).dt.strftime(STAMP) + "Z"  # 2 h before, 6 h west

    return _both(rows, at, stamp), listing_keys_at(rows, at)


@register_kind("dates", DATED, "Asked: the draft has a CHECK, or reads the column by its own form",
               throughout=True)  # fmt: skip
def plant_short_years(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Dates are day first, with years of two digits."""
    at = choose_sales(rows, share, seed)
    out = rows.copy()
    for name in ("CloseDate", "ListingContractDate", "PurchaseContractDate"):
        out[name] = read_days(rows[name]).dt.strftime("%d/%m/%y").fillna("")
    return out, listing_keys_at(rows, at)


@register_kind("dates", DATED, "Each column is read by its own form, or asked", throughout=True)
def plant_one_column_month_first(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """Closings are month first, all other dates day first."""
    at = choose_sales(rows, share, seed)
    out = rows.copy()
    for name, form in (("CloseDate", "%m/%d/%Y"), ("ListingContractDate", "%d/%m/%Y"),
                       ("PurchaseContractDate", "%d/%m/%Y")):  # fmt: skip
        out[name] = read_days(rows[name]).dt.strftime(form).fillna("")
    return out, listing_keys_at(rows, at)


@register_kind("dates", DATED, "Noticed by its signature; asked, or set missing")
def plant_spreadsheet_dates(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """A spreadsheet of the other order swapped day and month where it could, and left the rest."""
    at = choose_sales(rows, share, seed)
    day = read_days(rows["CloseDate"])
    swapped = day.dt.strftime("%Y-%d-%m").where(day.dt.day.le(12), day.dt.strftime("%d/%m/%Y"))
    out = change_cells(rows, at, CloseDate=lambda c: swapped[c.index])
    return out, listing_keys_at(rows, at)


@register_kind("dates", DATED, "Read, or set missing with a reason")
def plant_serial_dates(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """A spreadsheet wrote days as serial numbers."""
    at = choose_sales(rows, share, seed)
    number = (read_days(rows["CloseDate"]) - pd.Timestamp("1899-12-30")).dt.days
    out = change_cells(rows, at, CloseDate=lambda c: number[c.index].astype("int64"))
    return out, listing_keys_at(rows, at)


@register_kind("column wrong throughout", (*STATE, "close_date"), "The rule stops and asks",
               throughout=True)  # fmt: skip
def plant_late_list_dates(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """List dates lie after most sales: the column holds the day of the export."""
    at = choose_sales(rows, share, seed)
    late = write_days(read_days(rows["CloseDate"]) + pd.Timedelta(days=40))
    return rows.assign(
        ListingContractDate=late.where(late != "", rows["ListingContractDate"]),
        PurchaseContractDate="",
    ), listing_keys_at(rows, at)  # fmt: skip


@register_kind("column wrong throughout", STATE, "Kept out of the models; told as a leak",
               throughout=True)  # fmt: skip
def plant_list_price_paid(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """The list price of each sale is the price paid."""
    at = choose_sales(rows, share, seed)
    paid = rows["ClosePrice"].where(rows["ClosePrice"] != "", rows["ListPrice"])
    return rows.assign(ListPrice=paid), listing_keys_at(rows, at)

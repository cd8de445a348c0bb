"""Trouble with what a row is of: no home, several homes, one home under two names."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.ops.planting.clean_feed import read_days, write_days
from lib.ops.planting.kinds import change_cells, choose_sales, listing_keys_at, register_kind

ASIDE: tuple[str, ...] = ()
APART = "Stands apart by its property type: neither evidence nor valued"
FLAGGED = "Flagged by `screen`, and no evidence"
DEAL = ("ClosePrice", "ListPrice", "CloseDate", "ListingContractDate", "PurchaseContractDate",
        "ModificationTimestamp")  # fmt: skip


def _further(rows: pd.DataFrame, at: np.ndarray, tag: str) -> pd.DataFrame:
    """The chosen rows again, under keys of their own."""
    more = rows.iloc[at].reset_index(drop=True)
    return more.assign(ListingKey=tag + more["ListingKey"].str[1:])


def _as_property(
    rows: pd.DataFrame, at: np.ndarray, kind: tuple[str, str], factor: float, built: bool
) -> tuple[pd.DataFrame, list[str]]:
    """Further rows of another kind of property (type, sub type), at a factor of the price."""
    more = _further(rows, at, "P").assign(
        PropertyType=kind[0], PropertySubType=kind[1],
        ParcelNumber=[f"{900200300 + 41 * i}" for i in range(len(at))],
        UnparsedAddress=[f"{9001 + 2 * i} County Road {i % 7 + 1}" for i in range(len(at))],
    )  # fmt: skip
    for name in ("ClosePrice", "ListPrice"):
        more[name] = (more[name].astype(float) * factor).round(-2).astype("int64").astype("str")
    if not built:
        rooms = ("LivingArea", "BedroomsTotal", "BathroomsFull", "BathroomsHalf", "YearBuilt",
                 "BathroomsTotalInteger", "GarageSpaces")  # fmt: skip
        more = more.assign(**dict.fromkeys(rooms, ""))
    return pd.concat([rows, more], ignore_index=True), more["ListingKey"].tolist()


@register_kind("what is a home", ASIDE, APART, adds=True)
def plant_land(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Lots are among the sales, with PropertyType Land."""
    at = choose_sales(rows, share, seed)
    return _as_property(rows, at, ("Land", "Unimproved Land"), 0.25, False)


@register_kind("what is a home", ASIDE, APART, adds=True)
def plant_built_lots(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Lots have the size and rooms of the home that may be built there."""
    at = choose_sales(rows, share, seed)
    return _as_property(rows, at, ("Land", "Residential Lot"), 0.3, True)


@register_kind("what is a home", ASIDE, APART, adds=True)
def plant_commercial(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Offices and shops are among the sales."""
    at = choose_sales(rows, share, seed)
    return _as_property(rows, at, ("Commercial Sale", "Office"), 2.5, True)


@register_kind("what is a home", ASIDE, APART, adds=True)
def plant_farms(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Farms are among the sales."""
    at = choose_sales(rows, share, seed)
    return _as_property(rows, at, ("Farm", "Ranch"), 4.0, True)


@register_kind("what is a home", ASIDE, APART, adds=True)
def plant_income_properties(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """Buildings of several homes are among the sales."""
    at = choose_sales(rows, share, seed)
    return _as_property(rows, at, ("Residential Income", "Quadruplex"), 1.8, True)


@register_kind("several parcels", ASIDE, FLAGGED)
def plant_two_parcels(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Two neighbours were sold together, each row with the price of both."""
    at = choose_sales(rows, share, seed)
    out = rows.copy()
    first, second = at[::2], at[1::2]
    both = (
        out["ClosePrice"].iloc[first].astype(int).to_numpy()
        + out["ClosePrice"].iloc[second].astype(int).to_numpy()
    )
    near = ["PostalCode", "Latitude", "Longitude"]
    source = out.iloc[first].reset_index(drop=True)
    for name in (*DEAL, *near):
        out.iloc[second, out.columns.get_loc(name)] = source[name].to_numpy()
    parcel = (source["ParcelNumber"].astype(int) + 1).astype("str").to_numpy()
    out.iloc[second, out.columns.get_loc("ParcelNumber")] = parcel
    number = source["UnparsedAddress"].str.extract(r"(\d+) (.*)")
    beside = (number[0].astype(int) + 2).astype("str") + " " + number[1]
    out.iloc[second, out.columns.get_loc("UnparsedAddress")] = beside.to_numpy()
    latitude = source["Latitude"].astype(float) + 0.0002
    out.iloc[second, out.columns.get_loc("Latitude")] = latitude.map("{:.6f}".format).to_numpy()
    for places in (first, second):
        for name in ("ClosePrice", "ListPrice"):
            out.iloc[places, out.columns.get_loc(name)] = both.astype("str")
    return out, listing_keys_at(out, at)


@register_kind("several parcels", ASIDE, FLAGGED)
def plant_bulk_sales(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Many homes were sold on one day in one deed, each row with the price of all."""
    at = choose_sales(rows, share, seed)
    out = rows.copy()
    for part in np.array_split(at, max(1, len(at) // 10)):
        price = str(int(out["ClosePrice"].iloc[part].astype(int).sum()))
        for name in (*DEAL, "PostalCode"):
            out.iloc[part, out.columns.get_loc(name)] = out[name].iloc[part[0]]
        for name in ("ClosePrice", "ListPrice"):
            out.iloc[part, out.columns.get_loc(name)] = price
    return out, listing_keys_at(out, at)


@register_kind("identity", ASIDE, "One home: the resale is flagged", adds=True)
def plant_parcels_with_dashes(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """A home is sold again after 90 days for 60 % more, its parcel then written with dashes."""
    at = choose_sales(rows, share, seed)
    more = _further(rows, at, "R")
    parcel = more["ParcelNumber"]
    more["ParcelNumber"] = parcel.str[:3] + "-" + parcel.str[3:6] + "-" + parcel.str[6:]
    for name in ("ListingContractDate", "PurchaseContractDate", "CloseDate"):
        more[name] = write_days(read_days(more[name]) + pd.Timedelta(days=90))
    for name in ("ClosePrice", "ListPrice"):
        more[name] = (more[name].astype(float) * 1.6).round(-2).astype("int64").astype("str")
    return pd.concat([rows, more], ignore_index=True), more["ListingKey"].tolist()


@register_kind("identity", ASIDE, "One sale: the copy is kept aside and counted", adds=True)
def plant_sales_of_two_systems(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """One sale stands under two keys, closing dates some days apart."""
    at = choose_sales(rows, share, seed)
    more = _further(rows, at, "S")
    shift = pd.to_timedelta(np.random.default_rng(seed).integers(1, 6, len(at)), unit="D")
    more["CloseDate"] = write_days(read_days(more["CloseDate"]) + shift)
    return pd.concat([rows, more], ignore_index=True), more["ListingKey"].tolist()


@register_kind("identity", ("close_price", "living_area"), "Refused: a rounded key is no key",
               throughout=True)  # fmt: skip
def plant_rounded_keys(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """A spreadsheet rounded the keys: 2.02E+11."""
    at = choose_sales(rows, share, seed)
    number = 202000000000 + 7919 * np.arange(len(rows))
    out = rows.assign(ListingKey=[f"{n:.2E}" for n in number])
    return out, listing_keys_at(out, at)


@register_kind("identity", ("property_key",), "A placeholder is no parcel: the address counts")
def plant_placeholder_parcels(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """Homes without a parcel number all have 000-000-000."""
    at = choose_sales(rows, share, seed)
    out = change_cells(rows, at, ParcelNumber=lambda _: "000-000-000")
    return out, listing_keys_at(rows, at)

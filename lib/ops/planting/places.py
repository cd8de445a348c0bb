"""Trouble with places: coordinates and ZIPs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.ops.planting.kinds import change_cells, choose_sales, listing_keys_at, register_kind

POINT = ("latitude", "longitude")
GONE = "Set missing with a reason; the ZIP serves instead"


def _numbers(cells: pd.Series) -> pd.Series:
    return cells.astype(float)


@register_kind("place", POINT, GONE)
def plant_null_island(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Coordinates are 0, 0 where none are known."""
    at = choose_sales(rows, share, seed)
    return change_cells(
        rows, at, Latitude=lambda _: "0", Longitude=lambda _: "0"
    ), listing_keys_at(rows, at)  # fmt: skip


@register_kind("place", POINT, GONE)
def plant_swapped_points(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Latitude and longitude are swapped."""
    at = choose_sales(rows, share, seed)
    out = rows.copy()
    out.iloc[at, [out.columns.get_loc(n) for n in ("Latitude", "Longitude")]] = rows.iloc[at][
        ["Longitude", "Latitude"]
    ].to_numpy()
    return out, listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_lost_signs(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """A longitude lost its minus sign."""
    at = choose_sales(rows, share, seed)
    return change_cells(rows, at, Longitude=lambda c: c.str.lstrip("-")), listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_half_points(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """One of latitude and longitude is blank."""
    at = choose_sales(rows, share, seed)
    out = change_cells(rows, at[::2], Latitude=lambda _: "")
    return change_cells(out, at[1::2], Longitude=lambda _: ""), listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_placeholders(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Coordinates are 999, 999 or -1, -1 where none are known."""
    at = choose_sales(rows, share, seed)
    out = change_cells(rows, at[::2], Latitude=lambda _: "999", Longitude=lambda _: "999")
    out = change_cells(out, at[1::2], Latitude=lambda _: "-1", Longitude=lambda _: "-1")
    return out, listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_microdegrees(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Coordinates are in millionths of a degree."""
    at = choose_sales(rows, share, seed)
    times = {
        name: lambda c: (_numbers(c) * 1e6).round().astype("int64")
        for name in ("Latitude", "Longitude")
    }
    return change_cells(rows, at, **times), listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_projected_points(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """Coordinates are metres of a projected system."""
    at = choose_sales(rows, share, seed)
    out = change_cells(
        rows, at,
        Latitude=lambda c: ((_numbers(c) - 30) * 111200 + 3319000).round(1),
        Longitude=lambda c: ((_numbers(c) + 99) * 96000 + 500000).round(1),
    )  # fmt: skip
    return out, listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_centroids(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Homes that could not be located stand at the middle of the town, all at one point."""
    at = choose_sales(rows, share, seed)
    out = change_cells(rows, at, Latitude=lambda _: "30.215", Longitude=lambda _: "-97.72")
    return out, listing_keys_at(rows, at)


@register_kind("place", POINT, GONE)
def plant_far_points(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """Addresses were located in a town of the same name, hundreds of kilometres away."""
    at = choose_sales(rows, share, seed)
    away = {"Latitude": 3.1, "Longitude": 2.4}
    moved = {
        name: lambda c, by=by: (_numbers(c) + by).map("{:.6f}".format)
        for name, by in away.items()
    }  # fmt: skip
    return change_cells(rows, at, **moved), listing_keys_at(rows, at)


@register_kind("identity", ("postal_code",), "Read as the ZIP that it is")
def plant_zips_with_points(
    rows: pd.DataFrame, share: float, seed: int
) -> tuple[pd.DataFrame, list]:
    """ZIPs went through a spreadsheet: 73301.0."""
    at = choose_sales(rows, share, seed)
    return change_cells(rows, at, PostalCode=lambda c: c + ".0"), listing_keys_at(rows, at)


@register_kind("identity", ("postal_code",), "Set missing or read; none is made up")
def plant_broken_zips(rows: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list]:
    """A ZIP is cut to four digits, or 00000."""
    at = choose_sales(rows, share, seed)
    out = change_cells(rows, at[::2], PostalCode=lambda c: c.str[:4])
    out = change_cells(out, at[1::2], PostalCode=lambda _: "00000")
    return out, listing_keys_at(rows, np.sort(at))

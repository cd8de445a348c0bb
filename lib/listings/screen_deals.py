"""Sales that only other sales give away: quick resales at odd ratios, and bulk sales on one day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from pydantic import Field

from lib.common.params import Section
from lib.listings.screen_homes import Homes, earlier
from lib.listings.screen_records import Flag


class Deals(Section):
    """When a resale is quick and odd, and when sales of one day are one deal."""

    resale_days: int = Field(ge=1)
    resale_ratio: tuple[float, float]  # the later price over the earlier one; plausible span
    resale_spreads: float = Field(ge=0)  # own deviation, in spreads, that makes the later one odd
    bulk_homes: int = Field(ge=2)
    bulk_spreads: float = Field(ge=0)  # own deviation, in spreads, that no home alike explains
    bulk_sizes: float = Field(ge=1)  # largest over smallest living area of homes that are alike


def resales(sales: pd.DataFrame, home: Homes, deviation: np.ndarray, spec: Deals) -> Iterator[Flag]:
    """The later of two sales of a home within `resale_days` whose prices do not fit together.

    Only the later is flagged: on its own date nobody knew what would follow the earlier. Where
    the later price is usual for the home (`deviation`, of `outliers.Judged`), the earlier
    was the odd one, so that the flag has a code of its own; where nothing is known it counts.
    The `sales` are in order of date, `home` is from `screen_homes.keys`.
    """
    before = earlier(home, sales["close_date"].to_numpy("datetime64[D]").astype("int64"))
    row = np.flatnonzero(before >= 0)
    part = sales[["close_date", "close_price"]].take(row).assign(row=row)
    past = sales.take(before[row])
    part["then"], part["paid"] = (past[n].to_numpy() for n in ("close_date", "close_price"))
    part["days"] = (part["close_date"] - part["then"]).dt.days
    part["ratio"] = part["close_price"] / part["paid"]
    low, high = spec.resale_ratio
    odd = (part["ratio"] < low) | (part["ratio"] > high)
    part = part[odd & (part["days"] <= spec.resale_days)]
    own = deviation[part["row"]]
    usual = np.abs(own) < spec.resale_spreads
    usual |= np.sign(own) == -np.sign(np.log(part["ratio"].to_numpy()))
    for code, some in (("quick_resale", part[~usual]), ("quick_resale_usual", part[usual])):
        words = [
            f"sold for {ratio:.2f} times the {paid:,.0f} of {then:%Y-%m-%d}, {days} days before"
            for ratio, paid, then, days in zip(
                some["ratio"], some["paid"], some["then"], some["days"], strict=True
            )
        ]
        yield code, some["row"].to_numpy(), pd.Series(words, dtype="str")


def places(sales: pd.DataFrame, area: str) -> pd.Series:
    """Where each sale lies, in words: `in` its `area`, else `near` its coordinates rounded to a
    hundredth of a degree (about a kilometre); missing where neither is known."""
    nowhere = pd.Series(None, index=sales.index, dtype="str")
    place = "in " + sales[area].astype("str") if area in sales else nowhere
    if {"latitude", "longitude"} <= set(sales):
        north, east = (
            sales[name].map("{:.2f}".format, na_action="ignore").astype("str")
            for name in ("latitude", "longitude")
        )
        place = place.fillna("near " + north + ", " + east)
    return place


def bulk(
    sales: pd.DataFrame, home: Homes, deviation: np.ndarray, area: str, spec: Deals
) -> Iterator[Flag]:
    """Homes of one area that closed on one day at one price: a price for the lot of them.

    Homes of one size may well have one price (flats of a new house), and where it is usual for the
    home (`deviation`, of `outliers.Judged`) that has a code of its own. A sale of which no place is
    known (see `places`) is in no such lot: round prices of a whole market coincide every day.
    This is the one rule that looks at rows of a sale's own day, none later: a sale is evidence
    only for days after its own, on which all of its day is known.
    """
    place = places(sales, area)
    group = [place, sales["close_date"], sales["close_price"]]
    again = pd.concat(group, axis=1).duplicated(keep=False) & place.notna()
    part = sales[again].assign(row=np.flatnonzero(again), place=place[again], own=home.own[again])
    groups = part.groupby(["place", "close_date", "close_price"], sort=False)
    homes = groups["own"].transform("nunique")
    sizes = groups["living_area"]
    alike = sizes.transform("max") <= spec.bulk_sizes * sizes.transform("min")
    alike &= groups["living_area"].transform("count") == groups["row"].transform("size")
    some = part.assign(homes=homes)[homes >= spec.bulk_homes]
    odd = np.abs(np.nan_to_num(deviation[some["row"]])) > spec.bulk_spreads
    alike = alike[some.index] & ~odd
    for code, which in (("bulk_sale", ~alike), ("bulk_sale_alike", alike)):
        words = [
            f"{count} homes {place} closed on {day:%Y-%m-%d} at the same {price:,.0f}"
            for count, place, day, price in some.loc[
                which, ["homes", "place", "close_date", "close_price"]
            ].itertuples(index=False)
        ]
        yield code, some["row"][which].to_numpy(), pd.Series(words, dtype="str")

"""Which earlier sale was of the same home, by what was known on the later one's day.

The `property_key` of `normalize` will not do: it looks at all rows at an address, so that a later
one can part two sales that were of one home. Here each row has keys of its own cells alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.listings import homes


class Homes(NamedTuple):
    """Keys of each sale by its own cells: `group` by the contract's columns (parcel number) and
    `address`, both missing where unknown, and `own`, the first of them, else the listing's."""

    group: pd.Series
    address: pd.Series
    own: pd.Series


def keys(sales: pd.DataFrame, groups: list[list[str]]) -> Homes:
    """The keys of normalised `sales`; `groups` is the contract's `property_key`."""
    group, address = homes.group_key(sales, groups), homes.address_key(sales)
    return Homes(group, address, group.fillna(address).fillna("listing:" + sales["listing_key"]))


def last_before(key: pd.Series, days: np.ndarray) -> np.ndarray:
    """The position of the last row with the same key on an earlier day, -1 where there is none or
    the key is missing. Of several on that day the last in order of rows."""
    code = pd.factorize(key)[0]
    order = np.lexsort((days, code))  # stable: rows of one day keep their order
    c, d = code[order], days[order]
    new = np.ones(len(c), dtype=bool)
    new[1:] = (c[1:] != c[:-1]) | (d[1:] != d[:-1])
    before = np.maximum.accumulate(np.where(new, np.arange(len(c)), 0)) - 1
    known = (before >= 0) & (c >= 0)
    known[known] = c[before[known]] == c[known]
    out = np.full(len(c), -1)
    out[order[known]] = order[before[known]]
    return out


def earlier(home: Homes, days: np.ndarray) -> np.ndarray:
    """The position of the last sale of the same home on an earlier day, -1 where there is none.

    The rows are in order of `days`. One home: the same group, or the same address where the sales
    there so far, this one with them, have one group at most; at an address with several groups the
    rows without one are a home of their own.
    """
    row = pd.DataFrame({"group": home.group, "address": home.address, "day": days})
    first = row.dropna().drop_duplicates(["address", "group"])
    nth = first.groupby("address").cumcount()
    one, two = (first[nth == n].set_index("address").reindex(row["address"]) for n in (0, 1))
    second = two["day"].to_numpy("float64")
    other = (one["day"].to_numpy("float64") < days) & row["group"].notna().to_numpy()
    other &= row["group"].to_numpy(object) != one["group"].to_numpy(object)
    alone = ~((second < days) | other)
    return np.maximum.reduce(
        [
            last_before(home.group, days),
            np.where(alone, last_before(home.address, days), -1),
            last_before(home.address.where(home.group.isna()), days),
        ]
    )

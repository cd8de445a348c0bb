"""Which earlier listing or sale was of the same home, by what was known on the later one's day.

The `property_key` of `normalize` will not do: it looks at all rows at an address, so that a later
one can part two sales that were of one home. Here each row has keys of its own cells alone.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.listings.identity import property_keys


class HomeKeys(NamedTuple):
    """Keys of each row by its cells alone.

    `group` by the contract's columns (parcel number) and `address`, both missing where unknown;
    `either`: both of them, the one that is there, else the listing's; `place`: the columns of
    `property_keys.place_parts`, of which one group has one value each, or it is several homes;
    `digits`: the group with parcel numbers by their digits alone, by which an address tells one
    parcel from another.
    """

    group: pd.Series
    address: pd.Series
    either: pd.Series
    place: pd.DataFrame
    digits: pd.Series


def home_keys(sales: pd.DataFrame, groups: list[list[str]]) -> HomeKeys:
    """Key normalised rows by their homes.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Rows with the address in standard form.
    groups : list of list of str
        The contract's `property_key`.

    Returns
    -------
    HomeKeys
        Each part of n rows.
    """
    group, address = (
        property_keys.complete_group_key(sales, groups),
        property_keys.address_key(sales),
    )
    digits = property_keys.complete_group_key(sales, groups, digits_alone=True)
    either = property_keys.row_home_key(group, digits, address, sales["listing_key"])
    return HomeKeys(group, address, either, property_keys.place_parts(sales), digits)


def _previous_with_key(key: pd.Series, days: np.ndarray) -> np.ndarray:
    """Find the last row with the same key on an earlier day.

    Parameters
    ----------
    key : Series of str, shape (n,)
    days : ndarray, shape (n,)
        Days since the epoch.

    Returns
    -------
    ndarray of int, shape (n,)
        Its position, of several on that day the last in order of rows; -1 where there is none or
        the key is missing.
    """
    code = pd.factorize(key)[0]
    order = np.lexsort((days, code))  # stable: rows of one day keep their order
    c, d = code[order], days[order]
    new = np.ones(len(c), dtype=bool)
    new[1:] = (c[1:] != c[:-1]) | (d[1:] != d[:-1])
    before = np.maximum.accumulate(np.where(new, np.arange(len(c)), 0)) - 1
    earlier = (before >= 0) & (c >= 0)
    earlier[earlier] = c[before[earlier]] == c[earlier]
    out = np.full(len(c), -1)
    out[order[earlier]] = order[before[earlier]]
    return out


def _has_several_before(by: pd.Series, what: pd.Series, days: np.ndarray) -> np.ndarray:
    """Mark rows whose group has two values or more on earlier days, the row itself included.

    Parameters
    ----------
    by : Series, shape (n,)
        The group; the rows are in order of `days`.
    what : Series, shape (n,)
        The value; missing ones are none.
    days : ndarray, shape (n,)
        Days since the epoch.

    Returns
    -------
    ndarray of bool, shape (n,)
    """
    group, value = pd.factorize(by)[0], pd.factorize(what)[0]
    usable = np.flatnonzero((group >= 0) & (value >= 0) & ~np.isnan(days))
    pair = group[usable] * np.int64(value.max(initial=0) + 1) + value[usable]
    fresh = usable[np.sort(np.unique(pair, return_index=True)[1])]  # a value that is new in a group

    def first(rows: np.ndarray) -> np.ndarray:
        """Of each row's group the first one of these rows, -1 where it has none."""
        of = np.full(group.max(initial=-1) + 2, -1)  # the last is for rows without a group
        of[group[rows[::-1]]] = rows[::-1]
        return of[group]

    one = first(fresh)
    two = first(np.setdiff1d(fresh, one))
    before, other = ((row >= 0) & (days[row] < days) for row in (two, one))
    return before | (other & (value >= 0) & (value != value[one]))


def previous_of_home(home: HomeKeys, days: np.ndarray) -> np.ndarray:
    """Find the last row of the same home on an earlier day.

    One home: the same group where the rows of it so far, this one with them, do not contradict each
    other about the place, else the same group and address; or the same address where the rows there
    so far, this one with them, have one group at most, by its digits; at an address with several
    groups the rows without one are a home of their own.

    Parameters
    ----------
    home : HomeKeys
        The rows are in order of `days`.
    days : ndarray, shape (n,)
        Days since the epoch.

    Returns
    -------
    ndarray of int, shape (n,)
        Its position; -1 where there is none.
    """
    parts = [_has_several_before(home.group, part, days) for _, part in home.place.items()]
    shared = np.any(parts, axis=0)
    undisputed = ~_has_several_before(home.address, home.digits, days)
    within = property_keys.join_keys(home.group, home.address)
    return np.maximum.reduce(
        [
            np.where(
                shared, _previous_with_key(within, days), _previous_with_key(home.group, days)
            ),
            np.where(undisputed, _previous_with_key(home.address, days), -1),
            _previous_with_key(home.address.where(home.group.isna()), days),
        ]
    )

"""What a kind of trouble is: how it is planted, what then counts as right, and what REML does.

A planter is a pure function (rows, share, seed) -> (rows, planted keys). Its docstring is the
trouble as an analyst meets it: it stands in the table of kinds in docs/guides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lib.common.errors import require

FILE = "_file"  # column: which file of the export a row stands in, in order of import
Planter = Callable[[pd.DataFrame, float, int], tuple[pd.DataFrame, list[str]]]


@dataclass(frozen=True)
class Kind:
    """One kind of trouble.

    Attributes
    ----------
    name, group : str
        What it is called, and under which head the table has it.
    plant : Planter
        Changes rows of a clean feed, or adds some.
    columns : tuple of str
        Columns of the normalised table that must be as in the clean feed, or missing, in each
        planted row; without any, a planted row must be set aside or flagged.
    answer : str
        What REML does with it.
    adds : bool
        Whether the planted rows are further ones; else the chosen sales themselves are planted.
    throughout : bool
        Whether the trouble is in all rows, so that no row is a clean one without it.
    slack : float
        By how much a number may differ and still be right, where several readings are.
    """

    name: str
    group: str
    plant: Planter
    columns: tuple[str, ...]
    answer: str
    adds: bool = False
    throughout: bool = False
    slack: float = 0.0

    @property
    def trouble(self) -> str:
        """The planter's docstring on one line."""
        return " ".join((self.plant.__doc__ or "").split())


KINDS: dict[str, Kind] = {}


def register_kind(
    group: str,
    columns: tuple[str, ...],
    answer: str,
    adds: bool = False,
    throughout: bool = False,
    slack: float = 0.0,
) -> Callable[[Planter], Planter]:
    """Add the decorated planter to KINDS, under its own name; see `Kind`."""

    def add(plant: Planter) -> Planter:
        name = plant.__name__.removeprefix("plant_")
        require(name not in KINDS, f"{name}: two planters of one name")
        KINDS[name] = Kind(name, group, plant, columns, answer, adds, throughout, slack)
        return plant

    return add


def choose_sales(rows: pd.DataFrame, share: float, seed: int) -> np.ndarray:
    """The sales that trouble is planted into: the same for every kind, so that all can be compared
    with the feed without them.

    Parameters
    ----------
    rows : DataFrame of str of shape (n, columns)
        The clean feed.
    share : float
        Of the sales, between 0 and 1.
    seed : int
        Seed of the choice.

    Returns
    -------
    ndarray of int of shape (m,)
        Places of rows, rising; m is even and at least 4.
    """
    sales = np.flatnonzero((rows["StandardStatus"] == "Closed").to_numpy())
    count = max(4, 2 * round(share * len(sales) / 2))
    return np.sort(np.random.default_rng(seed).choice(sales, count, replace=False))


def listing_keys_at(rows: pd.DataFrame, places: np.ndarray) -> list[str]:
    """The listing keys of some rows.

    Parameters
    ----------
    rows : DataFrame of str of shape (n, columns)
    places : ndarray of int of shape (m,)

    Returns
    -------
    list of str
    """
    return rows["ListingKey"].iloc[places].tolist()


def change_cells(
    rows: pd.DataFrame, places: np.ndarray, **changes: Callable[[pd.Series], object]
) -> pd.DataFrame:
    """A copy of the feed with cells of some rows changed.

    Parameters
    ----------
    rows : DataFrame of str of shape (n, columns)
    places : ndarray of int of shape (m,)
    **changes : callable
        Header -> what makes of its cells, a Series, those that are written.

    Returns
    -------
    DataFrame of str of shape (n, columns)
    """
    out, index = rows.copy(), rows.index[places]
    for name, make in changes.items():
        made = make(out.loc[index, name])
        out.loc[index, name] = pd.Series(made, index=index).astype("str")
    return out

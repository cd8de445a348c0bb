"""Which sales of one day and price may be one deal: of one document, one buyer, near each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib.listings.identity import parcels

# columns of a feed that name the deed of a sale, and who bought
DOCUMENTS = re.compile(
    r"(?:\A|_)(?:document|doc|deed|instrument|recording|reception)_(?:number|no|num|id)\Z"
)
BUYERS = re.compile(r"\A(?:local_)?(?:buyer|grantee|purchaser)s?(?:_1)?(?:_(?:full_)?name)?\Z")
DOCUMENT, BUYER = "of one document", "of one buyer"
BESIDE, NEAR = "beside each other", "near each other"
BESIDE_KM, NEAR_KM = 0.3, 1.0
KM = 111.2  # of a degree of latitude
HOUSES, PARCELS = 20, 10  # numbers of neighbours lie so far apart at most
MOST = 60  # sales of one day and price that are compared two by two; of more, by their area alone
STREET = ["street_dir_prefix", "street_name", "street_suffix", "street_dir_suffix"]


class DealLinks(NamedTuple):
    """Of each sale the deal that it may be of, by why: a number, -1 for none (shape (n,) each)."""

    groups: dict[str, np.ndarray]

    def any_link(self) -> np.ndarray:
        """Which sales are linked with another at all (boolean)."""
        return np.any([group >= 0 for group in self.groups.values()], axis=0)

    def packages(self) -> Iterator[tuple[str, np.ndarray]]:
        """Why, and the positions of the sales of each deal that there may be."""
        for why, group in self.groups.items():
            rows = np.flatnonzero(group >= 0)
            rows = rows[np.argsort(group[rows], kind="stable")]
            cuts = np.flatnonzero(np.diff(group[rows])) + 1
            yield from ((why, some) for some in np.split(rows, cuts) if len(some))


def link_sales(sales: pd.DataFrame, homes: pd.Series, area: str) -> DealLinks:
    """Link sales of one day and one price, of different homes, that may be one deal.

    Beside each other are homes up to BESIDE_KM apart, of parcel numbers up to PARCELS apart, or of
    house numbers up to HOUSES apart in one street; near each other are those and homes up to
    NEAR_KM apart or in one area (`describe_places`).

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Index 0..n-1; needs `close_date` and `close_price`.
    homes : Series of str, shape (n,)
        The home of each; of one home its first sale alone is linked.
    area : str
        The column that names the area.

    Returns
    -------
    Links
    """
    deal = sales.groupby(["close_date", "close_price"], sort=False).ngroup()
    again = pd.concat([deal, homes], axis=1).duplicated()
    deal = deal.where(~again, -1 - np.arange(len(deal)))
    some = sales[deal.duplicated(keep=False)]
    deal = deal[some.index]
    place = describe_places(some, area)
    pairs = _pairs(some, deal)
    beside = pairs.loc[_beside(some, pairs), ["one", "two"]]
    near = pairs.loc[pairs["km"] <= NEAR_KM, ["one", "two"]]
    edges = {
        DOCUMENT: _edges(deal, _names(some, DOCUMENTS)),
        BUYER: _edges(deal, _names(some, BUYERS)),
        BESIDE: beside,
        NEAR: pd.concat([beside, near, _edges(deal, place)]),
    }
    return DealLinks({why: _components(len(sales), of) for why, of in edges.items()})


def _names(sales: pd.DataFrame, columns: re.Pattern[str]) -> pd.Series:
    """What the first filled column of those says in each row, placeholders missing."""
    out = pd.Series(None, index=sales.index, dtype="str")
    for name in sales:
        if not columns.search(name):
            continue
        text = sales[name]
        if pd.api.types.is_numeric_dtype(text):
            text = text.map("{:.0f}".format, na_action="ignore")
        text = text.astype("str").str.upper().str.replace(r"\s+", " ", regex=True).str.strip()
        if columns is DOCUMENTS:
            text = parcels.format_parcels(text)
        out = out.fillna(text.mask(text.str.fullmatch(NOBODY).fillna(True).astype(bool)))
    return out


NOBODY = r".{0,3}|UNKNOWN|CONFIDENTIAL|WITHHELD|NOT DISCLOSED|UNDISCLOSED|INDIVIDUALS?|BUYERS?|NONE"


def _edges(deal: pd.Series, name: pd.Series) -> pd.DataFrame:
    """Sales of one deal and one name, each linked with the first of them."""
    named = pd.DataFrame({"deal": deal, "name": name, "two": deal.index}).dropna()
    first = named.groupby(["deal", "name"], sort=False)["two"].transform("first")
    return named.assign(one=first).loc[first != named["two"], ["one", "two"]]


def _pairs(sales: pd.DataFrame, deal: pd.Series) -> pd.DataFrame:
    """Each two sales of one deal and how many kilometres lie between them, missing if unknown."""
    few = deal[deal.groupby(deal).transform("size") <= MOST]
    rows = pd.DataFrame({"deal": few, "row": few.index})
    pairs = rows.merge(rows, on="deal", suffixes=("_one", "_two"))
    pairs = pairs[pairs["row_one"] < pairs["row_two"]].rename(
        columns={"row_one": "one", "row_two": "two"}
    )
    km = pd.Series(np.nan, index=pairs.index)
    if {"latitude", "longitude"} <= set(sales):
        one, two = (sales.reindex(pairs[end])[["latitude", "longitude"]] for end in ("one", "two"))
        lat, lon = one.to_numpy(float).T
        lat2, lon2 = two.to_numpy(float).T
        km[:] = KM * np.hypot(lat - lat2, (lon - lon2) * np.cos(np.radians(lat)))
    return pairs.assign(km=km)


def _beside(sales: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Which pairs are neighbours: by metres, parcel numbers, or numbers in one street."""

    def ends(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
        one, two = (cells.reindex(pairs[end]).reset_index(drop=True) for end in ("one", "two"))
        return one, two

    beside = (pairs["km"] <= BESIDE_KM).to_numpy(copy=True)
    far = (pairs["km"] > NEAR_KM).to_numpy()
    if "parcel_number" in sales:
        digits = parcels.parcel_digits(parcels.format_parcels(sales["parcel_number"]))
        one, two = ends(
            digits.where(digits.str.fullmatch("[0-9]{5,15}").fillna(False).astype(bool))
        )
        step = (pd.to_numeric(one) - pd.to_numeric(two)).abs()
        beside |= (step.between(1, PARCELS) & ~far).to_numpy()
    if {"street_number", "street_name"} <= set(sales):
        place = [name for name in ("postal_code", "city") if name in sales][:1]
        street = sales["street_name"].where(sales[place].notna().all(axis=1))
        for name in [*STREET, *place]:
            if name in sales and name != "street_name":
                street = street + "|" + sales[name].astype("str").fillna("")
        house = pd.to_numeric(sales["street_number"], errors="coerce")
        (one, two), (here, there) = ends(street), ends(house)
        beside |= ((one == two) & ((here - there).abs() <= HOUSES)).fillna(False).to_numpy(bool)
    return beside


def _components(count: int, edges: pd.DataFrame) -> np.ndarray:
    """The number of each row's component, -1 for rows that no edge reaches."""
    from scipy.sparse import coo_array  # slow to import, and preflight is quick
    from scipy.sparse.csgraph import connected_components

    one, two = (edges[end].to_numpy("int64") for end in ("one", "two"))
    graph = coo_array((np.ones(len(one)), (one, two)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1].astype("int64")
    alone = np.ones(count, dtype=bool)
    alone[one], alone[two] = False, False
    return np.where(alone, -1, labels)


def describe_places(sales: pd.DataFrame, area: str) -> pd.Series:
    """Say where each sale lies: `in` its area, else `near` its rounded coordinates.

    Parameters
    ----------
    sales : DataFrame, shape (n, k)
        Any of the area's column, `latitude` and `longitude`.
    area : str
        The column that names the area.

    Returns
    -------
    Series of str, shape (n,)
        Coordinates are rounded to a hundredth of a degree, about a kilometre; missing where neither
        is there.
    """
    nowhere = pd.Series(None, index=sales.index, dtype="str")
    place = "in " + sales[area].astype("str") if area in sales else nowhere
    if {"latitude", "longitude"} <= set(sales):
        north, east = (
            sales[name].map("{:.2f}".format, na_action="ignore").astype("str")
            for name in ("latitude", "longitude")
        )
        place = place.fillna("near " + north + ", " + east)
    return place

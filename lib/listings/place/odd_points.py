"""Coordinates that cannot be a home's, each with the reason: they are set missing, and the ZIP
serves instead.

Nothing is put right: that a point swapped or mirrored lies among the others is a guess. Points are
judged by each other in this order, so that one fault does not hide another: gaps written as
numbers, other hemispheres, points that many streets share, points far from their ZIP.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from lib.listings.place import far_points

POINT = ("latitude", "longitude")
COLUMNS = (  # that say where a home is, or that two rows are two homes
    *POINT, "postal_code", "city", "state_or_province", "street_name", "year_built", "property_key",
)  # fmt: skip
HALF_POINT = "the other one of latitude and longitude is missing"
ZERO = "0 stands for an unknown place"
WHOLE_DEGREES = "whole degrees stand for an unknown place"
NO_DEGREES = "no degrees: projected metres or feet, or microdegrees"
NO_HOMES = "nobody lives at this latitude"
SWAPPED = "latitude and longitude are swapped"
SIGN = "the sign is lost, or wrong"
EASTERN = "the sign is lost: no home of this state lies in the east"
SHARED = "homes of many streets share this point"
COARSE = "homes of many streets share this point, as most points of the feed are; it stays"
FAR_FROM_ZIP = "far from the other homes of its ZIP"
FAR_FROM_PREFIX = "far from the other homes of its ZIP's first three digits"
FAR_FROM_FEED = "far from all other homes"
WRONG_ZIP = "far from the other homes of this ZIP; its city and coordinates agree"
STREETS = 5  # of different names at one point: one building stands at two, a corner at four
YEARS, HOMES = 8, 10  # of building and homes at one point, where no street is known
SPANS = 6.0  # times the shortest half of a feed's latitudes that its homes reach beyond it
DEGREES = 3.0  # that any feed may reach beyond it
CLOSE_TO_ZERO = 1.0  # degree: a feed around the equator or Greenwich has honest zeros
SOUTHMOST, NORTHMOST = -56.0, 72.0  # degrees: beyond Cape Horn and Utqiagvik
RARE = 0.05  # share of rows with whole degrees up to which those are no rounding
# states and territories of the US whose homes all lie west of Greenwich; not AK, GU, MP
WESTERN = (
    "AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ "
    "NM NV NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY"
)


def _body(values: pd.Series) -> tuple[float, float]:
    """The span of degrees that the feed's homes lie in, around the shortest half of them: what is
    up to half of the feed moves it nowhere."""
    line = np.sort(values.to_numpy(float))
    half = len(line) // 2
    widths = line[half:] - line[: len(line) - half]
    first = int(np.argmin(widths))
    reach = max(DEGREES, SPANS * widths[first])
    return line[first] - reach, line[first + half] + reach


def _hemisphere_faults(table: pd.DataFrame) -> pd.Series:
    """Points that lie among the others once swapped or mirrored, and in no other way.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        `latitude` and `longitude` (degrees; missing: not judged), `state_or_province` where known.

    Returns
    -------
    Series of str of shape (n,)
        A reason, "" where nothing is odd.
    """
    latitude, longitude = (table[name] for name in POINT)
    reason = pd.Series("", index=table.index, dtype="str")
    if "state_or_province" in table:
        western = table["state_or_province"].str.strip().str.upper().isin(WESTERN.split(" "))
        reason = reason.mask(western & (longitude > 0) & (latitude > 0), EASTERN)
    left = table[reason == ""].dropna(subset=list(POINT))
    if left.empty:
        return reason
    spans = [_body(left[name]) for name in POINT]

    def among(first: pd.Series, second: pd.Series) -> pd.Series:
        return first.between(*spans[0]) & second.between(*spans[1])

    outside = ~among(latitude, longitude) & latitude.notna() & longitude.notna()
    flips = among(-latitude, longitude) | among(latitude, -longitude) | among(-latitude, -longitude)
    reason = reason.mask(outside & flips & (reason == ""), SIGN)
    swaps = among(longitude, latitude) | among(longitude, -latitude) | among(-longitude, latitude)
    return reason.mask(outside & swaps, SWAPPED)


def _shared_points(table: pd.DataFrame) -> pd.Series:
    """Points that stand for an area, since homes of many streets have them.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        `latitude` and `longitude` (degrees; missing: not judged), and of `street_name`,
        `year_built` and `property_key` what there is.

    Returns
    -------
    Series of bool of shape (n,)
        By streets where homes have them, else by years of building: a tower of flats has one year.
    """
    point = [table[name] for name in POINT]
    shared = pd.Series(False, index=table.index)
    if "street_name" in table:
        shared = table.groupby(point)["street_name"].transform("nunique") >= STREETS
    if {"year_built", "property_key"} <= set(table):
        unnamed = table["street_name"].isna() if "street_name" in table else ~shared
        rest = table[unnamed]
        by_point = rest.groupby([rest[name] for name in POINT])
        many = by_point["year_built"].transform("nunique") >= YEARS
        many &= by_point["property_key"].transform("nunique") >= HOMES
        shared |= many.reindex(table.index, fill_value=False)
    return shared & table[list(POINT)].notna().all(axis=1)


def _gaps(table: pd.DataFrame) -> pd.Series:
    """What is no place on earth, or a gap written as a number: one half of a point, zeros, whole
    degrees."""
    latitude, longitude = (table[name] for name in POINT)
    reason = pd.Series("", index=table.index, dtype="str")
    reason = reason.mask(latitude.isna() != longitude.isna(), HALF_POINT)
    both = latitude.notna() & longitude.notna()
    whole = both & (latitude % 1 == 0) & (longitude % 1 == 0)
    if whole.sum() <= RARE * both.sum():
        reason = reason.mask(whole, WHOLE_DEGREES)
    for value in (latitude, longitude):
        middle = value[both & (value != 0)].abs().median()
        if not middle < CLOSE_TO_ZERO:
            reason = reason.mask(both & (value == 0), ZERO)
    reason = reason.mask(both & (latitude == 0) & (longitude == 0), ZERO)
    # a latitude of -95 may be a longitude: it is left to those who look for swaps
    return reason.mask((latitude.abs() > 180) | (longitude.abs() > 180), NO_DEGREES)


def _is_coarse(table: pd.DataFrame, shared: pd.Series) -> bool:
    """Whether most points are those of areas: all are alike then, and say what a ZIP says."""
    points = table[list(POINT)].dropna()
    if points.empty or shared.sum() > len(points) / 2:
        return True
    distinct = points.drop_duplicates()
    return bool((distinct.round(2) == distinct).all(axis=1).mean() > 0.9)


def _wrong_zips(table: pd.DataFrame, far: pd.Series) -> pd.Series:
    """Of points far from their ZIP those whose city is that of the homes around and not the ZIP's:
    there the ZIP is wrong."""
    out = pd.Series(False, index=table.index)
    if "city" not in table or not far.any():
        return out
    every = table.dropna(subset=list(POINT)).drop_duplicates(list(POINT))
    points = every.assign(city=every["city"].str.casefold()).reset_index(drop=True)
    usual = points.groupby("postal_code")["city"].agg(lambda one: one.mode().min())
    places = pd.MultiIndex.from_frame(points[list(POINT)])
    rows = table[far & table["city"].notna()]
    if rows.empty:
        return out
    chosen = places.get_indexer(pd.MultiIndex.from_frame(rows[list(POINT)]))
    _, near = far_points.nearest_other_points(points, chosen)
    cities = np.array([*points["city"], None], dtype=object)[near]
    own = rows["city"].str.casefold().to_numpy(object)
    around = (cities == own[:, None]).mean(axis=1) > 0.5
    out[rows.index] = around & (rows["postal_code"].map(usual).to_numpy(object) != own)
    return out


def odd_points(table: pd.DataFrame) -> pd.DataFrame:
    """The reason why each row's coordinates, or its ZIP, cannot be.

    Parameters
    ----------
    table : DataFrame of shape (n, columns)
        `latitude` and `longitude` in degrees; of `postal_code`, `city`,
        `state_or_province`, `street_name`, `year_built` and `property_key` what there is.

    Returns
    -------
    DataFrame of str of shape (n, 3)
        `point` and `postal_code`: why they have to go; `note`: what is odd and stays. "" where
        nothing is.
    """
    out = pd.DataFrame("", index=table.index, columns=["point", "postal_code", "note"], dtype="str")
    if not table[list(POINT)].notna().any(axis=None):
        return out
    left = table[[name for name in COLUMNS if name in table]].copy()

    def leave(reasons: pd.Series) -> None:
        """Note the reasons, and judge the others without these points."""
        bad = reasons != ""
        out.loc[bad, "point"] = reasons[bad]
        left.loc[bad, list(POINT)] = np.nan

    leave(_gaps(left))
    leave(_hemisphere_faults(left))
    settled = left["latitude"].between(SOUTHMOST, NORTHMOST) | left["latitude"].isna()
    leave(pd.Series("", index=left.index, dtype="str").mask(~settled, NO_HOMES))
    shared = _shared_points(left)
    if _is_coarse(left, shared):
        out["note"] = out["note"].mask(shared, COARSE)
    else:
        leave(pd.Series("", index=left.index, dtype="str").mask(shared, SHARED))
    zips = left.get("postal_code", pd.Series(None, index=left.index, dtype="str"))
    for area, reach, why in (
        (zips, far_points.ZIP, FAR_FROM_ZIP),
        (zips.str[:3], far_points.PREFIX, FAR_FROM_PREFIX),
        (pd.Series("", index=left.index), far_points.FEED, FAR_FROM_FEED),
    ):
        far = far_points.far_points(left["latitude"], left["longitude"], area, reach)
        if why == FAR_FROM_FEED:  # with a ZIP it may be a listing in another state
            far &= zips.isna()
        wrong = _wrong_zips(left, far) if why == FAR_FROM_ZIP else far & False
        out["postal_code"] = out["postal_code"].mask(wrong, WRONG_ZIP)
        leave(pd.Series("", index=left.index, dtype="str").mask(far & ~wrong, why))
    return out

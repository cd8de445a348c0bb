"""The invented homes: what a listing table shows of a home, and the quality that it does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lib.demo.places import STATE, Places, to_degrees

FREE, TOWN, CONDO = "Free Standing", "Townhouse", "Condominium"
DWELLINGS = (FREE, TOWN, CONDO)
DWELLING_SHARE = (0.76, 0.13, 0.11)
SIZE_FACTOR = {FREE: 1.0, TOWN: 0.82, CONDO: 0.58}


def draw_homes(
    rng: np.random.Generator,
    places: Places,
    count: int,
    last_year: int,
    parcels: Sequence[list[int]] = (),
) -> pd.DataFrame:
    """`count` homes, one row each, indexed 0..count-1; none built after `last_year`.

    Sizes are square feet, `acres` is NaN for condominiums, `x` and `y` are km from the metro's
    origin, `lat` and `lon` degrees, `fee` dollars a year. `quality` is standard normal: it moves
    prices and shows in pictures, and no column of the export holds it. `place` is the log price
    effect of the spot. The homes of each of `parcels` (indices) lie in one subdivision.

    Parameters
    ----------
    rng
        Generator of every draw.
    places
        ZIPs and subdivisions of the metro.
    count
        How many homes.
    last_year
        No home is built later.
    parcels
        Indices of homes that lie in one subdivision, a list each.

    Returns
    -------
    DataFrame
        Shape (count, columns named above and others of an export).
    """
    subdivision = rng.integers(0, len(places.subdivisions), count)
    for parcel in parcels:
        subdivision[parcel] = subdivision[parcel[0]]
    subs = pd.DataFrame([vars(s) for s in places.subdivisions]).iloc[subdivision]
    subs = subs.reset_index(drop=True)
    zip_index = subs["zip_index"].to_numpy()
    homes = pd.DataFrame({"dwelling": rng.choice(DWELLINGS, count, p=DWELLING_SHARE)})
    homes["quality"] = rng.standard_normal(count)
    homes["x"] = subs["x"] + rng.normal(0, 0.55, count)
    homes["y"] = subs["y"] + rng.normal(0, 0.55, count)
    homes["lat"], homes["lon"] = to_degrees(homes["x"].to_numpy(), homes["y"].to_numpy())
    homes["place"] = places.effect(zip_index, homes["x"].to_numpy(), homes["y"].to_numpy())
    _add_rooms(rng, homes, subs["sqft"].to_numpy())
    built = np.rint(subs["built"] + rng.normal(0, 6, count)).astype(int)
    homes["year_built"] = np.minimum(built, last_year)
    _add_extras(rng, homes, places, zip_index)
    homes["fee"] = np.where(homes["dwelling"] == CONDO, subs["fee"] + 2400, subs["fee"])
    _add_address(rng, homes, subs, places)
    return homes


def _add_rooms(rng: np.random.Generator, homes: pd.DataFrame, typical: np.ndarray) -> None:
    count = len(homes)
    factor = homes["dwelling"].map(SIZE_FACTOR).to_numpy()
    sqft = typical * factor * np.exp(rng.normal(0, 0.24, count))
    homes["sqft"] = np.clip(np.rint(sqft), 480, 7500).astype(int)
    beds = 1.1 + homes["sqft"] / 950 + rng.normal(0, 0.55, count)
    homes["beds"] = np.clip(np.rint(beds), 1, 7).astype(int)
    baths = 0.55 + homes["sqft"] / 1350 + rng.normal(0, 0.4, count)
    homes["full_baths"] = np.clip(np.rint(baths), 1, 6).astype(int)
    homes["half_baths"] = (rng.random(count) < np.clip(homes["sqft"] / 5500, 0.1, 0.8)).astype(int)
    tall = rng.random(count) < np.clip((homes["sqft"] - 900) / 3200, 0.05, 0.85)
    stories = np.where(homes["dwelling"] == TOWN, 2 + (rng.random(count) < 0.3), 1 + tall)
    homes["stories"] = np.where(homes["dwelling"] == CONDO, 1, stories)


def _add_extras(
    rng: np.random.Generator, homes: pd.DataFrame, places: Places, zip_index: np.ndarray
) -> None:
    count = len(homes)
    free = (homes["dwelling"] == FREE).to_numpy()
    condo = (homes["dwelling"] == CONDO).to_numpy()
    acres = np.where(free, 0.19, 0.05) * np.exp(rng.normal(0, 0.42, count))
    homes["acres"] = np.where(condo, np.nan, np.round(acres, 4))
    garage = np.rint(0.7 + homes["sqft"] / 1900 + rng.normal(0, 0.5, count))
    homes["garage"] = np.where(condo, rng.integers(0, 2, count), np.clip(garage, 0, 4)).astype(int)
    homes["fireplaces"] = rng.binomial(2, np.clip(homes["sqft"] / 7000, 0.05, 0.7))
    homes["pool"] = free & (rng.random(count) < np.clip(homes["sqft"] / 11000, 0.05, 0.5))
    shore = np.array([z.shore for z in places.zips])[zip_index]
    homes["waterfront"] = rng.random(count) < np.where(shore, 0.12, 0.015)


def _add_address(
    rng: np.random.Generator, homes: pd.DataFrame, subs: pd.DataFrame, places: Places
) -> None:
    count = len(homes)
    zips = [places.zips[i] for i in subs["zip_index"]]
    homes["zip"] = [z.code for z in zips]
    homes["city"] = [z.city for z in zips]
    homes["state"] = STATE
    homes["area"] = [z.area for z in zips]
    homes["district"] = [z.district for z in zips]
    homes["subdivision"] = subs["name"].to_numpy()
    pick = rng.integers(0, 6, count)
    homes["street"] = [streets[i] for streets, i in zip(subs["streets"], pick, strict=True)]
    homes["number"] = rng.integers(100, 9800, count)
    flat = homes["dwelling"] != FREE
    homes["unit"] = np.where(flat, rng.integers(1, 400, count).astype(str), "")
    block = rng.integers(100, 1000, count)
    homes["tax_id"] = [f"{b:03d}-{i // 1000:03d}-{i % 1000:03d}-0001" for i, b in enumerate(block)]

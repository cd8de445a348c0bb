"""A clean invented feed of one town, as an export of RESO headers: 900 sales and 60 open listings.

Prices follow size, place, age and time with 6 % of noise, so that what a fault costs can be seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SALES, OPEN = 900, 60
FIRST, DAYS = pd.Timestamp("2022-01-03"), 1000
NOISE = 0.06  # of log price: what no model can know
ZIPS = ("73301", "73312", "73323", "73334", "73345", "73356")
STREETS = ("Alder", "Birch", "Cedar", "Dogwood", "Elder", "Fir", "Hazel", "Juniper", "Larch",
           "Maple", "Oak", "Pine", "Rowan", "Spruce", "Walnut", "Willow")  # fmt: skip
SUFFIXES = ("St", "Ave", "Ln", "Dr", "Ct")
STAMP = "%Y-%m-%dT%H:%M:%S"


def write_days(days: pd.Series) -> pd.Series:
    """Days as ISO text, "" where there is none.

    Parameters
    ----------
    days : Series of datetime64 of shape (n,)

    Returns
    -------
    Series of str of shape (n,)
    """
    return days.dt.strftime("%Y-%m-%d").fillna("")


def read_days(text: pd.Series) -> pd.Series:
    """What `write_days` wrote, as days.

    Parameters
    ----------
    text : Series of str of shape (n,)

    Returns
    -------
    Series of datetime64 of shape (n,)
    """
    return pd.to_datetime(text.where(text != ""), format="%Y-%m-%d")


def make_feed(seed: int = 0) -> pd.DataFrame:
    """The feed as its export writes it.

    Parameters
    ----------
    seed : int
        Another one is another town.

    Returns
    -------
    DataFrame of str of shape (SALES + OPEN, columns)
        RESO's headers; sales first, in order of their closing.
    """
    rng = np.random.default_rng(seed)
    n = SALES + OPEN
    zips = rng.integers(0, len(ZIPS), n)
    area = np.round(np.exp(rng.normal(7.35, 0.3, n)))
    built = rng.integers(1945, 2020, n)
    beds = np.clip(np.round(area / 550 + rng.normal(0, 0.6, n)), 1, 6).astype(int)
    full = np.clip(np.round(area / 800 + rng.normal(0, 0.4, n)), 1, 4).astype(int)
    half = rng.integers(0, 2, n)
    lot = np.round(np.exp(rng.normal(8.9, 0.25, n)))
    close = np.append(np.sort(rng.integers(0, DAYS, SALES)), np.full(OPEN, DAYS))
    log_price = 5.9 + 0.88 * np.log(area) + 0.09 * zips + 0.04 * full + 0.02 * half
    log_price += 0.06 * np.log(lot / 7000) + 0.0022 * (built - 1980) + 0.05 * close / 365
    price = np.round(np.exp(log_price + rng.normal(0, NOISE, n)) / 500) * 500
    closed = np.arange(n) < SALES
    close_day = pd.Series(FIRST + pd.to_timedelta(close, unit="D"))
    contract = close_day - pd.to_timedelta(rng.integers(15, 46, n), unit="D")
    listed = contract - pd.to_timedelta(rng.integers(3, 60, n), unit="D")
    sold = pd.Series(closed)
    street = rng.permutation(n)  # no two homes at one address
    table = pd.DataFrame(
        {
            "ListingKey": [f"L{400000 + i}" for i in range(n)],
            "ParcelNumber": [f"{100200300 + 37 * i}" for i in range(n)],
            "StandardStatus": np.where(closed, "Closed", "Active"),
            "PropertyType": "Residential",
            "PropertySubType": "Single Family Residence",
            "ClosePrice": [f"{p:.0f}" if c else "" for p, c in zip(price, closed, strict=True)],
            "ListPrice": [f"{p:.0f}" for p in np.round(price * rng.normal(1.01, 0.02, n), -2)],
            "CloseDate": write_days(close_day.where(sold)),
            "ListingContractDate": write_days(listed),
            "PurchaseContractDate": write_days(contract.where(sold)),
            "ModificationTimestamp": (close_day + pd.Timedelta(hours=33.5)).dt.strftime(STAMP),
            "LivingArea": area.astype(int), "LotSizeSquareFeet": lot.astype(int),
            "BedroomsTotal": beds, "BathroomsFull": full, "BathroomsHalf": half,
            "BathroomsTotalInteger": full + half,
            "YearBuilt": built, "GarageSpaces": rng.integers(0, 4, n),
            "AssociationFee": rng.choice([240, 360, 480, 600], n),
            "UnparsedAddress": [
                f"{100 + 7 * s} {STREETS[s % len(STREETS)]} {SUFFIXES[s // 16 % len(SUFFIXES)]}"
                for s in street
            ],
            "City": "Ashford", "StateOrProvince": "TX",
            "PostalCode": np.array(ZIPS)[zips],
            "Latitude": [f"{v:.6f}" for v in 30.2 + 0.03 * (zips // 3) + rng.normal(0, 0.01, n)],
            "Longitude": [f"{v:.6f}" for v in -97.75 + 0.03 * (zips % 3) + rng.normal(0, 0.01, n)],
        }
    )  # fmt: skip
    return table.astype("str")

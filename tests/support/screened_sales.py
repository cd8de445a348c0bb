"""Sales with odd ones among them, for tests of screening."""

from __future__ import annotations

import numpy as np
import pandas as pd
import yaml

from lib.listings.identity import same_home
from lib.listings.screening import screen
from tests.support.dag import ROOT

SPEC = screen.ScreenParams(**yaml.safe_load((ROOT / "params.yaml").read_text())["screen"])
STREETS = ("street_dir_prefix", "street_suffix", "street_dir_suffix")
START = pd.Timestamp("2023-01-01")


def odd_sales(n=500, seed=0):
    """Closed sales of two ZIPs over 500 days with odd ones among them, some still on the market."""
    rng = np.random.default_rng(seed)
    area = np.exp(rng.normal(7.5, 0.3, n)).round()
    zips = rng.integers(0, 2, n)
    price = np.exp(6 + 0.8 * np.log(area) + 0.3 * zips + rng.normal(0, 0.1, n)).round(-2)
    price[::23] *= rng.choice([0.3, 0.5, 3, 10, 0.0001], len(price[::23]))
    close = START + pd.to_timedelta(np.sort(rng.integers(0, 500, n)), unit="D")
    close = close.astype("datetime64[us]")
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:04d}" for i in rng.permutation(n)], "domain": "sale",
            "parcel_number": [f"p{i}" for i in rng.integers(1, n, n)],
            "standard_status": "Closed", "close_date": close, "close_price": price,
            "list_price": (price * rng.choice([1.0, 1.02, 0.98, 2.0], n, p=[.4, .3, .28, .02])),
            "listing_contract_date": close - pd.to_timedelta(rng.integers(-1, 90, n), unit="D"),
            "purchase_contract_date": close - pd.to_timedelta(rng.integers(-1, 40, n), unit="D"),
            "living_area": area, "lot_size_square_feet": 8000.0,
            "bedrooms_total": rng.integers(0, 5, n).astype(float),
            "bathrooms_total": rng.integers(0, 4, n).astype(float),
            "year_built": rng.integers(1950, 2025, n).astype(float),
            "postal_code": [f"9800{z}" for z in zips],
            "property_sub_type": rng.choice(["House", "Condo"], n),
            "public_remarks": rng.choice(["Sunny.", "Bank owned.", "Family transfer."], n),
            "special_listing_conditions": rng.choice(["Standard", "Short Sale", "Odd"], n),
        }
    )  # fmt: skip
    twins = table.index[50::60]
    for twin in twins:  # parcels of three at one price
        table.loc[twin : twin + 2, ["close_date", "close_price", "postal_code"]] = (
            table.loc[twin, ["close_date", "close_price", "postal_code"]].to_numpy()
        )  # fmt: skip
    table.loc[::31, "living_area"] = np.nan
    table["property_key"] = "parcel_number:" + table["parcel_number"]
    # two parcels at an address, some rows of which do not know their parcel
    number = table["parcel_number"].str[1:].astype(int) // 2
    table["street_number"] = (number + 1).astype("str").where(number % 5 > 0)
    table["street_name"] = "ASH"
    for name in (*STREETS, "unit_number", "city", "state_or_province"):
        table[name] = pd.Series(None, index=table.index, dtype="str")
    table.loc[::3, "parcel_number"] = None
    table.loc[::41, "standard_status"] = "Active"
    return table


def good_sales(*rows, **shared):
    """Closed sales: a good record each, changed by its own values and the shared ones."""
    good = {
        "domain": "sale", "close_date": START,
        "listing_contract_date": START - pd.Timedelta(days=60),
        "purchase_contract_date": START - pd.Timedelta(days=30), "close_price": 300_000.0,
        "list_price": 310_000.0, "living_area": 2000.0, "lot_size_square_feet": 8000.0,
        "bedrooms_total": 3.0, "bathrooms_total": 2.5, "year_built": 1990.0, "postal_code": "98001",
    }  # fmt: skip
    table = pd.DataFrame([good | shared | row for row in rows])
    table["listing_key"] = [f"k{i}" for i in range(len(table))]
    if "property_key" not in table:
        table["property_key"] = [f"p{i}" for i in range(len(table))]
    return table


def reasons_by_code(flags):
    """code -> (positions, reasons) of the rules that flag a sale."""
    return {code: (list(rows), list(text)) for code, rows, text in flags if len(rows)}


def homes_of(table):
    """The homes of sales whose `property_key` is all that is known of them."""
    key = table["property_key"]
    return same_home.HomeKeys(
        key,
        pd.Series(None, index=table.index, dtype="str"),
        key,
        pd.DataFrame(index=table.index),
        key,
    )

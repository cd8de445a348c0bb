"""A small market with everything that features read: sales and rentals, unsold listings, remarks,
external series; and the feature table of it."""

import numpy as np
import pandas as pd

from lib.common.vocabulary import KEY_COLUMNS
from lib.features import build

SPEC = build.FeaturesParams.model_validate(
    {
        "windows": [30, 200],
        "yield_days": 200,
        "geo": {"km": 2, "days": 100},
        "text": {"buckets": 4, "words": {"renovated": ["renovated", "new kitchen"]}},
        "comparables": {
            "k": 4, "km": 1.5, "days": 90, "area_elasticity": 0.7,
            "axes": {"living_area": {"typical": 1900, "scale": 0.3, "log": True}},
        },
        "index": {"area_ridge": 5, "step_ridge": 300},
        "districts": {
            "most": 100, "turns": 2, "minimum_sales": 10, "likeness": 2, "like_km": 20,
            "like_variance": 0.02, "reach_km": 2, "place_variance": 0.01, "axis_variance": 0.1,
            "zip_variance": 0.03, "month_variance": 0.0001, "noise_variance": 0.02,
        },
        "kriging": {
            "k": 6, "km": 1, "days": 365, "place_variance": 0.4, "reach_km": 1.5, "like_km": 10,
            "noise_variance": 0.6,
            "hedonic": {
                "refit_days": 7, "minimum_sales": 20, "ridge": 5, "zip_ridge": 1, "month_ridge": 30,
            },
            "axes": {
                "living_area": {"typical": 1900, "scale": 1.3, "log": True},
                "year_built": {"typical": 1975, "scale": 20},
            },
        },
    }
)  # fmt: skip
START = pd.Timestamp("2023-01-01")
REMARKS = ["Renovated home.", "New  kitchen, new roof.", "Needs work", None, ""]


def market(n=150, seed=0):
    """A small normalised table: sales agreed 0 to 40 days before they close, resales among them,
    a few homes without a place, without a size, or still on the market."""
    rng = np.random.default_rng(seed)
    close = START + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    agreed = close - pd.to_timedelta(rng.integers(0, 41, n), unit="D")
    area = np.exp(rng.normal(7.5, 0.3, n))
    zips = rng.integers(0, 3, n)
    price = np.exp(
        6 + 0.8 * np.log(area) + 0.3 * zips + 0.0004 * (close - START).days + rng.normal(0, 0.1, n)
    )
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:04d}" for i in range(n)],
            "property_key": [f"p{i}" for i in rng.integers(0, int(n * 0.8), n)],
            "standard_status": "Closed",
            "as_of": agreed, "close_date": close, "close_price": price.round(),
            "list_price": (price * 1.02).round(),
            "living_area": area, "lot_size_square_feet": rng.integers(0, 9000, n).astype(float),
            "year_built": rng.integers(1950, 2022, n).astype(float),
            "bedrooms_total": rng.integers(1, 6, n).astype(float),
            "latitude": 47.3 + 0.1 * zips + rng.normal(0, 0.01, n),
            "longitude": -122.3 + rng.normal(0, 0.02, n),
            "postal_code": [f"9800{z}" for z in zips],
            "property_sub_type": rng.choice(["House", "Condo"], n),
            "local_grade": rng.integers(1, 12, n).astype(float),
            "local_word": "text",
        }
    )  # fmt: skip
    table.loc[table.index % 11 == 0, ["latitude", "longitude"]] = np.nan
    table.loc[table.index % 17 == 0, "living_area"] = np.nan
    table["own_home_key"] = table["property_key"]
    table["listing_contract_date"] = agreed - pd.to_timedelta(rng.integers(0, 90, n), unit="D")
    table["purchase_contract_date"] = agreed
    table["modification_timestamp"] = close + pd.Timedelta(hours=20)
    table["_modification_utc_offset_minutes"] = 0.0
    table["public_remarks"] = rng.choice(np.array(REMARKS, dtype=object), n)
    table["state_or_province"] = "WA"
    withdrawn = table.index % 10 == 3
    table.loc[withdrawn, "standard_status"] = "Withdrawn"
    table.loc[withdrawn, ["as_of", "close_date", "purchase_contract_date", "close_price"]] = np.nan
    on_sale = table.index % 13 == 0
    table.loc[on_sale, "standard_status"] = "Active"
    table.loc[on_sale, ["close_date", "close_price", "purchase_contract_date"]] = np.nan
    table.loc[on_sale, "as_of"] = agreed[on_sale]
    return table


def dear_street():
    """(sales, homes valued late, whether each lies in the street, whether far from it): a market
    with a street that sells 20 % above what its attributes and ZIP say, in half of one ZIP."""
    table = market(1200, seed=4)
    table["latitude"] = table["latitude"].fillna(47.3)
    table["longitude"] = table["longitude"].fillna(-122.3)
    dear = (table["longitude"] > -122.3) & (table["postal_code"] == "98001")
    table["close_price"] *= np.where(dear, 1.2, 1.0)
    sales = table[table["close_price"].notna()].sort_values("close_date", kind="stable")
    late = table[table["as_of"] > START + pd.Timedelta(days=350)].reset_index(drop=True)
    here = late["postal_code"] == "98001"
    street, other = here & (late["longitude"] > -122.29), here & (late["longitude"] < -122.31)
    return sales.reset_index(drop=True), late, street, other


def rentals():
    """The same places to let, for a 200th of the price a month."""
    table = market(90, seed=9)
    for name in ("listing_key", "property_key", "own_home_key"):
        table[name] = "r" + table[name]
    table[["close_price", "list_price"]] = (table[["close_price", "list_price"]] / 200).round()
    return table


def external():
    """A series by ZIP and state, each month released twelve days later and revised after 40."""
    months = pd.date_range(START - pd.Timedelta(days=60), periods=20, freq="MS")
    rows = [
        {"series_id": "jobs", "geo": geo, "period": month, "value": i + number,
         "release_date": month + pd.Timedelta(days=days)}
        for geo in ("98001", "WA")
        for i, month in enumerate(months)
        for number, days in ((0.0, 12), (0.25, 40))
    ]  # fmt: skip
    return pd.DataFrame(rows)


RENTALS, SERIES = rentals(), external()


def screened(table):
    """A verdict that every sale is usable."""
    return pd.DataFrame({"listing_key": table["listing_key"], "usable": True})


def evidence_of(table, other=RENTALS, series=SERIES):
    """What the homes of a table may know, every sale usable."""
    tables = {"sale": table, "rental": other}
    verdicts = {name: screened(each) for name, each in tables.items()}
    return build.collect_evidence(tables, verdicts, "sale", series)


def built(table, other=RENTALS, series=SERIES):
    """(features, comparables, index) of the rows with an as_of date, against the table itself."""
    homes = table[table["as_of"].notna()]
    features, near, index = build.build_features(homes, evidence_of(table, other, series), SPEC)
    return features.set_index(homes.index), near, index


def assert_same(one, other):
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), rtol=1e-12
    )


TABLE = market()
FEATURES, NEAR, INDEX = built(TABLE)
NAMES = [name for name in FEATURES if name not in KEY_COLUMNS]


def kilometres(one, other):
    """Great-circle distance by the haversine formula."""
    lat, lon, lat2, lon2 = np.radians([*one, *other])
    a = np.sin((lat2 - lat) / 2) ** 2 + np.cos(lat) * np.cos(lat2) * np.sin((lon2 - lon) / 2) ** 2
    return 2 * 6371 * np.arcsin(np.sqrt(a))

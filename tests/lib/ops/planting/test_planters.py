"""Planters are pure, keep to their share, and plant what their docstring says."""

import numpy as np
import pandas as pd
import pytest

from lib.ops.planting import clean_feed
from lib.ops.planting.judge import kinds_markdown
from lib.ops.planting.kinds import FILE, KINDS, choose_sales, listing_keys_at
from tests.support.dag import ROOT

FEED = clean_feed.make_feed()
ROWS = FEED.tail(260).reset_index(drop=True)  # 200 sales, which is quick


@pytest.mark.parametrize("name", KINDS)
def test_a_planter_is_pure_and_says_which_rows_it_planted(name):
    kind, before = KINDS[name], ROWS.copy()
    rows, keys = kind.plant(ROWS, 0.2, 3)
    pd.testing.assert_frame_equal(ROWS, before)
    again, same = kind.plant(ROWS, 0.2, 3)
    pd.testing.assert_frame_equal(rows, again)
    assert keys == same and rows.dtypes.eq("str").all()
    chosen = listing_keys_at(ROWS, choose_sales(ROWS, 0.2, 3))
    if name not in ("three_quarter_baths", "rounded_keys"):  # where there is a bath to write so
        assert len(keys) == len(chosen) == 40
    assert set(keys) <= set(rows["ListingKey"])
    if not kind.adds and name != "rounded_keys":
        assert set(keys) <= set(chosen)


@pytest.mark.parametrize("name", [n for n, kind in KINDS.items() if not kind.throughout])
def test_rows_that_were_not_planted_are_as_they_were(name):
    rows, keys = KINDS[name].plant(ROWS, 0.1, 0)
    newest = rows.drop_duplicates("ListingKey", keep="last").set_index("ListingKey")
    assert len(newest) == len(ROWS) + (len(keys) if KINDS[name].adds else 0)
    clean = ROWS.set_index("ListingKey").drop(keys, errors="ignore")
    shared = [c for c in clean if c in newest and c != "ModificationTimestamp"]
    pd.testing.assert_frame_equal(newest.loc[clean.index, shared], clean[shared])


def test_kinds_plant_what_they_say():
    def planted(name, columns):
        rows, keys = KINDS[name].plant(ROWS, 0.05, 0)
        newest = rows[rows["ListingKey"].isin(keys)]
        return newest[columns], ROWS[ROWS["ListingKey"].isin(keys)]

    point = ["Latitude", "Longitude"]
    assert (planted("null_island", point)[0] == "0").all(axis=None)
    got, was = planted("swapped_points", point)
    assert got["Latitude"].tolist() == was["Longitude"].tolist()
    assert planted("lost_signs", point)[0]["Longitude"].astype(float).gt(0).all()
    got, _ = planted("centroids", point)
    assert got.drop_duplicates().shape[0] == 1
    got, was = planted("quarterly_fees", ["AssociationFee"])
    assert (4 * got["AssociationFee"].astype(int) == was["AssociationFee"].astype(int)).all()
    rows, keys = KINDS["no_stamps"].plant(ROWS, 0.05, 0)
    states = rows[rows["ListingKey"].isin(keys)].groupby(FILE)["StandardStatus"].unique()
    assert states.map(list).to_dict() == {"a_june.csv": ["Active"], "b_december.csv": ["Closed"]}
    rows, keys = KINDS["two_parcels"].plant(ROWS, 0.05, 0)
    deals = rows[rows["ListingKey"].isin(keys)].groupby(["ClosePrice", "CloseDate", "PostalCode"])
    assert (deals.size() == 2).all()


def test_the_clean_feed_is_clean():
    assert len(FEED) == clean_feed.SALES + clean_feed.OPEN
    for name in ("ListingKey", "ParcelNumber", "UnparsedAddress"):
        assert FEED[name].is_unique
    sold = FEED["StandardStatus"] == "Closed"
    assert sold.sum() == clean_feed.SALES
    days = FEED[sold][["ListingContractDate", "PurchaseContractDate", "CloseDate"]]
    days = days.apply(clean_feed.read_days)
    assert (days["ListingContractDate"] < days["PurchaseContractDate"]).all()
    assert (days["PurchaseContractDate"] < days["CloseDate"]).all()
    parts = np.log(FEED[sold]["ClosePrice"].astype(float))
    assert 0.2 < parts.std() < 0.5


def test_the_page_of_kinds_is_the_registry():
    """`python -m scripts.ops.fault_recall --write-table` writes it."""
    assert (ROOT / "docs/guides/export-troubles.md").read_text() == kinds_markdown()
    assert all(kind.trouble.endswith(".") for kind in KINDS.values())

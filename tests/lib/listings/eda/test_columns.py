"""lib/listings/eda/columns.py: what a look takes from staged text."""

import json

import pandas as pd
import pytest

from lib.listings.contract.contract import Contract, resolve_contract
from lib.listings.eda import columns

CONTRACT = {
    "title": "some feed",
    "date_formats": ["%Y-%m-%d"],
    "columns": {
        "listing_key": {},
        "living_area": {"type": "number", "unit_from": "living_area_units"},
        "living_area_units": {},
        "list_price": {"type": "number"},
        "lease_amount_frequency": {},
        "close_date": {"type": "date"},
        "bathrooms": {"type": "baths_full_half"},
    },
}


def staged():
    return pd.DataFrame(
        {
            "listing_key": ["a", "b"],
            "domain": ["sale", "rental"],
            "living_area": ["1000", "100"],
            "living_area_units": ["Square Feet", "Square Meters"],
            "list_price": ["250000", "500"],
            "lease_amount_frequency": [None, "Weekly"],
            "close_date": ["2024-05-06", "no date"],
            "bathrooms": ["2.1", "1.0"],
            "_source_file": ["f.csv", "f.csv"],
            "_source_row": [1, 2],
        }
    ).astype({"_source_row": "int64"})


def test_areas_and_rents_are_looked_at_in_one_unit():
    contract = resolve_contract(Contract.model_validate(CONTRACT), "here")
    frame = columns.type_claimed(staged(), contract)
    assert frame["living_area"].round(1).tolist() == [1000, 1076.4]
    assert frame["list_price"].tolist() == [250000, pytest.approx(500 * 365.25 / 7 / 12, rel=0.01)]
    assert frame["bathrooms"].tolist() == [2.5, 1.0]
    assert columns.column_kinds(contract)["close_date"] == "date"
    assert columns.listing_month(frame).tolist() == [pd.Timestamp("2024-05-01"), pd.NaT]


def test_columns_nobody_claims_are_read_by_what_they_hold():
    cells = [{"Fee": "1,200", "Note": "x"}, {"Fee": None, "Note": " "}]
    extra = staged()[["_source_file", "_source_row"]].assign(cells=[json.dumps(c) for c in cells])
    frame, kinds = columns.type_unclaimed(staged(), extra.iloc[::-1])
    assert kinds == {"Fee": "number", "Note": "text"}
    assert frame["Fee"].iloc[0] == 1200 and frame["Fee"].isna().iloc[1]
    assert frame["Note"].iloc[0] == "x" and frame["Note"].isna().iloc[1]


def test_a_column_nobody_claims_does_not_take_the_name_of_another():
    cells = [{"list_price": "1", "_used_as": "x", "Fee": "2"}] * 2
    extra = staged()[["_source_file", "_source_row"]].assign(cells=[json.dumps(c) for c in cells])
    frame, kinds = columns.type_unclaimed(staged(), extra, ["list_price"])
    assert list(frame) == list(kinds) == [
        "Fee", "_used_as (not claimed)", "list_price (not claimed)",
    ]  # fmt: skip
    none, kinds = columns.type_unclaimed(staged().iloc[:0], extra.iloc[:0])
    assert none.empty and kinds == {}


def test_a_column_nobody_claims_is_no_field_of_a_look():
    """Words under the canonical name of a field that the contract lacks are not that field."""
    cells = [{"listing_contract_date": "sold", "living_area": "big", "city": c} for c in "ab"]
    extra = staged()[["_source_file", "_source_row"]].assign(cells=[json.dumps(c) for c in cells])
    frame, kinds = columns.type_unclaimed(staged(), extra, ["close_date"])
    assert all(name.endswith(" (not claimed)") for name in kinds) and len(kinds) == 3
    assert columns.listing_month(frame).isna().all() and columns.market_area(frame).isna().all()


def test_the_market_area_is_the_first_column_that_tells_rows_apart():
    frame = pd.DataFrame({"mls_area_major": ["one"] * 4, "postal_code": ["1", "2", "2", None]})
    assert columns.market_area(frame).name == "postal_code"
    assert columns.market_area(frame[["mls_area_major"]]).isna().all()


def test_a_sample_depends_on_the_keys_alone():
    keys = pd.Series([f"k{i}" for i in range(100)])
    chosen = set(keys[columns.pick_sample_rows(keys, 10)])
    turned = keys.iloc[::-1].reset_index(drop=True)
    assert len(chosen) == 10 and set(turned[columns.pick_sample_rows(turned, 10)]) == chosen

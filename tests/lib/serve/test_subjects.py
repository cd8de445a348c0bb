"""Files of properties to value: read like sales, without what only a sale has."""

import datetime as dt

import pandas as pd
import pytest

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.listings.contract.contract import Column, Contract
from lib.serve import subjects

AS_OF = dt.date(2024, 6, 1)
CONTRACT = validate(
    Contract,
    {
        "title": "T",
        "property_key": [["listing_key"]],
        "columns": {
            "listing_key": {"aliases": ["ML#"], "required": True},
            "standard_status": {"aliases": ["Status"], "required": True},
            "modification_timestamp": {"aliases": ["Modified"], "required": True,
                                       "type": "timestamp"},
            "close_date": {"aliases": ["Closed"], "type": "date", "required": True},
            "close_price": {"aliases": ["Sold Price"], "type": "number", "required": True},
            "living_area": {"aliases": ["SqFt"], "type": "number", "required": True,
                            "range": [100, 50000]},
            "year_built": {"aliases": ["Year Built"], "type": "number"},
        },
        "lookups": {"standard_status": {"Sold": "Closed"}},
    },
    "contract.yaml",
)  # fmt: skip


@pytest.fixture
def read(tmp_path):
    def run(text, contract=CONTRACT):
        path = tmp_path / "homes.csv"
        path.write_text(text)
        return subjects.read_subjects(path, contract, AS_OF)

    return run


def test_homes_need_nothing_that_only_a_sale_has(read):
    homes, rejected, _ = read("SqFt,Note\n1500,x\n2000,y\n")
    assert homes["listing_key"].tolist() == ["homes-row-1", "homes-row-2"]
    assert homes["living_area"].tolist() == [1500, 2000]
    assert (homes["as_of"] == pd.Timestamp(AS_OF)).all() and not len(rejected)


def test_a_sold_home_is_valued_as_if_it_were_for_sale_now(read):
    homes, _, _ = read("ML#,Status,Closed,Sold Price,SqFt\n7,Sold,2020-01-01,5,1500\n")
    line = homes.iloc[0]
    assert (line["listing_key"], line["standard_status"]) == ("7", "Active")
    assert line["as_of"] == pd.Timestamp(AS_OF)


def test_bad_rows_are_left_out_with_their_reason_and_the_rest_stays(read):
    homes, rejected, _ = read("ML#,Modified,SqFt\n7,2024-01-01,1500\n8\n7,2024-02-01,1600\n,,99\n")
    got = homes.set_index("listing_key")["living_area"]
    assert got.to_dict() == {"7": 1600}  # the newest of the two
    assert rejected["_source_row"].tolist() == [1, 2, 4]
    reasons = rejected["_reason"].tolist()
    assert "older version" in reasons[0] and "ragged" in reasons[1]
    assert reasons[2] == "no living area that can be read"  # 99 square feet cannot be


def test_a_home_of_no_place_is_not_valued_and_a_lost_cell_is_told(read):
    columns = CONTRACT.columns | {
        name: Column(aliases=[name], type=kind)
        for name, kind in (("postal_code", "postal_code"), ("latitude", "number"),
                           ("longitude", "number"))}  # fmt: skip
    contract = CONTRACT.model_copy(update={"columns": columns})
    homes, rejected, issues = read(
        "SqFt,postal_code,latitude,longitude,Year Built\n"
        "1500,98001,,,1990\n1500,,47.5,-122,new\n1500,abc,,-122,1990\n",
        contract,
    )
    assert homes["listing_key"].tolist() == ["homes-row-1", "homes-row-2"]
    assert rejected["_reason"].tolist() == ["neither a ZIP code nor coordinates that can be read"]
    told = issues.set_index("_source_row")["column"].to_dict()
    assert told[2] == "year_built"


def test_a_key_made_of_a_sales_columns_is_replaced_by_the_row(read):
    contract = CONTRACT.model_copy(update={"key": ["living_area", "close_date"]})
    homes, _, _ = read("SqFt,Note\n1500,x\n1500,x\n", contract)
    assert homes["listing_key"].tolist() == ["homes-row-1", "homes-row-2"]


def test_year_built_is_checked_against_the_valuation_not_an_old_sale(read):
    homes, _, _ = read("Status,Closed,SqFt,Year Built\nSold,2001-01-01,1500,2020\n,,1500,2031\n")
    assert homes["year_built"].fillna(0).tolist() == [2020, 0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("SqFt,Note\n", "a header and no rows"),
        ("Square Foot,Note\n1,2\n", r"the header lacks living_area \(as 'SqFt'"),
        ("PK\x00\x01,b\n", "binary"),
    ],
)
def test_a_file_that_cannot_be_valued_is_refused_by_name(read, text, words):
    with pytest.raises(RemlError, match=rf"homes\.csv: .*{words}"):
        read(text)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RemlError, match=r"nowhere\.csv: no such file"):
        subjects.read_subjects(tmp_path / "nowhere.csv", CONTRACT, AS_OF)


def test_property_of_another_class_is_left_out_with_its_class(read):
    columns = {**CONTRACT.columns, "property_type": Column(aliases=["Type"])}
    typed = CONTRACT.model_copy(update={"columns": columns})
    text = "SqFt,Type\n1500,Single-Family\n1500,Lots\n1500,Boat Slip\n1500,Kavel\n1500,\n"
    homes, rejected, _ = read(text, typed)
    assert homes["_source_row"].tolist() == [1, 5]
    assert dict(zip(rejected["_source_row"], rejected["_reason"], strict=True)) == {
        2: "land, and the feed values residential alone",
        3: "parking, and the feed values residential alone",
        4: "no class is known for its property type",
    }
    wide = typed.model_copy(update={"valued_classes": ["residential", "land"]})
    assert read(text, wide)[0]["_source_row"].tolist() == [1, 2, 5]

"""A file of homes to value: what comes twice is named, and no damaged key makes two homes one."""

import datetime as dt

import pytest
from structlog.testing import capture_logs

from lib.common.params import validate
from lib.listings.contract.contract import Contract
from lib.serve import subjects

CONTRACT = validate(
    Contract,
    {
        "title": "T",
        "property_key": [["parcel_number"]],
        "columns": {
            "listing_key": {"aliases": ["ML#"]},
            "parcel_number": {"aliases": ["Parcel"]},
            "living_area": {"aliases": ["SqFt"], "type": "number", "required": True},
        },
    },
    "contract.yaml",
)


def read(tmp_path, text):
    path = tmp_path / "homes.csv"
    path.write_text("ML#,Parcel,SqFt\n" + text)
    with capture_logs() as lines:
        out = subjects.read_subjects(path, CONTRACT, dt.date(2024, 6, 1))
    return out, [line for line in lines if line["event"] == "subjects.same_home"]


def test_a_key_that_comes_again_names_the_row_that_counts(tmp_path):
    out, _ = read(tmp_path, "7,10-1,1500\n8,10-2,1600\n7,10-1,1700\n")
    reason = out.rejected["_reason"].tolist()
    kept = {1500: 1, 1700: 3}[int(out.homes.set_index("listing_key")["living_area"]["7"])]
    assert reason == [f"older version of the listing in data row {kept}"]


def test_one_home_under_two_keys_is_valued_and_named(tmp_path):
    out, lines = read(tmp_path, "7,10-1,1500\n8,10-2,1600\n9,10-1,1500\n")
    assert len(out.homes) == 3 and not len(out.rejected)
    assert [(line["data_rows"], line["listing_keys"]) for line in lines] == [("1, 3", "7, 9")]


@pytest.mark.parametrize("key", ["2.02E+11", '"202,400,001"', "2.024e+11"])
def test_homes_whose_keys_a_spreadsheet_has_damaged_are_valued_each(tmp_path, key):
    out, lines = read(tmp_path, f"{key},10-1,1500\n{key},10-2,1600\n")
    assert out.homes["listing_key"].tolist() == ["homes-row-1", "homes-row-2"]
    assert not len(out.rejected) and not lines

"""Homes: their standard address, and the key that listings of one home share and others do not."""

import numpy as np
import pandas as pd
import pytest

from lib.listings.identity import property_keys, same_home

ZIP = {"postal_code": "77001"}


def identified(*rows, groups=()):
    """Rows as `typed` leaves them (text or missing) with address and key."""
    keys = [{"listing_key": f"k{i}"} | ZIP for i in range(len(rows))]
    frame = pd.DataFrame([key | row for key, row in zip(keys, rows, strict=True)])
    return property_keys.add_property_keys(frame.astype("str"), [list(group) for group in groups])


def keys(*rows, groups=()):
    return identified(*rows, groups=groups)["property_key"].tolist()


ONE = [  # ways to write one home
    {"unparsed_address": "123 N Main St Apt 4"},
    {"unparsed_address": "123 North Main Street #4"},
    {"unparsed_address": "123 N. MAIN ST., UNIT 4, HOUSTON, TX 77001"},
    {"unparsed_address": "123 N Main St", "unit_number": "Apt 4"},
    {"street_number": "123", "street_name": "North Main Street", "unit_number": "#4"},
    {"street_number": " 123", "street_name": "n main st apt 4"},
    {"street_number": "123", "street_name": "Main", "street_dir_prefix": "N",
     "street_suffix": "Street", "unit_number": "4"},
    {"street_number": "123.0", "street_name": "N Main St", "unit_number": "4.0"},
    {"street_number": "123", "street_name": "N Main St", "street_suffix": "St",
     "unit_number": "04"},
    {"street_number": "00123", "street_name": "N Main St", "unit_number": "#4"},
]  # fmt: skip


def test_one_home_however_it_is_written():
    assert set(keys(*ONE)) == {"address:123 N MAIN ST|4|77001"}
    assert set(keys(*({"unparsed_address": None} | row for row in ONE[4:]))) == set(keys(*ONE))


def test_another_unit_street_direction_number_or_zip_is_another_home():
    other = [
        {"unparsed_address": text}
        for text in (
            "123 N Main St Apt 5", "123 N Main St", "123 Main St Apt 4", "123 S Main St Apt 4",
            "123 N Main Ave Apt 4", "124 N Main St Apt 4", "123 N Main St Bldg 1 Apt 4",
        )
    ]  # fmt: skip
    found = keys(ONE[0], *other, ONE[0] | {"postal_code": "77002"})
    assert len(set(found)) == len(found)


def test_a_decimal_is_not_the_number_without_its_point():
    written = [{"unparsed_address": f"{n} Main St"} for n in ("123.5", "1235", "1230", "123.0")]
    assert len(set(keys(*written))) == 4
    units = [
        {"unparsed_address": "1 Main St", "unit_number": n} for n in ("4.5", "45", "4.0", "40")
    ]
    assert len(set(keys(*units))) == 4


@pytest.mark.parametrize(
    "row",
    [
        {"unparsed_address": "Lot 4 Blk 3"},
        {"unparsed_address": "0 County Road 12"},  # lots without a number
        {"street_number": "", "street_name": "Main St"},
        {"street_number": "5"},
        {"street_number": "12.5", "street_name": "Main St"},
        {"unparsed_address": "5 Main St", "postal_code": None},
        {},
    ],
)
def test_without_a_full_address_each_listing_is_a_home_of_its_own(row):
    assert keys(row, row) == ["listing:k0", "listing:k1"]


def test_city_and_state_stand_for_a_zip_that_is_missing():
    nowhere = {"postal_code": None}
    rows = [
        {"unparsed_address": "5 Elm St, Houston, TX"} | nowhere,
        {"unparsed_address": "5 Elm Street", "city": "houston", "state_or_province": "Texas"}
        | nowhere,
        {"unparsed_address": "5 Elm St, Alvin, TX"} | nowhere,
        {"unparsed_address": "5 Elm St, Houston"} | nowhere,  # of some state
        {"unparsed_address": "5 Elm St, Houston, TX"},
    ]
    found = keys(*rows)
    assert found[0] == found[1] == "address:5 ELM ST||HOUSTON, TX"
    assert len(set(found)) == 4 and found[3] == "listing:k3"


def test_the_contracts_groups_go_first_and_lend_their_key_to_listings_without():
    parcel = {"parcel_number": "ab-1"}
    rows = [ONE[0] | parcel, ONE[1], {"unparsed_address": "Lot 4 Blk 3"} | parcel]
    assert keys(*rows, groups=[["parcel_number"]]) == ["parcel_number:AB-1"] * 3
    two = [ONE[0] | parcel, ONE[1] | {"parcel_number": "ab-2"}, ONE[2]]
    assert keys(*two, groups=[["parcel_number"]]) == [
        "parcel_number:AB-1", "parcel_number:AB-2", "address:123 N MAIN ST|4|77001",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "others",
    [
        [{"street_number": "102"}],
        [{"street_name": "Old Ln"}],
        [{"street_name": "New Ct"}],
        [{"street_name": "N New Ln"}, {"street_name": "S New Ln"}],
        [{"street_name": "New Ln E"}, {"street_name": "New Ln W"}],
        [{"unit_number": "1"}, {"unit_number": "2"}],
    ],
)
def test_one_parcel_with_known_and_different_addresses_is_several_homes(others):
    """A parcel that is not split yet, or a number that stands for none:
    only the same address is the same home there."""
    first = {"street_number": "100", "street_name": "New Ln", "parcel_number": "P-1"}
    known = [first, *(first | other for other in others)]
    unsure = [{"parcel_number": "P-1"}, {"parcel_number": "P-1"}]
    found = keys(*known, *known, *unsure, groups=[["parcel_number"]])
    n = len(known)
    assert found[:n] == found[n : 2 * n] and len(set(found)) == n + 2
    assert keys(first, first, *unsure, groups=[["parcel_number"]]) == ["parcel_number:P-1"] * 4


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ({}, {"postal_code": "77010"}),  # a digit mistyped, and no address
        ({"street_number": "300", "street_name": "Elm St"}, {"postal_code": "77010"}),
        ({"street_number": "300", "street_name": "Oak Ridge Dr"}, {"street_name": "Oakridge Dr"}),
    ],
)
def test_a_zip_or_a_space_parts_no_parcel(first, other):
    """Nor does it leave the rows alone that have the parcel number only."""
    first |= {"parcel_number": "P-1"}
    rows = [first, first, first | other, {"parcel_number": "P-1"}]
    assert keys(*rows, groups=[["parcel_number"]]) == ["parcel_number:P-1"] * 4
    table = identified(*rows, groups=[["parcel_number"]])
    known = same_home.home_keys(table, [["parcel_number"]])
    assert same_home.previous_of_home(known, np.arange(4)).tolist() == [-1, 0, 1, 2]


@pytest.mark.parametrize(
    ("street", "unit", "united"),
    [
        ("Elm St Bldg 2", "5", "BLDG 2 5"),
        ("Elm St Apt 5", "4B", "4B"),  # they contradict each other: the column of its own
        ("Elm St #5", "4", "4"),
        ("Elm St #14", "4", "4"),
        ("Elm St Unit 12B", "B", "12B"),
        ("Elm St Unit B", "12B", "12B"),
        ("Elm St Unit 12B", "12", "12B"),
        ("Elm St Bldg 2", "2", "BLDG 2 2"),  # flat 2 of it
        ("Elm St #2", "Bldg 2", "BLDG 2 2"),
        ("Elm St Bldg 2 Apt 2", "2", "BLDG 2 2"),
        ("Elm St Bldg 2 Apt 5", "4", "4"),
        ("Elm St Bldg 2", "3rd floor", "BLDG 2 3RD FL"),
        ("Elm St Lot 5", "5", "LOT 5"),
        ("Elm St Bldg 2 Apt 5", "5", "BLDG 2 5"),
        ("Elm St Bldg 2", "Bldg 2 Unit 5", "BLDG 2 5"),
        ("Elm St #5", "Apt 5", "5"),
        ("Elm St Apt 5", None, "5"),
    ],
)
def test_a_unit_in_two_columns_is_the_whole_of_both(street, unit, united):
    rows = [
        {"street_number": "1", "street_name": street, "unit_number": unit},
        {"unparsed_address": f"1 {street}", "unit_number": unit},
    ]
    table = identified(*rows)
    assert table["unit_number"].tolist() == [united] * 2
    assert set(table["property_key"]) == {f"address:1 ELM ST|{united}|77001"}


@pytest.mark.parametrize("nothing", ["0", "000-000-0000", "N/A", "TBD", None])
def test_a_parcel_number_that_is_none_joins_nobody(nothing):
    rows = [{"unparsed_address": f"{n} Elm St", "parcel_number": nothing} for n in (1, 2)]
    assert len(set(keys(*rows, groups=[["parcel_number"]]))) == 2


def test_the_feeds_own_columns_win_and_disagreements_are_told():
    table = identified(
        {"unparsed_address": "123 N Main St, Houston, TX 77001-1234", "city": "Alvin"},
        {"unparsed_address": "123 N Main St", "street_number": "125", "street_name": "N Main St"},
        {"unparsed_address": "123 N Main St, Houston, TX 77002-1234", "city": "houston"},
        {"unparsed_address": "somewhere"},
        {"street_number": "1", "street_name": "Elm"},
        {},
    )
    assert table["city"].fillna("").tolist() == ["ALVIN", "", "HOUSTON", "", "", ""]
    assert table["street_number"].fillna("").tolist() == ["123", "125", "123", "", "1", ""]
    assert table["postal_code"].tolist() == ["77001"] * 6
    assert table["postal_code_plus4"].fillna("").tolist() == ["1234", "", "", "", "", ""]
    assert table[property_keys.DISAGREES].fillna("").tolist() == [
        "city", "street_number", "postal_code", "", "", "",
    ]  # fmt: skip
    assert table[property_keys.PARSED].fillna(-1).tolist() == [1, 1, 1, 0, 1, -1]
    assert table["unparsed_address"].iloc[3] == "somewhere"


def test_standard_columns_stay_as_they_are():
    once = identified(*ONE, {"unparsed_address": "Lot 4"}, {"street_number": "1", "city": "Alvin"})
    twice = property_keys.add_property_keys(once[["listing_key", *property_keys.ADDRESS]], [])
    pd.testing.assert_frame_equal(twice[property_keys.ADDRESS], once[property_keys.ADDRESS])
    assert twice["property_key"].tolist() == once["property_key"].tolist()


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"unparsed_address": " 1  Elm St ", "city": "Alvin"}, "1 Elm St"),
        ({"street_number": "1", "street_name": "Elm", "city": "Alvin"}, "1 Elm Alvin"),
        ({"street_number": None, "city": "Alvin"}, "Alvin"),
        ({"street_number": "", "city": None}, None),
        ({"other": "x"}, None),
    ],
)
def test_address_on_one_line(parts, line):
    got = property_keys.join_address(pd.DataFrame([parts]).astype("str")).iloc[0]
    assert line == (None if pd.isna(got) else got)

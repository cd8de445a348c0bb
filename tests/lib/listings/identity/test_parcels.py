"""Parcel numbers: those that are none, and one number in several spellings."""

import pandas as pd
import pytest

from lib.listings.identity import parcels, property_keys, same_home

GROUPS = [["parcel_number"]]


def listings(*cells):
    """(parcel number, address, day) each, with keys; an address of None is not known."""
    frame = pd.DataFrame(cells, columns=["parcel_number", "unparsed_address", "day"])
    frame = frame.assign(listing_key=[f"k{i}" for i in range(len(frame))], postal_code="77001")
    text = frame.drop(columns="day").astype("str")
    return property_keys.add_property_keys(text, GROUPS).assign(day=frame["day"])


def homes(*cells):
    return listings(*cells)["property_key"].tolist()


def previous(*cells):
    table = listings(*cells)
    known = same_home.home_keys(table, GROUPS)
    return same_home.previous_of_home(known, table["day"].to_numpy()).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "0", "000-000", "999999999", "99-99", "999", "111-11-111", "55555", "123456789",
        "0123456789", "1234567890", "NA", "N/A", "TBD", "TBD 12", "See remarks", "see remarks 2",
        "Multiple (3)", "UNKNOWN-1", "To be determined 4", "1.23457E+11", "1E+09", "4,5E12",
        "XXX-12-345", "-", "None 0",
    ],
)  # fmt: skip
def test_a_placeholder_is_no_number_of_a_parcel(text):
    assert parcels.format_parcels(pd.Series([text])).isna().all()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("100-000-407", "100-000-407"), (" r0012  3 ", "R0012 3"), ("123456.0", "123456"),
        ("1111", "1111"), ("99", "99"), ("12345", "12345"), ("0119 000 040", "0119 000 040"),
        ("E12-3", "E12-3"), ("12E5", "12E5"), ("123-456-789-0002", "123-456-789-0002"),
        ("999-998", "999-998"), ("12.0-4", "12.0-4"),
    ],
)  # fmt: skip
def test_what_may_be_a_number_stays_as_it_is_written(text, written):
    assert parcels.format_parcels(pd.Series([text])).tolist() == [written]


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("100000407", "100-000-407"),
        ("0123450060", "123450060"),
        ("12 34 56", "123456.0"),
        ("R-000123", "r000123"),
        ("12.345.67", "12-345-67"),
    ],
)
def test_one_address_and_the_same_digits_are_one_home(one, two):
    at, elsewhere = "12 Elm St", "14 Elm St"
    assert len(set(homes((one, at, 1), (two, at, 200)))) == 1
    assert previous((one, at, 1), (two, at, 200)) == [-1, 0]
    assert len(set(homes((one, at, 1), (two, elsewhere, 200)))) == 2
    assert previous((one, at, 1), (two, elsewhere, 200)) == [-1, -1]
    keys = listings((one, at, 1), (two, at, 200))["own_home_key"]
    assert keys.nunique() == 1


def test_numbers_of_equal_digits_and_other_dashes_are_two_homes_unless_an_address_joins_them():
    """143-6 and 14-36: nobody knows what the marks mean in this county."""
    assert len(set(homes(("143-6", "12 Elm St", 1), ("14-36", "90 Oak Ave", 9)))) == 2
    assert len(set(homes(("143-6", None, 1), ("14-36", None, 9)))) == 2
    assert previous(("143-6", None, 1), ("14-36", None, 9)) == [-1, -1]
    assert homes(("143-6", None, 1), ("143-6", None, 9)) == ["parcel_number:143-6"] * 2


def test_a_spelling_that_an_address_explains_counts_where_no_address_stands():
    rows = [("14-36", "12 Elm St", 1), ("1436", "12 Elm St", 2), ("1436", None, 3)]
    assert set(homes(*rows)) == {"parcel_number:14-36"}


def test_two_parcels_at_one_address_are_two_homes_still():
    assert len(set(homes(("14-36", "12 Elm St", 1), ("14-37", "12 Elm St", 2)))) == 2
    rows = [("14-36", "12 Elm St", 1), ("14-37", "12 Elm St", 2), ("1436", "12 Elm St", 3)]
    assert homes(*rows)[0] == homes(*rows)[2] != homes(*rows)[1]


def test_spellings_are_united_along_chains():
    """Two addresses join three spellings, in whatever order they stand."""
    key = pd.Series(["b", "c", "a", "b", "z"])
    at = pd.Series(["x", "x", "y", "y", "y"])
    digits = pd.Series(["1", "1", "1", "1", "2"])
    assert parcels.unite_spellings(key, digits, at).tolist() == ["a", "a", "a", "a", "z"]


def test_one_number_at_many_houses_is_no_identity():
    shared = [("77", f"{n} Elm St", n) for n in (1, 2, 3)]
    later = ("5-012", "2 Elm St", 9)
    found = homes(*shared, later)
    assert len(set(found)) == 3 and found[1] == found[3]
    assert len(set(homes(*shared, ("77", None, 9)))) == 4


def test_flats_of_one_house_are_not_many_places():
    table = listings(*(("77", f"1 Elm St Apt {n}", n) for n in range(1, 9)))
    place = property_keys.place_parts(table)
    assert not parcels.at_many_places(table["parcel_number"], place).any()
    assert table["property_key"].nunique() == 8

"""Keys that a spreadsheet has damaged are refused with a reason, and rows of several homes under
one key are no versions of one listing."""

import pytest

from lib.listings.contract import spreadsheets
from lib.listings.staging.newest_state import SHARED
from tests.support.staged_rows import SPEC, made, row, staged

COLUMNS = ["ML#", "Modified", "Status", "Price", "Address", "Parcel", "Lat", "Lon", "Built"]
HOMES = made(
    domain={},
    row_rules=[],
    columns={name: c for name, c in SPEC["columns"].items() if name != "for_lease"}
    | {
        "unparsed_address": {"aliases": ["Address"]},
        "parcel_number": {"aliases": ["Parcel"]},
        "latitude": {"aliases": ["Lat"], "type": "number"},
        "longitude": {"aliases": ["Lon"], "type": "number"},
        "year_built": {"aliases": ["Built"], "type": "count"},
    },
)


def keys_of(keys):
    """(clean keys, reasons of quarantine) of rows with these keys."""
    out = staged([row(key=key, price=f"{5000 + i}") for i, key in enumerate(keys)])
    return sorted(out.clean["listing_key"]), sorted(set(out.quarantined["_reason"]))


@pytest.mark.parametrize(
    "key", ["2.02E+11", "2.02400E+11", "2,024E+11", "2.024e+11", "2E+12", "1.5e11"]
)
def test_a_key_in_scientific_notation_is_refused(key):
    clean, reasons = keys_of([key, key, "20240001"])
    assert clean == ["20240001"]
    assert reasons == [f"listing_key {spreadsheets.NOTATION}"]


@pytest.mark.parametrize("key", ["202,400,001", "12,345", "1,234,567,890"])
def test_a_key_with_thousands_separators_is_refused(key):
    clean, reasons = keys_of([key, "20240001"])
    assert clean == ["20240001"]
    assert reasons == [f"listing_key {spreadsheets.SEPARATORS}"]


@pytest.mark.parametrize("zeros", [1, 2, 5])
def test_keys_rounded_to_fifteen_digits_are_refused(zeros):
    rounded = [f"2024{i:011d}" + "0" * zeros for i in range(5)]
    clean, reasons = keys_of([*rounded, "A1"])
    assert clean == ["A1"]
    assert reasons == [f"listing_key {spreadsheets.ZEROS}"]


def test_long_keys_that_end_in_zeros_by_chance_or_by_their_making_stay():
    by_chance = [f"2024{i * 7919:012d}" for i in range(60)]
    assert sum(key.endswith("0") for key in by_chance) > 3
    stamps = [f"201008152207316033{i:02d}000000" for i in range(20)]
    letters = ["12E45", "1E5", "E+11", "A2.02E+11"]
    clean, reasons = keys_of([*by_chance, *stamps, *letters])
    assert len(clean) == 84 and not reasons


def test_a_key_that_has_become_a_decimal_number_is_the_whole_one():
    clean, reasons = keys_of(["20240001.0", "20240001", "20240002.00", "3.5"])
    assert clean == ["20240001", "20240002", "3.5"] and not reasons


def test_parts_of_a_key_are_judged_and_read_each():
    columns = SPEC["columns"] | {"parcel_number": {"aliases": ["Note"], "pad": 8}}
    del columns["listing_key"]
    contract = made(columns=columns, key=["parcel_number", "close_price"], property_key=[])
    rows = [row(note="1234567.0"), row(note="1.23E+07"), row(note="01234567", price="6000")]
    out = staged(rows, contract=contract)
    assert out.clean["listing_key"].tolist() == ["01234567-5000", "01234567-6000"]
    assert out.quarantined["_reason"].tolist() == [f"parcel_number {spreadsheets.NOTATION}"]


HOME = ["7", "2024-01-01", "Sold", "5000", "12 Oak St", "100-1", "30.1", "-97.1", "1970"]
OTHER = ["7", "2024-01-02", "Sold", "6000", "99 Elm St", "200-2", "30.2", "-97.3", "1990"]


def homes(*changes):
    states = [[cell if old is None else old for cell, old in zip(HOME, c, strict=True)]
              for c in changes]  # fmt: skip
    return staged(states, contract=HOMES, headers=COLUMNS)


@pytest.mark.parametrize(
    "same",
    [[], [5], [8], [4], [2, 6, 7]],
    ids=["all", "parcel", "year", "address", "place"],
)
def test_rows_of_several_homes_under_one_key_are_set_aside(same):
    other = [HOME[i] if i in same else cell for i, cell in enumerate(OTHER)]
    out = homes(HOME, other)
    assert not len(out.clean) and not len(out.duplicates)
    assert out.quarantined["_reason"].tolist() == [SHARED, SHARED]
    assert "12 Oak St" in out.quarantined["_row"][0]


@pytest.mark.parametrize(
    "changes",
    [
        {4: "12 Oak Street"},
        {4: "21 Oak St", 6: "30.2"},  # a number mended, and with it the point
        {5: "100-2", 8: "1971"},
        {4: "", 5: "", 6: "", 7: "", 8: ""},
        {3: "7000", 8: "1971"},
    ],
)
def test_a_home_whose_facts_are_mended_is_one_listing(changes):
    mended = [changes.get(i, cell) for i, cell in enumerate(HOME)]
    mended[1] = "2024-03-01"
    out = homes(HOME, mended)
    assert len(out.clean) == 1 and len(out.duplicates) == 1 and not len(out.quarantined)

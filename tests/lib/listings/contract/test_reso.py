"""The RESO dictionary: no header means two fields, and clashes between families are settled."""

import numpy as np
import pandas as pd
import pytest
import yaml

from lib.common.errors import RemlError
from lib.listings.contract import contract, parse_values, reso
from lib.listings.contract.reso import fold_header
from tests.support.exports import FAMILIES, RESO

BOOK = reso.load_dictionary()
SPELLINGS = {  # each spelling that exports were seen with, family by family
    "listing_key": ["Matrix_Unique_ID", "ListingKey"],
    "listing_id": ["MLSNumber", "ML#", "MLS Number", "MLS #", "MLS#", "ListingId"],
    "modification_timestamp": ["MatrixModifiedDT", "ModificationTimestamp"],
    "list_price": ["ListPrice", "List Price", "Price", "Current Price"],
    "close_price": ["ClosePrice", "Sale Price", "Sold Price", "Close Price"],
    "close_date": ["CloseDate", "Close Date", "Sold Date"],
    "living_area": ["SqFtTotal", "SqFt", "Sq Ft", "Sq Ft Total", "Total Sq Ft", "LivingArea"],
    "lot_size_acres": ["Acres", "LotSizeAcres"],
    "lot_size_square_feet": ["Lot SqFt", "LotSizeSquareFeet"],
    "bedrooms_total": ["BedsTotal", "Bedrooms", "Beds", "BedroomsTotal"],
    "bathrooms": ["BathsTotal"],
    "bathrooms_slash": ["Baths F/H"],
    "bathrooms_full": ["Baths Full", "BathroomsFull"],
    "bathrooms_half": ["Baths Half", "BathroomsHalf"],
    "year_built": ["YearBuilt", "Year Built"],
    "postal_code": ["PostalCode", "Zip Code", "Postal Code", "Zip"],
    "pool_private_yn": ["PoolPrivate", "Prvt Pool", "PoolPrivateYN"],
    "mls_area_major": ["GeoMarketArea", "Market Area", "MLSAreaMajor"],
    "days_on_market": ["DOM", "DaysOnMarket"],
    "property_type": ["PropertyType", "Type", "Property Type"],
    "property_sub_type": ["DwellingType", "PropertySubType"],
    "standard_status": ["Status", "StandardStatus"],
    "mls_status": ["MlsStatus"],
    "for_lease": ["ForLease"],
    "high_school_district": ["SchoolDistrict", "HighSchoolDistrict"],
}


@pytest.mark.parametrize("field", SPELLINGS)
def test_every_spelling_of_the_facts_page_names_its_field(field):
    assert {reso.fields_by_header().get(fold_header(header)) for header in SPELLINGS[field]} == {
        field
    }


@pytest.mark.parametrize("header", RESO)
def test_a_reso_name_is_its_field_in_camel_case(header):
    assert reso.fields_by_header()[fold_header(header)] == RESO[header]


def test_no_header_names_two_fields():
    seen = {}
    for name, field in BOOK.fields.items():
        for header in (name, *field.aliases):
            assert seen.setdefault(fold_header(header), name) == name, header


def test_no_field_inherits_an_ambiguous_header():
    for name, field in BOOK.fields.items():
        assert not {fold_header(alias) for alias in field.aliases} & set(
            reso.ambiguous_headers()
        ), name


def test_statuses_and_their_words_are_told_apart():
    seen = {}
    for status, words in BOOK.statuses.items():
        for word in (status, *words):
            assert seen.setdefault(fold_header(word), status) == status, word


def test_ranges_and_units_hang_together():
    for name, field in BOOK.fields.items():
        if field.range:
            assert field.range[0] < field.range[1], name
        if name.endswith("_area") or name.endswith("square_feet"):
            assert field.unit == "square feet", name
    acres, feet = (BOOK.fields[f"lot_size_{unit}"].range for unit in ("acres", "square_feet"))
    assert acres[1] * BOOK.areas["acres"] <= 1.01 * feet[1]


def test_factors():
    assert reso.unit_factor("acres", "square feet", "x") == 43560
    assert reso.unit_factor("square feet", "acres", "x") == pytest.approx(1 / 43560)
    assert reso.unit_factor("square meters", "square feet", "x") == pytest.approx(10.7639, abs=1e-4)
    assert reso.unit_factor("days", "days", "x") == 1
    for unit, to in (("acre", "square feet"), ("acres", "days"), ("acres", None)):
        with pytest.raises(RemlError, match=r"c\.yaml: columns\.lot: unit 'acre"):
            reso.unit_factor(unit, to, "c.yaml: columns.lot")


@pytest.mark.parametrize("family", FAMILIES)
def test_har_matches_every_header_of_every_family(family):
    truth, make = FAMILIES[family]
    har = contract.read_contract("har")
    headers = list(make())
    found = contract.match_headers(har, headers)
    assert contract.missing_column_phrases(har, headers) == []
    own = {field: header for field, header in found.items() if truth[header] == field}
    assert own == {field: header for header, field in truth.items()}
    # the rest shares a header where the family has none of its own
    shared = {field: truth[header] for field, header in found.items() if field not in own}
    assert set(shared.items()) <= {
        ("listing_key", "listing_id"), ("for_lease", "property_type"),
        ("property_sub_type", "property_type"),
    }  # fmt: skip


@pytest.mark.parametrize("feed", ["demo", "har"])
def test_other_contracts_accept_the_families_too(feed):
    """By inheritance: what the contract does not name itself comes from the dictionary."""
    found = contract.match_headers(
        contract.read_contract(feed), ["Sold Date", "Beds", "Zip", "Total Sq Ft"]
    )
    assert sorted(found) == ["bedrooms_total", "close_date", "living_area", "postal_code"]


def test_the_file_is_one_line_a_field():
    """So that a diff shows what changed."""
    text = reso.RESO_FILE.read_text()
    for name in BOOK.fields:
        assert f"\n  {name}: {{" in text, name
    units = {"areas", "area_words", "payments", "payment_words"}
    assert set(yaml.safe_load(text)) == {"fields", "ambiguous", "statuses", "leases", *units}


@pytest.mark.parametrize("feed", ["demo", "har", "king_county"])
def test_a_year_is_whole(feed):
    agreed = contract.read_contract(feed)
    years = parse_values.parse_column(
        pd.Series(["1990", "1990.0", "1990.5"]), agreed.columns["year_built"], []
    )
    assert years.tolist() == pytest.approx([1990, 1990, np.nan], nan_ok=True)

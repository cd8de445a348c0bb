"""A sign in a header counts: ratios are no sizes, and a sign that may matter is a question."""

import pandas as pd
import pytest

from lib.listings.onboarding import infer
from lib.listings.onboarding.header_words import is_ratio
from lib.listings.onboarding.infer import CLAIM


def guessed(**columns):
    table = pd.DataFrame({name: [cell] * 40 for name, cell in columns.items()}, dtype="str")
    return {one.header: one for one in infer.guess_columns(table)}


@pytest.mark.parametrize(
    "header",
    ["$/SqFt", "Price/SF", "Price per SqFt", "Sold Price / Sq Ft", "PriceSqFt", "PPSF", "DOM %",
     "List Price %", "SP/LP", "SP % LP", "Pct of List Price", "RATIO_ClosePrice_By_ListPrice",
     "Close Price By Living Area", "/SqFt", "Price/Acre", "List Price to Sale Price Ratio"],
)  # fmt: skip
def test_a_ratio_is_no_field(header):
    assert is_ratio(header) or "$" in header
    assert guessed(**{header: "210"})[header].field is None


@pytest.mark.parametrize(
    "header", ["List Price", "Rent/Month", "Rent per Month", "Lot SqFt", "Lot Size/Acres", "SqFt",
               "City/Location", "Baths F/H", "Permit Date", "Perimeter"],
)  # fmt: skip
def test_other_headers_are_no_ratios(header):
    assert not is_ratio(header)


@pytest.mark.parametrize(
    ("header", "cell", "field"),
    [("Beds +", "3", "bedrooms_total"), ("List Price*", "315400", "list_price"),
     ("SqFt +/-", "1900", "living_area"), ("Year Built*", "1990", "year_built")],
)  # fmt: skip
def test_a_sign_that_may_change_the_meaning_makes_a_question(header, cell, field):
    one = guessed(**{header: cell})[header]
    assert one.field == field and not one.claimed and "sign" in one.why


@pytest.mark.parametrize(
    ("header", "cell", "field"),
    [("List Price ($)", "315400", "list_price"), ("$ Sold Price", "300000", "close_price"),
     ("Sq. Ft.", "1900", "living_area"), ("(Beds)", "3", "bedrooms_total"),
     ("Waterfront?", "Y", "waterfront_yn"), ("½ Baths", "1", "bathrooms_half")],
)  # fmt: skip
def test_a_sign_that_adorns_or_says_the_known_unit_does_not(header, cell, field):
    one = guessed(**{header: cell})[header]
    assert (one.field, one.score) == (field, 1.0)


def test_a_currency_sign_on_a_size_is_no_size():
    assert guessed(**{"SqFt ($)": "210"})["SqFt ($)"].field is None


def test_the_plain_header_wins_in_any_order():
    for order in (["$/SqFt", "SqFt"], ["SqFt", "$/SqFt"], ["Beds +", "SqFt"], ["#Beds", "Beds"]):
        got = guessed(**dict.fromkeys(order, "310"))
        plain = [header for header in order if header in ("SqFt", "Beds")]
        assert [header for header in order if got[header].score == 1.0 or got[header].claimed] in (
            plain, [],
        )  # fmt: skip


def test_headers_that_differ_in_spaces_alone_are_a_question_that_names_both():
    got = guessed(**{"List Price": "310000", "list_price": "290000", "Beds": "3"})
    doubtful = next(one for one in got.values() if one.field == "list_price")
    assert CLAIM <= doubtful.score < infer.ALIKE + 0.01
    assert repr("list_price" if doubtful.header == "List Price" else "List Price") in doubtful.why


@pytest.mark.parametrize(
    ("one", "other"),
    [("List Price", "Current Price"), ("SqFt", "Total Sq Ft"), ("Sold Date", "CloseDate")],
)
def test_two_names_of_one_field_are_a_question_that_names_both(one, other):
    cell = "2024-03-15" if "Date" in one else "3100"
    for order in ((one, other), (other, one)):
        got = guessed(**dict.fromkeys(order, cell))
        claimed = [guess for guess in got.values() if guess.claimed]
        assert claimed and all(guess.score <= infer.ALIKE for guess in claimed)
        assert repr(order[1]) in got[order[0]].why


@pytest.mark.parametrize(
    ("header", "times"), [("HOA Fee/Mo", 12), ("Monthly HOA Fee", 12), ("Quarterly HOA Fee", 4),
                          ("AnnualMaintFee", None), ("HOA Fee", None)],
)  # fmt: skip
def test_a_fee_whose_header_says_how_often(header, times):
    one = guessed(**{header: "50"})[header]
    assert (one.field, one.multiply) == ("association_fee", times)


@pytest.mark.parametrize(
    ("columns", "unit"),
    [
        ({"Living Area": "140", "Beds": "3"}, "square meters"),
        ({"Building Area": "65"}, "square meters"),
        ({"Living Area": "140", "Beds": "3", "Latitude": "-33.9"}, "square meters"),
        ({"Living Area": "1400", "Beds": "3"}, None),
        ({"Living Area": "850"}, None),
        ({"Living SqFt": "140", "Beds": "3"}, None),  # its header says what it is
        ({"LivingArea": "140", "LivingAreaUnits": "Square Meters"}, None),  # its own column does
    ],
)
def test_sizes_too_small_for_feet_are_asked_about(columns, unit):
    one = next(one for one in guessed(**columns).values() if one.field == "living_area")
    assert one.unit == unit and (one.score <= infer.ALIKE) == (unit is not None)

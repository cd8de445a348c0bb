"""Guessing what the columns of an unknown export are: right on every known family, never silent."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.contract import reso
from lib.listings.onboarding import column_profile, infer
from tests.support import exports
from tests.support.exports import BROKERAGE, FAMILIES, FUTURE, KING_COUNTY
from tests.support.hypothesis_profiles import examples

BOOK = reso.load_dictionary()


def claimed(guesses):
    """header -> field of the columns that would go into a contract."""
    return {one.header: one.field if one.claimed else None for one in guesses}


def guessed(table):
    """What would go into a contract of a table."""
    return claimed(infer.guess_columns(table))


def one_column(header, *values, rows=40):
    """The guess for one column of repeated values, beside nothing."""
    cells = [values[i % len(values)] for i in range(rows)]
    return infer.guess_columns(pd.DataFrame({header: pd.Series(cells, dtype="str")}))[0]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_of_every_family_is_found(family):
    assert claimed(exports.guesses(family)) == FAMILIES[family][0]


@pytest.mark.parametrize("family", FAMILIES)
def test_known_headers_are_sure(family):
    doubtful = {"Lot Size"}  # its unit is told by its values alone
    for one in exports.guesses(family):
        assert one.score == 1.0 or one.header in doubtful, one.header


def test_what_knows_the_future_is_claimed_by_nothing():
    got = guessed(exports.demo())
    assert [got[header] for header in FUTURE] == [None, None]


def test_a_brokerages_own_words_are_found_or_left_to_a_person():
    assert claimed(exports.guesses("brokerage")) == BROKERAGE


def test_values_alone_are_offered_and_not_taken():
    by_header = {one.header: one for one in exports.guesses("brokerage")}
    for header, field in (("X", "longitude"), ("Y", "latitude")):
        one = by_header[header]
        assert one.field == field and not one.claimed and one.why.startswith("by content")


@pytest.mark.real
def test_king_county(real_data):
    table = pd.read_csv(real_data / "king_county.csv", dtype="str", keep_default_na=False)
    guesses = infer.guess_columns(table)
    assert claimed(guesses) == KING_COUNTY
    by_header = {one.header: one for one in guesses}
    assert by_header["bathrooms"].type == "baths_decimal"
    assert by_header["price"].why == "the only price, beside closing dates"


@pytest.mark.parametrize(
    ("header", "values", "field", "kind"),
    [
        ("BathsTotal", ["2.1", "3.0", "1.1"], "bathrooms", None),  # the dictionary's notation
        ("BathsTotal", ["2.5", "3.0", "1.75"], "bathrooms", "baths_decimal"),
        ("Baths", ["2.1", "3.0"], "bathrooms", "baths_full_half"),  # says nothing by itself
        ("Baths", ["2.5", "3"], "bathrooms", "baths_decimal"),
        ("Baths", ["2", "3"], "bathrooms", "baths_decimal"),
        ("Baths", ["2/1", "3/0"], "bathrooms_slash", "baths_full_slash_half"),
        ("Baths F/H", ["2/1", "3/0"], "bathrooms_slash", None),
        ("Baths Full", ["2", "3"], "bathrooms_full", None),
        ("Half Baths", ["0", "1"], "bathrooms_half", None),
        ("SchoolDistrict", ["3 - Alvin", "5 - Pearland"], "high_school_district", None),
        ("PoolPrivate", ["True", "False"], "pool_private_yn", None),
        ("Zip Code", ["02138", "02139-1234"], "postal_code", None),
        ("Waterfront", ["Y", "N", ""], "waterfront_yn", None),
    ],
)
def test_traps_of_real_exports(header, values, field, kind):
    one = one_column(header, *values)
    assert (one.field, one.type) == (field, kind) and one.claimed


@pytest.mark.parametrize(
    ("header", "values", "field", "unit"),
    [
        ("Lot Size", ["0.25", "1.5"], "lot_size_acres", "acres"),
        ("Lot Size", ["7,405", "10890"], "lot_size_square_feet", "square feet"),
        ("Lot Acres", ["0.25", "1.5"], "lot_size_acres", None),
        ("Lot SqFt", ["7405", "30"], "lot_size_square_feet", None),
        ("Living Area (m2)", ["120", "95"], "living_area", "square meters"),
        ("Lot size sqm", ["700", "900"], "lot_size_square_feet", "square meters"),
    ],
)
def test_units_by_header_or_size(header, values, field, unit):
    one = one_column(header, *values)
    assert (one.field, one.unit) == (field, unit)


@pytest.mark.parametrize(
    ("header", "values"),
    [("Close Date", ["soon", "later"]), ("ClosePrice", ["n/a", "call"]), ("Latitude", ["1900"]),
     ("Year Built", ["0", "12"]), ("Status", ["House", "Flat", "Land"])],
)  # fmt: skip
def test_an_exact_name_with_values_that_cannot_be_is_not_taken(header, values):
    one = one_column(header, *values)
    assert not one.claimed and one.why.startswith("exact alias, but only")


def test_prices_are_told_from_prices():
    """`Price` is the list price beside a sold price, and what was paid where it stands alone."""
    day, money = ["01/02/2024", "13/02/2024"], ["200000", "310000"]
    table = pd.DataFrame({"Price": money, "Sold Price": money, "Sold Date": day}, dtype="str")
    assert guessed(table)["Price"] == "list_price"
    alone = table.drop(columns="Sold Price")
    assert guessed(alone)["Price"] == "close_price"
    assert guessed(alone.drop(columns="Sold Date"))["Price"] == "list_price"


def test_no_field_is_given_twice():
    table = pd.DataFrame({"Acres": ["0.2", "15"], "Lot Size": ["0.2", "15"]}, dtype="str")
    first, second = infer.guess_columns(table)
    assert (
        first.field == "lot_size_acres" and second.field != "lot_size_acres" and not second.claimed
    )


@given(
    st.dictionaries(
        st.text(max_size=12), st.lists(st.text(max_size=8), min_size=2, max_size=2), min_size=1,
        max_size=5,
    )
)  # fmt: skip
@examples(20)
def test_any_table_gets_one_guess_a_column_and_a_score_between_0_and_1(columns):
    table = pd.DataFrame(columns, dtype="str")
    guesses = infer.guess_columns(table)
    assert [one.header for one in guesses] == list(table)
    assert all(0 <= one.score <= 1 for one in guesses)
    named = [one.field for one in guesses if one.field]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("form", column_profile.FORMATS)
def test_each_date_format_is_recognised(form):
    days = [dt.datetime(2024, 1, 13) + dt.timedelta(days=17 * i, hours=i) for i in range(30)]
    zone = dt.UTC if "%z" in form else None
    text = pd.Series([day.replace(tzinfo=zone).strftime(form) for day in days], dtype="str")
    read = column_profile.parse_dates(text, column_profile.detect_date_formats([text]))
    assert read.dt.date.tolist() == [day.date() for day in days]


def test_all_date_columns_settle_together_whether_the_month_comes_first():
    open_ = pd.Series(["03/04/2024", "05/06/2024"], dtype="str")
    settled = pd.Series(["13/04/2024", "25/06/2024"], dtype="str")
    assert column_profile.detect_date_formats([open_]) == ["%m/%d/%Y"]
    assert column_profile.detect_date_formats([open_, settled]) == ["%d/%m/%Y"]


@pytest.mark.parametrize(
    "text", ["201411", "221900", "7129300520", "98178", "2014", "3.5", "n/a", ""]
)
def test_numbers_are_no_dates(text):
    assert (
        column_profile.parse_dates(pd.Series([text], dtype="str"), column_profile.FORMATS)
        .isna()
        .all()
    )


@pytest.mark.parametrize("answers", [["True", "False"], ["Y", "N"], ["1", "0"]])
def test_yes_and_no_alone_do_not_make_a_column_a_lease_flag(answers):
    assert one_column("Swimming", *answers).field is None
    assert one_column("For Lease", *answers).field == "for_lease"


def test_words_of_sale_and_lease_do():
    one = one_column("Deal", "Sale", "Lease")
    assert one.field == "for_lease" and one.claimed


@pytest.mark.parametrize(
    ("header", "values", "field"),
    [
        ("Size Unit", ["Sq Ft", "Sq M"], "living_area_units"),
        ("Area UOM", ["sqft", "M2"], "living_area_units"),
        ("HOA Per", ["Month", "Year"], "association_fee_frequency"),
        ("Dues Paid", ["Quarterly", "Monthly"], "association_fee_frequency"),
        ("Lot Size Dimensions", ["50x100", "60x90"], None),
        ("Rent Assoc Period", ["Annually", "Quarterly"], None),
        ("HOA Per", ["Y", "Y"], None),  # an answer
    ],
)
def test_a_column_of_units_or_periods_is_one_whatever_it_is_called(header, values, field):
    table = pd.DataFrame(
        {"Living Area": ["1500", "180"], "HOA Fee": ["90", "40"], header: values}, dtype="str"
    )
    guess = next(one for one in infer.guess_columns(table) if one.header == header)
    assert (guess.field if guess.claimed else None) == field
    assert not field or guess.score < 0.9  # a question


@pytest.mark.parametrize("form", ["%y-%m-%d", "%y/%m/%d", "%y.%m.%d", "%d-%m-%y", "%m/%d/%y"])
def test_short_years_stand_where_the_dates_lie_close_together(form):
    days = pd.date_range("2021-11-05", periods=40, freq="11D")
    texts = pd.Series(days.strftime(form), dtype="str")
    assert column_profile.detect_date_formats([texts]) == [form]

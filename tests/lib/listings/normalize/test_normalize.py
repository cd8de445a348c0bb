"""Normalising: types, keys and the date each listing is valued at; no row is lost."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common.errors import RemlError
from lib.common.params import validate
from lib.common.vocabulary import LINEAGE, ON_MARKET
from lib.listings.contract import contract as contracts
from lib.listings.contract.contract import Contract
from lib.listings.normalize import dates, normalize
from tests.support.hypothesis_profiles import examples

SPEC = {
    "title": "T",
    "property_key": [["parcel_number"], ["street", "postal_code"]],
    "constants": {"state": "WA"},
    "columns": {
        "listing_key": {"aliases": []},
        "standard_status": {"aliases": []},
        "modification_timestamp": {"aliases": [], "type": "timestamp"},
        "purchase_contract_date": {"aliases": [], "type": "date"},
        "close_date": {"aliases": [], "type": "date"},
        "close_price": {"aliases": [], "type": "number"},
        "living_area": {"aliases": [], "type": "number", "range": [100, 50000]},
        "lot_size_square_feet": {"aliases": [], "type": "number", "multiply": 43560},
        "year_built": {"aliases": [], "type": "number", "range": [1700, 2100]},
        "baths": {"aliases": [], "type": "baths_full_half"},
        "postal_code": {"aliases": [], "type": "postal_code"},
        "parcel_number": {"aliases": []},
        "street": {"aliases": []},
    },
    "lookups": {"standard_status": {"Sold": "Closed", "Off": "Withdrawn"}},
}
CONTRACT = validate(Contract, SPEC, "contract.yaml")
SALE = {"standard_status": "Sold", "close_date": "2024-05-10", "close_price": "$500,000"}


def staged(*rows):
    """Staged text rows; columns not given are missing."""
    frame = pd.DataFrame(
        [{"listing_key": f"k{i}", "domain": "sale"} | row for i, row in enumerate(rows)]
    )
    columns = ["listing_key", "domain", *CONTRACT.columns, *CONTRACT.constants]
    frame = frame.reindex(columns=list(dict.fromkeys(columns))).astype("str")
    lineage = {name: "x" for name in LINEAGE} | {"_source_row": range(1, len(rows) + 1)}
    return frame.assign(**lineage)


def normalized(*rows, given=None, contract=CONTRACT):
    return normalize.normalize(staged(*rows), contract, given)


@pytest.mark.parametrize(
    ("contract_date", "as_of"),
    [
        ("2024-04-01", "2024-04-01"),  # agreed before it closed
        ("2024-05-10", "2024-05-10"),  # on the day
        ("2024-05-11", "2024-05-10"),  # an agreement after the closing is an error
        ("", "2024-05-10"),
        ("soon", "2024-05-10"),
    ],
)
def test_closed_sales_are_valued_at_contract_else_close_date(contract_date, as_of):
    table, _ = normalized(SALE | {"purchase_contract_date": contract_date})
    assert table["as_of"].tolist() == [pd.Timestamp(as_of)]


@pytest.mark.parametrize("status", ON_MARKET)
def test_open_listings_are_valued_at_the_feeds_latest_modification(status):
    table, _ = normalized(
        {"standard_status": status, "purchase_contract_date": "2024-01-01"},
        SALE | {"modification_timestamp": "2024-06-01"},
        contract=CONTRACT.model_copy(update={"lookups": {"standard_status": {status: status}}}),
    )
    assert table["as_of"].iloc[0] == pd.Timestamp("2024-06-01")


def test_without_stamps_open_listings_are_valued_at_the_latest_closing():
    lookups = {"standard_status": {"A": "Active", "Sold": "Closed"}}
    table, _ = normalized(
        {"standard_status": "A"},
        SALE,
        SALE | {"close_date": "2024-07-01"},
        contract=CONTRACT.model_copy(update={"lookups": lookups}),
    )
    assert table["as_of"].iloc[0] == pd.Timestamp("2024-07-01")


def test_a_given_date_goes_before_the_feeds_own():
    lookups = {"standard_status": {"A": "Active", "Sold": "Closed"}}
    table, _ = normalized(
        {"standard_status": "A"},
        SALE | {"modification_timestamp": "2024-06-01"},
        given=dt.date(2024, 5, 20),
        contract=CONTRACT.model_copy(update={"lookups": lookups}),
    )
    assert table["as_of"].tolist() == [pd.Timestamp("2024-05-20"), pd.Timestamp("2024-05-10")]


def test_withdrawn_listings_and_undated_closings_are_valued_at_no_date():
    table, _ = normalized(
        {"standard_status": "Off", "purchase_contract_date": "2024-01-01"},
        SALE | {"close_date": "", "purchase_contract_date": "2024-01-01"},
        {"standard_status": ""},
        SALE,
        given=dt.date(2024, 5, 20),
    )
    assert table["as_of"].isna().tolist() == [True, True, True, False]


@pytest.mark.parametrize(("written", "valued"), [("", True), ("10/05/2024", False)])
def test_where_no_closing_of_a_domain_is_dated_all_are_valued_on_the_given_day(written, valued):
    """But not where dates stand there that could not be read: the contract is to be mended."""
    day = pd.Timestamp("2024-05-20")
    sold = SALE | {"close_date": written}
    table, _ = normalized(
        sold, sold | {"domain": "rental"}, SALE, {"standard_status": "Off"}, given=day.date()
    )
    rental = table["domain"] == "rental"
    assert table.loc[rental, "as_of"].tolist() == [day if valued else pd.NaT]
    assert table.loc[~rental, "as_of"].isna().tolist() == [True, False, True]


def test_a_feed_that_knows_no_date_asks_for_one():
    with pytest.raises(RemlError, match=r"set as_of in params\.yaml"):
        normalized({"standard_status": "Off"})


def test_property_key_is_the_first_complete_group():
    table, _ = normalized(
        {"parcel_number": "ab1", "street": "Elm", "postal_code": "77901"},
        {"parcel_number": "AB1 "},
        {"street": "elm", "postal_code": "77901-1234"},
        {"street": "Elm"},
        {},
        given=dt.date(2024, 1, 1),
    )
    keys = table["property_key"].tolist()
    assert keys[0] == keys[1]  # one parcel, whatever its case
    assert keys[2].endswith("ELM|77901")
    assert len(set(keys)) == 4 and keys[3] != keys[4]  # incomplete: each a home of its own


def test_impossible_values_are_missing_with_their_reason():
    table, issues = normalized(
        SALE | {"living_area": "99"}, SALE | {"living_area": "50001"},
        SALE | {"living_area": "100"}, SALE | {"living_area": "50000"},
        SALE | {"living_area": "big"}, SALE | {"living_area": " "},
    )  # fmt: skip
    assert table["living_area"].fillna(0).tolist() == [0, 0, 100, 50000, 0, 0]
    assert issues[["listing_key", "column", "value", "reason"]].to_numpy().tolist() == [
        ["k4", "living_area", "big", "not a number"],
        ["k0", "living_area", "99", "outside 100 to 50000"],
        ["k1", "living_area", "50001", "outside 100 to 50000"],
    ]
    assert issues["_source_row"].tolist() == [5, 1, 2]


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        ("close_price", "call us", "not a number"),
        ("close_date", "02/30/2024", "not a date"),
        ("postal_code", "7790", "not a postal code"),
        ("baths", "two", "not a number of baths"),
        ("standard_status", "Bought", "not in the contract's lookup"),
    ],
)
def test_what_does_not_parse_is_listed_once(column, text, reason):
    _, issues = normalized(SALE | {column: text}, given=dt.date(2024, 1, 1))
    assert issues[["column", "value", "reason"]].to_numpy().tolist() == [[column, text, reason]]


def test_what_no_home_could_have_is_missing_whatever_the_contract_says():
    absurd = {"close_price": "-5", "list_price": "-100", "bedrooms_total": "-3", "baths": "41",
              "postal_code": "00000"}  # fmt: skip
    nominal = SALE | {"close_price": "1", "bedrooms_total": "400", "postal_code": "00000-1234"}
    columns = {"bathrooms" if name == "baths" else name: column for name, column in
               SPEC["columns"].items()}  # fmt: skip
    columns |= {
        name: {"aliases": [], "type": "number"} for name in ("list_price", "bedrooms_total")
    }
    agreed = contracts.resolve_contract(validate(Contract, SPEC | {"columns": columns}, "c"), "c")
    names = dict.fromkeys(["listing_key", "domain", *agreed.columns, *agreed.constants, *LINEAGE])
    rows = pd.DataFrame([SALE | absurd, nominal]).rename(columns={"baths": "bathrooms"})
    rows = rows.assign(listing_key=["k0", "k1"], domain="sale")
    rows = rows.reindex(columns=list(names)).astype("str")
    table, issues = normalize.normalize(rows, agreed, None)
    assert table["close_price"].fillna(0).tolist() == [0, 1]  # a nominal price is for `screen`
    lost = ["list_price", "bedrooms_total", "bathrooms_total", "postal_code"]
    assert table[lost].isna().all(axis=None)
    assert set(issues.loc[issues["listing_key"] == "k0", "column"]) == {
        "close_price", "list_price", "bedrooms_total", "bathrooms", "postal_code",
    }  # fmt: skip
    assert issues["set_missing"].all() and len(issues) == 7


def test_range_of_baths_is_about_their_total():
    columns = CONTRACT.columns | {
        "baths": CONTRACT.columns["baths"].model_copy(update={"range": (0, 20)})
    }
    table, issues = normalized(
        SALE | {"baths": "20.0"},
        SALE | {"baths": "33.1"},
        contract=CONTRACT.model_copy(update={"columns": columns}),
    )
    for part in ("full", "half", "total"):
        assert table[f"bathrooms_{part}"].isna().tolist() == [False, True]
    assert issues[["value", "reason"]].to_numpy().tolist() == [["33.1", "outside 0 to 20"]]


def test_types_units_and_constants():
    table, issues = normalized(
        SALE | {"lot_size_square_feet": "0.5", "baths": "2.1", "postal_code": "77901-1234"}
    )
    line = table.iloc[0]
    assert line["standard_status"] == "Closed" and line["state"] == "WA"
    assert (line["close_price"], line["lot_size_square_feet"]) == (500000, 21780)
    assert line["postal_code"] == "77901"
    assert (line["bathrooms_full"], line["bathrooms_half"], line["bathrooms_total"]) == (2, 1, 2.5)
    assert not len(issues)


@pytest.mark.parametrize(("year", "kept"), [("2024", True), ("2025", True), ("2026", False)])
def test_a_house_may_be_finished_the_year_after_its_valuation_and_no_later(year, kept):
    table, issues = normalized(SALE | {"year_built": year})
    assert table["year_built"].notna().tolist() == [kept]
    told = {"2025": [dates.SOON, False], "2026": [dates.FUTURE, True]}.get(year)
    found = issues[["column", "value", "reason", "set_missing"]].to_numpy().tolist()
    assert found == ([["year_built", year, *told]] if told else [])


def test_columns_that_later_stages_name_are_there_even_if_the_feed_lacks_them():
    bare = validate(
        Contract,
        {"title": "T", "property_key": [], "columns": {"listing_key": {"aliases": []}}},
        "contract.yaml",
    )
    table, _ = normalize.normalize(staged({}), bare, dt.date(2024, 1, 1))
    assert set(normalize.EXPECTED_COLUMNS) <= set(table)
    assert table[normalize.EXPECTED_COLUMNS].isna().all(axis=None)
    assert table["close_date"].dtype == "datetime64[us]" and table["latitude"].dtype == "float64"


cells = st.fixed_dictionaries(
    {
        "standard_status": st.sampled_from(["Sold", "Off", "", "Bought"]),
        "close_date": st.sampled_from(["2024-05-10", "", "bad"]),
        "purchase_contract_date": st.sampled_from(["2024-05-01", "2024-06-01", ""]),
        "close_price": st.sampled_from(["1", "", "bad"]),
        "living_area": st.sampled_from(["1", "1000", "bad", ""]),
        "year_built": st.sampled_from(["1999", "2031", "0", ""]),
        "postal_code": st.sampled_from(["77901", "x", ""]),
        "baths": st.sampled_from(["1.1", "x", ""]),
    }
)


@examples(12)
@given(st.lists(cells, min_size=1, max_size=20))
def test_rows_in_are_rows_out_and_each_lost_cell_is_an_issue(rows):
    table, issues = normalized(*rows, given=dt.date(2024, 6, 1))
    assert table["listing_key"].tolist() == [f"k{i}" for i in range(len(rows))]
    names = {"baths": "bathrooms_total"}
    lost = [
        (f"k{i}", column)
        for i, row in enumerate(rows)
        for column, text in row.items()
        if text and pd.isna(table[names.get(column, column)].iloc[i])
    ]
    assert sorted(lost) == sorted(zip(issues["listing_key"], issues["column"], strict=True))


OTHERS = [SALE | {"close_date": f"2024-{month:02d}-15"} for month in range(1, 13)]


@pytest.mark.parametrize(
    ("odd_dates", "column", "reason"),
    [
        ({"close_date": "2204-05-01"}, "close_date", dates.LATE),
        ({"close_date": "1024-05-01"}, "close_date", "before 1950-01-01"),
        ({"purchase_contract_date": "1924-05-01"}, "purchase_contract_date", "before 1950-01-01"),
        ({"purchase_contract_date": "2014-05-01"}, "purchase_contract_date",
         "more than 1825 days before the closing"),
        ({"listing_contract_date": "2104-05-01"}, "listing_contract_date", dates.LATE),
        ({"listing_contract_date": "1994-05-01"}, "listing_contract_date",
         "more than 1825 days before the closing"),
    ],
)  # fmt: skip
def test_a_date_that_cannot_be_is_set_missing_and_nothing_is_told_by_it(odd_dates, column, reason):
    """Year and status of the row stay, and what is valued with it."""
    odd = SALE | {"close_date": "2024-05-01", "year_built": "1990"} | odd_dates
    listed = contracts.Column(aliases=[], type="date")
    columns = CONTRACT.columns | {"listing_contract_date": listed}
    agreed = CONTRACT.model_copy(update={"columns": columns})
    rows = staged(odd, *OTHERS)
    given = odd.get("listing_contract_date")
    rows["listing_contract_date"] = pd.Series([given] + [None] * len(OTHERS), dtype="str")
    table, issues = normalize.normalize(rows, agreed, dt.date(2024, 12, 31))
    assert issues.loc[issues["set_missing"], ["column", "value", "reason"]].to_numpy().tolist() == [
        [column, odd_dates[column], reason]
    ]
    assert pd.isna(table.loc[0, column]) and table.loc[0, "year_built"] == 1990
    sold = pd.Timestamp("2024-05-01") if column != "close_date" else pd.NaT
    assert table.loc[0, "as_of"] is sold or table.loc[0, "as_of"] == sold
    assert (
        table[dates.DATES]
        .iloc[1:]
        .equals(normalize.normalize(rows.iloc[1:], agreed, dt.date(2024, 12, 31))[0][dates.DATES])
    )


def test_closings_after_the_date_given_or_after_a_few_stamps_stay():
    stamp = {"modification_timestamp": "2020-01-01"}
    table, issues = normalized(OTHERS[0] | stamp, *OTHERS[1:], given=dt.date(2024, 1, 31))
    assert table["close_date"].notna().all() and not issues["set_missing"].any()


def test_an_evening_with_an_offset_is_the_day_where_it_was_made():
    late = SALE | {"modification_timestamp": "2024-06-30T22:00:00-0500"}
    agreed = CONTRACT.model_copy(update={"date_formats": ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d"]})
    table, _ = normalized(late, contract=agreed)
    assert table["modification_timestamp"].tolist() == [pd.Timestamp("2024-07-01T03:00:00")]
    assert dates.resolve_as_of(table, None) == pd.Timestamp("2024-06-30")

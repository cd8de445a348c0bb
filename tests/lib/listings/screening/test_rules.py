"""Rules of screening one by one: records and deals of several sales, against naive forms."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.listings.screening.rules import flag_records, flag_resales
from tests.support.hypothesis_profiles import examples
from tests.support.screened_sales import SPEC, START, good_sales, homes_of, reasons_by_code

DEALS = SPEC.deals


@pytest.mark.parametrize(
    "change, code, words",
    [
        ({"close_price": 10.0, "list_price": np.nan}, "nominal_price", "10 is no price"),
        ({"close_price": 900.0, "list_price": np.nan}, "nominal_price", "under 1,000"),
        ({"close_price": 31_000.0}, "list_price_far", "0.10 times the list price 310,000"),
        ({"close_price": 3e6}, "list_price_far", "9.68 times"),
        ({"close_price": 250_000.0}, "list_price_unusual", "0.81 times"),
        ({"listing_contract_date": START + pd.Timedelta(days=2)}, "closed_before_listing",
         "closed on 2023-01-01, before it was listed on 2023-01-03"),
        ({"purchase_contract_date": START + pd.Timedelta(days=1)}, "closed_before_contract",
         "before its contract of 2023-01-02"),
        ({"year_built": 2024.0}, "built_after_sale", "built in 2024, after the sale on 2023-01-01"),
        ({"bedrooms_total": 0.0}, "no_bedrooms", "no bedroom in 2,000 square feet"),
        ({"bathrooms_total": 0.0}, "no_bathrooms", "no bath beside 3 bedrooms"),
        ({"bedrooms_total": 33.0}, "rooms_against_size", "2,000 square feet for 33 bedrooms"),
        ({"lot_size_square_feet": 3e7}, "lot_against_size", "a lot of 30,000,000 square feet"),
    ],
)  # fmt: skip
def test_a_record_that_contradicts_itself(change, code, words):
    found = reasons_by_code(flag_records(good_sales({}, change, {}), SPEC.records))
    assert found[code][0] == [1] and words in found[code][1][0]
    assert set(found) == {code}


def test_missing_cells_contradict_nothing():
    table = good_sales({})
    empty = table.assign(
        **{
            name: np.nan
            for name in ("list_price", "living_area", "lot_size_square_feet", "bedrooms_total",
                         "bathrooms_total", "year_built")
        }
    ).assign(listing_contract_date=pd.NaT, purchase_contract_date=pd.NaT)  # fmt: skip
    assert reasons_by_code(flag_records(empty, SPEC.records)) == {}
    assert reasons_by_code(flag_records(table, SPEC.records)) == {}


def test_a_rent_of_900_is_a_rent():
    table = good_sales({"close_price": 900.0, "list_price": 900.0}, domain="rental")
    assert reasons_by_code(flag_records(table, SPEC.records)) == {}


def pair(days, ratio, spread):
    table = good_sales(
        {"property_key": "p"},
        {"property_key": "p", "close_date": START + pd.Timedelta(days=days),
         "close_price": 300_000 * ratio},
    )  # fmt: skip
    return reasons_by_code(flag_resales(table, homes_of(table), np.array([0.0, spread]), DEALS))


def test_only_the_later_of_a_quick_odd_pair_is_flagged():
    found = pair(100, 2.0, 4.0)
    assert found == {
        "quick_resale": ([1], ["sold for 2.00 times the 300,000 of 2023-01-01, 100 days before"])
    }
    assert list(pair(100, 0.5, -4.0)) == ["quick_resale"]
    assert list(pair(100, 2.0, np.nan)) == ["quick_resale"]
    assert list(pair(DEALS.resale_days, 2.0, 4.0)) == ["quick_resale"]  # the last day that is quick


@pytest.mark.parametrize("days, ratio", [(0, 2.0), (181, 2.0), (100, 1.3), (100, 0.8)])
def test_slow_or_even_resales_are_none(days, ratio):
    assert pair(days, ratio, 4.0) == {}


def test_a_resale_at_a_usual_price_accuses_the_earlier_sale_and_is_only_shown():
    assert list(pair(100, 2.0, 0.3)) == ["quick_resale_usual"]
    assert list(pair(100, 2.0, -4.0)) == ["quick_resale_usual"]


@examples(30)
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(0, 250), st.sampled_from([1.0, 1.5, 3.0])),
        max_size=8,
    )
)
def test_resales_equal_a_naive_search(rows):
    table = good_sales(
        *(
            {"property_key": home, "close_date": START + pd.Timedelta(days=day),
             "close_price": price * 1e5}
            for home, day, price in rows
        )
    ) if rows else good_sales({}).iloc[:0]  # fmt: skip
    table = table.sort_values(["close_date", "listing_key"]).reset_index(drop=True)
    wanted = []
    for i, one in table.iterrows():
        before = table[
            (table["property_key"] == one["property_key"])
            & (table["close_date"] < one["close_date"])
        ]
        if len(before):
            last = before.sort_values(["close_date", "listing_key"]).iloc[-1]
            ratio = one["close_price"] / last["close_price"]
            quick = (one["close_date"] - last["close_date"]).days <= DEALS.resale_days
            if quick and not DEALS.resale_ratio[0] <= ratio <= DEALS.resale_ratio[1]:
                wanted.append(i)
    unknown = np.full(len(table), np.nan)
    assert (
        reasons_by_code(flag_resales(table, homes_of(table), unknown, DEALS)).get(
            "quick_resale", ([],)
        )[0]
        == wanted
    )


@pytest.mark.parametrize("days, flagged", [(1, True), (30, True), (31, False), (0, False)])
def test_a_home_sold_again_at_the_same_price_within_a_month_was_sold_once(days, flagged):
    assert (list(pair(days, 1.0, 0.0)) == ["same_price_resale"]) is flagged
    assert pair(days, 1.01, 0.0) == {}

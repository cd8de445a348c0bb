"""Sales exported twice: on one day or some days apart, one row stays; other homes' sales stay."""

import numpy as np
import pandas as pd
import pytest

from lib.listings.normalize.repeated_sales import DAYS_APART, REPEATED, merge_repeated_sales

DAYS = 7


def day(number):
    return pd.Timestamp("2024-01-01") + pd.Timedelta(days=number)


def sale_row(key, closed=9, stamp=None, home="parcel_number:7", **more):
    """A closed sale; days count from 2024-01-01."""
    return {
        "listing_key": key, "domain": "sale", "property_key": home, "standard_status": "Closed",
        "modification_timestamp": pd.NaT if stamp is None else day(stamp),
        "purchase_contract_date": pd.NaT, "close_date": day(closed), "close_price": 5.0, **more,
    }  # fmt: skip


def table(*rows):
    frame = pd.DataFrame(list(rows))
    dates = ["modification_timestamp", "purchase_contract_date", "close_date"]
    return frame.assign(**{name: frame[name].astype("datetime64[us]") for name in dates})


def kept_and_aside(*rows):
    rows = table(*rows)
    kept, aside = merge_repeated_sales(rows, DAYS)
    assert len(kept) + len(aside) == len(rows)
    pairs = aside[["listing_key", "_kept_listing_key"]].to_numpy().tolist()
    return "".join(kept["listing_key"]), ["".join(pair) for pair in pairs]


def test_one_sale_under_two_keys_is_one_row_and_the_other_is_kept_aside():
    rows = table(
        sale_row("c", stamp=9), sale_row("a", stamp=11), sale_row("b", stamp=11),
        sale_row("d", close_price=6.0), sale_row("e", home="g"),
        sale_row("f", standard_status="Active"),
        sale_row("g", close_date=pd.NaT), sale_row("h", close_date=pd.NaT),
    )  # fmt: skip
    kept, aside = merge_repeated_sales(rows, DAYS)
    assert kept["listing_key"].tolist() == ["a", "d", "e", "f", "g", "h"]
    assert aside[["listing_key", "_kept_listing_key"]].to_numpy().tolist() == [
        ["c", "a"],
        ["b", "a"],
    ]
    assert set(aside["_reason"]) == {REPEATED}
    assert len(kept) + len(aside) == len(rows)


@pytest.mark.parametrize(
    ("others", "kept"),
    [
        ([{}, {}], "a"),
        ([{"bedrooms_total": 2.0}, {"bedrooms_total": 3.0}], "abc"),  # a may be either of the two
        ([{"living_area": 900.0}, {"living_area": 900.0}], "a"),
        ([{"living_area": 900.0}, {"living_area": 910.0}], "abc"),
        ([{"unit_number": "UPPR"}, {"unit_number": "LOWR"}], "abc"),
        ([{"street_suffix": "LN"}, {"street_suffix": "CT"}], "abc"),
        ([{"street_dir_suffix": "E"}, {"street_dir_suffix": "W"}], "abc"),
        ([{"street_dir_prefix": "N"}, {"street_suffix": "CT"}], "a"),
        ([{"street_name": "OAK RIDGE"}, {"street_name": "OAKRIDGE"}], "a"),
        ([{"street_name": "OAK RIDGE"}, {"street_name": "ELM"}], "abc"),
        ([{"postal_code": "77001"}, {"postal_code": "77010"}], "a"),
        ([{"bathrooms_total": 2.0}, {"bathrooms_total": 2.5}], "abc"),
        ([{"bedrooms_total": 2.0}, {"living_area": 910.0}], "a"),  # nothing that both say
    ],
)
def test_two_flats_let_on_one_day_at_one_price_are_two_sales(others, kept):
    known = {"living_area": np.nan, "bedrooms_total": np.nan, "bathrooms_total": np.nan}
    rows = table(*(
        sale_row(key, unit_number=None) | known | more
        for key, more in zip("abc", [{}, *others], strict=True)
    ))  # fmt: skip
    found, aside = merge_repeated_sales(rows, DAYS)
    assert "".join(found["listing_key"]) == kept and len(found) + len(aside) == 3
    alone, aside = merge_repeated_sales(rows.iloc[:1], DAYS)
    assert len(alone) == 1 and aside.empty


@pytest.mark.parametrize("apart", [1, 2, 5, 7])
def test_one_sale_closed_some_days_apart_in_two_systems_is_one(apart):
    assert kept_and_aside(sale_row("a"), sale_row("b", 9 + apart)) == ("a", ["ba"])
    known = {"purchase_contract_date": day(1)}
    rows = [sale_row("a", 9, 20), sale_row("b", 9 + apart, 10, **known)]
    assert kept_and_aside(*rows) == ("b", ["ab"])  # the contract date is known there
    _, aside = merge_repeated_sales(table(*rows), DAYS)
    assert aside["_reason"].tolist() == [DAYS_APART]


def test_of_three_systems_one_row_stays_though_first_and_last_lie_far_apart():
    rows = [sale_row("a", 1), sale_row("b", 6, 30), sale_row("c", 12)]
    assert kept_and_aside(*rows) == ("b", ["ab", "cb"])


def test_a_copy_of_one_day_points_to_the_row_that_stands_for_both():
    known = {"purchase_contract_date": day(1)}
    rows = [sale_row("a"), sale_row("b"), sale_row("c", 11, **known)]
    assert kept_and_aside(*rows) == ("c", ["ac", "bc"])


@pytest.mark.parametrize(
    "change",
    [
        {"closed": 17}, {"close_price": 5.5}, {"home": "parcel_number:8"}, {"domain": "rental"},
        {"closed": 11, "standard_status": "Active"}, {"closed": 11, "street_number": "9"},
    ],
)  # fmt: skip
def test_later_other_priced_and_other_homes_sales_are_sales_of_their_own(change):
    first = sale_row("a", street_number="7")
    later = sale_row("b", **({"closed": 11, "street_number": "7"} | change))
    assert kept_and_aside(first, later) == ("ab", [])


def test_systems_that_measure_one_parcel_differently_have_one_sale():
    rows = [sale_row("a", living_area=900.0), sale_row("b", 11, living_area=914.0)]
    assert kept_and_aside(*rows) == ("a", ["ba"])
    at = {"home": "address:1 ELM ST||77001"}  # without a parcel they may be two flats
    assert kept_and_aside(*(row | {"property_key": at["home"]} for row in rows)) == ("ab", [])


def test_flats_of_a_new_house_sold_within_days_at_one_price_are_sales_of_their_own():
    home = "address:1 ELM ST||77001"
    many = [sale_row(key, at, home=home) for key, at in zip("abcde", range(1, 6), strict=True)]
    assert kept_and_aside(*many) == ("abcde", [])
    day_twice = [
        sale_row("a", 1, home=home, living_area=900.0),
        sale_row("b", 1, home=home, living_area=990.0), sale_row("c", 3, home=home),
    ]  # fmt: skip
    assert kept_and_aside(*day_twice) == ("abc", [])

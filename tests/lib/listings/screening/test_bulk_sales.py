"""Sales of several homes at one price: packages are found, honest neighbours are not."""

import numpy as np
import pandas as pd
import pytest

from lib.listings.identity.property_keys import ADDRESS
from lib.listings.screening import packages, screen
from lib.listings.screening.bulk_sales import flag_bulk_sales
from tests.support.screened_sales import SPEC, START, good_sales, homes_of, reasons_by_code

DEALS, LIMITS = SPEC.deals, SPEC.outliers
DAY = 200  # of the deals below; the market goes before
AT = {"latitude": 47.35, "longitude": -122.3}


def market(deal, seed=0, n=400):
    """`n` sales of one ZIP at about 200 a square foot, on days 0 to 390, and a deal on DAY: each of
    its rows is (share of its usual price, changes)."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(7.5, 0.25, n)).round()
    rows = pd.DataFrame(
        {
            "listing_key": [f"k{i:03d}" for i in range(n)], "domain": "sale",
            "close_date": START + pd.to_timedelta(np.arange(n) * 390 // n, unit="D"),
            "close_price": (200 * size * np.exp(rng.normal(0, 0.12, n))).round(-2),
            "living_area": size, "postal_code": "98001", "year_built": 1980.0,
            "latitude": 47.3 + rng.random(n) / 10, "longitude": -122.3,
            "parcel_number": [str(500000000 + 1000 * i) for i in range(n)],
        }
    )  # fmt: skip
    new = pd.DataFrame(
        [
            {"listing_key": f"d{i}", "domain": "sale", "close_date": START + pd.Timedelta(days=DAY),
             "close_price": 600_000.0, "living_area": 600_000 * share / 200,
             "postal_code": "98001", "year_built": 1980.0, **AT,
             "parcel_number": str(900000000 + 1000 * i), **more}
            for i, (share, more) in enumerate(deal)
        ]
    )  # fmt: skip
    table = pd.concat([rows, new]).sort_values(["close_date", "listing_key"], ignore_index=True)
    return table.assign(property_key=table["listing_key"])


def flagged(table):
    """code -> keys of the deal's rows that are flagged by it; no other row may be."""
    found = reasons_by_code(
        flag_bulk_sales(table, homes_of(table), np.zeros(len(table)), LIMITS, DEALS)
    )
    keys = {code: "".join(sorted(table["listing_key"][rows])) for code, (rows, _) in found.items()}
    assert not any("k" in some for some in keys.values())
    return keys


APART = {"latitude": 47.39}
FAR = {"latitude": 47.31, "postal_code": "98900"}
NOWHERE = LOT = {"latitude": np.nan, "longitude": np.nan, "postal_code": None}


@pytest.mark.parametrize(
    "deal",
    [
        [(0.5, {}), (0.5, {})],
        [(0.6, {}), (0.4, {})],
        [(0.66, {}), (0.34, {})],
        [(0.3, {}), (0.35, {}), (0.35, {})],
        [(0.05, {"living_area": 1500.0, "close_price": 6e6})] * 20,
        [(0.5, {}), (0.5, APART)],  # of one ZIP
        [(0.5, {"postal_code": "98001"}), (0.5, {"postal_code": "98002"})],  # of two, side by side
        [(0.5, LOT | {"parcel_number": n}) for n in ("700000101", "700-000-102")],
    ],
)  # fmt: skip
def test_neighbours_at_one_price_that_together_explain_it_are_a_package(deal):
    keys = "".join(sorted(f"d{i}" for i in range(len(deal))))
    assert flagged(market(deal)) == {"bulk_sale": keys}


@pytest.mark.parametrize(
    "deal",
    [
        [(1.0, {}), (1.0, {})],  # a builder's two houses at his list price
        [(1.1, {}), (0.85, {})],
        [(1.0, {}), (0.5, {})],  # one alone is odd
        [(0.75, {}), (0.8, {})],  # both dear, and both together twice the price
        [(0.5, {}), (0.5, FAR)],  # two odd ones in two towns, at one round price
        [(0.5, {}), (0.5, {"close_date": START + pd.Timedelta(days=DAY + 1)})],
        [(0.5, {}), (0.5, {"close_price": 601_000.0})],
        [(0.5, LOT | {"parcel_number": n}) for n in ("700000101", "700000191")],
    ],
)  # fmt: skip
def test_honest_neighbours_and_chance_are_no_package(deal):
    assert flagged(market(deal)) == {}


DEED, NO_DEED = {"local_document_number": "2023-0042"}, {"local_document_number": "0000"}
GIVEN, NO_BUYER = {"local_buyer_name": "Elm Homes LLC"}, {"local_buyer_name": "Unknown"}
SAME_BUYER = {"local_buyer_name": "ELM  Homes llc"}


@pytest.mark.parametrize(
    ("deal", "found"),
    [
        ([(1.0, DEED), (0.4, DEED | FAR)], {"bulk_sale": "d0d1"}),  # one deed, two towns
        ([(0.5, DEED), (0.5, FAR | {"local_document_number": "2023-0043"})], {}),
        ([(0.5, FAR | NO_DEED), (0.5, NO_DEED)], {}),
        ([(0.6, GIVEN), (0.4, GIVEN | FAR)], {"bulk_sale": "d0d1"}),
        ([(0.6, GIVEN), (0.4, SAME_BUYER | FAR)], {"bulk_sale": "d0d1"}),
        ([(1.0, GIVEN), (1.0, GIVEN | FAR)], {"bulk_sale_alike": "d0d1"}),  # each at its price
        ([(0.6, FAR | NO_BUYER), (0.4, NO_BUYER)], {}),
    ],
)  # fmt: skip
def test_a_document_or_a_buyer_joins_homes_wherever_they_lie(deal, found):
    assert flagged(market(deal)) == found


def test_a_package_is_known_on_its_own_day():
    """No later sale changes its flags, and none on its day but those of the deal."""
    table = market([(0.5, {}), (0.5, {})])
    later = table["close_date"] > START + pd.Timedelta(days=DAY)
    other = 5e6 + 1000 * np.arange(len(table))
    changed = table.assign(close_price=table["close_price"].where(~later, other))
    assert flagged(changed) == {"bulk_sale": "d0d1"}
    assert flagged(table[~later].reset_index(drop=True)) == {"bulk_sale": "d0d1"}


def test_many_packages_do_not_hide_each_other():
    """A fifth of all sales, whose prices would move the level that gives them away."""
    table = market([(0.5, {}), (0.5, {})])
    pairs = [
        table[table["listing_key"] == f"k{i:03d}"].assign(listing_key=f"d{i:03d}", latitude=47.9)
        for i in range(150, 400, 5)
    ]
    both = pd.concat([table, *pairs], ignore_index=True)
    keys = [f"{c}{i:03d}" for i in range(150, 400, 5) for c in "kd"]
    double = both["listing_key"].isin(keys)
    both["close_price"] = both["close_price"].where(~double, 2 * both["close_price"])
    both = both.sort_values(["close_date", "listing_key"], ignore_index=True)
    both["property_key"] = both["listing_key"]
    found = reasons_by_code(
        flag_bulk_sales(both, homes_of(both), np.zeros(len(both)), LIMITS, DEALS)
    )
    planted, caught = {*keys, "d0", "d1"}, set(both["listing_key"][found["bulk_sale"][0]])
    assert caught <= planted and len(caught) >= 0.9 * len(planted)


def test_before_a_market_is_known_neighbours_at_one_price_are_shown():
    table = market([(0.5, {}), (0.5, {})])
    early = table[table["listing_key"].str.startswith("d")].reset_index(drop=True)
    assert flagged(early) == {"bulk_sale_alike": "d0d1"}
    assert flagged(early.assign(**NOWHERE)) == {}


def test_houses_of_one_street_are_beside_each_other():
    street = {"street_name": "ELM", "street_suffix": "ST", "street_number": ["12", "16", "90"]}
    table = good_sales({}, {}, {}).assign(**street)
    own = pd.Series(["a", "b", "c"])
    groups = packages.link_sales(table, own, "postal_code").groups
    assert groups[packages.BESIDE].tolist()[2] == -1
    assert groups[packages.BESIDE][0] == groups[packages.BESIDE][1] >= 0
    other = table.assign(street_suffix=["ST", "AVE", "ST"])
    assert (packages.link_sales(other, own, "postal_code").groups[packages.BESIDE] == -1).all()


def test_bulk_sales_share_area_day_and_price_and_are_unlike():
    parcel = [{"living_area": size} for size in (900.0, 2000.0, 3000.0)]
    table = good_sales(*parcel, {"close_price": 1.0}, {"postal_code": "98002"},
                  {"close_date": START + pd.Timedelta(days=1)})  # fmt: skip
    usual = np.zeros(len(table))
    found = reasons_by_code(flag_bulk_sales(table, homes_of(table), usual, LIMITS, DEALS))
    assert found == {
        "bulk_sale": (
            [0, 1, 2], ["3 homes in 98001 closed on 2023-01-01 at the same 300,000"] * 3,
        )
    }  # fmt: skip
    fewer = table.iloc[1:].reset_index(drop=True)
    assert reasons_by_code(flag_bulk_sales(fewer, homes_of(fewer), usual, LIMITS, DEALS)) == {}
    alike = good_sales(*[{"living_area": size} for size in (1000.0, 1000.0, 1090.0)])
    assert list(
        reasons_by_code(flag_bulk_sales(alike, homes_of(alike), np.zeros(3), LIMITS, DEALS))
    ) == ["bulk_sale_alike"]
    # at three times what such a home brings, the price is that of the parcel
    assert list(
        reasons_by_code(flag_bulk_sales(alike, homes_of(alike), np.full(3, 9.0), LIMITS, DEALS))
    ) == ["bulk_sale"]
    # one home entered thrice is no parcel
    same = table.assign(property_key="p")
    assert reasons_by_code(flag_bulk_sales(same, homes_of(same), usual, LIMITS, DEALS)) == {}


def flags_of(table):
    """The flags of all rules, of homes told apart by parcel and address."""
    names = {*ADDRESS, "list_price", "listing_contract_date", "purchase_contract_date"}
    missing = {name: pd.Series(None, index=table.index, dtype="str") for name in names - {*table}}
    dates = {name: pd.NaT for name in missing if name.endswith("_date")}
    table = table.assign(**missing | dates | {"list_price": np.nan})
    return screen._flag_by_rules(table, SPEC, [["parcel_number"]])


LAND, NEXT = {"property_class": "land"}, {"parcel_number": "900000001"}
HOUSE = {"street_number": "12", "street_name": "Oak", "postal_code": "98001"}


@pytest.mark.parametrize(
    ("home", "other", "code"),
    [
        ({}, LAND | NEXT | NOWHERE, "bulk_sale"),
        ({}, LAND, "bulk_sale"),  # at one point
        (NOWHERE | HOUSE, LAND | NOWHERE | HOUSE | {"street_number": "14"}, "bulk_sale"),
        ({"deed_number": "2021-7788"}, LAND | FAR | {"deed_number": "2021-7788"}, "bulk_sale"),
        ({}, NEXT | {"property_class": "parking"}, "bulk_sale_alike"),
        ({}, LAND | FAR, None),  # chance
        ({}, LAND | NEXT | {"close_price": 610_000.0}, None),
        ({}, LAND | {"parcel_number": "900000000"}, None),  # one property under two classes
        (HOUSE, LAND | HOUSE | {"parcel_number": None}, None),
    ],
)
def test_a_home_and_a_lot_at_one_price_are_a_package(home, other, code):
    table = market([(1.0, home), (1.0, {"living_area": np.nan} | other)])
    table["property_class"] = table["property_class"].fillna("residential")
    flags = flags_of(table)
    found = flags[flags["code"].str.startswith("bulk_sale")]
    assert found["listing_key"].tolist() == ["d0"] * (code is not None)
    assert set(found["code"]) == {code} - {None}


def test_the_price_of_a_package_teaches_nothing_of_later_sales():
    deal = [(0.05, {"living_area": 1500.0, "close_price": 6e6, "postal_code": "98001"})] * 40
    clean = market([])
    table = market(deal)
    early = table["listing_key"].str.startswith("d")
    table["close_date"] = table["close_date"].mask(early, START + pd.Timedelta(days=20))
    table = table.sort_values(["close_date", "listing_key"], ignore_index=True)
    both = [flags_of(one) for one in (clean, table)]
    excluded = [set(one.loc[one["severity"] == "exclude", "listing_key"]) for one in both]
    assert {key for key in excluded[1] if key[0] == "k"} == excluded[0]


def test_a_whole_market_is_no_area_of_bulk_sales():
    """Without an area the coordinates serve, and without those a sale is in no bulk."""
    unlike = [{"living_area": size, "postal_code": None} for size in (900.0, 2000.0, 3000.0)]
    unplaced = good_sales(*unlike)
    for table in (unplaced, unplaced.drop(columns="postal_code")):
        assert (
            reasons_by_code(flag_bulk_sales(table, homes_of(table), np.zeros(3), LIMITS, DEALS))
            == {}
        )
    together = unplaced.assign(latitude=[47.001, 47.002, 47.003], longitude=-122.301)
    found = reasons_by_code(
        flag_bulk_sales(together, homes_of(together), np.zeros(3), LIMITS, DEALS)
    )
    assert found["bulk_sale"][0] == [0, 1, 2]
    assert found["bulk_sale"][1][0].startswith("3 homes near 47.00, -122.30 closed on")
    apart = together.assign(latitude=[47.0, 47.1, np.nan])
    assert (
        reasons_by_code(flag_bulk_sales(apart, homes_of(apart), np.zeros(3), LIMITS, DEALS)) == {}
    )

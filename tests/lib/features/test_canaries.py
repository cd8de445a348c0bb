"""The canaries of the as-of rule: no feature of any kind looks ahead, and each canary would see it
if one did."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.features import (
    build,
    district_kriging,
    external_series,
    hedonic,
    kriging,
    market,
    own_home,
)
from lib.features.market import off_market_dates
from lib.features.nearby import comparables, geo
from tests.support.hypothesis_profiles import examples
from tests.support.market import (
    FEATURES,
    NAMES,
    NEAR,
    RENTALS,
    SERIES,
    SPEC,
    START,
    TABLE,
    assert_same,
    built,
    evidence_of,
)

# what the market may change about a home after the event, or what only its sale reveals
ATTRIBUTES = ["close_price", "living_area", "latitude", "longitude", "list_price"]
# what a listing says from its first day: known before it ends, and so never changed later
FIRST = ["postal_code", "property_sub_type", "public_remarks"]


def on(day):
    return START + pd.Timedelta(days=day)


def shuffled(cells, rng):
    return cells.to_numpy()[rng.permutation(len(cells))]


def scrambled(table, date, rng):
    """Everything of a table that a day before `date` cannot know is changed: attributes and prices
    of what closed or is valued later, the whole of what is listed later, and when it all ends."""
    changed = table.copy()
    later = (changed["close_date"] >= date) | (changed["as_of"] >= date)
    for name in ATTRIBUTES:
        changed.loc[later, name] = shuffled(changed.loc[later, name], rng) * 3
    to_come = changed["listing_contract_date"] >= date
    for name in FIRST:
        changed.loc[to_come, name] = shuffled(changed.loc[to_come, name], rng)
    delay = pd.to_timedelta(rng.integers(0, 200, len(changed)), unit="D")
    dates = ("listing_contract_date", "purchase_contract_date", "modification_timestamp", "as_of")
    for name in (*dates, "close_date"):
        still_to_come = changed[name] >= date
        changed.loc[still_to_come, name] += delay[still_to_come]
    return changed


def assert_blind(date, seed):
    """Rows valued before a date have the same features whatever comes on it or after."""
    rng = np.random.default_rng(seed)
    table, rentals = (scrambled(each, date, rng) for each in (TABLE, RENTALS))
    released = SERIES.copy()
    later = released["release_date"] >= date
    released.loc[later, "value"] += rng.normal(size=int(later.sum()))
    features, near, _ = built(table, rentals, released)
    rows = TABLE.index[(TABLE["as_of"] < date) & ~(TABLE["close_date"] >= date)]
    assert_same(features.loc[rows, NAMES], FEATURES.loc[rows, NAMES])
    keys = TABLE.loc[rows, "listing_key"]
    assert_same(near[near["listing_key"].isin(keys)], NEAR[NEAR["listing_key"].isin(keys)])


def stood(table, date):
    """A table as it stood on a date: what was listed by then, unsold where it had not ended."""
    table = table[table["listing_contract_date"] < date].copy()
    open_ = ~(off_market_dates(table) < date)
    table.loc[open_, "standard_status"] = "Active"
    table.loc[open_, ["close_date", "close_price", "purchase_contract_date"]] = np.nan
    return table


def assert_same_as_it_stood(date):
    """Homes valued up to a date, from the feed as it stood then, are what they are from all."""
    homes = TABLE[TABLE["as_of"] <= date]
    all_known = evidence_of(TABLE)
    then = evidence_of(
        stood(TABLE, date), stood(RENTALS, date), SERIES[SERIES["release_date"] < date]
    )
    sold = {  # a sale agreed before the date and closed after it is no evidence yet
        name: getattr(all_known, name)[getattr(all_known, name)["close_date"] < date]
        for name in ("sales", "other")
    }
    then = dataclasses.replace(then, available=all_known.available, **sold)
    features, near, _ = build.build_features(homes, then, SPEC)
    assert_same(features[NAMES], FEATURES.loc[homes.index, NAMES])
    assert_same(near, NEAR[NEAR["listing_key"].isin(homes["listing_key"])])


@examples(6)
@given(st.integers(0, 540), st.integers(0, 2**32 - 1))
def test_canary_changing_later_rows_changes_no_feature_of_an_earlier_row(day, seed):
    assert_blind(on(day), seed)


@examples(6)
@given(st.integers(60, 540))
def test_canary_the_feed_as_it_stood_gives_the_same_features(day):
    assert_same_as_it_stood(on(day))


@examples(6)
@given(st.integers(0, 540))
def test_canary_later_prices_change_nothing_even_for_sales_agreed_before_they_closed(day):
    """Stricter on prices: each row valued up to a date, whenever it closed."""
    tables = [table.copy() for table in (TABLE, RENTALS)]
    for changed in tables:
        changed.loc[changed["close_date"] >= on(day), ["close_price", "list_price"]] *= 7
    features, *_ = built(*tables)
    rows = TABLE.index[TABLE["as_of"] <= on(day)]
    assert_same(features.loc[rows, NAMES], FEATURES.loc[rows, NAMES])


SOLD = TABLE.index[(TABLE["standard_status"] == "Closed") & (TABLE.index < 16)]


@pytest.mark.parametrize("row", SOLD)
def test_canary_a_rows_own_price_never_enters_its_features(row):
    """Nor the price of any other sale of the same home among its comparables."""
    for factor in (100.0, np.nan):
        changed = TABLE.copy()
        changed.loc[row, ["close_price", "list_price"]] *= factor
        features, *_ = build.build_features(changed.loc[[row]], evidence_of(changed), SPEC)
        assert_same(features[NAMES], FEATURES.loc[[row], NAMES])


def ahead(function):
    """The function with each home's as_of date 60 days later: a leak."""

    def leaking(homes, *rest):
        return function(homes.assign(as_of=homes["as_of"] + pd.Timedelta(days=60)), *rest)

    return leaking


KINDS = [  # where homes enter
    (market, "activity_features"),
    (comparables, "find_comparables"),
    (district_kriging, "district_features"),
    (geo, "geo_features"),
    (hedonic, "fit_hedonic_as_of"),
    (kriging, "kriging_features"),
    (market, "market_features"),
    (own_home, "previous_sale_features"),
    (external_series, "series_features"),
    (market, "yield_features"),
]


@pytest.fixture(scope="module")
def leaking():
    """What `built` gives with a leak in some kind of feature, by its name, for both canaries."""
    return {}


@pytest.mark.parametrize(("module", "name"), KINDS, ids=[name for _, name in KINDS])
@pytest.mark.parametrize("canary", ["changed", "stood"])
def test_the_canaries_see_a_leak_in_any_kind_of_feature(module, name, canary, leaking, monkeypatch):
    monkeypatch.setattr(module, name, ahead(getattr(module, name)))
    if name not in leaking:
        leaking[name] = built(TABLE)
    features, near, _ = leaking[name]
    monkeypatch.setitem(globals(), "FEATURES", features)
    monkeypatch.setitem(globals(), "NEAR", near)
    with pytest.raises(AssertionError):
        for day in (200, 300, 400):
            if canary == "changed":
                assert_blind(on(day), 0)
            else:
                assert_same_as_it_stood(on(day))


def test_canaries_are_about_every_kind_of_feature_that_others_enter():
    """Earlier events do matter: the same change on the other side of the date is noticed in each
    column that other sales, listings or releases enter."""
    rng = np.random.default_rng(3)
    tables = [scrambled(each, on(-200), rng) for each in (TABLE, RENTALS)]
    features, *_ = built(*tables, SERIES.assign(value=SERIES["value"] * 2))
    entered = [n for n in NAMES if n.startswith(("mkt_", "comp_", "geo_", "ext_", "own_previous"))]
    rows = FEATURES.index[FEATURES["as_of"] >= on(200)]
    for name in [name for name in entered if name != "comp_count"]:  # always k here
        one, other = (table.loc[rows, name].to_numpy() for table in (features, FEATURES))
        assert not np.array_equal(one, other, equal_nan=True), name

"""The feature table: what it holds, for whom, and the same when served."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from lib.common import dictionary
from lib.features import build, spec
from lib.models.variants.training.estimators.registry import BoostedTrees, BoostedTreesParams
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
    market,
)

TABLE_SPEC = dictionary.read_spec(dictionary.CODE / spec.META).tables[spec.TABLE]


def test_comparables_shown_closed_before_the_valuation_and_are_of_other_homes():
    homes = TABLE.set_index("listing_key")
    shown = homes.loc[NEAR["listing_key"]].reset_index()
    sold = homes.loc[NEAR["comparable"]].reset_index()
    assert (sold["close_date"] < shown["as_of"]).all()
    assert (sold["property_key"] != shown["property_key"]).all()
    pd.testing.assert_series_equal(NEAR["close_price"], sold["close_price"])
    ranks = NEAR.groupby("listing_key")["rank"].agg(list)
    assert all(rank == list(range(1, len(rank) + 1)) for rank in ranks)
    assert NEAR.groupby("listing_key")["distance"].apply(lambda d: d.is_monotonic_increasing).all()


def test_canary_permuted_prices_destroy_skill():
    """Features of scrambled prices, fitted on the past: no skill is left on the later sales."""
    for name, shuffled in (("true", False), ("permuted", True)):
        table = market(700, seed=1)
        if shuffled:
            closed = table["close_price"].notna()
            prices = table.loc[closed, "close_price"].to_numpy()
            table.loc[closed, "close_price"] = np.random.default_rng(5).permutation(prices)
        features, *_ = built(table)
        sold = features["close_price"].notna()
        date = START + pd.Timedelta(days=350)
        past, late = sold & (features["close_date"] < date), sold & (features["as_of"] >= date)
        target = np.log(features["close_price"])
        numbers = features[NAMES].select_dtypes("number")
        filled = numbers.fillna(numbers[past].median()).fillna(0)
        linear = LinearRegression().fit(filled[past], target[past]).predict(filled[late])
        params = BoostedTreesParams(
            without=[], start=["comp_log_price"], objective="l2", alpha=0.9, num_iterations=60,
            learning_rate=0.1, num_leaves=7, min_data_in_leaf=10, feature_fraction=1,
            bagging_fraction=1, lambda_l2=0, num_threads=1,
        )  # fmt: skip
        trees = BoostedTrees(params, 1).fit(features.loc[past, NAMES], target[past])
        for predicted in (linear, trees.predict(features.loc[late, NAMES])):
            left = ((target[late] - predicted) ** 2).sum()
            r2 = 1 - left / ((target[late] - target[late].mean()) ** 2).sum()
            assert (r2 < 0.1) if shuffled else (r2 > 0.6), (name, r2)


@examples(8)
@given(st.lists(st.sampled_from(list(FEATURES.index)), min_size=1, max_size=8, unique=True))
def test_serving_a_few_homes_gives_what_training_on_all_gave(rows):
    features, near, _ = build.build_features(TABLE.loc[rows], evidence_of(TABLE), SPEC)
    assert_same(features, FEATURES.loc[rows])
    keys = TABLE.loc[rows, "listing_key"]
    wanted = NEAR.set_index("listing_key").loc[[k for k in keys if k in set(NEAR["listing_key"])]]
    assert_same(near, wanted.reset_index())


def test_order_of_homes_and_of_sales_changes_nothing():
    shuffled = TABLE.sample(frac=1, random_state=3)
    features, *_ = built(shuffled)
    assert_same(features.sort_values("listing_key"), FEATURES)


def test_inputs_hold_no_price_date_or_status_of_the_listing_itself():
    keys = ("list_price close_price close_date as_of listing_key property_key standard_status "
            "original_list_price days_on_market")  # fmt: skip
    assert not set(keys.split()) & set(NAMES)
    assert "list_price" in FEATURES  # carried beside them, for the aware view and the report
    assert not [name for name in NAMES if "list_price" in name or name.startswith("pred_")]


def test_inputs_hold_local_numbers_but_no_local_text():
    assert "local_grade" in NAMES and "local_word" not in NAMES


def test_own_attributes_of_a_case_worked_by_hand():
    home = TABLE.iloc[[1]].assign(
        living_area=np.e**2, lot_size_square_feet=0.0, year_built=2000.0,
        as_of=pd.Timestamp("2024-01-01"),
    )  # fmt: skip
    line = build.build_features(home, evidence_of(TABLE), SPEC)[0].iloc[0]
    assert line["own_log_living_area"] == pytest.approx(2)
    assert np.isnan(line["own_log_lot_size"])  # a lot of 0 is an unknown lot
    assert line["own_age"] == 24
    assert line["time_years"] == pytest.approx(24, abs=0.01)
    assert (line["time_season_sin"], line["time_season_cos"]) == pytest.approx((0, 1))


def test_unusable_sales_serve_nobody_and_are_valued_all_the_same():
    """Their prices change no feature; each of them has features, comparables and a market."""
    verdicts = pd.DataFrame({"listing_key": TABLE["listing_key"], "usable": TABLE.index % 4 != 1})
    bad = set(verdicts.loc[~verdicts["usable"], "listing_key"])
    changed = TABLE.copy()
    changed.loc[changed["listing_key"].isin(bad), "close_price"] *= 100
    homes = TABLE[TABLE["as_of"].notna()]
    one, other = (
        build.build_features(
            homes, dataclasses.replace(evidence_of(t), sales=build.usable_sales(t, verdicts)), SPEC
        )
        for t in (TABLE, changed)
    )
    assert_same(one[0][NAMES], other[0][NAMES])
    assert not set(one[1]["comparable"]) & bad and set(one[1]["listing_key"]) & bad
    assert len(one[0]) == len(homes)
    assert one[0].loc[homes["listing_key"].isin(bad).to_numpy(), "comp_count"].max() > 0


def test_a_sale_that_nobody_screened_is_no_evidence():
    screened = pd.DataFrame({"listing_key": ["k0001", "k0002"], "usable": [True, False]})
    assert build.usable_sales(TABLE, screened)["listing_key"].tolist() == ["k0001"]


def test_only_priced_and_dated_closings_count_as_sales():
    table = TABLE.iloc[:5].copy()
    table["standard_status"] = ["Closed", "Closed", "Closed", "Withdrawn", "Closed"]
    table["close_price"] = [100.0, 0, np.nan, 100, 100]
    table["close_date"] = [START] * 4 + [pd.NaT]
    assert build.priced_sales(table)["listing_key"].tolist() == ["k0000"]


@pytest.mark.parametrize("part", ["homes", "sales"])
def test_no_homes_or_no_sales_give_the_same_columns(part):
    homes, all_known = TABLE[TABLE["as_of"].notna()], evidence_of(TABLE)
    if part == "homes":
        homes = homes.iloc[:0]
    else:
        none = {name: getattr(all_known, name).iloc[:0] for name in ("sales", "listings", "other")}
        all_known = dataclasses.replace(all_known, **none)
    features, near, _ = build.build_features(homes, all_known, SPEC)
    assert list(features) == list(FEATURES) and len(features) == len(homes)
    assert list(near) == list(NEAR) and not len(near)


def test_rows_since_a_date_are_those_of_the_whole_table():
    """What --since builds: fewer homes, the same evidence."""
    homes = TABLE[TABLE["as_of"] >= START + pd.Timedelta(days=250)]
    features, *_ = build.build_features(homes, evidence_of(TABLE), SPEC)
    assert 20 < len(features) < len(FEATURES)
    assert_same(features, FEATURES.loc[homes.index])


def test_days_on_the_market_end_on_the_valuation_date():
    home = TABLE.iloc[[1, 1]].assign(
        as_of=pd.Timestamp("2024-02-01"),
        listing_contract_date=[pd.Timestamp("2024-01-02"), pd.Timestamp("2024-02-02")],
    )
    days = build.build_features(home, evidence_of(TABLE), SPEC)[0]["time_on_market_days"]
    assert days[0] == 30 and np.isnan(days[1])  # listed after it was valued: not known


def test_a_feed_without_an_input_lacks_the_columns_that_need_it():
    bare = TABLE.drop(columns=["property_sub_type", "public_remarks", "state_or_province"])
    bare = bare.assign(list_price=np.nan, listing_contract_date=pd.NaT, latitude=np.nan)
    bare = bare[bare["standard_status"] == "Closed"]
    features, *_ = built(bare, RENTALS.iloc[:0], SERIES.iloc[:0])
    gone = {"txt_", "ext_", "geo_", "mkt_segment", "mkt_list_ratio", "mkt_offer", "mkt_absorption",
            "mkt_days_on", "mkt_other", "mkt_yield", "time_on_market"}  # fmt: skip
    for part in gone:
        assert any(part in name for name in NAMES), part
        assert not any(part in name for name in features), part
    spec.check_columns(
        TABLE_SPEC, features, evidence_of(bare, RENTALS.iloc[:0], SERIES.iloc[:0]).available
    )

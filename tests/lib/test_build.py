"""The feature table never looks ahead: the canaries of the as-of rule."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

from lib.features import build
from lib.models.estimators import LightGBM, LightGBMParams

SPEC = build.Features.model_validate(
    {
        "windows": [30, 200],
        "comparables": {
            "k": 4, "km": 1.5, "days": 90, "area_elasticity": 0.7,
            "axes": {"living_area": {"typical": 1900, "scale": 0.3, "log": True}},
        },
        "kriging": {
            "k": 6, "km": 1, "days": 365, "place_variance": 0.4, "reach_km": 1.5, "like_km": 10,
            "noise_variance": 0.6,
            "hedonic": {
                "refit_days": 7, "minimum_sales": 20, "ridge": 5, "zip_ridge": 1, "month_ridge": 30,
            },
            "axes": {
                "living_area": {"typical": 1900, "scale": 1.3, "log": True},
                "year_built": {"typical": 1975, "scale": 20},
            },
        },
        "districts": {
            "most": 100, "turns": 2, "minimum_sales": 10, "likeness": 2, "like_km": 20,
            "like_variance": 0.02, "reach_km": 2, "place_variance": 0.01, "axis_variance": 0.1,
            "zip_variance": 0.03, "month_variance": 0.0001, "noise_variance": 0.02,
        },
    }
)  # fmt: skip
START = pd.Timestamp("2023-01-01")
# what the market may change about a home after the event, or what only its sale reveals
ATTRIBUTES = ["close_price", "living_area", "latitude", "longitude", "postal_code", "list_price"]


def market(n=150, seed=0):
    """A small normalised table: sales agreed 0 to 40 days before they close, resales among them,
    a few homes without a place, without a size, or still on the market."""
    rng = np.random.default_rng(seed)
    close = START + pd.to_timedelta(rng.integers(0, 500, n), unit="D")
    agreed = close - pd.to_timedelta(rng.integers(0, 41, n), unit="D")
    area = np.exp(rng.normal(7.5, 0.3, n))
    zips = rng.integers(0, 3, n)
    price = np.exp(
        6 + 0.8 * np.log(area) + 0.3 * zips + 0.0004 * (close - START).days + rng.normal(0, 0.1, n)
    )
    table = pd.DataFrame(
        {
            "listing_key": [f"k{i:04d}" for i in range(n)],
            "property_key": [f"p{i}" for i in rng.integers(0, int(n * 0.8), n)],
            "standard_status": "Closed",
            "as_of": agreed, "close_date": close, "close_price": price.round(),
            "list_price": (price * 1.02).round(),
            "living_area": area, "lot_size_square_feet": rng.integers(0, 9000, n).astype(float),
            "year_built": rng.integers(1950, 2022, n).astype(float),
            "bedrooms_total": rng.integers(1, 6, n).astype(float),
            "latitude": 47.3 + 0.1 * zips + rng.normal(0, 0.01, n),
            "longitude": -122.3 + rng.normal(0, 0.02, n),
            "postal_code": [f"9800{z}" for z in zips],
            "property_sub_type": rng.choice(["House", "Condo"], n),
            "local_grade": rng.integers(1, 12, n).astype(float),
            "local_word": "text",
        }
    )  # fmt: skip
    table.loc[table.index % 11 == 0, ["latitude", "longitude"]] = np.nan
    table.loc[table.index % 17 == 0, "living_area"] = np.nan
    on_sale = table.index % 13 == 0
    table.loc[on_sale, "standard_status"] = "Active"
    table.loc[on_sale, ["close_date", "close_price"]] = np.nan, np.nan
    return table


def built(table):
    """(features, comparables) of every row, against the table's own sales."""
    return build.build(table, build.closed_sales(table), SPEC)


def before(table, date):
    """The rows valued before a date."""
    return table[table["as_of"] < date]


def assert_same(one, other):
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), other.reset_index(drop=True), rtol=1e-12
    )


TABLE = market()
FEATURES, NEAR = built(TABLE)
NAMES = build.names(FEATURES)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 540), st.integers(0, 2**32 - 1))
def test_canary_changing_later_rows_changes_no_feature_of_an_earlier_row(day, seed):
    """Prices and attributes of every sale closed on or after a date are scrambled."""
    date, rng = START + pd.Timedelta(days=day), np.random.default_rng(seed)
    changed = TABLE.copy()
    later = (changed["close_date"] >= date) | (changed["as_of"] >= date)
    for name in ATTRIBUTES:
        cells = changed.loc[later, name].to_numpy(copy=True)
        changed.loc[later, name] = (
            rng.permutation(cells) if name == "postal_code" else rng.permutation(cells) * 3
        )
    features, near = built(changed)
    # rows agreed before the date but closed after it are valued before it: only their own
    # attributes have changed, so compare those whose attributes stand
    rows = ~later
    assert_same(features.loc[rows, NAMES], FEATURES.loc[rows, NAMES])
    keys = TABLE.loc[rows, "listing_key"]
    assert_same(near[near["listing_key"].isin(keys)], NEAR[NEAR["listing_key"].isin(keys)])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 540))
def test_canary_later_prices_change_nothing_even_for_sales_agreed_before_they_closed(day):
    """Stricter on prices: each row valued up to a date, whenever it closed."""
    date = START + pd.Timedelta(days=day)
    changed = TABLE.copy()
    changed.loc[changed["close_date"] >= date, "close_price"] *= 7
    features, _ = built(changed)
    rows = TABLE["as_of"] <= date
    assert_same(features.loc[rows, NAMES], FEATURES.loc[rows, NAMES])


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 540))
def test_canary_deleting_later_rows_changes_nothing(day):
    date = START + pd.Timedelta(days=day)
    homes = TABLE[TABLE["as_of"] <= date]
    sales = build.closed_sales(TABLE[TABLE["close_date"] < date])
    features, near = build.build(homes, sales, SPEC)
    assert_same(features[NAMES], FEATURES.loc[homes.index, NAMES])
    assert_same(near, NEAR[NEAR["listing_key"].isin(homes["listing_key"])])


@pytest.mark.parametrize("row", range(1, 12))
def test_canary_a_rows_own_price_never_enters_its_features(row):
    """Nor the price of any other sale of the same home among its comparables."""
    for factor in (100.0, np.nan):
        changed = TABLE.copy()
        changed.loc[row, ["close_price", "list_price"]] *= factor
        features, _ = built(changed)
        assert_same(features.loc[[row], NAMES], FEATURES.loc[[row], NAMES])


def test_the_canaries_would_see_a_leak():
    """Earlier sales do matter: the same change on the other side of the date is noticed."""
    changed = TABLE.copy()
    early = changed["close_date"] < START + pd.Timedelta(days=100)
    changed.loc[early, "close_price"] *= 3
    features, _ = built(changed)
    later = TABLE["as_of"] >= START + pd.Timedelta(days=100)
    assert not np.allclose(
        features.loc[later, "comp_log_price"], FEATURES.loc[later, "comp_log_price"]
    )


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
        features, _ = built(table)
        sold = features["close_price"].notna()
        date = START + pd.Timedelta(days=350)
        past, late = sold & (features["close_date"] < date), sold & (features["as_of"] >= date)
        target = np.log(features["close_price"])
        numbers = features[NAMES].select_dtypes("number")
        filled = numbers.fillna(numbers[past].median()).fillna(0)
        linear = LinearRegression().fit(filled[past], target[past]).predict(filled[late])
        params = LightGBMParams(
            without=[], start=["comp_log_price"], objective="l2", alpha=0.9, num_iterations=60,
            learning_rate=0.1, num_leaves=7, min_data_in_leaf=10, feature_fraction=1,
            bagging_fraction=1, lambda_l2=0, num_threads=1,
        )  # fmt: skip
        trees = LightGBM(params, 1).fit(features.loc[past, NAMES], target[past])
        for predicted in (linear, trees.predict(features.loc[late, NAMES])):
            left = ((target[late] - predicted) ** 2).sum()
            r2 = 1 - left / ((target[late] - target[late].mean()) ** 2).sum()
            assert (r2 < 0.1) if shuffled else (r2 > 0.6), (name, r2)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, len(TABLE) - 1), min_size=1, max_size=8, unique=True))
def test_serving_a_few_homes_gives_what_training_on_all_gave(rows):
    features, near = build.build(TABLE.loc[rows], build.closed_sales(TABLE), SPEC)
    assert_same(features, FEATURES.loc[rows])
    keys = TABLE.loc[rows, "listing_key"]
    wanted = NEAR.set_index("listing_key").loc[[k for k in keys if k in set(NEAR["listing_key"])]]
    assert_same(near, wanted.reset_index())


def test_order_of_homes_and_of_sales_changes_nothing():
    shuffled = TABLE.sample(frac=1, random_state=3)
    features, _ = built(shuffled)
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
    line = build.build(home, build.closed_sales(TABLE), SPEC)[0].iloc[0]
    assert line["own_log_living_area"] == pytest.approx(2)
    assert np.isnan(line["own_log_lot_size"])  # a lot of 0 is an unknown lot
    assert line["own_age"] == 24
    assert line["time_years"] == pytest.approx(24, abs=0.01)
    assert (line["time_season_sin"], line["time_season_cos"]) == pytest.approx((0, 1))


def test_unusable_sales_serve_nobody_and_are_valued_all_the_same():
    """Their prices change no feature; each of them has features, comparables and a market."""
    screened = pd.DataFrame({"listing_key": TABLE["listing_key"], "usable": TABLE.index % 4 != 1})
    bad = set(screened.loc[~screened["usable"], "listing_key"])
    changed = TABLE.copy()
    changed.loc[changed["listing_key"].isin(bad), "close_price"] *= 100
    one, other = (build.build(t, build.evidence(t, screened), SPEC) for t in (TABLE, changed))
    assert_same(one[0][NAMES], other[0][NAMES])
    assert not set(one[1]["comparable"]) & bad and set(one[1]["listing_key"]) & bad
    assert len(one[0]) == len(TABLE)
    assert one[0].loc[TABLE["listing_key"].isin(bad), "comp_count"].max() > 0


def test_a_sale_that_nobody_screened_is_no_evidence():
    screened = pd.DataFrame({"listing_key": ["k0001", "k0002"], "usable": [True, False]})
    assert build.evidence(TABLE, screened)["listing_key"].tolist() == ["k0001"]


def test_only_priced_and_dated_closings_count_as_sales():
    table = TABLE.iloc[:5].copy()
    table["standard_status"] = ["Closed", "Closed", "Closed", "Withdrawn", "Closed"]
    table["close_price"] = [100.0, 0, np.nan, 100, 100]
    table["close_date"] = [START] * 4 + [pd.NaT]
    assert build.closed_sales(table)["listing_key"].tolist() == ["k0000"]


@pytest.mark.parametrize("part", ["homes", "sales"])
def test_no_homes_or_no_sales_give_the_same_columns(part):
    homes, sales = TABLE, build.closed_sales(TABLE)
    homes, sales = (homes.iloc[:0], sales) if part == "homes" else (homes, sales.iloc[:0])
    features, near = build.build(homes, sales, SPEC)
    assert list(features) == list(FEATURES) and len(features) == len(homes)
    assert list(near) == list(NEAR) and not len(near)

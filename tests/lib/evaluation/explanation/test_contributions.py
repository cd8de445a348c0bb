"""Contributions: exactly additive for every model and blend, against one baseline."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.common import dictionary
from lib.evaluation.explanation.contributions import (
    cells_as_text,
    contribution_centres,
    contributions_by_group,
    contributions_to_long,
    log_contributions,
)
from lib.evaluation.feature_groups import (
    BASELINE,
    GROUPS,
    LEVEL,
    OTHER,
    group_of_input,
    inputs_by_group,
)
from lib.features import spec
from lib.models.stacking import BlendWeightSettings, blend_predictions
from lib.models.variants.photo.registry import MODELS
from lib.models.variants.predict import (
    log_estimates,
    log_estimates_before_level,
    market_level_shifts,
)
from lib.models.variants.training.estimators.registry import BoostedTrees, HedonicRidge
from lib.models.variants.training.training_table import LISTED, add_log_list_price
from tests.support.estimators import RIDGE, STARTS, TREES, hedonic_homes
from tests.support.hypothesis_profiles import examples
from tests.support.saved_models import (
    LEVELLED,
    make_blend,
    make_variant,
    through_text,
    train_and_save,
)


def whole(saved, predicted, table):
    """(features of later homes, their contributions with the level, their log estimates)."""
    past = table[(table["role"] == "train") & table["usable"]]
    later = table[table["role"] != "train"].reset_index(drop=True)
    base, parts = log_contributions(later, saved, contribution_centres(past, saved))
    parts = parts.assign(**{LEVEL: market_level_shifts(later, saved, predicted)})
    return base, parts, log_estimates(later, saved, predicted)


def assert_multiplies(base, parts, estimate):
    value = np.exp(base) * (1 + np.expm1(parts)).prod(axis=1)
    np.testing.assert_allclose(value, np.exp(estimate), rtol=1e-9)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_percentages_multiply_back_to_the_value(name):
    saved, predicted, table = train_and_save(name, LEVELLED)
    base, parts, estimate = whole(saved, predicted, table)
    assert_multiplies(base, parts, estimate)
    assert parts[LEVEL].abs().max() > 0
    assert len(parts) == (table["role"] != "train").sum() and np.isscalar(base)


def test_a_blend_is_the_weighted_sum_of_its_members():
    parts = {
        name: train_and_save(name, LEVELLED) for name in ("linear", "lightgbm", "random_forest")
    }
    table = parts["linear"][2]
    tables = {name: predicted for name, (_, predicted, _) in parts.items()}
    fold = table.loc[tables["linear"].index, "fold"]
    share, blended = blend_predictions(tables, fold, BlendWeightSettings(shrink=10), LEVELLED)
    members = {name: saved for name, (saved, _, _) in parts.items()}
    saved = through_text(make_blend(share, members, level=LEVELLED))
    base, said, estimate = whole(saved, blended, table)
    assert_multiplies(base, said, estimate)
    each = {name: whole(*part) for name, part in parts.items()}
    for column in said.columns.drop(LEVEL):
        wanted = sum(share[name] * each[name][1].get(column, 0.0) for name in share)
        np.testing.assert_allclose(said[column], wanted, atol=1e-12)


def test_linear_contributions_of_a_case_worked_by_hand():
    """Log price = 10 + 2 size + 1 where the code is B; the mean home has size 2 and half a B."""
    inputs = pd.DataFrame({"size": [1.0, 1, 3, 3], "postal_code": ["A", "B", "A", "B"]})
    model = HedonicRidge(RIDGE.model_copy(update={"alpha": 1e-12}), 0)
    model.fit(inputs, 10 + 2 * inputs["size"].to_numpy() + np.array([0, 1, 0, 1]))
    saved = make_variant(
        params=model.params.model_dump(), inputs=list(inputs), state=model.to_json()
    )
    base, parts = log_contributions(inputs.iloc[[0, 3]], saved, contribution_centres(inputs, saved))
    assert base == pytest.approx(14.5)
    np.testing.assert_allclose(parts["size"], [-2, 2], atol=1e-6)
    np.testing.assert_allclose(parts["postal_code"], [-0.5, 0.5], atol=1e-6)


def boosted(inputs, price, **changes):
    model = BoostedTrees(TREES.model_copy(update=changes), 7).fit(inputs, price)
    return make_variant(
        model="lightgbm", params=model.params.model_dump(), inputs=list(inputs),
        state=model.to_json(),
    )  # fmt: skip


def test_the_price_that_boosting_starts_from_counts_for_where_it_came_from():
    """Against its mean over training; a home that has none stands at the first name."""
    inputs, price = hedonic_homes(300)
    inputs[STARTS[0]], inputs[STARTS[1]] = price + 0.1, price - 0.1
    saved = boosted(inputs, price, without=["comp_", "mkt_"])
    homes = inputs.iloc[[0, 1, 2]].copy()
    homes.loc[homes.index[1], STARTS[0]] = np.nan
    homes.loc[homes.index[2], STARTS] = np.nan
    centre = contribution_centres(inputs, saved)
    assert centre == {"start": pytest.approx(np.mean(price) + 0.1)}
    base, parts = log_contributions(homes, saved, centre)
    np.testing.assert_allclose(
        base + parts.sum(axis=1), log_estimates_before_level(homes, saved), rtol=1e-12
    )
    wanted = pd.DataFrame(0.0, index=homes.index, columns=STARTS)
    wanted.iloc[0, 0] = price[0] + 0.1 - centre["start"]
    wanted.iloc[1, 1] = price[1] - 0.1 - centre["start"]
    wanted.iloc[2, 0] = np.mean(price) - centre["start"]  # what a home without any is given
    np.testing.assert_allclose(parts[STARTS], wanted, atol=1e-12)


def test_without_any_start_in_the_feed_no_input_carries_it():
    inputs, price = hedonic_homes(300)
    saved = boosted(inputs, price)
    base, parts = log_contributions(inputs, saved, contribution_centres(inputs, saved))
    assert not set(STARTS) & set(parts)
    np.testing.assert_allclose(
        base + parts.sum(axis=1), log_estimates_before_level(inputs, saved), rtol=1e-12
    )


def test_an_encoded_column_counts_for_its_own():
    inputs, price = hedonic_homes(300)
    dates = pd.DataFrame({"as_of": pd.date_range("2020-01-01", periods=300)})
    dates["close_date"] = dates["as_of"]
    model = BoostedTrees(TREES.model_copy(update={"encode": ["postal_code"], "start": []}), 7)
    model.fit(inputs, price, dates)
    saved = boosted(inputs, price).model_copy(
        update={"params": model.params.model_dump(), "state": model.to_json()}
    )
    base, parts = log_contributions(inputs, saved, contribution_centres(inputs, saved))
    assert list(parts) == list(inputs)
    np.testing.assert_allclose(
        base + parts.sum(axis=1), log_estimates_before_level(inputs, saved), rtol=1e-12
    )


def test_an_aware_model_is_explained_by_the_list_price_it_started_from():
    inputs, price = hedonic_homes(300)
    features = inputs.assign(list_price=np.exp(price))
    saved = boosted(
        add_log_list_price(features)[[*inputs, LISTED]], price, start=[LISTED], without=["own_"]
    ).model_copy(update={"view": "aware"})
    base, parts = log_contributions(features, saved, contribution_centres(features, saved))
    np.testing.assert_allclose(
        base + parts.sum(axis=1), log_estimates_before_level(features, saved), rtol=1e-12
    )
    assert parts[LISTED].abs().mean() > 10 * parts["noise"].abs().mean()
    told = contributions_to_long(features.assign(listing_key="k", level=0.0), saved, base, parts)
    shown = told.loc[told["input"] == LISTED, "value"].astype(float)
    np.testing.assert_allclose(shown, price, rtol=1e-5)


ANY = boosted(*hedonic_homes(200), without=["constant"], start=["size"])


@examples(60)
@given(
    st.lists(
        st.tuples(
            st.floats(-1e6, 1e6) | st.just(np.nan), st.floats(-1e3, 1e3) | st.just(np.nan),
            st.sampled_from(["A", "B", "C", "new", None]),
        ),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_any_home_is_explained_exactly(rows):
    homes = pd.DataFrame(rows, columns=["size", "age", "postal_code"]).assign(noise=0.0, constant=1)
    base, parts = log_contributions(homes, ANY, contribution_centres(hedonic_homes(200)[0], ANY))
    np.testing.assert_allclose(
        base + parts.sum(axis=1), log_estimates_before_level(homes, ANY), rtol=1e-9
    )


def test_the_long_table_adds_up_and_shows_the_homes_own_values():
    saved, predicted, table = train_and_save("linear", LEVELLED)
    saved = saved.model_copy(update={"variant": "sale_linear"})
    base, parts, estimate = whole(saved, predicted, table)
    later = table[table["role"] != "train"].reset_index(drop=True)
    got = contributions_to_long(later, saved, base, parts)
    total = got.groupby("listing_key")["log_contribution"].sum()
    np.testing.assert_allclose(total[later["listing_key"]], estimate, rtol=1e-12)
    assert set(got["input"]) == {"size", "postal_code", BASELINE, LEVEL}
    assert got.loc[got["input"] == BASELINE, "log_contribution"].nunique() == 1
    one = got[(got["listing_key"] == later["listing_key"][3]) & (got["input"] == "postal_code")]
    assert one["value"].item() == later["postal_code"][3] and one["group"].item() == "location"


def test_cells_as_text():
    assert cells_as_text(pd.Series([1234567.0, 0.5, np.nan])).tolist() == ["1234567", "0.5", None]
    assert cells_as_text(pd.Series(["A", None])).tolist() == ["A", None]


def test_groups_add_up_their_inputs_by_the_longest_prefix():
    names = ["lot_x", "local_lot_size_15", "local_x", "own_log_lot_size"]
    table = pd.DataFrame([[1.0, 2.0, 4.0, 8.0]], columns=names)
    assert contributions_by_group(table).iloc[0].to_dict() == {
        "lot": 9.0,
        "amenities": 4.0,
        "location": 2.0,
    }
    assert (
        group_of_input("level") == LEVEL
        and group_of_input("img_3") == "photos"
        and group_of_input("zzz") == OTHER
    )
    assert list(inputs_by_group(["time_years", "living_area", "zzz"])) == ["size", "time", OTHER]


def test_every_feature_of_the_spec_has_a_group_of_its_own():
    table = dictionary.read_spec(dictionary.CODE / spec.META).tables[spec.TABLE]
    for name, entry in table.columns.items():
        if entry.kind != "key":
            assert group_of_input(name) in set(GROUPS) - {OTHER, LEVEL}, name
